"""How much may still come in, and which partitions must not be fetched (promise 7).

Closing the intake costs nothing: the shell just does not poll. But a consumer has to poll, and pausing a
partition throws away its fetched records. So partitions are paused in three cases only. The intake has been
closed for a while, one endpoint is at its share while others flow, or a schema is late.
"""

from collections.abc import Collection
from typing import NamedTuple

from connector.engine.events import Pause, Resume
from connector.engine.ledger import Partition
from connector.engine.limits import Limits
from connector.model import SchemaRef, TopicPartition

CLOSED_MS_MAX = 1_000
"""How long the consumer may go without a poll, so that a rebalance does not wait."""

PARKED_SHARE = 8
"""Partitions that wait for a schema are paused when more than 1 / PARKED_SHARE of the buffer is parked."""


class Room(NamedTuple):
    """How many records and bytes may be polled now; no polling at all where either is 0."""

    records: int
    bytes: int


CLOSED = Room(0, 0)


class Intake:
    """Knows the buffered records, as `measure` has last seen them: those that arrived and are not settled.

    Records that are parked because their schema is missing get half of the buffer. A registry that does not
    answer must not stop the partitions that do not need it.

    A poll may bring only records to park, and their partitions are paused after it. So a poll may fill the
    rest of the first quarter of the buffer. Then each partition may bring its part of the second quarter.
    """

    __slots__ = (
        "_closed_since_ms",
        "_full",
        "_limits",
        "_open",
        "_parked_bytes",
        "_parked_records",
        "_resume_at",
        "_share",
        "buffered_bytes",
        "buffered_records",
        "pausing_all",
        "room",
        "watched",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._share = limits.endpoint_deliveries_max
        self.pausing_all = False
        self._closed_since_ms: int | None = None
        self._resume_at = 0
        self.measure(())

    def measure(self, partitions: Collection[Partition]) -> None:
        """Add up the records of all partitions: once per event is cheaper than once per record."""
        records = size = parked_records = parked_bytes = 0
        upserts = deletes = events = 0
        self.watched = False
        for partition in partitions:
            records += partition.unsettled
            size += partition.unsettled_bytes
            of_upserts, of_deletes, of_events = partition.open_by_endpoint
            upserts += of_upserts
            deletes += of_deletes
            events += of_events
            if partition.awaits is not None:
                parked_records += len(partition.parked)
                parked_bytes += partition.parked_bytes
                self.watched = True
            elif partition.fetch_paused or partition.revoking or partition.offsets_lost is not None:
                self.watched = True
        self.buffered_records, self.buffered_bytes = records, size
        self._parked_records, self._parked_bytes = parked_records, parked_bytes
        self._open = (upserts, deletes, events)
        self._full = [index for index, count in enumerate(self._open) if count >= self._share]
        limits, share = self._limits, max(1, len(partitions))
        room_records = _left(limits.buffered_records_max, records, parked_records, share)
        room_bytes = _left(limits.buffered_bytes_max, size, parked_bytes, share)
        self.room = Room(room_records, room_bytes) if room_records > 0 and room_bytes > 0 else CLOSED

    def shut(self, partitions: Collection[Partition]) -> bool:
        """Whether the buffer is full, or the only endpoint that is fed has its full share.

        Where every partition is paused, a poll brings no record and lets a rebalance begin.
        """
        if self.room is CLOSED:
            return True
        full = self._full
        if not full:
            return False
        flowing = [partition for partition in partitions if partition.alive and not partition.fetch_paused]
        return bool(flowing) and all(
            any(partition.open_by_endpoint[index] for index in full) for partition in flowing
        )

    def close(self, shut: bool, held: bool, now_ms: int) -> None:
        """Decide whether to pause every partition: immediately when `held`, otherwise after a second."""
        if not shut and not held:
            self._closed_since_ms = None
            # Half empty before records flow again: after each resume, the records are fetched again.
            self.pausing_all = self.pausing_all and self._flowing > self._resume_at
            return
        if self._closed_since_ms is None:
            self._closed_since_ms = now_ms
        if not self.pausing_all and (held or now_ms >= self._closed_since_ms + CLOSED_MS_MAX):
            self.pausing_all = True
            self._resume_at = max(self._flowing // 2, self._limits.buffered_records_max // 4)

    def due_ms(self) -> int | None:
        """When the partitions have to be paused if the intake stays shut."""
        if self._closed_since_ms is None or self.pausing_all:
            return None
        return self._closed_since_ms + CLOSED_MS_MAX

    def changes(
        self, partitions: Collection[Partition], shut: bool, late: Collection[SchemaRef]
    ) -> list[Pause | Resume]:
        """Pause and resume partitions; `late` are the schemas that will take a while."""
        # While the intake is shut nothing is polled anyway, so fetched records are kept.
        full = [] if shut else self._full
        if not (self.watched or self.pausing_all or full):
            return []
        easing = [index for index, count in enumerate(self._open) if count * 2 > self._share]
        pause: list[TopicPartition] = []
        resume: list[TopicPartition] = []
        for partition in partitions:
            watched = easing if partition.fetch_paused else full
            wanted = (
                self.pausing_all
                or partition.revoking
                or partition.offsets_lost is not None
                or (partition.awaits is not None and self._waits_long(partition, late))
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

    @property
    def _flowing(self) -> int:
        """Records that are not parked."""
        return self.buffered_records - self._parked_records

    def _waits_long(self, partition: Partition, late: Collection[SchemaRef]) -> bool:
        """Whether a partition whose first record waits for a schema should not be fetched.

        Most schemas come within milliseconds, and a pause would cost more than that.
        """
        return (
            partition.fetch_paused
            or partition.awaits in late
            or self._parked_records * PARKED_SHARE > self._limits.buffered_records_max
            or self._parked_bytes * PARKED_SHARE > self._limits.buffered_bytes_max
        )


def _left(limit: int, held: int, parked: int, partitions: int) -> int:
    quarter = limit // 4
    return min(limit - held, max(quarter - parked, quarter // partitions, 1))
