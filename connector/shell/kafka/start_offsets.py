"""Where reading begins: the committed offset, else the topic's start policy."""

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

LOOKUP_SECONDS_MAX = 15.0  # inside a callback: shorter than the 30 s after which /healthz doubts us
REQUEST_SECONDS_MAX = 5.0
WATERMARK_SECONDS_MAX = 2.0


Start: TypeAlias = Literal["earliest", "latest"]
OffsetsLostPolicy: TypeAlias = Literal["pause", "earliest", "latest"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """One topic by its exact name, or those that a pattern (`^…`) matches.

    `start` is where a group without a commit begins; `offsets_lost` what happens when the committed
    offset has left the log (F021, F022).
    """

    topic: str
    start: Start = "earliest"
    offsets_lost: OffsetsLostPolicy = "pause"

    @property
    def is_pattern(self) -> bool:
        """Tell whether `topic` is a pattern, by librdkafka's rule."""
        return self.topic.startswith("^")

    def covers(self, topic: str) -> bool:
        """Tell whether this subscription brought us that topic."""
        return re.match(self.topic, topic) is not None if self.is_pattern else self.topic == topic


def subscription_of(subscriptions: Sequence[Subscription], topic: str) -> Subscription:
    """Find the one that covers a topic; an exact name wins over a pattern."""
    covering = [s for s in subscriptions if s.covers(topic)]
    exact = [s for s in covering if not s.is_pattern]
    return (exact or covering or [Subscription(topic)])[0]


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where the partitions of one assignment begin.

    `initial` are the positions that no commit gave: they are committed at once, so that from then
    on a missing commit is an anomaly (F023). `ends` are the ends of the logs as far as known, `settled` is
    what is known to be settled above the positions.
    """

    positions: dict[TopicPartition, int]
    initial: dict[TopicPartition, int]
    ends: dict[TopicPartition, int]
    settled: dict[TopicPartition, Runs]


def look_up(
    client: Client,
    subscriptions: Sequence[Subscription],
    partitions: Sequence[TopicPartition],
    notes: CommittedOffsets,
) -> Beginning:
    """Ask the broker where to begin; tries again for `LOOKUP_SECONDS_MAX`.

    Raises:
        KafkaException: the broker did not say. Nothing may be assigned then.
        MetadataUnprovenError: nor whether its metadata may be believed. The same.
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
            beginning = _beginning(client, subscriptions, partitions, committed)
            ours = {partition: committed[partition] for partition in partitions if partition in committed}
            beginning.settled.update(notes.read(ours, beginning.ends))
            return beginning
    raise AssertionError("stamina ends by returning or raising")


def _committed(
    client: Client, subscriptions: Sequence[Subscription], partitions: Sequence[TopicPartition]
) -> dict[TopicPartition, CommittedOffset]:
    """Read the commits; where `latest` might apply, also those of the topic's lower partitions (F024).

    A partition that was added has a higher number than the old ones. (Metadata cannot be asked for:
    `list_topics` inside a callback makes the client abort at the next callback, as `poll` does.)
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


def _beginning(
    client: Client,
    subscriptions: Sequence[Subscription],
    partitions: Sequence[TopicPartition],
    committed: Mapping[TopicPartition, CommittedOffset],
) -> Beginning:
    known_topics = {partition.topic for partition in committed}
    beginning = Beginning({}, {}, {}, {})
    ends_answer = True
    for partition in partitions:
        offset = committed[partition].offset if partition in committed else None
        if offset is not None and not ends_answer:
            beginning.positions[partition] = offset
            continue
        try:
            low, high = watermarks(client, partition)
        except KafkaException:
            if offset is None:
                raise
            ends_answer = False  # the ends are a nicety: asked once in vain is enough
        else:
            beginning.ends[partition] = high
        if offset is None:
            # A partition that was added later holds records nobody has seen: never `latest` (F024).
            start = subscription_of(subscriptions, partition.topic).start
            late = start == "latest" and partition.topic not in known_topics
            offset = beginning.initial[partition] = high if late else low
        beginning.positions[partition] = offset
    return beginning


def watermarks(client: Client, partition: TopicPartition) -> tuple[int, int]:
    """Ask for the first and the next offset of a log; raises KafkaException without an answer."""
    answer = client.get_watermark_offsets(ClientPartition(*partition), timeout=WATERMARK_SECONDS_MAX)
    if answer is None:
        raise KafkaException(f"{partition}: no answer within {WATERMARK_SECONDS_MAX:.0f} s")
    return answer
