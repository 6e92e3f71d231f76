"""Outbox records in every form of the event router, and rows of a table without it (debezium-events.md 5)."""

import base64
import json
from typing import Any

import pytest

from connector.model import Event, Operation, Rejection, Skip, Translated
from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.formats.decoded import DecodeError
from tests.translate.records import Headers, changed, envelope, record, shaped, struct, translator

BODY = {"total": 12.5, "customer": {"id": 7}}
TEXT = json.dumps(BODY)
BASE64 = base64.b64encode(TEXT.encode()).decode()
JSON = ConnectSchema("string", "io.debezium.data.Json")
STRING, BYTES = ConnectSchema("string"), ConnectSchema("bytes")
RECORD = struct("outbox.event.order.Value", total=ConnectSchema("double"), customer=struct())


@pytest.mark.parametrize(
    ("value", "schema", "body_schema"),
    [
        pytest.param(TEXT, None, None, id="JSON column, JSON converter"),
        pytest.param(TEXT, JSON, None, id="JSON column, JSON converter with schema"),
        pytest.param(BODY, None, None, id="JSON column, StringConverter; expanded, JSON converter"),
        pytest.param(BODY, RECORD, RECORD, id="expanded, Avro converter"),
        pytest.param(TEXT.encode(), BYTES, None, id="bytes column, Avro converter"),
        pytest.param(BASE64, None, None, id="bytes column, JSON converter"),
        pytest.param(BASE64, BYTES, None, id="bytes column, JSON converter with schema"),
        pytest.param(TEXT, STRING, None, id="string payload, Avro converter"),
        pytest.param(json.dumps(TEXT), None, None, id="encoded twice"),
        pytest.param(json.dumps(TEXT), JSON, None, id="encoded twice, with schema"),
        pytest.param(f" {TEXT}\n", None, None, id="with space around it"),
    ],
)
def test_every_payload_form_is_the_same_event(
    value: Any, schema: ConnectSchema | None, body_schema: ConnectSchema | None
) -> None:
    """The eight forms of one event give one body; only a record of Avro has a schema for it."""
    change = changed(value, "outbox", schema)
    assert (change.operation, change.row, change.schema) == (None, BODY, body_schema)


@pytest.mark.parametrize(
    ("value", "schema", "payload"),
    [
        ([1, {"id": 7}], None, [1, {"id": 7}]),
        ("[1, 2]", None, [1, 2]),
        ("WzEsMl0=", None, [1, 2]),
        ("hello", None, "hello"),
        ("42", None, "42"),
        ('"quoted"', None, '"quoted"'),
        ("[info] not JSON", None, "[info] not JSON"),
        ("eyJ", None, "eyJ"),
        ("eyJub3QganNvbg==", None, "eyJub3QganNvbg=="),
        ("", None, ""),
        (42, None, 42),
        (True, None, True),
        ("42", JSON, 42),
        ('"quoted"', JSON, "quoted"),
        (b"\xff\x00", BYTES, b"\xff\x00"),
        (b"plain", BYTES, b"plain"),
    ],
)
def test_what_is_no_object_becomes_the_payload(
    value: Any, schema: ConnectSchema | None, payload: Any
) -> None:
    """Arrays and scalars are mapped as `payload`; text that may be JSON by chance stays text."""
    assert changed(value, "outbox", schema).row == {"payload": payload}


def test_a_payload_that_stays_as_it_is_keeps_its_schema() -> None:
    """The typed values of a root that is no record are read by their type."""
    schema = changed(b"\xff", "outbox", BYTES).schema
    assert schema is not None
    assert schema.fields == {"payload": BYTES}
    assert changed(b"\xfe", "outbox", BYTES).schema is schema
    assert changed("[1]", "outbox", JSON).schema is None


@pytest.mark.parametrize(
    ("value", "schema", "words"),
    [
        ("{", None, "not JSON"),
        ("hello", JSON, "not JSON"),
        ('{"a": 1, "a": 2}', None, "the same name twice"),
        ({"payload": "{", "eventType": "x"}, None, "not JSON"),
    ],
)
def test_what_must_be_json_and_is_not_is_refused(
    value: Any, schema: ConnectSchema | None, words: str
) -> None:
    """A payload that is called JSON, or begins like an object, is not taken for text (F036, F043)."""
    with pytest.raises(DecodeError, match=words):
        shaped(value, "outbox", schema)


@pytest.mark.parametrize("payload", [TEXT, BODY, BASE64, TEXT.encode()])
def test_a_payload_beside_other_members_is_read_in_its_place(payload: Any) -> None:
    """With the placement `envelope` the payload is beside the added columns."""
    assert changed({"payload": payload, "eventType": "OrderPlaced"}, "outbox").row == {
        "payload": BODY,
        "eventType": "OrderPlaced",
    }


def test_a_payload_that_was_read_has_no_type_any_more() -> None:
    """The other members keep theirs."""
    schema = struct("outbox", payload=STRING, eventType=STRING)
    change = changed({"payload": TEXT, "eventType": "x"}, "outbox", schema)
    assert change.schema is not None
    assert change.schema.fields["payload"].base == "any"
    assert change.schema.fields["eventType"] is STRING
    plain = changed({"payload": "hello", "eventType": "x"}, "outbox", schema)
    assert plain.schema is schema


def test_documents_of_mongodb_are_plain_values() -> None:
    """The outbox of MongoDB has Extended JSON as its payload, unless it is expanded."""
    text = json.dumps({"_id": {"$oid": "65a1f0c2e4b0a1b2c3d4e5f6"}, "total": {"$numberLong": "12"}})
    assert changed(text, "outbox").row == {"_id": "65a1f0c2e4b0a1b2c3d4e5f6", "total": 12}


ROW = {
    "id": "0b5b1c1e",
    "aggregatetype": "order",
    "aggregateid": "42",
    "type": "OrderPlaced",
    "payload": TEXT,
}


@pytest.mark.parametrize("op", ["c", "r"])
def test_rows_of_an_outbox_table_are_events(op: str) -> None:
    """Without a router the row is the event: its columns, the payload read, the id that of the row."""
    change = changed(envelope(op, after=ROW), "outbox")
    assert (change.operation, change.row, change.event_id) == (None, {**ROW, "payload": BODY}, "0b5b1c1e")
    assert changed(envelope(op, after={**ROW, "id": 7}), "outbox").event_id == "7"
    assert changed(envelope(op, after={**ROW, "id": None}), "outbox").event_id is None
    document = json.dumps({"_id": {"$oid": "65a1"}, "payload": TEXT})
    mongo = changed(envelope(op, after=document, connector="mongodb"), "outbox")
    assert (mongo.row, mongo.event_id) == ({"_id": "65a1", "payload": BODY}, "65a1")


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (envelope("u", after=ROW, before=ROW), "outbox_row"),
        (envelope("d", before=ROW), "outbox_row"),
        (envelope("t"), "truncate"),
        (envelope("m"), "logical_message"),
        ({"ts_ms": 1}, "heartbeat"),
        (None, "tombstone"),
        (b"null", "tombstone"),
    ],
)
def test_a_row_that_goes_deletes_nothing(value: Any, rule: str) -> None:
    """Insert-then-delete is the usual pattern of an outbox: never a contact deletion."""
    rules = {"contact": {"user_id": "customer.id"}, "event": {"type": "x", "user_id": "customer.id"}}
    key: Any = {"serverName": "crm"} if rule == "heartbeat" else {"customer": {"id": 7}}
    assert translator(shape="outbox", **rules).translate(record(value, key)) == Skip(rule)


def event_of(result: Translated) -> Event:
    """Return the only delivery."""
    assert isinstance(result, list), result
    (event,) = result
    assert isinstance(event, Event)
    return event


ID: Headers = [("id", b"0b5b1c1e"), ("eventType", b"OrderPlaced")]


def test_an_event_has_its_aggregate_in_the_key_and_its_type_in_a_header() -> None:
    """Both can be mapped, and the event's id is the header `id` (docs/mapping.md)."""
    subject = translator(
        shape="outbox",
        event={
            "type": "order_placed",
            "user_id": "customer.id",
            "parameters": {"order": "__key", "amount": {"from": "total", "as": "number"}},
            "when": "__headers.eventType == 'OrderPlaced'",
        },
    )
    event = event_of(subject.translate(record(TEXT, b'"42"', ID)))
    assert (event.user_id, event.body["_event_id"]) == ("7", "0b5b1c1e")
    assert event.body["_event_parameters"] == {"order": "42", "amount": 12.5}
    other = record(TEXT, b'"42"', [("id", b"x"), ("eventType", b"OrderClosed")])
    assert subject.translate(other) == Skip("when")


@pytest.mark.parametrize("value", [None, b"null", b'{"schema":null,"payload":null}'])
def test_an_event_without_a_payload_may_be_a_tombstone(value: bytes | None) -> None:
    """With `route.tombstone.on.empty.payload` a tombstone is an event where the key names the contact."""
    rules = {"type": "left", "user_id": "__key"}
    subject = translator(shape="outbox", event=rules)
    event = event_of(subject.translate(record(value, b'"42"', ID)))
    assert (event.user_id, event.body["_event_id"]) == ("42", "0b5b1c1e")
    assert subject.translate(record(value, b'"42"')) == Skip("tombstone")
    both = translator(shape="outbox", event=rules, contact={"user_id": "__key"})
    assert event_of(both.translate(record(value, b'"42"', ID))).user_id == "42"


def test_a_raw_row_without_an_id_header_is_known_by_its_id() -> None:
    """A snapshot that reads the row again makes the same event id (I4, F079)."""
    subject = translator(shape="outbox", event={"type": "x", "user_id": "payload.customer.id"})
    ids = {event_of(subject.translate(record(envelope(op, after=ROW)))).body["_event_id"] for op in "cr"}
    assert ids == {"0b5b1c1e"}


def test_an_outbox_event_counts_whatever_on_says() -> None:
    """It is a domain record, and `on` chooses only among operations of rows."""
    subject = translator(shape="outbox", event={"type": "x", "user_id": "customer.id", "on": ["delete"]})
    assert event_of(subject.translate(record(TEXT))).user_id == "7"
    assert changed(TEXT, "outbox").operation is not Operation.CREATE


def test_a_payload_without_the_id_is_a_dead_letter() -> None:
    """An event whose user cannot be found is not lost silently."""
    subject = translator(shape="outbox", event={"type": "x", "user_id": "customer.id"})
    assert isinstance(subject.translate(record("hello")), Rejection)
