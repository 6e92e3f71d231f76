"""The settled records above the committed offset, as runs of offsets: a restart need not send them again.

A restart may leave a settled record out although it sends earlier records again. The reason: within one
partition, no settled record of a contact follows an unsettled one of the same contact. Deliveries of one
contact and one partition leave their lane in order. So where the earlier record waits for *that* contact, the
later one is unsettled too. A record can be unsettled for another reason in two cases:

* it has deliveries for several contacts (a changed key), and that of this contact is done;
* it is a dead letter whose write is not confirmed: its lane has gone on without it.

`Entry.loose` marks such a record, and `Partition.settled_above` claims nothing after the first one. Runs may
only be left out from the end, never from the middle. Otherwise a record would be sent again and its successor
would not.
"""

from collections.abc import Sequence
from typing import TypeAlias

from connector.errors import InvariantError

Runs: TypeAlias = Sequence[tuple[int, int]]
"""Offsets `start` to `end - 1`, ascending, with at least one unsettled offset between two runs."""


class SettledRanges:
    """The offsets that were settled before this assignment. Ask for them in ascending order."""

    __slots__ = ("_index", "_runs")

    def __init__(self, runs: Runs) -> None:
        if not runs or any(start >= end for start, end in runs):
            raise InvariantError("an empty run")
        self._runs = runs
        self._index = 0

    @property
    def end(self) -> int:
        """The offset after the last run."""
        return self._runs[-1][1]

    def has(self, offset: int) -> bool:
        """Whether the record at this offset was settled."""
        runs = self._runs
        while self._index < len(runs) and runs[self._index][1] <= offset:
            self._index += 1
        return self._index < len(runs) and runs[self._index][0] <= offset

    def add_unread(self, runs: list[tuple[int, int]], position: int) -> None:
        """Add the runs from a position on, which have not been read again yet, after the earlier runs."""
        for start, end in self._runs[self._index :]:
            if end > position:
                first = max(start, position)
                if runs and runs[-1][1] == first:
                    first, _ = runs.pop()
                runs.append((first, end))
