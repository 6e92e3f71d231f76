"""The simulated brokers: what the logs hold now, what is committed, and what is stored as dead letters."""

from bisect import bisect_left
from collections.abc import Mapping

from connector.engine.settled_ranges import Runs
from tests.simulation.memory import Memory, Note
from tests.simulation.promises import expect
from tests.simulation.rows import Entry, Log


class Broker:
    """Partitions are known by the numbers of their logs."""

    def __init__(self, logs: tuple[Log, ...], memory: Memory) -> None:
        self.logs = logs
        self.memory = memory
        self.entries: list[list[Entry]] = [list(log.entries) for log in logs]
        self._offsets = [[entry.offset for entry in log.entries] for log in logs]
        self.starts = [log.entries[0].offset if log.entries else log.end for log in logs]
        self.committed = list(self.starts)
        self.lost: dict[int, range] = {}
        self.recreated: set[int] = set()
        self.away_until_ms = 0
        self.letters_away_until_ms = 0

    def index(self, number: int, offset: int) -> int:
        """Where reading from an offset on begins."""
        return bisect_left(self._offsets[number], offset)

    def end(self, number: int, now_ms: int) -> int:
        """The end of a log as it is now."""
        entries = self.entries[number]
        hidden = next((entry for entry in entries if entry.visible_ms > now_ms), None)
        return self.logs[number].end if hidden is None else hidden.offset

    def commit(self, notes: Mapping[int, Note]) -> None:
        """Store offsets with their metadata."""
        for number, note in notes.items():
            offset = note.offset
            expect(offset >= self.committed[number], "the committed offset went back:", number, offset)
            expect(offset <= self.logs[number].end, "committed beyond the log's end:", number, offset)
            self.committed[number] = offset
            self.memory.store(number, note)

    def reset(self, number: int, where: str) -> None:
        """Begin again at the start or the end of a log that does not hold the committed offset any more."""
        committed, log = self.committed[number], self.logs[number]
        offset = self.starts[number] if where == "earliest" else log.end
        if offset > committed:
            known = self.lost.get(number, range(committed, committed))
            self.lost[number] = range(min(known.start, committed), offset)
        self.committed[number] = offset
        self.memory.moved(number)
        self.recreated.discard(number)

    def unattended(self) -> None:
        """No instance runs: an operator may move the offsets back, to have records sent again."""
        if self.memory.rewinds():
            for number, committed in enumerate(self.committed):
                start = min(self.starts[number], committed)
                self.committed[number] = self.memory.rng.randint(start, committed)
                self.memory.moved(number)

    def names_nothing(self, number: int) -> bool:
        """Whether the committed offset is not in the log, or names another record there."""
        return number in self.recreated or self.committed[number] < self.starts[number]

    def among(self, number: int, runs: Runs) -> frozenset[int]:
        """The records whose offsets lie in the runs."""
        return frozenset(
            e.offset for e in self.logs[number].entries for start, end in runs if start <= e.offset < end
        )

    def compact(self, share: float) -> int:
        """Remove superseded records of the older part of every log; return their number."""
        removed = 0
        for number, entries in enumerate(self.entries):
            dirty = int(len(entries) * share)
            kept = [e for i, e in enumerate(entries) if i >= dirty or not e.superseded]
            removed += len(entries) - len(kept)
            self._keep(number, kept)
        return removed

    def retain(self, number: int, now_ms: int, share: float) -> None:
        """Remove the oldest records of one log: retention does not ask who has read them."""
        visible = [entry for entry in self.entries[number] if entry.visible_ms <= now_ms]
        kept = int(len(visible) * share)
        if kept < len(visible):
            self.starts[number] = visible[kept].offset
            self._keep(number, self.entries[number][kept:])

    def _keep(self, number: int, entries: list[Entry]) -> None:
        self.entries[number] = entries
        self._offsets[number] = [entry.offset for entry in entries]
