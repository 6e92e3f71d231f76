"""Where reading begins: at the committed offset, or without one by the topic's start policy."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import stamina
from confluent_kafka import OFFSET_INVALID, KafkaException
from confluent_kafka import Consumer as Client
from confluent_kafka import TopicPartition as ClientPartition

from connector.engine.settled_ranges import Runs
from connector.model import TopicPartition
from connector.shell.kafka.committed_offsets import (
    CommittedOffset,
    CommittedOffsets,
    MetadataUnprovenError,
    metadata_of,
)

LOOKUP_SECONDS_MAX = 15.0  # inside a callback, so shorter than the 30 s after which /healthz fails
REQUEST_SECONDS_MAX = 5.0
WATERMARK_SECONDS_MAX = 2.0


Start: TypeAlias = Literal["earliest", "latest"]
OffsetsLostPolicy: TypeAlias = Literal["pause", "earliest", "latest"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """One topic by its exact name, or the topics that a pattern (`^…`) matches.

    A group without a commit begins at `start`. `offsets_lost` is the policy for a committed offset that the
    log no longer holds (F021, F022).
    """

    topic: str
    start: Start = "earliest"
    offsets_lost: OffsetsLostPolicy = "pause"

    @property
    def is_pattern(self) -> bool:
        """Whether `topic` is a pattern, by librdkafka's rule."""
        return self.topic.startswith("^")

    def covers(self, topic: str) -> bool:
        """Return whether a topic belongs to this subscription."""
        return re.match(self.topic, topic) is not None if self.is_pattern else self.topic == topic


def subscription_of(subscriptions: Sequence[Subscription], topic: str) -> Subscription:
    """Find the subscription that covers a topic; an exact name wins over a pattern."""
    covering = [s for s in subscriptions if s.covers(topic)]
    exact = [s for s in covering if not s.is_pattern]
    return (exact or covering or [Subscription(topic)])[0]


@dataclass(frozen=True, slots=True)
class StartOffsets:
    """The offsets at which the partitions of one assignment begin.

    `initial` holds the positions of partitions without a commit. They are committed immediately, so that a
    missing commit is an anomaly from then on (F023). `ends` holds the known ends of the logs. `settled` holds
    the offsets above the positions that are known to be settled.
    """

    positions: dict[TopicPartition, int]
    initial: dict[TopicPartition, int]
    ends: dict[TopicPartition, int]
    settled: dict[TopicPartition, Runs]


def look_up(
    client: Client,
    subscriptions: Sequence[Subscription],
    partitions: Sequence[TopicPartition],
    committed_offsets: CommittedOffsets,
) -> StartOffsets:
    """Ask the broker where to begin, again and again for `LOOKUP_SECONDS_MAX`.

    Raises:
        KafkaException: the broker did not answer. Then nothing may be assigned.
        MetadataUnprovenError: the metadata of the commits cannot be verified. Then nothing may be assigned.
        FatalError: the offsets were committed for another data source (F094).
    """
    attempts = stamina.retry_context(
        on=(KafkaException, MetadataUnprovenError),
        attempts=None,
        timeout=LOOKUP_SECONDS_MAX - REQUEST_SECONDS_MAX,
        wait_max=1.0,
    )
    for attempt in attempts:
        with attempt:
            committed = _committed(client, subscriptions, partitions)
            start = _start_offsets(client, subscriptions, partitions, committed)
            ours = {partition: committed[partition] for partition in partitions if partition in committed}
            start.settled.update(committed_offsets.read(ours, start.ends))
            return start
    raise AssertionError("stamina ends by returning or raising")


def _committed(
    client: Client, subscriptions: Sequence[Subscription], partitions: Sequence[TopicPartition]
) -> dict[TopicPartition, CommittedOffset]:
    """Read the commits; where `latest` might apply, also those of the topic's lower partitions (F024).

    An added partition has a higher number than the old ones. The topic's metadata is out of reach here:
    `list_topics` inside a callback makes the client abort at the next callback, as `poll` does.
    """
    wanted = list(partitions)
    for partition in partitions:
        if subscription_of(subscriptions, partition.topic).start == "latest":
            wanted += [TopicPartition(partition.topic, lower) for lower in range(partition.partition)]
    asked = [ClientPartition(*partition) for partition in set(wanted)]
    answers = client.committed(asked, timeout=REQUEST_SECONDS_MAX) if asked else []
    for answer in answers:
        if answer.error is not None:
            raise KafkaException(answer.error)
    return {
        TopicPartition(answer.topic, answer.partition): CommittedOffset(answer.offset, metadata_of(answer))
        for answer in answers
        if answer.offset != OFFSET_INVALID
    }


def _start_offsets(
    client: Client,
    subscriptions: Sequence[Subscription],
    partitions: Sequence[TopicPartition],
    committed: Mapping[TopicPartition, CommittedOffset],
) -> StartOffsets:
    known_topics = {partition.topic for partition in committed}
    start = StartOffsets({}, {}, {}, {})
    ends_available = True
    for partition in partitions:
        offset = committed[partition].offset if partition in committed else None
        if offset is not None and not ends_available:
            start.positions[partition] = offset
            continue
        try:
            low, high = watermarks(client, partition)
        except KafkaException:
            if offset is None:
                raise
            ends_available = False  # the ends are optional, so one failed request is enough
        else:
            start.ends[partition] = high
        if offset is None:
            # All records of a partition that was added later are new to the group: never `latest` (F024).
            policy = subscription_of(subscriptions, partition.topic).start
            at_end = policy == "latest" and partition.topic not in known_topics
            offset = start.initial[partition] = high if at_end else low
        start.positions[partition] = offset
    return start


def watermarks(client: Client, partition: TopicPartition) -> tuple[int, int]:
    """Ask for the first and the next offset of a log. Raises KafkaException without an answer."""
    answer = client.get_watermark_offsets(ClientPartition(*partition), timeout=WATERMARK_SECONDS_MAX)
    if answer is None:
        raise KafkaException(f"{partition}: no answer within {WATERMARK_SECONDS_MAX:.0f} s")
    return answer
