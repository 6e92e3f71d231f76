"""What the sandbox writes is, byte for byte, what a real Debezium wrote of the same rows."""

import json
from typing import Any

import pytest

from connector.sandbox.formats import FORMATS
from connector.sandbox.formats.avro_schema import AvroSchema
from connector.sandbox.records import notices
from connector.sandbox.records.columns import STRING
from connector.sandbox.records.connectors import Place
from connector.sandbox.records.flatten import Flatten
from connector.sandbox.records.outbox import Route, outbox_columns
from connector.sandbox.records.schema import ConnectRecord, Data, Schema
from connector.sandbox.records.table import NEW_KEY, OLD_KEY, Table
from connector.sandbox.registry.store import SchemaStore
from connector.sandbox.writer import SampleRecord, Writer
from tests.sandbox.captured import (
    CUSTOMERS,
    MEMBERS,
    SCHEMAS,
    Captured,
    avro_event,
    captured,
    row_of_json,
    table,
)

COLUMNS: dict[str, dict[str, Schema]] = {"customers": CUSTOMERS, "members": MEMBERS}


def writer(format_name: str, **options: Any) -> Writer:
    """Write keys and values in one format."""
    converter = FORMATS[format_name](SchemaStore())
    return Writer(converter, converter, **options)


def event(place: Table, captured_event: dict[str, Any]) -> ConnectRecord:
    """Give a captured event as the table's source would."""
    return place.change(
        captured_event["op"],
        captured_event["before"],
        captured_event["after"],
        source=captured_event["source"],
        handled_ns=captured_event["ts_ns"],
        transaction=captured_event["transaction"],
    )


def written(record: SampleRecord | None) -> SampleRecord:
    """Return a record that no transform dropped."""
    assert record is not None
    return record


def same_body(record: SampleRecord, real: Captured, frame: int) -> bool:
    """Compare key and value without their frames, which hold another registry's ids."""
    assert record.key is not None
    assert record.value is not None
    assert real.key is not None
    assert real.value is not None
    return (record.key[frame:], record.value[frame:]) == (real.key[frame:], real.value[frame:])


@pytest.mark.parametrize(
    ("server", "name", "key", "value"), [("pav", "customers", "10", "12"), ("pav", "members", "17", "19")]
)
def test_avro_schemas_are_those_that_the_converter_registered(
    server: str, name: str, key: str, value: str
) -> None:
    """Names, references to names, defaults and every `connect.*` attribute, in the same order."""
    source = table(server, name)
    assert AvroSchema(source.key_schema).text == SCHEMAS[key]
    assert AvroSchema(source.envelope_schema).text == SCHEMAS[value]


@pytest.mark.parametrize("name", ["customers", "members"])
def test_avro_bodies_are_the_same(name: str) -> None:
    """Each captured event, read by fastavro alone, is written to the same bytes; its key too."""
    source, out = table("pav", name), writer("avro-confluent")
    reals = [real for real in captured(f"pav.public.{name}") if real.value]
    schema = SCHEMAS["12" if name == "customers" else "19"]
    for real in reals:
        assert same_body(
            written(out.record(event(source, avro_event(real.value or b"", schema)))), real, frame=5
        )
    assert len(reals) >= 2


@pytest.mark.parametrize("format_name", ["json", "json-embedded"])
@pytest.mark.parametrize("name", ["customers", "members"])
def test_json_is_the_same(name: str, format_name: str) -> None:
    """Bare or with its schema, a captured event is written to the same bytes; its key too."""
    server = "pj" if format_name == "json" else "pjs"
    source, out = table(server, name), writer(format_name)
    reals = [real for real in captured(f"{server}.public.{name}") if real.value]
    for real in reals:
        body, columns = real.event, COLUMNS[name]
        images = {image: row_of_json(body[image], columns) for image in ("before", "after")}
        assert same_body(written(out.record(event(source, {**body, **images}))), real, frame=0)
    assert reals or (server, name) == ("pj", "members")


def test_a_key_change_is_three_records_with_the_same_headers() -> None:
    """The delete and its tombstone name the new key, the create the old one, before the context headers."""
    source, out = table("pjs", "members"), writer("json")
    before, after = {"tenant": "acme", "no": 1, "name": "uno"}, {"tenant": "beta", "no": 1, "name": "uno"}
    records = list(out.records(source.change_key(before, after, 1_795_461_391_170_431)))
    reals = captured("pjs.public.members")
    assert [record.value is None for record in records] == [real.value is None for real in reals]
    for record, real in zip(records, reals, strict=True):
        context = {f"__debezium.context.{name}" for name in ("connectorLogicalName", "connectorName")}
        assert [name for name, _ in record.headers] == [name for name, _ in real.headers]
        assert [h for h in record.headers if h[0] in {NEW_KEY, OLD_KEY, *context}] == [
            h for h in real.headers if h[0] in {NEW_KEY, OLD_KEY, *context}
        ]
    assert json.loads(records[0].value or b"")["before"] == reals[0].event["before"]


def test_flattened_rows_are_the_same() -> None:
    """`rewrite` with added fields and headers gives the captured rows and headers, also of a key change."""
    flatten = Flatten("rewrite", ("op", "source.ts_ms", "source.lsn"), ("op",))
    source, out = table("pfl", "customers"), writer("json", transforms=[flatten])
    created, deleted, renamed = captured("pfl.public.customers")
    for real in (created, deleted, renamed):
        row = row_of_json(real.event, CUSTOMERS) or {}
        op = row["__op"]
        row = {name: row[name] for name in CUSTOMERS}
        before, after = (row, None) if op == "d" else (None, row)
        position = {"ts_ms": real.event["__source_ts_ms"], "lsn": real.event["__source_lsn"]}
        record = source.change(op, before, after, source=position, handled_ns=0)
        result = written(out.record(record))
        assert same_body(result, real, frame=0)
        assert result.headers[-1] == real.headers[-1] == ("__op", op.encode())


def test_heartbeats_transactions_and_messages_are_the_same() -> None:
    """Schemas and bodies of records about no row."""
    avro, bare = writer("avro-confluent"), writer("json")
    (real,) = captured("__debezium-heartbeat.pav")
    at_ms = avro_event(real.value or b"", SCHEMAS["3"])["ts_ms"]
    heartbeat = notices.heartbeat("pav", at_ms)
    assert same_body(written(avro.record(heartbeat)), real, frame=5)
    assert [AvroSchema(schema(part)).text for part in (heartbeat.key, heartbeat.value)] == [
        SCHEMAS["1"],
        SCHEMAS["3"],
    ]
    begin, end = captured("pj.transaction")
    begun = notices.transaction("pj", begin.event["id"], begin.event["ts_ms"])
    assert same_body(written(bare.record(begun)), begin, frame=0)
    ended = notices.transaction("pj", end.event["id"], end.event["ts_ms"], {"public.customers": 1})
    assert same_body(written(bare.record(ended)), end, frame=0)
    message = notices.logical_message(Place("pav", "shop", "public", ""), "app", b"hello", 0)
    assert [AvroSchema(schema(part)).text for part in (message.key, message.value)] == [
        SCHEMAS["53"],
        SCHEMAS["55"],
    ]
    (real,) = captured("pjs.message")
    ours = json.loads(written(writer("json-embedded").record(message)).value or b"")
    assert ours["schema"] == json.loads(real.value or b"")["schema"]
    assert ours["payload"]["message"] == real.event["message"]


def test_an_outbox_record_is_the_same() -> None:
    """The expanded payload, the quoted key and the id header of the captured event."""
    (real,) = captured("outbox.event.order")
    outbox = Table(Place("pob", "shop", "public", "outbox"), outbox_columns())
    row = {
        "id": "0b5b1c1e-0000-4000-8000-000000000001",
        "aggregatetype": "order",
        "aggregateid": "42",
        "type": "OrderPlaced",
        "payload": '{"total": 12.5, "customer": {"id": 7}}',
    }
    (record,) = writer("json", transforms=[Route(expand_json=True, placed=())]).records(outbox.create(row, 0))
    assert record.topic == "outbox.event.order"
    assert same_body(record, real, frame=0)
    assert record.headers[-1] == real.headers[-1]


def schema(data: Data | None) -> Schema:
    """Return the Connect schema of a key or a value."""
    assert data is not None
    assert isinstance(data.schema, Schema)
    return data.schema


def test_the_columns_of_the_captured_tables_are_all_there() -> None:
    """The captured row has every column of its table, so that the comparisons above leave nothing out."""
    (real,) = captured("pj.public.customers")
    assert list(real.event["after"]) == list(CUSTOMERS)
    assert CUSTOMERS["email"].base == STRING.base
