"""How much may still come in, and which partitions must not be fetched (promise 7).

Closing the intake costs nothing: the shell just does not poll. But a consumer has to poll, and
pausing a partition throws away what was fetched for it, so partitions are paused only when the
intake has been closed for a while, or when one endpoint alone is at its share while others flow.
"""

from collections.abc import Collection
from typing import NamedTuple

from connector.engine.events import Pause, Resume
from connector.engine.ledger import Partition
from connector.engine.limits import Limits
from connector.model import TopicPartition

CLOSED_MS_MAX = 1_000
"""How long the consumer may go without a poll, so that a rebalance is not kept waiting."""


class Room(NamedTuple):
    """How many records and bytes may be polled now; no polling at all where either is 0."""

    records: int
    bytes: int


CLOSED = Room(0, 0)


class Intake:
    """Knows what is buffered, as `measure` has last seen it: records that arrived and are not settled."""

    __slots__ = (
        "_closed_since_ms",
        "_limits",
        "_open",
        "_resume_at",
        "buffered_bytes",
        "buffered_records",
        "pausing_all",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.buffered_records = 0
        self.buffered_bytes = 0
        self.pausing_all = False
        self._closed_since_ms: int | None = None
        self._resume_at = 0
        self._open = [0, 0, 0]  # deliveries that are not finished, in the order of Endpoint

    def measure(self, partitions: Collection[Partition]) -> None:
        """Add up what the partitions hold: cheaper once for many records than with every record."""
        self.buffered_records = sum([partition.unsettled for partition in partitions])
        self.buffered_bytes = sum([partition.unsettled_bytes for partition in partitions])
        self._open = [sum(counts) for counts in zip(*[p.open_by_endpoint for p in partitions], strict=True)]

    def room(self) -> Room:
        """What the buffer can still take."""
        records = self._limits.buffered_records_max - self.buffered_records
        size = self._limits.buffered_bytes_max - self.buffered_bytes
        return Room(records, size) if records > 0 and size > 0 else CLOSED

    def shut(self, partitions: Collection[Partition]) -> bool:
        """Whether the buffer is full, or the only endpoint that is fed has its full share."""
        if self.room() is CLOSED:
            return True
        share = self._limits.endpoint_deliveries_max
        full = [index for index, count in enumerate(self._open) if count >= share]
        return bool(full) and all(
            any(partition.open_by_endpoint[index] for index in full)
            for partition in partitions
            if partition.alive and not partition.fetch_paused
        )

    def close(self, shut: bool, held: bool, now_ms: int) -> None:
        """Decide whether every partition must be paused: at once when `held`, else after a second."""
        if not shut and not held:
            self._closed_since_ms = None
            # Half empty before anything flows again: each pause and resume fetches anew.
            self.pausing_all = self.pausing_all and self.buffered_records > self._resume_at
            return
        if self._closed_since_ms is None:
            self._closed_since_ms = now_ms
        if not self.pausing_all and (held or now_ms >= self._closed_since_ms + CLOSED_MS_MAX):
            self.pausing_all = True
            self._resume_at = max(self.buffered_records // 2, self._limits.buffered_records_max // 4)

    def due_ms(self) -> int | None:
        """When the partitions have to be paused if the intake stays shut."""
        if self._closed_since_ms is None or self.pausing_all:
            return None
        return self._closed_since_ms + CLOSED_MS_MAX

    def changes(self, partitions: Collection[Partition], shut: bool) -> list[Pause | Resume]:
        """Pause and resume what has to be."""
        share = self._limits.endpoint_deliveries_max
        # While the intake is shut nothing is polled anyway: no need to throw away what is fetched.
        full = [index for index, count in enumerate(self._open) if count >= share and not shut]
        easing = [index for index, count in enumerate(self._open) if count * 2 > share]
        pause: list[TopicPartition] = []
        resume: list[TopicPartition] = []
        for partition in partitions:
            watched = easing if partition.fetch_paused else full
            wanted = (
                self.pausing_all
                or partition.revoking
                or partition.offsets_lost is not None
                or any(partition.open_by_endpoint[index] for index in watched)
            )
            if wanted != partition.fetch_paused:
                partition.fetch_paused = wanted
                (pause if wanted else resume).append(partition.name)
        commands: list[Pause | Resume] = []
        if pause:
            commands.append(Pause(pause))
        if resume:
            commands.append(Resume(resume))
        return commands
