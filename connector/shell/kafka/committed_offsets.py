"""Commit metadata, written with each commit and read at each assignment (`engine/commit_metadata.py`)."""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple, Protocol

from confluent_kafka import TopicPartition as ClientPartition

from connector.engine import commit_metadata
from connector.engine.settled_ranges import Runs
from connector.errors import ConnectorError, FatalError
from connector.model import TopicPartition

SMALLEST_CHARS_MAX = 64
"""A broker that refuses metadata this short gets none."""


class TopicIdSource(Protocol):
    """The ids of topics, as `topic_ids.TopicIds` knows them."""

    @property
    def known(self) -> Mapping[str, str]:
        """The known ids, by topic."""

    def ask(self, topics: Collection[str]) -> dict[str, str]:
        """Ask for ids and wait for a moment; a topic without an answer is left out."""

    def recreated(self, topics: AbstractSet[str]) -> list[str]:
        """Return the topics that were deleted and created again."""


class MetadataUnprovenError(ConnectorError):
    """Metadata claims that records are settled, and the claim cannot be verified now.

    Then nothing may be read. An instance that ignored the claim would deliver older states again. The next
    instance, which accepts it, would leave out the newer ones (found by the simulation).
    """


class CommittedOffset(NamedTuple):
    """A committed offset of the group, for one partition."""

    offset: int
    metadata: str


class CommittedOffsets:
    """Knows the data source of our commits, and how much metadata the broker accepts.

    Settled offsets are written and read only for a topic whose id is known. In a topic that was created
    again, the same offsets name other records (F026).
    """

    def __init__(self, target: str, ids: TopicIdSource, chars_max: int = commit_metadata.CHARS_MAX) -> None:
        self._target = target
        self._ids = ids
        self._chars_max = chars_max
        self._recreated_topics: set[str] = set()

    def recreated(self, topics: AbstractSet[str]) -> list[str]:
        """Return the topics that were created again; their settled offsets are no longer written."""
        changed = self._ids.recreated(topics)
        self._recreated_topics.update(changed)
        return changed

    def write(self, partition: TopicPartition, offset: int, settled: Runs = ()) -> str:
        """Return the metadata for a commit of this offset, with the offsets above it that are settled."""
        topic = partition.topic
        topic_id = "" if topic in self._recreated_topics else self._ids.known.get(topic, "")
        commit = commit_metadata.CommitIdentity(partition, offset, topic_id)
        return commit_metadata.write(self._target, commit, settled if topic_id else (), self._chars_max)

    def too_large(self) -> None:
        """Write shorter metadata from now on, as the broker has refused one for its size (F015)."""
        self._chars_max = self._chars_max // 4 if self._chars_max >= 4 * SMALLEST_CHARS_MAX else 0

    def read(
        self, committed: Mapping[TopicPartition, CommittedOffset], ends: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, Runs]:
        """Return the settled offsets above the start of an assignment; `ends` holds the ends of the logs.

        Metadata is ignored where it is not ours, or belongs to another offset or topic. It is also ignored
        where it names records that the log does not hold.

        Raises:
            FatalError: the offsets were committed for another data source (F094).
            MetadataUnprovenError: the topic's id or the log's end is unknown, so nothing can be verified.
        """
        claiming = {}
        for partition, found in committed.items():
            self._check_target(partition, found.metadata)
            self._recreated_topics.discard(partition.topic)
            if commit_metadata.claims(found.metadata):
                claiming[partition] = found
        ids = self._ids.ask({partition.topic for partition in claiming}) if claiming else {}
        settled: dict[TopicPartition, Runs] = {}
        for partition, (offset, metadata) in claiming.items():
            topic_id, end = ids.get(partition.topic), ends.get(partition)
            if topic_id is None or end is None:
                raise MetadataUnprovenError(
                    f"{partition}: the broker did not give the topic's id or the log's end"
                )
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
                "deployment use the same group.id? Then give this one a new group.id. Was instasent.project "
                "or instasent.datasource changed on purpose? Then stop all instances and reset the offsets "
                "with `kafka-consumer-groups --reset-offsets`; --to-current keeps their values",
            )


def metadata_of(partition: ClientPartition) -> str:
    """Return the metadata of a committed offset, empty where another tool wrote bytes that are no text."""
    try:
        return partition.metadata or ""
    except UnicodeDecodeError:
        return ""
