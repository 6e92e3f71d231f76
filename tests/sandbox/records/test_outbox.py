"""The outbox router and the eight forms of its payloads (debezium-events.md 5)."""

import base64
import json
from typing import Any

import pytest

from connector.sandbox.records.columns import JSON, MICRO_TIMESTAMP
from connector.sandbox.records.inferred import infer
from connector.sandbox.records.outbox_router import Route, outbox_columns
from connector.sandbox.records.schema import ConnectSchemaNode, Row, nullable
from connector.sandbox.records.table import CapturedTable
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import SampleRecord, Writer
from tests.imitation import service_messages
from tests.imitation.formats import FORMATS
from tests.imitation.outbox_forms import OUTBOX_FORMS
from tests.sandbox.formats.read_back import read_avro, schema_of
from tests.sandbox.records.events import AT_US, PLACE, own_headers, write

IDENTIFIER = "0b5b1c1e-0000-4000-8000-000000000001"
BODY: dict[str, Any] = {"id": 42, "lines": [{"sku": "a"}, {"sku": "b", "count": 2}]}


def outbox(payload: ConnectSchemaNode = JSON, **more: ConnectSchemaNode) -> CapturedTable:
    """Give an outbox table."""
    return CapturedTable(PLACE._replace(table="outbox"), {**outbox_columns(payload), **more})


def row(payload: Any, **more: Any) -> Row:
    """Give a row of it."""
    place = {"aggregatetype": "order", "aggregateid": "42", "type": "OrderPlaced"}
    return {"id": IDENTIFIER, **place, "payload": payload, **more}


def routed(form: str, store: RegistryStore) -> SampleRecord:
    """Write one event in a form."""
    how = OUTBOX_FORMS[form]
    writer = Writer(FORMATS[how.value_format](store), transforms=[how.route()])
    (record,) = writer.records(outbox(how.payload).create(row(how.cell(BODY)), AT_US))
    return record


@pytest.mark.parametrize("form", OUTBOX_FORMS)
def test_one_event_in_eight_forms(form: str) -> None:
    """The same event whatever column, router option and converter; key, id and type beside it."""
    store = RegistryStore()
    record = routed(form, store)
    value = record.value or b""
    plain = {**BODY, "lines": [{"sku": "a", "count": None}, {"sku": "b", "count": 2}]}
    if OUTBOX_FORMS[form].value_format.startswith("avro"):
        known, body = schema_of(store, value, record.headers, "value")
        decoded = read_avro(store, known, body)
        assert decoded == plain or json.loads(decoded) == BODY
    else:
        undone = {
            "json text twice encoded": lambda: json.loads(json.loads(value)),
            "json text with its schema": lambda: json.loads(json.loads(value)["payload"]),
            "bytes as base64": lambda: json.loads(base64.b64decode(json.loads(value))),
        }.get(form, lambda: json.loads(value))()
        assert undone == (plain if form == "expanded" else BODY)
    assert (record.topic, record.key) == ("outbox.event.order", b'"42"')
    assert own_headers(record) == [("id", IDENTIFIER.encode()), ("eventType", b"OrderPlaced")]
    assert record.timestamp_ms == (AT_US + 80_000) // 1000


def test_columns_beside_the_payload() -> None:
    """In the envelope they make the value a struct; a timestamp column is the record's time."""
    route = Route(
        expand_json=True,
        placed=(("type", "envelope", "kind"), ("aggregateid", "header", "order")),
        timestamp_column="at",
    )
    table = outbox(at=MICRO_TIMESTAMP)
    (record,) = write(table.create(row('{"id": 42}', at=AT_US), 0), route)
    assert json.loads(record.value or b"") == {"payload": {"id": 42}, "kind": "OrderPlaced"}
    assert own_headers(record) == [("id", IDENTIFIER.encode()), ("order", b"42")]
    assert record.timestamp_ms == AT_US // 1000
    store = RegistryStore()
    writer = Writer(FORMATS["avro-confluent"](store), transforms=[route])
    list(writer.records(table.create(row('{"id": 42}', at=AT_US), 0)))
    (known,) = store.versions("outbox.event.order-value")
    assert json.loads(known.text)["connect.name"] == "crm.public.outbox.order.Value"


def test_what_the_router_drops() -> None:
    """Updates, deletes and tombstones of outbox rows; other records pass as they are."""
    table = outbox()
    records = [
        *table.update(row("{}"), AT_US),
        *table.delete(row("{}"), AT_US),
        service_messages.heartbeat("crm", 1),
    ]
    assert [record.topic for record in write(records, Route())] == ["__debezium-heartbeat.crm"]


@pytest.mark.parametrize(("payload", "tombstone"), [(None, True), (" ", True), ("{}", False)])
def test_an_empty_payload_may_be_a_tombstone(payload: str | None, tombstone: bool) -> None:
    """`route.tombstone.on.empty.payload`; otherwise it is passed on."""
    (record,) = write(outbox().create(row(payload), AT_US), Route(tombstone_on_empty=True))
    assert (record.value is None) == tombstone
    (record,) = write(outbox().create(row(payload), AT_US), Route())
    assert record.value == json.dumps(payload).encode()


def test_a_payload_that_is_no_object_stays_text() -> None:
    """Only objects and arrays are expanded."""
    for payload, value in (("42", b'"42"'), ("[1,2]", b"[1,2]"), ("[]", b"[]")):
        (record,) = write(outbox().create(row(payload), AT_US), Route(expand_json=True))
        assert record.value == value


def test_what_a_value_implies() -> None:
    """Nulls and empty arrays are left out, wide integers are long, and equal values share one schema."""
    value: dict[str, Any] = {"a": None, "b": [], "c": 2**40, "d": 1.5, "e": True, "f": {"g": ["x"]}}
    schema = infer(value, "payload").schema
    assert isinstance(schema, ConnectSchemaNode)
    assert list(schema.fields) == ["c", "d", "e", "f"]
    assert schema.fields["c"].base == "int64"
    assert schema.fields["f"].name == "payload.f"
    assert schema is infer({**value, "d": 2.5}, "payload").schema
    assert infer([[1]], "").schema is infer([[2]], "").schema
    assert nullable(JSON).optional
