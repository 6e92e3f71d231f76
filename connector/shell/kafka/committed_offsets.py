"""Commit metadata: written with each commit, read at the start (`engine/commit_metadata.py`)."""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple, Protocol

from confluent_kafka import TopicPartition as ClientPartition

from connector.engine import commit_metadata
from connector.engine.settled_ranges import Runs
from connector.errors import ConnectorError, FatalError
from connector.model import TopicPartition

SMALLEST_CHARS_MAX = 64
"""A broker that refuses metadata as short as that is given none."""


class Ids(Protocol):
    """The ids of topics (`kafka_topics.TopicIds`)."""

    @property
    def known(self) -> Mapping[str, str]:
        """Those that have been heard of, by topic."""

    def ask(self, topics: Collection[str]) -> dict[str, str]:
        """Ask for ids and wait for a moment; a topic whose id cannot be had is left out."""

    def recreated(self, topics: AbstractSet[str]) -> list[str]:
        """Return which of our topics are not the ones that they were."""


class MetadataUnprovenError(ConnectorError):
    """Metadata says that something is settled, and whether that may be believed cannot be found out now.

    Then nothing may be read: what one instance does not believe it sends again from an older state on, and
    the next one, which does believe it, would leave out what has to follow (found by the simulation).
    """


class CommittedOffset(NamedTuple):
    """What the group has committed for one partition."""

    offset: int
    metadata: str


class CommittedOffsets:
    """Knows the data source that our commits are made for, and how much metadata the broker takes.

    What is settled is said and believed only of a topic whose id is known: in one that was made anew, the
    same offsets name other records (F026).
    """

    def __init__(self, target: str, ids: Ids, chars_max: int = commit_metadata.CHARS_MAX) -> None:
        self._target = target
        self._ids = ids
        self._chars_max = chars_max
        self._made_anew: set[str] = set()

    def recreated(self, topics: AbstractSet[str]) -> list[str]:
        """Return which of our topics were made anew; what is still settled in the old one is not said."""
        changed = self._ids.recreated(topics)
        self._made_anew.update(changed)
        return changed

    def write(self, partition: TopicPartition, offset: int, settled: Runs = ()) -> str:
        """Return the metadata for a commit of this offset, above which this much is settled."""
        topic = partition.topic
        topic_id = "" if topic in self._made_anew else self._ids.known.get(topic, "")
        commit = commit_metadata.CommitIdentity(partition, offset, topic_id)
        return commit_metadata.write(self._target, commit, settled if topic_id else (), self._chars_max)

    def too_large(self) -> None:
        """Take in that the broker has refused metadata for its size: ours is shorter from now on (F015)."""
        self._chars_max = self._chars_max // 4 if self._chars_max >= 4 * SMALLEST_CHARS_MAX else 0

    def read(
        self, committed: Mapping[TopicPartition, CommittedOffset], ends: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, Runs]:
        """Return what is settled above the offsets at which an assignment begins; `ends` are the logs'.

        Metadata that is not ours, or does not belong to this offset of this topic, says nothing; neither does
        any that speaks of records which the log does not hold.

        Raises:
            FatalError: the offsets were committed for another data source (F094).
            MetadataUnprovenError: the topic's id or the log's end is unknown, so the metadata proves nothing.
        """
        claiming = {}
        for partition, found in committed.items():
            self._check_target(partition, found.metadata)
            self._made_anew.discard(partition.topic)
            if commit_metadata.claims(found.metadata):
                claiming[partition] = found
        ids = self._ids.ask({partition.topic for partition in claiming}) if claiming else {}
        settled: dict[TopicPartition, Runs] = {}
        for partition, (offset, metadata) in claiming.items():
            topic_id, end = ids.get(partition.topic), ends.get(partition)
            if topic_id is None or end is None:
                raise MetadataUnprovenError(f"{partition}: the topic's id or the log's end cannot be had")
            runs = commit_metadata.read(metadata, commit_metadata.CommitIdentity(partition, offset, topic_id))
            if runs and runs[-1][1] <= end:
                settled[partition] = runs
        return settled

    def _check_target(self, partition: TopicPartition, metadata: str) -> None:
        target = commit_metadata.target_in(metadata)
        if target is not None and target != self._target:
            raise FatalError(
                "data-source",
                f"{partition}: the group's offset was committed for another data source. Does another "
                "deployment use the same group.id? Then give this one its own. Was instasent.project or "
                "instasent.datasource changed on purpose? Then stop all instances and set the offsets anew: "
                "`kafka-consumer-groups --reset-offsets`; with --to-current they stay where they are",
            )


def metadata_of(partition: ClientPartition) -> str:
    """Return the metadata that came with a committed offset; what another tool has written may be no text."""
    try:
        return partition.metadata or ""
    except UnicodeDecodeError:
        return ""
