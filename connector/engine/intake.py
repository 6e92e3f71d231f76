"""How much may still come in, and which partitions must not be fetched (promise 7).

Closing the intake costs nothing: the shell just does not poll. But a consumer has to poll, and
pausing a partition throws away what was fetched for it, so partitions are paused only when the
intake has been closed for a while, or when one endpoint alone is at its share while others flow, or when
the schema that a partition waits for is late.
"""

from collections.abc import Collection
from typing import NamedTuple

from connector.engine.events import Pause, Resume
from connector.engine.ledger import Partition
from connector.engine.limits import Limits
from connector.model import SchemaRef, TopicPartition

CLOSED_MS_MAX = 1_000
"""How long the consumer may go without a poll, so that a rebalance is not kept waiting."""


PARKED_SHARE = 8
"""Where more than one in so many places of the buffer is parked, the partitions that wait are paused."""


class Room(NamedTuple):
    """How many records and bytes may be polled now; no polling at all where either is 0."""

    records: int
    bytes: int


CLOSED = Room(0, 0)


class Intake:
    """Knows what is buffered, as `measure` has last seen it: records that arrived and are not settled.

    Those among them that are parked, because their schema is not there yet, get half of the buffer: a
    registry that is away must not stop the partitions that do not need it. All that one poll brings may have
    to be parked, and only then are its partitions paused. So a poll may fill what is left of the first
    quarter, and after that each partition may bring its part of the second.
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
        """Add up what the partitions hold: cheaper once for many records than with every record."""
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

        Where every partition is paused, nothing comes: then a poll does no harm, and a rebalance is heard.
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
        """Decide whether every partition must be paused: at once when `held`, else after a second."""
        if not shut and not held:
            self._closed_since_ms = None
            # Half empty before anything flows again: each pause and resume fetches anew.
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
        """Pause and resume what has to be; `late` are the schemas that will take a while."""
        # While the intake is shut nothing is polled anyway: no need to throw away what is fetched.
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
        """Records that are not parked: those that go by themselves."""
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
