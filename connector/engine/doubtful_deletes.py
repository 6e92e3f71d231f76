"""Deletes that were answered with 404: is the contact missing, or the data source? A probe decides (F054)."""

from collections.abc import Iterator
from enum import Enum

from connector.engine.endpoints import Batch
from connector.model import Verdict


class Fate(Enum):
    """The verdict of a probe on one delete."""

    DELETED = "the contact does not exist any more"
    AGAIN = "the 404 may have come from an environment fault"
    FAILED = "nothing is known"


class DoubtfulDeletes:
    """Only a probe that left after the 404 counts, and only for deletes that left after the last fault."""

    __slots__ = ("_asked_about", "_batches", "_fault_id")

    def __init__(self) -> None:
        self._batches: list[tuple[int, Batch]] = []
        self._asked_about = 0  # how many of them came before the probe that is out left
        self._fault_id = 0  # the newest request that had left when an environment fault was last seen

    def __iter__(self) -> Iterator[Batch]:
        """Go through the deletes that wait for a probe."""
        return (batch for _, batch in self._batches)

    def add(self, send_id: int, batch: Batch) -> None:
        """Keep a delete until a probe has decided."""
        self._batches.append((send_id, batch))

    def probe_sent(self) -> None:
        """Note that a probe leaves: it decides about all that are here now."""
        self._asked_about = len(self._batches)

    def fault_seen(self, last_send_id: int) -> None:
        """Note an environment fault: a 404 for a request up to this one may have come from it."""
        self._fault_id = last_send_id

    def probed(self, verdict: Verdict) -> list[tuple[Batch, Fate]]:
        """Take in the answer of the probe, and give the deletes that it decides about."""
        decided, self._batches = self._batches[: self._asked_about], self._batches[self._asked_about :]
        return [(batch, self._fate(send_id, verdict)) for send_id, batch in decided]

    def _fate(self, send_id: int, verdict: Verdict) -> Fate:
        if verdict is Verdict.ITEMS and send_id > self._fault_id:
            return Fate.DELETED
        return Fate.AGAIN if verdict in {Verdict.ITEMS, Verdict.ENVIRONMENT} else Fate.FAILED
