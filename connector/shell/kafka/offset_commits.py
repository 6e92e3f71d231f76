"""Asynchronous commits of explicit offsets, each answered exactly once, also when the broker never does."""

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
    """A partition as it stands in librdkafka's commit callback."""

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
        """The metadata that was to be kept with it."""

    @property
    def error(self) -> KafkaError | None:
        """Why this partition was refused (F016)."""


@dataclass(frozen=True, slots=True)
class Outstanding:
    """One commit on its way. `commit_id` is None for initial offsets, which the engine does not know of."""

    commit_id: int | None
    offsets: Mapping[TopicPartition, int]
    notes: Mapping[TopicPartition, str]
    asked_ms: int


class OffsetCommits:
    """The commits on their way, and the initial offsets that no commit covers yet (F023)."""

    def __init__(self, client: Client, clock: Clock, notes: CommittedOffsets) -> None:
        self._client = client
        self._clock = clock
        self._notes = notes
        self._outstanding: list[Outstanding] = []
        self._initial: dict[TopicPartition, int] = {}
        self._initial_asked_ms = -INITIAL_RETRY_MS

    def ask(
        self,
        commit_id: int,
        offsets: Mapping[TopicPartition, int],
        settled: Mapping[TopicPartition, Runs],
    ) -> Committed | None:
        """Hand a commit to librdkafka, and what is settled above it; what it refuses at once is returned."""
        for partition in offsets:
            self._initial.pop(partition, None)
        return self._ask(commit_id, offsets, settled)

    def begin(self, initial: Mapping[TopicPartition, int]) -> None:
        """Remember offsets that `ask_initial` is to commit, unless a commit of the engine comes first."""
        self._initial.update(initial)
        self._initial_asked_ms = self._clock.monotonic_ms() - INITIAL_RETRY_MS

    def forget(self, partitions: Sequence[TopicPartition]) -> None:
        """Drop the initial offsets of partitions that are not ours any more."""
        for partition in partitions:
            self._initial.pop(partition, None)

    def ask_initial(self) -> None:
        """Commit the initial offsets; asked again every second until the broker has confirmed."""
        now_ms = self._clock.monotonic_ms()
        if self._initial and now_ms - self._initial_asked_ms >= INITIAL_RETRY_MS:
            self._initial_asked_ms = now_ms
            self._ask(None, self._initial, {})

    def answered(
        self, error: KafkaError | None, partitions: Sequence[CommittedPartition] | None
    ) -> Committed | None:
        """Match a callback to its commit, for it carries no number: the newest that says exactly this.

        The broker answers in order, so of older ones that say the same nothing more need be heard (P06).
        None for initial offsets and for a commit that was given up before. A partition counts as
        committed only where neither it nor the whole answer has an error (F016).
        """
        offsets = {TopicPartition(p.topic, p.partition): p.offset for p in partitions or ()}
        notes = {TopicPartition(p.topic, p.partition): p.metadata or "" for p in partitions or ()}
        same = [c for c in self._outstanding if (c.offsets, c.notes) == (offsets, notes)]
        if not same:
            return None
        found = same[-1]
        self._outstanding = [c for c in self._outstanding if c not in same]
        failures = [failure for p in partitions or () if (failure := p.error or error) is not None]
        if any(failure.code() == KafkaError.OFFSET_METADATA_TOO_LARGE for failure in failures):
            self._notes.too_large()
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
        """Compare with what the broker holds, where no callback can be served (inside a revoke).

        The broker answers in order: what it does not hold after `CONFIRM_MS` was refused.
        """
        newest = {
            p: (offset, commit.notes[p])
            for commit in self._outstanding
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
        done = [c for c in self._outstanding if confirmed.issuperset(c.offsets)]
        self._outstanding = [c for c in self._outstanding if c not in done]
        answers = [Committed(c.commit_id, {}) for c in done if c.commit_id is not None]
        return answers + self.expire(CONFIRM_MS)

    def expire(self, older_than_ms: int) -> list[Committed]:
        """Give up commits without an answer for so long (P06); an answer that comes later is ignored."""
        before_ms = self._clock.monotonic_ms() - older_than_ms
        late = [c for c in self._outstanding if c.asked_ms <= before_ms]
        self._outstanding = [c for c in self._outstanding if c.asked_ms > before_ms]
        reason = f"the broker did not answer the commit within {older_than_ms} ms"
        return [_refused(c.commit_id, c.offsets, reason) for c in late if c.commit_id is not None]

    def _ask(
        self,
        commit_id: int | None,
        offsets: Mapping[TopicPartition, int],
        settled: Mapping[TopicPartition, Runs],
    ) -> Committed | None:
        texts = {p: self._notes.write(p, offset, settled.get(p, ())) for p, offset in offsets.items()}
        partitions = [
            ClientPartition(p.topic, p.partition, offset, texts[p]) for p, offset in offsets.items()
        ]
        try:
            self._client.commit(offsets=partitions, asynchronous=True)
        except KafkaException as error:
            return None if commit_id is None else _refused(commit_id, offsets, str(error.args[0]))
        self._outstanding.append(Outstanding(commit_id, dict(offsets), texts, self._clock.monotonic_ms()))
        return None


def _refused(commit_id: int, offsets: Mapping[TopicPartition, int], reason: str) -> Committed:
    return Committed(commit_id, dict.fromkeys(offsets, reason))
