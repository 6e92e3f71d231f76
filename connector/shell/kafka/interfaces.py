"""The consumer's two interfaces: the runner's hooks and librdkafka's message."""

from collections.abc import Callable, Sequence
from typing import Protocol

from confluent_kafka import KafkaError

from connector.engine.events import Assigned
from connector.model import Headers, TopicPartition


class RebalanceHooks(Protocol):
    """The runner's side of a rebalance. Called on the owner thread, inside `Consumer.poll_records`.

    In `revoked` the runner drains and commits, and returns within `drain_seconds`. It may call the consumer's
    `commit`, `confirm_commits`, `pause`, `resume` and `take_events`, never a method that polls. The other two
    hooks return immediately.
    """

    def assigned(self, assignment: Assigned) -> None:
        """Take these partitions over; reading begins at `assignment.positions`."""

    def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """Give these partitions back to the group; they are gone when this returns."""

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        """Forget these partitions: they are gone already, and nothing can be committed for them."""


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
