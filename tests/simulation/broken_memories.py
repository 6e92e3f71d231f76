"""Engines that remember wrongly across a restart, each in one place: name → what is replaced by what."""

from typing import Any

from connector.engine import commit_metadata
from connector.engine.engine import Engine
from connector.engine.events import Assigned
from connector.engine.ledger import Entry, Partition
from connector.engine.settled_ranges import Runs, SettledRanges

Patch = tuple[Any, str, object]

_settled_above = Partition.settled_above
_encode = commit_metadata._encode
_hash = commit_metadata._hash
_has = SettledRanges.has
_assigned = Engine._assigned


def _claims_what_is_open(self: Partition) -> list[tuple[int, int]]:
    first, position = self.committable, self.position
    known = first is not None and position is not None and first + 1 < position
    return [(first + 1, position)] if known and first is not None and position is not None else []


def _claims_what_is_parked(self: Partition) -> list[tuple[int, int]]:
    runs = _settled_above(self)
    if not self.parked or not self.parked[0][0].open or self.position is None:
        return runs
    first = self.parked[0][0].offset + 1
    kept = [(start, min(end, first)) for start, end in runs if start < first]
    return [*kept, (first, self.position)] if first < self.position else kept


def _claims_although_lost(self: Partition) -> list[tuple[int, int]]:
    lost, self.offsets_lost = self.offsets_lost, None
    runs = _settled_above(self)
    self.offsets_lost = lost
    return runs


def _only_when_the_offset_moves(self: Partition) -> bool:
    offset = self.committable
    return offset is not None and (self.committed is None or offset > self.committed)


def _keeps_the_far_end(offset: int, runs: Runs, bits_max: int) -> str:
    while runs and len(_encode(offset, runs, 1_000_000)) * 6 > bits_max:
        runs = runs[1:]
    return _encode(offset, runs, bits_max)


def _bound_to_no_offset(version: str, *parts: str) -> str:
    """Leave the offset out of the seal; topic and partition come before it."""
    return _hash(version, *parts[:3], *parts[4:]) if len(parts) > 4 else _hash(version, *parts)


def _bound_to_no_topic(version: str, *parts: str) -> str:
    """Leave the topic's id out of the seal."""
    return _hash(version, *parts[:4], *parts[5:]) if len(parts) > 4 else _hash(version, *parts)


def _one_more(self: SettledRanges, offset: int) -> bool:
    return _has(self, offset - 1) or _has(self, offset)


def _as_the_last_time(self: Engine, event: Assigned) -> None:
    """A partition that comes back is taken for settled as far as it was when it came first."""
    first: dict[Any, Runs] = self.__dict__.setdefault("first", {})
    for name in event.positions:
        first.setdefault(name, event.settled.get(name, ()))
    _assigned(self, event._replace(settled=first))


BROKEN_MEMORIES: dict[str, list[Patch]] = {
    "claims what is not settled": [(Partition, "settled_above", _claims_what_is_open)],
    "claims what is parked": [(Partition, "settled_above", _claims_what_is_parked)],
    "claims what stands behind a record that is half done": [
        (Entry, "loose", property(lambda self: self.lettered))
    ],
    "claims what stands behind a dead letter that is not stored": [
        (Entry, "loose", property(lambda self: self.open < self.spread))
    ],
    "claims what is settled while its offsets are lost": [
        (Partition, "settled_above", _claims_although_lost)
    ],
    "claims nothing": [(Partition, "settled_above", lambda _: [])],
    "says what is settled only when the offset moves": [
        (Partition, "uncommitted", property(_only_when_the_offset_moves))
    ],
    "forgets in a second life what the first has settled": [(SettledRanges, "add_unread", lambda *_: None)],
    "keeps the far end of what is settled": [(commit_metadata, "_encode", _keeps_the_far_end)],
    "believes the metadata of another offset": [(commit_metadata, "_hash", _bound_to_no_offset)],
    "believes the metadata of a topic that is gone": [(commit_metadata, "_hash", _bound_to_no_topic)],
    "leaves out one record more than was settled": [(SettledRanges, "has", _one_more)],
    "sends again what was settled before": [(SettledRanges, "has", lambda *_: False)],
    "remembers what an earlier assignment was told": [(Engine, "_assigned", _as_the_last_time)],
}
