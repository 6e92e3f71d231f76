"""Events: their ids, dates, conditions, and their place beside the contact."""

from dataclasses import replace
from typing import Any

import pytest

from connector.model import Delete, Event, Rejection, Skip, Translated, Upsert
from tests.translate.records import TIMESTAMP_MS, Headers, envelope, record, translator

RULES: dict[str, Any] = {"type": "seen", "user_id": "id"}


def event_of(result: Translated) -> dict[str, Any]:
    """Return the body of the only delivery."""
    assert isinstance(result, list), result
    (event,) = result
    assert isinstance(event, Event)
    return event.body


def event_id(value: Any = None, key: Any = None, headers: Headers | None = None, **rules: Any) -> str:
    """Return the id of the event that a record becomes."""
    subject = translator(event={**RULES, "on": ["create", "update", "read"], **rules})
    identifier: str = event_of(subject.translate(record(value, key, headers)))["_event_id"]
    return identifier


def test_a_plain_record_becomes_an_event() -> None:
    """Parameters are always there, and the date is the record's (ingest-api.md 6)."""
    body = event_of(translator(event=RULES).translate(record({"id": 7})))
    assert body == {
        "_user_id": "7",
        "_event_id": f"shop.public.customers-3-42-{TIMESTAMP_MS}",
        "_event_type": "seen",
        "_event_date": "2023-11-14T22:13:20.123Z",
        "_event_parameters": {},
    }


def test_the_outbox_header_identifies_a_domain_event() -> None:
    """The last `id` header is the event's id; an empty one is none (debezium-events.md 5)."""
    assert event_id({"id": 7}, headers=[("id", b"old"), ("id", b"0b5b1c1e")]) == "0b5b1c1e"
    assert event_id({"id": 7}, headers=[("id", b" ")]).startswith("shop.public.customers-3-42-")
    assert event_id({"id": 7}, headers=[("id", None)]).startswith("shop.public.customers-3-42-")


def test_a_mapped_id_wins_and_is_bounded() -> None:
    """Long ids are replaced by their hash, the same each time (I4)."""
    assert event_id({"id": 7, "order": "o-1"}, headers=[("id", b"x")], id="order") == "o-1"
    assert event_id({"id": 7, "order": 12}, id="order") == "12"
    long = event_id({"id": 7, "order": "o" * 5000}, id="order")
    assert long == event_id({"id": 7, "order": "o" * 5000}, id="order")
    assert len(long) == 40


@pytest.mark.parametrize("order", [None, "", " ", True, [1]])
def test_an_id_that_identifies_nothing_is_a_mapping_error(order: object) -> None:
    """Without a usable id a redelivery would look like a second event (I4)."""
    result = translator(event={**RULES, "id": "order"}).translate(record({"id": 7, "order": order}))
    assert isinstance(result, Rejection)
    assert result.rule == "event.id"


def change_id(op: str = "c", key: Any = None, connector: str = "postgresql", **source: Any) -> str:
    """Return the default id of a change event."""
    return event_id(envelope(op, after={"id": 7}, connector=connector, **source), key or {"id": 7})


def test_the_id_of_a_change_survives_redelivery_and_nothing_else() -> None:
    """It has no part that a restart of the source changes: table, key, operation, position (F079)."""
    assert change_id() == change_id(sequence='[null,"99"]', ts_ms=5)
    different = [
        change_id(),
        change_id(op="u"),
        change_id(key={"id": 8}),
        change_id(lsn=100),
        change_id(table="orders"),
        change_id(txId=8),
        change_id(connector="mysql", file="b.1", pos=4),
        change_id(connector="mysql", file="b.1", pos=5),
        change_id(connector="unheard-of", ts_ms=1),
        change_id(connector="unheard-of", ts_ms=2),
        change_id(op="r", lsn=None, txId=None, ts_ms=1),
        change_id(op="r", lsn=None, txId=None, ts_ms=2),
    ]
    assert len(set(different)) == len(different)
    assert {len(one) for one in different} == {40}


@pytest.mark.parametrize("key", [None, {"customer_id": 7}])
@pytest.mark.parametrize("op", ["c", "u", "r"])
def test_rows_that_share_position_and_key_are_told_apart(op: str, key: object) -> None:
    """Without a key, or with one of `message.key.columns`, a COPY or a snapshot loses no event (F079)."""
    ids = {event_id(envelope(op, after={"id": 7, "order": order}), key) for order in range(3)}
    assert len(ids) == 3


def test_equal_rows_of_a_snapshot_are_told_apart_by_their_place() -> None:
    """A table without a key may hold the same row twice; read again, each has its id again (F079)."""
    subject = translator(event={**RULES, "on": ["read"]})
    first = record(envelope("r", after={"id": 7}))
    second = replace(first, offset=first.offset + 1)
    ids = [event_of(subject.translate(one))["_event_id"] for one in (first, second, first)]
    assert ids[0] == ids[2] != ids[1]


def test_the_id_of_a_change_is_pinned() -> None:
    """Another version of this program makes the same id, or a redelivery would count twice (I4, F095)."""
    assert change_id() == "ab8c04e82a5c1128113368754e66c4b056554108"


@pytest.mark.parametrize(
    ("rule", "value", "date"),
    [
        ("at", "2026-03-01T10:15:30.250Z", "2026-03-01T10:15:30.250Z"),
        ("at", "2026-03-01T10:15:30+01:00", "2026-03-01T09:15:30.000Z"),
        ("at", "2026-03-01", "2026-03-01T00:00:00.000Z"),
        ({"from": "at", "as": {"timestamp": "us"}}, 1529507596945104, "2018-06-20T15:13:16.945Z"),
        ({"from": "at", "as": "date"}, 17422, "2017-09-13T00:00:00.000Z"),
        ("at", None, "2023-11-14T22:13:20.123Z"),
        ("gone", None, "2023-11-14T22:13:20.123Z"),
    ],
)
def test_dates(rule: Any, value: Any, date: str) -> None:
    """Every form ends as UTC with milliseconds; a row without one has the record's timestamp."""
    subject = translator(event={**RULES, "date": rule})
    assert event_of(subject.translate(record({"id": 7, "at": value})))["_event_date"] == date


def test_a_date_that_cannot_be_read_is_a_mapping_error() -> None:
    """A bare number has no unit; and a record without timestamp has no date (never "now")."""
    subject = translator(event={**RULES, "date": "at"})
    for value, timestamp_ms in ((1529507596945, 1), ("soon", 1), (None, None), (None, 2**60)):
        result = subject.translate(record({"id": 7, "at": value}, timestamp_ms=timestamp_ms))
        assert isinstance(result, Rejection)
        assert result.rule == "event.date"


def test_which_changes_make_events() -> None:
    """`on` lists operations, creates by default; a snapshot read makes none (F080)."""
    subject = translator(event=RULES)
    assert event_of(subject.translate(record(envelope("c", after={"id": 7}))))["_user_id"] == "7"
    for op in "ur":
        assert subject.translate(record(envelope(op, after={"id": 7}))) == Skip("on")
    assert subject.translate(record(envelope("d", before={"id": 7}), {"id": 7})) == Skip("on")
    assert subject.translate(record(None, {"id": 7})) == Skip("tombstone")


def test_a_condition_that_cannot_be_decided_is_a_mapping_error() -> None:
    """An expression that fails is not taken for false: nothing is skipped by accident."""
    subject = translator(event={**RULES, "when": "length(tags) > `0`"})
    assert isinstance(subject.translate(record({"id": 7, "tags": [1]})), list)
    assert subject.translate(record({"id": 7, "tags": []})) == Skip("when")
    for tags in (5, "__debezium_unavailable_value"):
        result = subject.translate(record({"id": 7, "tags": tags}))
        assert isinstance(result, Rejection)
        assert result.rule == "event.when"


def kinds(result: Translated) -> list[type]:
    """Return the classes of the deliveries, in order."""
    assert isinstance(result, list), result
    return [type(delivery) for delivery in result]


def test_the_event_stands_beside_its_contact() -> None:
    """It follows the upsert, goes before the delete, and neither depends on the other being skipped."""
    event = {**RULES, "on": ["create", "update", "delete"], "when": "vip != `false`"}
    subject = translator(contact={"user_id": "id"}, event=event)
    assert kinds(subject.translate(record(envelope("c", after={"id": 7})))) == [Upsert, Event]
    assert kinds(subject.translate(record(envelope("c", after={"id": 7, "vip": False})))) == [Upsert]
    moved = envelope("u", before={"id": 6}, after={"id": 7}, connector="mysql")
    assert kinds(subject.translate(record(moved))) == [Delete, Upsert, Event]
    gone = envelope("d", before={"id": 7})
    assert kinds(subject.translate(record(gone, {"id": 7}))) == [Event, Delete]
    assert kinds(subject.translate(record(None, {"id": 7}))) == [Delete]
    ignoring = translator(contact={"user_id": "id", "on_delete": "ignore"}, event=event)
    assert kinds(ignoring.translate(record(gone, {"id": 7}))) == [Event]
    renamed = record(gone, {"id": 7, "no": 1}, [("__debezium.newkey", b'{"id":7,"no":2}')])
    assert subject.translate(renamed) == Skip("key_change")


def test_an_event_of_a_delete_trusts_only_what_is_real() -> None:
    """PostgreSQL's uses the key, the others' the full before-image (debezium-events.md 2.2)."""
    rules = {**RULES, "on": ["delete"], "parameters": {"plan": "plan"}}
    subject = translator(event=rules)
    before = {"id": 7, "plan": "gold"}
    filler = subject.translate(record(envelope("d", before=before), {"id": 7}))
    assert event_of(filler)["_event_parameters"] == {}
    whole = subject.translate(record(envelope("d", before=before, connector="mysql"), {"id": 7}))
    assert event_of(whole)["_event_parameters"] == {"plan": "gold"}
