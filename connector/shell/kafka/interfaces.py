"""What the consumer expects of its two neighbours: the runner's hooks and librdkafka's message."""

from collections.abc import Callable, Sequence
from typing import Protocol

from confluent_kafka import KafkaError

from connector.engine.events import Assigned
from connector.model import Headers, TopicPartition


class RebalanceHooks(Protocol):
    """The runner's side of a rebalance. Called on the owner thread, inside `Consumer.poll_records`.

    In `revoked` the runner drains and commits: it may call the consumer's `commit`, `confirm_commits`,
    `pause`, `resume` and `take_events`, never a method that polls, and must return within
    `drain_seconds`. The other two return at once.
    """

    def assigned(self, beginning: Assigned) -> None:
        """These partitions are ours from now on; reading begins at `beginning.positions`."""

    def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """The group wants these partitions back; they are gone when this returns."""

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        """These partitions are gone already; nothing can be committed for them."""


class Message(Protocol):
    """A message as `poll()` returns it: a record, or an error that may lack topic and partition (P27)."""

    error: Callable[[], KafkaError | None]
    topic: Callable[[], str]
    partition: Callable[[], int]
    offset: Callable[[], int]
    key: Callable[[], bytes | None]
    value: Callable[[], bytes | None]
    timestamp: Callable[[], tuple[int, int]]
    headers: Callable[[], Headers | None]

    def __len__(self) -> int:
        """Count the bytes of the value."""
