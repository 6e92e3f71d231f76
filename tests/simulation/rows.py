"""Writes the logs of a seed: real Debezium bytes, and beside each record the expected effect.

The writer states the effect; nothing reads it from `translate`, so the oracle does not depend on the code
that it judges. A contact belongs to one partition, except the shared ones. Fields carry the number of their
log (`v0`, `a0`), so a request alone identifies the records that it carries.
"""

from bisect import bisect_left
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

import orjson

from connector.model import Record, TopicPartition, Translated
from connector.translate.mapping.compiler import compile_topic
from connector.translate.mapping.rules import TopicRules
from connector.translate.translate import Translator

BAD = "bad"
"""The value that the simulated API never accepts."""

UPSERT, DELETE, EVENT = range(3)

WALL_MS = 1_750_000_000_000
"""The wall clock at the beginning of every run."""

LOGS_MAX = 4

KINDS = ("customers", "members", "orders")
"""Topics that map a contact; a contact and an event; an event."""

_ODD = {2: "/../x", 5: " %2e?#", 8: "ñ\u20ac"}
"""The endings of some contacts' ids: a careless request would name another path (I8)."""

_WAITS = (2, 0, 3, 0)
"""How many seconds the events of a log wait for their contact."""


class Ask(NamedTuple):
    """One delivery that a record asks for.

    `fields` are an upsert's, without `_user_id`; of an event `{"n": its number}`. `tombstone` marks a
    delete that comes from a record without a value.
    """

    kind: int
    contact: str
    fields: dict[str, Any]
    bad: bool = False
    tombstone: bool = False


@dataclass(slots=True, eq=False)
class Entry:
    """One record of a log. `dead` is one that must become a dead letter; without asks and not dead: skipped.

    `superseded` may be compacted away: a later record of its key says everything that it says. `translated`
    is what the real translation has made of it once.
    """

    record: Record
    asks: tuple[Ask, ...]
    dead: bool
    visible_ms: int
    superseded: bool = False
    translated: Translated | None = None

    @property
    def offset(self) -> int:
        """The record's offset."""
        return self.record.offset


@dataclass(frozen=True)
class Log:
    """One partition's log. `end` may be greater than the last offset + 1: control records follow."""

    name: TopicPartition
    number: int
    entries: tuple[Entry, ...]
    end: int

    def entry(self, offset: int) -> Entry:
        """The record at an offset that has one."""
        return self.entries[bisect_left(self.entries, offset, key=lambda entry: entry.offset)]


def topic_name(kind: str, number: int) -> str:
    """Name the topic of a log: every log has its own, so that its fields can carry its number."""
    return f"{kind}{number}"


def _rules(kind: str, number: int) -> TopicRules:
    contact = {
        "user_id": "id",
        "attributes": {f"{column}{number}": column for column in "vabc"},
        "on_delete": "delete",
    }
    event = {
        "type": "happened",
        "user_id": "id",
        "contact_wait_seconds": _WAITS[number],
        "parameters": {"n": "n", "p": "p"},
    }
    rules: dict[str, Any] = {"topic": topic_name(kind, number), "format": "json"}
    if kind != "orders":
        rules["contact"] = contact
    if kind == "members":
        rules["event"] = {**event, "on": ["update"]}
    if kind == "orders":
        rules |= {"shape": "event", "event": {**event, "id": "n", "when": "status != 'draft'"}}
    return TopicRules.model_validate(rules)


_MAPPINGS = [compile_topic(_rules(kind, number)) for kind in KINDS for number in range(LOGS_MAX)]


def translator() -> Translator:
    """Make a translator of every topic that a seed may draw."""
    return Translator(_MAPPINGS)


def _no_headers() -> None:
    """No record has headers."""


class Writer:
    """Writes one log."""

    def __init__(self, rng: Random, number: int, contacts: int, calm_ms: int) -> None:
        self._rng = rng
        self._number = number
        self._kind = rng.choice(KINDS[:1] * 2 + KINDS[1:] if number else (*KINDS[:1] * 2, KINDS[1]))
        self._topic = topic_name(self._kind, number)
        home = number if self._kind != "orders" or rng.random() < 0.1 else 0
        self._contacts = [f"p{home}-{index}{_ODD.get(index, '')}" for index in range(contacts)]
        self._shared = rng.choice((0.0, 0.0, 0.1, 0.4))
        self._tombstones = rng.random() < 0.7
        self._connector = rng.choice(("postgresql", "mysql"))
        weights = {kind: rng.choice((0.0, 0.0, 0.03, 0.2)) for kind in ("delete", "move", "read")}
        weights |= {"upsert": 1.5, "lone": 0.01, "skip": 0.05, "dead": rng.choice((0.0, 0.02, 0.04))}
        weights["poison"] = rng.choice((0.0, 0.0, 0.0, 0.02, 0.1))
        self._updates = rng.choice((0.05, 0.05, 0.4))
        if self._kind == "orders":
            weights = {"event": 1.0, "bad event": weights["poison"], "draft": 0.1, "dead": weights["dead"]}
        self._kinds, self._weights = list(weights), list(weights.values())
        self._offset = rng.choice((0, 0, 1_000))
        self._sequence = 0
        self._visible_ms = 0
        self._step_ms = calm_ms
        self._entries: list[Entry] = []
        self._alive: set[str] = set()

    def log(self, length: int) -> Log:
        """Write at least `length` records, in bursts, with gaps."""
        rng, entries = self._rng, self._entries
        bursts = rng.randint(1, 1 + length // 35)
        calm_ms, left = self._step_ms, 0
        repeats = rng.random() < 0.3
        while len(entries) < length:
            if not left:
                left = rng.randint(1, max(1, 2 * length // bursts))
                self._visible_ms = min(calm_ms, self._visible_ms + rng.randrange(2 * calm_ms // bursts))
                if rng.random() < 0.15:
                    self._offset += rng.randint(1, 5)  # compacted, aborted, or a control record
            left -= 1
            if repeats and len(entries) > 5 and rng.random() < 0.05:
                self._repeat(rng.randint(1, 5))
            contact = rng.choice(self._contacts)
            if rng.random() < self._shared:
                contact = f"shared-{rng.randrange(2)}"
            self._write(rng.choices(self._kinds, self._weights)[0], contact)
        self._find_superseded()
        end = self._offset + (rng.randint(1, 3) if rng.random() < 0.3 else 0)
        return Log(TopicPartition(self._topic, 0), self._number, tuple(entries), end)

    def _repeat(self, count: int) -> None:
        """Debezium was restarted and writes its last changes once more."""
        for entry in self._entries[-count:]:
            record = entry.record
            self._append(record.key, record.value, entry.asks, dead=entry.dead)

    def _find_superseded(self) -> None:
        """Mark what compaction may remove: every field of it is written again by the same contact's next."""
        newer: dict[str, dict[str, Any]] = {}
        for entry in reversed(self._entries):
            if len(entry.asks) == 1 and entry.asks[0].kind == UPSERT:
                ask = entry.asks[0]
                entry.superseded = ask.fields.keys() <= newer.get(ask.contact, {}).keys()
                newer[ask.contact] = {} if ask.bad else ask.fields
            else:
                for ask in entry.asks:
                    newer[ask.contact] = {}

    def _write(self, kind: str, contact: str) -> None:
        self._sequence += 1
        if contact.startswith("shared") and kind in {"delete", "move", "lone"}:
            kind = "upsert"  # It is unknown whose delete a request carries.
        if kind == "lone" and contact not in self._alive:
            kind = "delete"
        if kind in _DOMAIN:
            self._event(kind, contact)
        elif kind == "dead":
            self._append(contact.encode(), b"not JSON", (), dead=True)
        elif kind == "skip":
            self._append(b"t", b'{"op":"t","source":{"connector":"postgresql","ts_ms":1,"db":"d"}}', ())
        elif kind == "lone":
            self._alive.discard(contact)
            self._append(_key(contact), None, (Ask(DELETE, contact, {}, tombstone=True),))
        elif kind == "delete":
            self._delete(contact)
        elif kind == "move":
            self._move(contact)
        else:
            self._upsert(contact, kind)

    def _row(self, contact: str, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Make a row, and the fields that it asks for."""
        rng = self._rng
        row: dict[str, Any] = {"v": self._sequence}
        bits = rng.randrange(8)
        for bit, column in enumerate("abc"):
            if bits >> bit & 1:
                row[column] = self._sequence
        if kind == "poison":
            row = {"v": self._sequence, "a": BAD}
        fields = {f"{column}{self._number}": value for column, value in row.items()}
        return {"id": contact, "n": f"{self._number}:{self._sequence}", **row}, fields

    def _upsert(self, contact: str, kind: str) -> None:
        row, fields = self._row(contact, kind)
        op = "r" if kind == "read" else "u" if self._rng.random() < self._updates else "c"
        ask = Ask(UPSERT, contact, fields, bad=kind == "poison")
        event = Ask(EVENT, contact, {"n": row["n"]})
        asks = (ask, event) if self._kind == "members" and op == "u" else (ask,)
        self._alive.add(contact)
        self._append(_key(contact), self._envelope(op, row, None), asks)

    def _delete(self, contact: str) -> None:
        self._alive.discard(contact)
        before = {"id": contact, "v": 0}
        self._append(_key(contact), self._envelope("d", None, before), (Ask(DELETE, contact, {}),))
        if self._tombstones:
            self._append(_key(contact), None, (Ask(DELETE, contact, {}, tombstone=True),))

    def _move(self, old: str) -> None:
        new = self._rng.choice(self._contacts)
        if new == old or self._connector != "mysql":
            self._upsert(old, "upsert")
            return
        row, fields = self._row(new, "upsert")
        asks: tuple[Ask, ...] = (Ask(DELETE, old, {}), Ask(UPSERT, new, fields))
        if self._kind == "members":
            asks += (Ask(EVENT, new, {"n": row["n"]}),)
        self._alive.discard(old)
        self._alive.add(new)
        self._append(_key(new), self._envelope("u", row, {**row, "id": old}), asks)

    def _event(self, kind: str, contact: str) -> None:
        body = {"id": contact, "n": f"{self._number}:{self._sequence}", "status": "placed"}
        if kind == "bad event":
            body["p"] = BAD
        if kind == "draft":
            body["status"] = "draft"
            self._append(contact.encode(), orjson.dumps(body), ())
            return
        ask = Ask(EVENT, contact, {"n": body["n"]}, bad=kind == "bad event")
        self._append(contact.encode(), orjson.dumps(body), (ask,))

    def _envelope(self, op: str, after: object, before: object) -> bytes:
        source = {
            "connector": self._connector,
            "name": "shop",
            "db": "shop",
            "table": self._topic,
            "ts_ms": WALL_MS + self._sequence,
            "lsn": self._sequence,
            "file": "binlog.1",
            "pos": self._sequence,
            "row": 0,
        }
        return orjson.dumps({"before": before, "after": after, "source": source, "op": op})

    def _append(
        self, key: bytes | None, value: bytes | None, asks: tuple[Ask, ...], *, dead: bool = False
    ) -> None:
        record = Record(
            self._topic, 0, self._offset, key, value, WALL_MS + self._visible_ms + self._offset, _no_headers
        )
        self._entries.append(Entry(record, asks, dead, self._visible_ms))
        self._offset += 1


_DOMAIN = frozenset({"event", "bad event", "draft"})


def _key(contact: str) -> bytes:
    return orjson.dumps({"id": contact})
