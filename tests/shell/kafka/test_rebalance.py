"""Two members of one group on the mock cluster: what moves, what stays, what a pause does."""

import threading
from collections.abc import Callable, Iterator

import pytest

from connector.engine.events import Committed
from connector.model import TopicPartition
from connector.sandbox.broker import EmbeddedBroker
from connector.shell.kafka.client_settings import KafkaSettings
from connector.shell.kafka.start_offsets import Subscription
from tests.shell.kafka.kafka_member import Member, produce

ALL = frozenset(TopicPartition("t", number) for number in range(4))
T = Subscription("t")


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    """One broker with the topic `t` of four partitions."""
    with EmbeddedBroker() as broker:
        broker.create_topic("t", 4)
        yield broker


def shared(one: Member, other: Member) -> Callable[[], bool]:
    """Return whether the two members hold all partitions, half each."""
    return lambda: (
        len(one.consumer.assigned) == len(other.consumer.assigned) == 2
        and one.consumer.assigned | other.consumer.assigned == ALL
    )


def test_only_what_moves_is_revoked(broker: EmbeddedBroker) -> None:
    """With cooperative-sticky the partitions that stay are neither revoked nor read again (F002)."""
    for number in range(4):
        produce(broker, "t", 5, partition=number)
    with Member(broker, T) as first:
        first.until(lambda: len(first.records) == 20)
        first.commit(1, dict.fromkeys(ALL, 5))
        with Member(broker, T) as second:
            second.until(shared(first, second), first)
            moved = second.consumer.assigned
            assert [what for what in first.rebalances if what[1]] == [("assigned", ALL), ("revoked", moved)]
            for number in range(4):
                produce(broker, "t", 1, partition=number)
            first.until(lambda: len(first.records) + len(second.records) == 24, second)
            assert {r.offset for r in [*first.records[20:], *second.records]} == {5}


def test_a_pause_does_not_outlive_its_assignment(broker: EmbeddedBroker) -> None:
    """A partition that comes back after a pause is read; librdkafka would keep it silent (P11, F011)."""
    with Member(broker, T) as first:
        first.until(lambda: first.consumer.assigned == ALL)
        first.consumer.pause(list(ALL))
        with Member(broker, T) as second:
            second.until(shared(first, second), first)
            moved = second.consumer.assigned
        first.until(lambda: first.consumer.assigned == ALL)
        for number in range(4):
            produce(broker, "t", 1, partition=number)
        first.until(lambda: {TopicPartition("t", r.partition) for r in first.records} == moved)
        first.consumer.resume(list(ALL))
        first.until(lambda: len(first.records) == 4)


def test_a_pause_holds_records_back_and_ignores_strangers(broker: EmbeddedBroker) -> None:
    """Paused partitions deliver nothing while polling continues; other partitions are unaffected (P18)."""
    with Member(broker, T) as member:
        member.until(lambda: member.consumer.assigned == ALL)
        member.consumer.pause([TopicPartition("t", 0), TopicPartition("elsewhere", 7)])
        produce(broker, "t", 3, partition=0)
        produce(broker, "t", 3, partition=1)
        member.until(lambda: len(member.records) == 3)
        assert {r.partition for r in member.records} == {1}
        member.consumer.resume([TopicPartition("t", 0), TopicPartition("elsewhere", 7)])
        member.until(lambda: len(member.records) == 6)


def test_a_lost_assignment_is_lost_not_revoked(broker: EmbeddedBroker) -> None:
    """After max.poll.interval the hook is `lost`, and reading begins again (F006, P16)."""
    produce(broker, "t", 3)
    settings: KafkaSettings = {"max.poll.interval.ms": 1000}
    with Member(broker, T, settings=settings) as member:
        member.until(lambda: len(member.records) == 3)
        threading.Event().wait(3)  # the fault itself: no poll
        member.until(lambda: ("lost", ALL) in member.rebalances)
        assert not any(what == "revoked" for what, _ in member.rebalances)
        member.until(lambda: len(member.records) == 6)


@pytest.mark.parametrize("strategy", ["range", "roundrobin"])
def test_eager_groups_work(broker: EmbeddedBroker, strategy: str) -> None:
    """With an eager assignor everything is revoked and assigned again; every record is still read (F001)."""
    settings: KafkaSettings = {"partition.assignment.strategy": strategy}
    for number in range(4):
        produce(broker, "t", 2, partition=number)
    with Member(broker, T, settings=settings) as first:
        first.until(lambda: len(first.records) == 8)
        with Member(broker, T, settings=settings) as second:
            second.until(shared(first, second), first)
            assert ("revoked", ALL) in first.rebalances
            for number in range(4):
                produce(broker, "t", 1, partition=number)
            first.until(
                lambda: (
                    {(r.partition, r.offset) for r in [*first.records, *second.records]}
                    >= {(number, 2) for number in range(4)}
                ),
                second,
            )


def test_the_new_protocol_works(broker: EmbeddedBroker) -> None:
    """With `group.protocol: consumer` (KIP-848) our defaults fit and commits work (P19)."""
    settings: KafkaSettings = {"group.protocol": "consumer"}
    produce(broker, "t", 2)
    with Member(broker, T, settings=settings, base={}) as member:
        member.until(lambda: len(member.records) == 2)
        member.commit(1, {TopicPartition("t", 0): 2})
        assert Committed(1, {}) in member.events
