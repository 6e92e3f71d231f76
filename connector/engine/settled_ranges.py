"""What is settled above the committed offset, as runs of offsets: a restart need not send it again.

Why a record that is known to be settled may be left out after a restart, although others before it are sent
again: for no contact does an unsettled record stand before a settled one of the same partition. Deliveries of
one contact and one partition leave their lane in order, so where the earlier record is unsettled because of
*that* contact, the later one is too. A record can only be unsettled because of something else

* when it has deliveries for several contacts (a changed key), and that of this contact is done, or
* when it is a dead letter whose write is not confirmed: its lane has gone on without it.

`Entry.loose` says so, and `Partition.settled_above` claims nothing behind the first such record. Leaving out
less than is known is safe only from behind: what is cut off is always the end, never a run in the middle, or
a record would be sent again and its successor not.
"""

from collections.abc import Sequence
from typing import TypeAlias

from connector.errors import InvariantError

Runs: TypeAlias = Sequence[tuple[int, int]]
"""Offsets `start` to `end - 1`, ascending, with at least one unsettled offset between two runs."""


class SettledRanges:
    """What was settled before this assignment. Offsets are asked for in ascending order."""

    __slots__ = ("_index", "_runs")

    def __init__(self, runs: Runs) -> None:
        if not runs or any(start >= end for start, end in runs):
            raise InvariantError("an empty run")
        self._runs = runs
        self._index = 0

    @property
    def end(self) -> int:
        """The offset behind the last run."""
        return self._runs[-1][1]

    def has(self, offset: int) -> bool:
        """Whether the record at this offset was settled."""
        runs = self._runs
        while self._index < len(runs) and runs[self._index][1] <= offset:
            self._index += 1
        return self._index < len(runs) and runs[self._index][0] <= offset

    def add_unread(self, runs: list[tuple[int, int]], position: int) -> None:
        """Add what lies from a position on, which has not been read again yet, behind the runs before it."""
        for start, end in self._runs[self._index :]:
            if end > position:
                first = max(start, position)
                if runs and runs[-1][1] == first:
                    first, _ = runs.pop()
                runs.append((first, end))
