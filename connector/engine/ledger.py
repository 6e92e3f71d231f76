"""Per partition: which records are settled, and up to which offset it is safe to commit (promise 1)."""

from collections import Counter, deque

from connector.engine.delete_memory import DeleteMemory
from connector.engine.settled_ranges import SettledRanges
from connector.errors import InvariantError
from connector.model import Record, SchemaRef, TopicPartition, Translated

FINISHED_ENTRIES_MAX = 1_000
"""Entries of finished records that may pile up after an open one, besides two for each open one."""


class TopicCounts:
    """Counts of one topic's records since the start."""

    __slots__ = ("accepted", "consumed", "dead_lettered", "skipped")

    def __init__(self) -> None:
        self.consumed = 0
        self.accepted = 0  # deliveries
        self.skipped: Counter[str] = Counter()  # by rule
        self.dead_lettered: Counter[str] = Counter()  # by rule


class Entry:
    """One record that is not settled yet: `open` deliveries or dead letters of it are unfinished."""

    __slots__ = ("lettered", "open", "partition", "record", "size", "spread")

    def __init__(self, partition: "Partition", record: Record, count: int) -> None:
        self.partition = partition
        self.record = record
        self.open = count
        self.size = record.size
        self.lettered = False  # one dead letter per record, however many of its deliveries are refused
        self.spread = 0  # its deliveries where they are for several contacts, else 0

    @property
    def offset(self) -> int:
        """The record's offset."""
        return self.record.offset

    @property
    def loose(self) -> bool:
        """Whether a later record of one of its contacts may be settled before it is (`settled_ranges.py`)."""
        return self.lettered or self.open < self.spread


class Partition:
    """One assignment of one partition: an answer that belongs to an earlier one settles nothing here.

    The commit rule is one sentence: the offset of the oldest unsettled record, or the position
    where there is none. Above that offset, too, everything before the position is settled unless it is open.
    So skipped records and gaps in the offsets (compaction, control records) need no bookkeeping.
    """

    __slots__ = (
        "_entries",
        "alive",
        "awaits",
        "before",
        "commit_refused",
        "committed",
        "counts",
        "deletes",
        "end",
        "fetch_paused",
        "name",
        "offsets_lost",
        "open_by_endpoint",
        "parked",
        "parked_bytes",
        "position",
        "revoking",
        "settled",
        "told",
        "unsettled",
        "unsettled_bytes",
        "until",
    )

    def __init__(
        self, name: TopicPartition, counts: TopicCounts, position: int | None, end: int | None
    ) -> None:
        self.name = name
        self.counts = counts
        self.position = position  # the offset after the last record that arrived
        self.committed: int | None = None  # as the broker confirmed it to this assignment
        self.until = end  # the end as first seen; what `--until-caught-up` waits for
        self.end = end
        self.alive = True  # answers settle its records
        self.revoking = False  # nothing of it is sent any more
        self.commit_refused = False  # the last commit was
        self.offsets_lost: str | None = None
        self.fetch_paused = False
        self.before: SettledRanges | None = None  # settled above the position by an earlier assignment
        self.settled = 0  # records
        self.told = 0  # the value of `settled` in the last confirmed commit
        self.unsettled = 0  # records
        self.unsettled_bytes = 0
        self.deletes = DeleteMemory()
        self.open_by_endpoint = [0, 0, 0]  # deliveries that are not finished, in the order of Endpoint
        self._entries: deque[Entry] = deque()
        self.awaits: SchemaRef | None = (
            None  # the schema of the first parked record; None while none is parked
        )
        self.parked: deque[tuple[Entry, Translated]] = deque()  # in the order of the log
        self.parked_bytes = 0

    def arrived(self, record: Record) -> None:
        """Move the position past a record; offsets only grow within an assignment."""
        if self.position is not None and record.offset < self.position:
            raise InvariantError("offset went backwards")
        self.position = record.offset + 1

    def open(self, record: Record, count: int) -> Entry:
        """Remember a record for which `count` deliveries (or one dead letter) must be finished."""
        if count <= 0:
            raise InvariantError("a record without anything to finish")
        entry = Entry(self, record, count)
        self._entries.append(entry)
        self.unsettled += 1
        self.unsettled_bytes += entry.size
        return entry

    def park(self, record: Record, translated: Translated) -> None:
        """Remember a record that waits for a schema, or that follows one that does."""
        entry = self.open(record, 1)
        self.parked.append((entry, translated))
        self.parked_bytes += entry.size

    def unpark(self) -> None:
        """Take the first parked record out of the queue; it stays unsettled."""
        entry, _ = self.parked.popleft()
        self.parked_bytes -= entry.size

    def forget_parked(self) -> None:
        """Leave the parked records to the next owner; they stay unsettled here."""
        self.awaits = None
        self.parked.clear()
        self.parked_bytes = 0

    def leave_out(self, entry: Entry) -> None:
        """Forget a record that needs no delivery after all: it counts as skipped."""
        if entry.open != 1:
            raise InvariantError("left out although something of it is under way")
        self.close(entry)
        self.settled -= 1

    def close(self, entry: Entry) -> None:
        """Finish one delivery of an entry; the last one settles its record."""
        if entry.open <= 0:
            raise InvariantError("settled twice")
        entry.open -= 1
        if entry.open:
            return
        self.settled += 1
        self.unsettled -= 1
        self.unsettled_bytes -= entry.size
        entries = self._entries
        if not entries or entries[0] is not entry:
            # Settled out of turn. An open record before them must not keep all of these in memory.
            if len(entries) > FINISHED_ENTRIES_MAX + 2 * self.unsettled:
                self._entries = deque([entry for entry in entries if entry.open])
            return
        while entries and not entries[0].open:
            entries.popleft()

    @property
    def committable(self) -> int | None:
        """The offset that may be committed: everything before it is settled."""
        return self._entries[0].offset if self._entries else self.position

    @property
    def uncommitted(self) -> bool:
        """Whether a commit would move the committed offset, or say that more is settled above it."""
        # As `committable`, without the call: this runs for every partition with every event.
        offset = self._entries[0].record.offset if self._entries else self.position
        if offset is None:
            return False
        if self.committed is None or offset > self.committed:
            return True
        return bool(self._entries) and self.settled != self.told

    def confirmed(self, offset: int, settled: int) -> None:
        """Take in that a commit is confirmed; `settled` is the count of settled records when it was sent."""
        self.committed = offset
        self.told = settled
        if self.before is not None and self.position is not None and self.before.end <= self.position:
            self.before = None  # All of it has been read again.

    def settled_above(self) -> list[tuple[int, int]]:
        """Return the runs of settled offsets above the committable one, as far as they may be claimed."""
        runs: list[tuple[int, int]] = []
        at, position = self.committable, self.position
        if at is None or position is None or self.offsets_lost is not None:
            return runs  # Lost offsets may name other records in the log that has taken its place.
        for entry in self._entries:
            if entry.open:
                offset = entry.record.offset
                if at < offset:
                    runs.append((at, offset))
                if entry.loose:
                    return runs
                at = offset + 1
        if at < position:
            runs.append((at, position))
        if self.before is not None:
            self.before.add_unread(runs, position)
        return runs
