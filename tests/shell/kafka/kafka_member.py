"""A consumer with a runner that only records events, for the tests of `connector/shell/kafka/`."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from confluent_kafka import Producer

from connector.engine.commit_metadata import target_of
from connector.engine.events import Assigned
from connector.engine.settled_ranges import Runs
from connector.model import Record, TopicPartition
from connector.shell.clock import Clock
from connector.shell.kafka.client_settings import KafkaSettings
from connector.shell.kafka.committed_offsets import CommittedOffsets, TopicIdSource
from connector.shell.kafka.consumer import Consumer, ConsumerEvent
from connector.shell.kafka.start_offsets import Subscription
from connector.shell.kafka.topic_ids import TopicIds

WAIT_SECONDS_MAX = 20
TARGET = target_of("shop", "customers")
FAST: KafkaSettings = {"session.timeout.ms": 1000, "heartbeat.interval.ms": 200, "log_level": 0}


class Reachable(Protocol):
    """Some brokers."""

    @property
    def bootstrap_servers(self) -> str:
        """Where they are."""


class Member:
    """One member of the group `g`, with all its records and events."""

    def __init__(
        self,
        broker: Reachable,
        *subscriptions: Subscription,
        settings: KafkaSettings | None = None,
        base: KafkaSettings = FAST,
        target: str = TARGET,
        ids: TopicIdSource | None = None,
    ) -> None:
        self.records: list[Record] = []
        self.events: list[ConsumerEvent] = []
        self.positions: dict[TopicPartition, int] = {}
        self.ends: dict[TopicPartition, int] = {}
        self.settled: dict[TopicPartition, Runs] = {}
        self.rebalances: list[tuple[str, frozenset[TopicPartition]]] = []
        self.on_assigned: Callable[[], None] = lambda: None
        self.on_revoked: Callable[[], None] = lambda: None
        merged = {"bootstrap.servers": broker.bootstrap_servers, "group.id": "g", **base, **(settings or {})}
        clock, logger = Clock(), logging.getLogger("tests.kafka")
        self.consumer = Consumer(
            merged,
            subscriptions,
            self,
            clock,
            logger,
            CommittedOffsets(target, ids or TopicIds(merged, clock, logger)),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.consumer.close(10)

    def assigned(self, assignment: Assigned) -> None:
        """Write it down."""
        self.positions |= assignment.positions
        self.ends |= assignment.ends
        self.settled |= assignment.settled
        self.rebalances.append(("assigned", frozenset(assignment.positions)))
        self.on_assigned()

    def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """Write it down."""
        self.rebalances.append(("revoked", frozenset(partitions)))
        self.on_revoked()

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        """Write it down."""
        self.rebalances.append(("lost", frozenset(partitions)))

    def turn(self, timeout_s: float = 0.05) -> list[Record]:
        """Poll once and write down what came."""
        records = self.consumer.poll_records(500, timeout_s, 0.5)
        self.records += records
        self.events += self.consumer.take_events()
        return records

    def until(self, condition: Callable[[], bool], *others: "Member") -> None:
        """Poll, together with other members, until the condition holds."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not condition():
            assert time.monotonic() < deadline, f"not within {WAIT_SECONDS_MAX} s: {self.rebalances}"
            for member in (self, *others):
                member.turn()

    def commit(
        self,
        commit_id: int,
        offsets: Mapping[TopicPartition, int],
        settled: Mapping[TopicPartition, Runs] | None = None,
    ) -> None:
        """Commit and wait for the answer."""
        self.consumer.commit(commit_id, offsets, settled or {})
        self.until(lambda: any(getattr(event, "commit_id", None) == commit_id for event in self.events))


def produce(broker: Reachable, topic: str, count: int, partition: int = 0) -> None:
    """Append records `0`, `1`, … to one partition."""
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
    for number in range(count):
        producer.produce(topic, key=b"k", value=b"%d" % number, partition=partition)
    assert producer.flush(10) == 0
