"""The sandbox writes, byte for byte, the records that a real Debezium wrote for the same rows."""

import json
from typing import Any

import pytest

from connector.model import Record
from connector.sandbox.formats.avro_schema import AvroSchema
from connector.sandbox.records.connectors import Place
from connector.sandbox.records.flatten import Flatten
from connector.sandbox.records.outbox_router import Route, outbox_columns
from connector.sandbox.records.schema import ConnectRecord, ConnectSchemaNode, Data
from connector.sandbox.records.table import NEW_KEY, OLD_KEY, CapturedTable
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import SampleRecord, Writer
from tests.imitation import service_messages
from tests.imitation.formats import FORMATS
from tests.sandbox.captured import (
    COLUMNS,
    avro_event,
    captured,
    event,
    row_of_json,
    rows,
    schema_text,
    table,
)


def writer(format_name: str, **options: Any) -> Writer:
    """Write keys and values in one format."""
    converter = FORMATS[format_name](RegistryStore())
    return Writer(converter, converter, **options)


def told(place: CapturedTable, captured_event: dict[str, Any]) -> ConnectRecord:
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


def same_body(record: SampleRecord, real: Record, frame: int) -> bool:
    """Compare key and value without their frames, which hold another registry's ids."""
    assert record.key is not None
    assert record.value is not None
    assert real.key is not None
    assert real.value is not None
    return (record.key[frame:], record.value[frame:]) == (real.key[frame:], real.value[frame:])


def same_headers(record: SampleRecord, real: Record) -> bool:
    """Compare all headers, but of those that differ with each run of a connector only the names."""
    runs = {"__debezium.context.taskId", "__debezium.context.runId"}
    ours, theirs = (
        [(name, None if name in runs else value) for name, value in headers]
        for headers in (record.headers, real.headers)
    )
    return ours == theirs


@pytest.mark.parametrize("name", COLUMNS)
def test_avro_schemas_are_those_that_the_converter_registered(name: str) -> None:
    """Names, references to names, defaults and every `connect.*` attribute, in the same order."""
    source, real = table("pav", name), rows(f"pav.public.{name}")[0]
    assert AvroSchema(source.key_schema).text == schema_text(real.key)
    assert AvroSchema(source.envelope_schema).text == schema_text(real.value)


@pytest.mark.parametrize("name", COLUMNS)
def test_avro_bodies_are_the_same(name: str) -> None:
    """Each captured event, read by fastavro alone, is written to the same bytes; its key too."""
    source, out = table("pav", name), writer("avro-confluent")
    reals = rows(f"pav.public.{name}")
    for real in reals:
        assert same_body(written(out.record(told(source, avro_event(real.value)))), real, frame=5)
    assert len(reals) >= 3


@pytest.mark.parametrize(("server", "format_name"), [("pj", "json"), ("pjs", "json-embedded")])
@pytest.mark.parametrize("name", COLUMNS)
def test_json_is_the_same(name: str, server: str, format_name: str) -> None:
    """Bare or with its schema, a captured event is written to the same bytes; its key too.

    Java spells 1e300 and characters beyond the first 65,536 otherwise: there the same JSON will do.
    """
    source, out = table(server, name), writer(format_name)
    for real in rows(f"{server}.public.{name}"):
        body = event(real)
        images = {image: row_of_json(body[image], COLUMNS[name]) for image in ("before", "after")}
        result = written(out.record(told(source, {**body, **images})))
        if name in ("numbers", "texts"):
            assert (result.key, in_order(result.value)) == (real.key, in_order(real.value))
        else:
            assert same_body(result, real, frame=0)


def in_order(value: bytes | None) -> Any:
    """Parse JSON; the members of objects are compared in their order."""
    return json.loads(value or b"", object_pairs_hook=list)


def test_a_key_change_is_three_records_with_the_same_headers() -> None:
    """The delete and its tombstone name the new key, the create the old one, before the context headers."""
    source, out = table("pj", "members"), writer("json")
    before, after = {"tenant": "acme", "no": 1, "name": "uno"}, {"tenant": "beta", "no": 1, "name": "uno"}
    records = list(out.records(source.change_key(before, after, 1_795_461_391_170_431)))
    reals = captured("pj.public.members")[-3:]
    assert [record.value is None for record in records] == [real.value is None for real in reals]
    for record, real in zip(records, reals, strict=True):
        assert same_headers(record, real)
        assert {NEW_KEY, OLD_KEY} & {name for name, _ in record.headers}
    assert json.loads(records[0].value or b"")["before"] == event(reals[0])["before"]


@pytest.mark.parametrize("name", ["customers", "members"])
def test_flattened_rows_are_the_same(name: str) -> None:
    """`rewrite` with added fields and headers gives the captured rows and headers, also of a key change."""
    flatten = Flatten("rewrite", ("op", "table", "lsn", "source.ts_ms"), ("op",))
    source, out = table("pfr", name), writer("json", transforms=[flatten])
    for real in rows(f"pfr.public.{name}"):
        body = event(real)
        op, row = body["__op"], row_of_json(body, COLUMNS[name]) or {}
        row = {column: row[column] for column in COLUMNS[name] if column in row}
        if row.keys() != COLUMNS[name].keys():
            continue  # of the altered table
        before, after = (row, None) if op == "d" else (None, row)
        position = {"ts_ms": body["__source_ts_ms"], "lsn": body["__lsn"], "table": body["__table"]}
        result = written(out.record(source.change(op, before, after, source=position, handled_ns=0)))
        assert same_body(result, real, frame=0)
        assert result.headers[-1] == real.headers[-1] == ("__op", op.encode())


def test_heartbeats_transactions_and_messages_are_the_same() -> None:
    """Schemas and bodies of records about no row."""
    avro, bare = writer("avro-confluent"), writer("json")
    for real in captured("__debezium-heartbeat.pav"):
        heartbeat = service_messages.heartbeat("pav", avro_event(real.value)["ts_ms"])
        assert same_body(written(avro.record(heartbeat)), real, frame=5)
        assert AvroSchema(schema(heartbeat.key)).text == schema_text(real.key)
        assert AvroSchema(schema(heartbeat.value)).text == schema_text(real.value)
    ends = 0
    for real in captured("pj.transaction"):
        body = event(real)
        counts = body["data_collections"] and {
            one["data_collection"]: one["event_count"] for one in body["data_collections"]
        }
        notice = service_messages.transaction("pj", body["id"], body["ts_ms"], counts)
        assert same_body(written(bare.record(notice)), real, frame=0)
        ends += body["status"] == "END"
    assert ends
    hello, empty = captured("pav.message")
    for real, content in ((hello, b"hello"), (empty, b"")):
        message = service_messages.logical_message(Place("pav", "shop", "public", ""), "app", content, 0)
        assert AvroSchema(schema(message.key)).text == schema_text(real.key)
        assert AvroSchema(schema(message.value)).text == schema_text(real.value)
        assert avro_event(real.value)["message"] == {"prefix": "app", "content": content}
    real = captured("pjs.message")[0]
    message = service_messages.logical_message(Place("pjs", "shop", "public", ""), "app", b"hello", 0)
    ours = json.loads(written(writer("json-embedded").record(message)).value or b"")
    assert ours["schema"] == json.loads(real.value or b"")["schema"]
    assert ours["payload"]["message"] == event(real)["message"]


def test_an_outbox_record_is_the_same() -> None:
    """The expanded payload, the quoted key, the header with the id and the one with the type."""
    real = captured("poe.order")[0]
    outbox = CapturedTable(Place("outbox", "shop", "public", "outbox"), outbox_columns())
    row = {
        "id": "c0ffee00-0000-4000-8000-000000000001",
        "aggregatetype": "order",
        "aggregateid": "42",
        "type": "OrderPlaced",
        "payload": '{"none": [], "lines": [{"n": 1, "sku": "a"}], "total": 12.50,'
        ' "customer": {"id": 7, "name": null}}',
    }
    (record,) = writer("json", transforms=[Route(expand_json=True)]).records(outbox.create(row, 0))
    assert same_body(record, real, frame=0)
    assert record.headers[-2:] == tuple(real.headers[-2:])


def schema(data: Data | None) -> ConnectSchemaNode:
    """Return the Connect schema of a key or a value."""
    assert data is not None
    assert isinstance(data.schema, ConnectSchemaNode)
    return data.schema


@pytest.mark.parametrize("name", COLUMNS)
def test_the_columns_of_the_captured_tables_are_all_there(name: str) -> None:
    """The captured rows have every column of their table, so that the comparisons above leave nothing out."""
    assert list(event(captured(f"pj.public.{name}")[0])["after"]) == list(COLUMNS[name])
