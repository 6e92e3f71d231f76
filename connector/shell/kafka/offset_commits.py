"""Asynchronous commits of explicit offsets; each has exactly one answer, even if the broker gives none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from confluent_kafka import Consumer as Client
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import TopicPartition as ClientPartition

from connector.engine.events import Committed
from connector.engine.settled_ranges import Runs
from connector.model import TopicPartition
from connector.shell.clock import Clock
from connector.shell.kafka.committed_offsets import CommittedOffsets, metadata_of

INITIAL_RETRY_MS = 1000
CONFIRM_MS = 1000


class CommittedPartition(Protocol):
    """A partition in librdkafka's commit callback."""

    @property
    def topic(self) -> str:
        """The topic."""

    @property
    def partition(self) -> int:
        """The partition's number."""

    @property
    def offset(self) -> int:
        """The offset that was asked for."""

    @property
    def metadata(self) -> str | None:
        """The metadata of the commit."""

    @property
    def error(self) -> KafkaError | None:
        """Why this partition was refused (F016)."""


@dataclass(frozen=True, slots=True)
class PendingCommit:
    """One commit without an answer yet. `commit_id` is None for initial offsets, unknown to the engine."""

    commit_id: int | None
    offsets: Mapping[TopicPartition, int]
    metadata: Mapping[TopicPartition, str]
    asked_ms: int


class OffsetCommits:
    """The pending commits, and the initial offsets that no commit covers yet (F023)."""

    def __init__(self, client: Client, clock: Clock, committed_offsets: CommittedOffsets) -> None:
        self._client = client
        self._clock = clock
        self._committed_offsets = committed_offsets
        self._pending: list[PendingCommit] = []
        self._initial: dict[TopicPartition, int] = {}
        self._initial_asked_ms = -INITIAL_RETRY_MS

    def ask(
        self,
        commit_id: int,
        offsets: Mapping[TopicPartition, int],
        settled: Mapping[TopicPartition, Runs],
    ) -> Committed | None:
        """Hand a commit to librdkafka, with the settled offsets above it; return an immediate refusal."""
        for partition in offsets:
            self._initial.pop(partition, None)
        return self._ask(commit_id, offsets, settled)

    def begin(self, initial: Mapping[TopicPartition, int]) -> None:
        """Remember offsets for `ask_initial`, unless a commit of the engine comes first."""
        self._initial.update(initial)
        self._initial_asked_ms = self._clock.monotonic_ms() - INITIAL_RETRY_MS

    def forget(self, partitions: Sequence[TopicPartition]) -> None:
        """Drop the initial offsets of partitions that are not ours any more."""
        for partition in partitions:
            self._initial.pop(partition, None)

    def ask_initial(self) -> None:
        """Commit the initial offsets, again every second until the broker has confirmed."""
        now_ms = self._clock.monotonic_ms()
        if self._initial and now_ms - self._initial_asked_ms >= INITIAL_RETRY_MS:
            self._initial_asked_ms = now_ms
            self._ask(None, self._initial, {})

    def answered(
        self, error: KafkaError | None, partitions: Sequence[CommittedPartition] | None
    ) -> Committed | None:
        """Match a callback, which has no number, to the newest commit with the same content.

        The broker answers in order, so older commits with the same content need no answer (P06). Return None
        for initial offsets and for a commit that was given up before. A partition counts as committed only
        where neither it nor the whole answer has an error (F016).
        """
        offsets = {TopicPartition(p.topic, p.partition): p.offset for p in partitions or ()}
        metadata = {TopicPartition(p.topic, p.partition): p.metadata or "" for p in partitions or ()}
        same = [c for c in self._pending if (c.offsets, c.metadata) == (offsets, metadata)]
        if not same:
            return None
        found = same[-1]
        self._pending = [c for c in self._pending if c not in same]
        failures = [failure for p in partitions or () if (failure := p.error or error) is not None]
        if any(failure.code() == KafkaError.OFFSET_METADATA_TOO_LARGE for failure in failures):
            self._committed_offsets.too_large()
        errors = {
            TopicPartition(p.topic, p.partition): str(p.error or error)
            for p in partitions or ()
            if (p.error or error) is not None
        }
        if found.commit_id is not None:
            return Committed(found.commit_id, errors)
        self.forget([partition for partition in offsets if partition not in errors])
        return None

    def confirm(self, timeout_s: float) -> list[Committed]:
        """Compare with the broker's offsets where no callback can be served, inside a revoke.

        The broker answers in order, so it has refused a commit that it does not hold after `CONFIRM_MS`.
        """
        newest = {
            p: (offset, commit.metadata[p])
            for commit in self._pending
            for p, offset in commit.offsets.items()
        }
        if not newest:
            return []
        try:
            held = self._client.committed([ClientPartition(*p) for p in newest], timeout=timeout_s)
        except KafkaException:
            return []
        confirmed = {
            TopicPartition(p.topic, p.partition)
            for p in held
            if p.error is None and (p.offset, metadata_of(p)) == newest[TopicPartition(p.topic, p.partition)]
        }
        done = [c for c in self._pending if confirmed.issuperset(c.offsets)]
        self._pending = [c for c in self._pending if c not in done]
        answers = [Committed(c.commit_id, {}) for c in done if c.commit_id is not None]
        return answers + self.expire(CONFIRM_MS)

    def expire(self, older_than_ms: int) -> list[Committed]:
        """Give up commits that had no answer for this long (P06); later answers are ignored."""
        before_ms = self._clock.monotonic_ms() - older_than_ms
        late = [c for c in self._pending if c.asked_ms <= before_ms]
        self._pending = [c for c in self._pending if c.asked_ms > before_ms]
        reason = f"the broker did not answer the commit within {older_than_ms} ms"
        return [_refused(c.commit_id, c.offsets, reason) for c in late if c.commit_id is not None]

    def _ask(
        self,
        commit_id: int | None,
        offsets: Mapping[TopicPartition, int],
        settled: Mapping[TopicPartition, Runs],
    ) -> Committed | None:
        metadata = {
            p: self._committed_offsets.write(p, offset, settled.get(p, ())) for p, offset in offsets.items()
        }
        partitions = [
            ClientPartition(p.topic, p.partition, offset, metadata[p]) for p, offset in offsets.items()
        ]
        try:
            self._client.commit(offsets=partitions, asynchronous=True)
        except KafkaException as error:
            return None if commit_id is None else _refused(commit_id, offsets, str(error.args[0]))
        self._pending.append(PendingCommit(commit_id, dict(offsets), metadata, self._clock.monotonic_ms()))
        return None


def _refused(commit_id: int, offsets: Mapping[TopicPartition, int], reason: str) -> Committed:
    return Committed(commit_id, dict.fromkeys(offsets, reason))
