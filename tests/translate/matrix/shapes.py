"""Every shape of the sandbox in every format of the sandbox, with the outcome of each record."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from connector.model import Skip
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import SampleRecord
from tests.imitation.connectors import CONNECTORS
from tests.imitation.every_shape import matrix
from tests.imitation.outbox_forms import OUTBOX_FORMS
from tests.translate.matrix.case import (
    STRUCTS,
    TYPED,
    Deleted,
    Kind,
    Outcome,
    Refused,
    Write,
    event,
    queued,
    repeated,
    upsert,
)

_CUSTOMER: Mapping[str, Any] = {
    "contact": {
        "user_id": "id",
        "attributes": {
            "_email": {"from": "email", "as": "lowercase"},
            "birthday": {"from": "birth_date", "as": "date"},
            "plan": "plan",
            "notes": "notes",
            "updated": {"from": "updated_at", "as": {"timestamp": "us"}},
        },
    }
}
_DOCUMENT: Mapping[str, Any] = {
    "contact": {
        "user_id": "_id",
        "attributes": {"_email": "email", "visits": "visits", "born": "born", "city": "address.city"},
    }
}
_ORDER: Mapping[str, Any] = {
    "event": {"type": "ordered", "user_id": "customer.id", "parameters": {"total": "total"}},
}

_ADA: Mapping[str, Any] = {
    "_email": "ada@example.com",
    "birthday": "2017-09-13",
    "plan": "gold",
    "notes": None,
    "updated": "2026-01-15T09:00:00.000Z",
}
_OID = "65a1f0c2e4b0a1b2c3d4e5f6"
_BORN = "2023-11-14T22:13:20.000Z"
_PROFILE: Mapping[str, Any] = {"_email": "ADA@Example.com", "visits": 12, "born": _BORN, "city": "Vic"}

_WRITTEN = (queued("7", **_ADA), upsert("7", **_ADA), upsert("7", **{**_ADA, "plan": "free"}))
"""Read, created, updated."""

_MOVED = upsert("8", **_ADA)
_SEVEN, _EIGHT = Deleted("7"), Deleted("8")
_SEVEN_ALONE, _EIGHT_ALONE = Deleted("7", tombstone=True), Deleted("8", tombstone=True)

_ENVELOPES = (
    *_WRITTEN,
    *(_SEVEN, Skip("key_change"), _MOVED),
    *(_EIGHT, _EIGHT_ALONE),
    Skip("truncate"),
)

_FLATTENED: Mapping[str, Sequence[Outcome]] = {
    # `delete.tombstone.handling.mode` -> the key of a row changes, then the row is deleted
    "drop": (_MOVED,),
    "tombstone": (_SEVEN_ALONE, _MOVED, _EIGHT_ALONE),
    "delete-to-tombstone": (_SEVEN_ALONE, _MOVED, _EIGHT_ALONE),
    "rewrite": (_SEVEN, _MOVED, _EIGHT),
    "rewrite-with-tombstone": (_SEVEN, _SEVEN_ALONE, _MOVED, _EIGHT, _EIGHT_ALONE),
}

_GONE, _GONE_ALONE = Deleted(_OID), Deleted(_OID, tombstone=True)
_DOCUMENTS = (
    *(queued(_OID, **_PROFILE), upsert(_OID, **_PROFILE), upsert(_OID, **_PROFILE)),
    Refused("decode", "`capture.mode`"),
    *(_GONE, _GONE_ALONE),
)
_FLATTENED_DOCUMENTS: Mapping[str, Sequence[Outcome]] = {
    "drop": (),
    "tombstone": (_GONE_ALONE,),
    "delete-to-tombstone": (_GONE_ALONE,),
    "rewrite": (_GONE,),
    "rewrite-with-tombstone": (_GONE, _GONE_ALONE),
}

_ORDERED = (event("7", "0b5b1c1e-0000-4000-8000-000000000001", total="12.50"),)
_NOTICES = ("heartbeat", "transaction", "transaction", "schema_change", "notification", "logical_message")

_NO_VALUE = Refused("decode", "Java's text of a struct cannot be read; set a JSON or Avro value converter")
_NO_KEY = Refused("decode", "Java's text of a struct cannot be read; set a JSON or Avro key converter")

Otherwise: TypeAlias = Mapping[str, Sequence[Outcome]]


def _write(shape: str) -> Write:
    def write(store: RegistryStore, name: str) -> Iterator[SampleRecord]:
        return (sample.record for sample in matrix(store, [shape], [name]))

    return write


def _without_value(outcome: Outcome) -> bool:
    """Classify a record without a value by its result where its key can be read."""
    return outcome == Skip("key_change") or (isinstance(outcome, Deleted) and outcome.tombstone)


def _unreadable(outcomes: Sequence[Outcome]) -> Otherwise:
    """Give the outcome of structs as Java's text, and as bytes, which can only be written for a null."""
    nulls = [outcome for outcome in outcomes if _without_value(outcome)]
    return {
        "string": [_NO_KEY if _without_value(outcome) else _NO_VALUE for outcome in outcomes],
        "bytes": [_NO_KEY] * len(nulls),
    }


def _kinds(
    shape: str,
    rules: Mapping[str, Any],
    becomes: Sequence[Outcome],
    shapes: Sequence[str],
    otherwise: Otherwise,
) -> Iterator[Kind]:
    """Describe one shape; a topic of unreadable records shows no shape by itself."""
    write = _write(shape)
    yield Kind(shape, "11", write, becomes, rules, STRUCTS, otherwise, shapes)
    yield Kind(shape, "11", write, (), rules, ("string", "bytes"), otherwise, shapes[:1])


def _envelopes() -> Iterator[Kind]:
    for name in CONNECTORS:
        document = name == "mongodb"
        outcomes = _DOCUMENTS if document else _ENVELOPES
        rules = _DOCUMENT if document else _CUSTOMER
        yield from _kinds(f"envelope, {name}", rules, outcomes, ("auto", "envelope"), _unreadable(outcomes))


def _flattened() -> Iterator[Kind]:
    shapes = ("auto", "flattened")
    for mode, end in _FLATTENED.items():
        outcomes = (*_WRITTEN, *end)
        # The null of the mode `tombstone` has a schema: it is no row of bytes.
        otherwise = {**_unreadable(outcomes), **({"bytes": ()} if mode == "tombstone" else {})}
        yield from _kinds(f"flattened-{mode}", _CUSTOMER, outcomes, shapes, otherwise)
    for mode, end in _FLATTENED_DOCUMENTS.items():
        typed, bare = ((*_profiles(born), *end) for born in (_BORN, 1_700_000_000_000))
        otherwise = {**_unreadable(typed), "json": bare}  # without a schema a date is a number
        yield from _kinds(f"flattened-{mode}, mongodb", _DOCUMENT, typed, shapes, otherwise)


def _profiles(born: object) -> tuple[Outcome, ...]:
    """Expect a document to be read, created and updated, and then an update that lacks its document."""
    profile = {**_PROFILE, "born": born}
    return queued(_OID, **profile), upsert(_OID, **profile), upsert(_OID, **profile), upsert(_OID)


def _outboxes() -> Iterator[Kind]:
    for name, form in OUTBOX_FORMS.items():
        text = form.payload.base == "string" and not form.expand_json
        as_string = _NO_VALUE if form.expand_json else Refused("decode", "JSON, Avro or JSON Schema expected")
        otherwise = {
            "string": _ORDERED if text else (as_string,),
            "bytes": _ORDERED if form.payload.base == "bytes" else (),
        }
        yield from _kinds(f"outbox, {name}", _ORDER, _ORDERED, ("outbox",), otherwise)


def _others() -> Iterator[Kind]:
    placed = (event("7", "o-1", total="12.50"),)
    rules = {"event": {**_ORDER["event"], "id": "order_id"}}
    yield from _kinds("event", rules, placed, ("auto", "event"), {"string": [_NO_VALUE], "bytes": ()})
    notices = [Skip(rule) for rule in _NOTICES]
    unreadable = {"string": [_NO_VALUE] * len(notices), "bytes": ()}
    yield from _kinds("notices", _CUSTOMER, notices, ("auto", "envelope", "flattened"), unreadable)
    signals = [Skip("signal")] * 2
    alone = dict.fromkeys(set(TYPED) - {"json-embedded"}, signals[:1])  # a signal that is sent has no schema
    otherwise: Otherwise = {**alone, "string": repeated(2, _NO_VALUE), "bytes": ()}
    yield from _kinds("signals", _CUSTOMER, signals, ("auto", "envelope", "flattened"), otherwise)


KINDS = (*_envelopes(), *_flattened(), *_outboxes(), *_others())
"""One for each of `SHAPES`."""
