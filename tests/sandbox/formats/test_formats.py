"""Every semantic type and every shape in every wire format, read back without the sandbox's own code."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.sandbox.formats.connect_json import schema_json
from connector.sandbox.formats.schema_framing import FRAMINGS
from connector.sandbox.records.columns import (
    BYTES,
    DOUBLE,
    INT16,
    INT64,
    SEMANTIC,
    STRING,
    array_of,
    map_of,
    unscaled,
    variable,
)
from connector.sandbox.records.connectors import Place
from connector.sandbox.records.schema import ConnectRecord, Data, NativeSchema, nullable, struct
from connector.sandbox.records.table import CapturedTable
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import SampleRecord, Writer
from tests.imitation.formats import FORMATS
from tests.imitation.json_schema_converter import json_schema
from tests.sandbox.formats.read_back import as_json, read_avro, schema_of

NOT_FRAMED = {"json", "json-embedded", "apicurio-json", "string", "bytes"}
PLACE = Place("crm", "shop", "public", "customers")

VALUES: dict[str, Any] = {
    # a value for each base type, and for what has members of its own
    "int8": 7,
    "int16": -7,
    "int32": 17_422,
    "int64": -3_020_399_000_000,
    "string": "ñ 2018-06-20T13:37:03Z",
    "bytes": b"\x01\x02",
    "org.apache.kafka.connect.data.Decimal": unscaled("-123.45", 2),
    "io.debezium.data.VariableScaleDecimal": variable("123.45", 2),
    "io.debezium.data.geometry.Point": {"x": 1.5, "y": -2.25, "wkb": b"\x01", "srid": None},
    "io.debezium.data.geometry.Geometry": {"wkb": b"\x01", "srid": 4326},
    "io.debezium.data.geometry.Geography": {"wkb": b"\x01", "srid": None},
    "io.debezium.data.geometry.Circle": {
        "center": {"x": 1.5, "y": -2.25, "wkb": None, "srid": None},
        "radius": 2.0,
    },
    "io.debezium.data.geometry.Line": {"a": 1.0, "b": 2.0, "c": 3.5},
    "io.debezium.data.DoubleVector": [0.1, 0.2],
    "io.debezium.data.FloatVector": [0.5, 0.25],
    "io.debezium.data.SparseDoubleVector": {"dimensions": 3, "vector": {1: 0.5, 3: 0.1}},
}


def value(name: str) -> Any:
    """Give a value of a semantic type."""
    schema = SEMANTIC[name]
    if name in VALUES or schema.base != "struct":
        return VALUES.get(name, VALUES.get(schema.base))
    members = {member: VALUES[field.base] for member, field in schema.fields.items()}
    return {**members, "precision": None} if "precision" in members else members


def read(store: RegistryStore, record: SampleRecord, format_name: str, role: str = "value") -> Any:
    """Read a key or a value back into Connect's JSON."""
    data = record.value if role == "value" else record.key
    assert data is not None
    if format_name in NOT_FRAMED:
        body = json.loads(data)
        return body["payload"] if format_name != "json" else body
    known, body = schema_of(store, data, record.headers, role, eight=format_name.endswith("-8"))
    if known.type == "AVRO":
        return as_json(read_avro(store, known, body))
    return json.loads(body)


def pairs(format_name: str, entries: dict[int, float]) -> list[Any]:
    """Give a map with numbers for keys as a format has it."""
    if format_name.startswith(("avro", "json-schema")):
        return [{"key": key, "value": entry} for key, entry in entries.items()]
    return [[key, entry] for key, entry in entries.items()]


@pytest.mark.parametrize("format_name", sorted(FORMATS.keys() - {"string", "bytes"}))
def test_rows_of_every_semantic_type_can_be_read_back(format_name: str) -> None:
    """A row with a value in every column and one with nulls: keys, values, bytes and numbers hold."""
    columns = {f"c{number}": nullable(schema) for number, schema in enumerate(SEMANTIC.values())}
    row = {"id": 7, **{column: value(name) for column, name in zip(columns, SEMANTIC, strict=True)}}
    store = RegistryStore()
    converter = FORMATS[format_name](store)
    table = CapturedTable(PLACE, {"id": INT64, **columns})
    sparse = list(row)[1 + list(SEMANTIC).index("io.debezium.data.SparseDoubleVector")]
    expected = as_json(row)
    expected[sparse]["vector"] = pairs(format_name, row[sparse]["vector"])
    writer = Writer(converter, converter)
    full, empty = writer.records([*table.create(row, 0), *table.create({"id": 8}, 0)])
    assert read(store, full, format_name)["after"] == expected
    assert read(store, full, format_name, "key") == {"id": 7}
    assert read(store, empty, format_name)["after"] == {"id": 8, **dict.fromkeys(columns)}
    assert read(store, empty, format_name)["source"]["snapshot"] == "false"


@pytest.mark.parametrize("name", SEMANTIC)
def test_each_schema_names_the_semantic_type(name: str) -> None:
    """Connect has `name`, Avro `connect.name`, JSON Schema `title` (debezium-events.md 6.1)."""
    schema = SEMANTIC[name]
    store = RegistryStore()
    FORMATS["avro-confluent"](store)("crm", "value", schema)
    known = store.find(content_id=1)
    assert known is not None
    avro = json.loads(known.text)
    found = (schema_json(schema)["name"], avro["connect.name"], json_schema(schema)["title"])
    assert found == (name, name, name)
    assert schema_json(schema)["version"] == avro["connect.version"] == 1
    parameters = dict(schema.parameters) or None
    assert avro.get("connect.parameters") == schema_json(schema).get("parameters") == parameters
    logical = avro.get("logicalType")
    assert (logical is not None) == name.startswith("org.apache.kafka.connect.data.")


@pytest.mark.parametrize("framing", FRAMINGS)
def test_the_frames_stand_where_the_reference_says(framing: str) -> None:
    """Ids in 4 or 8 bytes, guids in 16, or headers beside a bare body; for keys and values."""
    store = RegistryStore(first_id=42, first_global_id=4200)
    converter = FORMATS[f"avro-{framing}"](store)
    (record,) = Writer(converter, converter).records(CapturedTable(PLACE, {"id": INT64}).create({"id": 7}, 0))
    key, value_ = (store.find(subject=f"crm.public.customers-{role}") for role in ("key", "value"))
    assert key is not None
    assert value_ is not None
    assert record.key is not None
    assert record.value is not None
    prefix: dict[str, tuple[bytes, bytes]] = {
        "confluent": (b"\x00\x00\x00\x00\x2a", b"\x00\x00\x00\x00\x2b"),
        "confluent-guid": (b"\x01" + key.guid.bytes, b"\x01" + value_.guid.bytes),
        "apicurio-4": (b"\x00\x00\x00\x00\x2a", b"\x00\x00\x00\x00\x2b"),
        "apicurio-4-global": (b"\x00\x00\x00\x10\x68", b"\x00\x00\x00\x10\x69"),
        "apicurio-8": (b"\x00" + (4200).to_bytes(8, "big"), b"\x00" + (4201).to_bytes(8, "big")),
    }
    headers: dict[str, list[tuple[str, bytes]]] = {
        "confluent-header": [
            ("__key_schema_id", b"\x01" + key.guid.bytes),
            ("__value_schema_id", b"\x01" + value_.guid.bytes),
        ],
        "confluent-header-id": [
            ("__key_schema_id", b"\x00\x00\x00\x00\x2a"),
            ("__value_schema_id", b"\x00\x00\x00\x00\x2b"),
        ],
        "apicurio-header": [
            ("apicurio.key.globalId", (4200).to_bytes(8, "big")),
            ("apicurio.key.encoding", b"BINARY"),
            ("apicurio.value.globalId", (4201).to_bytes(8, "big")),
            ("apicurio.value.encoding", b"BINARY"),
        ],
        "apicurio-header-content": [
            ("apicurio.key.contentId", (42).to_bytes(8, "big")),
            ("apicurio.key.encoding", b"BINARY"),
            ("apicurio.value.contentId", (43).to_bytes(8, "big")),
            ("apicurio.value.encoding", b"BINARY"),
        ],
        "apicurio-header-artifact": [
            (f"apicurio.{role}.{name}", text)
            for role, known in (("key", key), ("value", value_))
            for name, text in (
                ("contentHash", known.content_hash.encode()),
                ("groupId", b"default"),
                ("artifactId", f"crm.public.customers-{role}".encode()),
                ("version", b"1"),
                ("encoding", b"BINARY"),
            )
        ],
    }
    before_key, before_value = prefix.get(framing, (b"", b""))
    assert record.key == before_key + b"\x0e"
    assert record.value.startswith(before_value + b"\x00\x02\x0e\x163.6.1.Final")
    assert [header for header in record.headers if "context" not in header[0]] == headers.get(framing, [])


def test_keys_and_values_have_formats_of_their_own() -> None:
    """Avro values with string, JSON or Avro keys: two converters, two settings (debezium-events.md 1.3)."""
    table, store = CapturedTable(PLACE, {"id": INT64}), RegistryStore()
    keys = {
        "json": b'{"id":7}',
        "string": b"Struct{id=7}",
        "avro-confluent": b"\x00\x00\x00\x00\x02\x0e",
        "json-embedded": b'{"schema":{"type":"struct","fields":'
        b'[{"type":"int64","optional":false,"field":"id"}],"optional":false,"name":"crm.public.customers.Key"},"payload":{"id":7}}',
    }
    FORMATS["avro-confluent"](store)("crm.public.customers", "value", table.envelope_schema)
    for name, expected in keys.items():
        writer = Writer(FORMATS["avro-confluent"](store), FORMATS[name](store))
        (record,) = writer.records(table.create({"id": 7}, 0))
        assert record.key == expected
        assert read(store, record, "avro-confluent")["after"] == {"id": 7}


def test_headers_have_a_converter_of_their_own() -> None:
    """The key in `__debezium.newkey` as text, wrapped or framed (debezium-events.md 3)."""
    table, store = CapturedTable(PLACE, {"id": INT64}), RegistryStore()
    found = {}
    for name in ("json", "json-embedded", "avro-confluent"):
        writer = Writer(FORMATS["json"](store), header=FORMATS[name](store))
        renamed, *_ = writer.records(table.change_key({"id": 7}, {"id": 8}, 0))
        found[name] = dict(renamed.headers)["__debezium.newkey"]
    assert found["json"] == b'{"id":8}'
    assert json.loads(found["json-embedded"] or b"")["payload"] == {"id": 8}
    assert (found["avro-confluent"] or b"").endswith(b"\x10")


def test_records_apart_are_schemas_that_refer_to_each_other() -> None:
    """Row, source and transaction are subjects of their own, which the envelope and each other name."""
    store = RegistryStore()
    point = SEMANTIC["io.debezium.data.geometry.Circle"]
    table = CapturedTable(PLACE, {"id": INT64, "area": nullable(point), "home": nullable(point)})
    converter = FORMATS["avro-referring"](store)
    (record,) = Writer(converter).records(table.create({"id": 7}, 0))
    known, body = schema_of(store, record.value or b"", record.headers, "value")
    assert [reference.name for reference in known.references] == [
        "crm.public.customers.Value",
        "io.debezium.connector.postgresql.Source",
        "event.block",
    ]
    circle = store.find(subject="io.debezium.data.geometry.Circle")
    assert circle is not None
    assert [reference.name for reference in circle.references] == ["io.debezium.data.geometry.Point"]
    assert read_avro(store, known, body)["after"]["id"] == 7


def test_a_changed_table_is_another_version() -> None:
    """A column more: the same subject, a new id, and old records keep theirs."""
    store = RegistryStore()
    writer = Writer(FORMATS["avro-confluent"](store))
    for columns in ({"id": INT64}, {"id": INT64, "plan": nullable(STRING)}, {"id": INT64}):
        list(writer.records(CapturedTable(PLACE, columns).create({"id": 7}, 0)))
    assert [known.version for known in store.versions("crm.public.customers-value")] == [1, 2]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_has_not(number: float) -> None:
    """Words in JSON, the numbers themselves in Avro (debezium-events.md 1.5)."""
    words = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
    data = Data(struct("crm.Value", {"score": nullable(DOUBLE)}), {"score": number})
    store = RegistryStore()
    for name in ("json", "json-schema-confluent", "avro-confluent"):
        record = Writer(FORMATS[name](store)).record(ConnectRecord("crm", None, data))
        assert record is not None
        score = read(store, record, name)["score"]
        assert (repr(score) == repr(number)) if name.startswith("avro") else (score == words[str(number)])


def test_maps_arrays_and_defaults_in_the_schemas() -> None:
    """Kinds that the columns above lack: string keys, defaults of bytes, docs, narrow integers."""
    schema = struct(
        "crm.Value",
        {
            "tags": map_of(STRING, nullable(STRING)),
            "raw": nullable(BYTES, default=b"\xff"),
            "small": nullable(INT16, default=3),
            "list": array_of(INT16),
        },
        doc="a row",
    )
    store = RegistryStore()
    record = Writer(FORMATS["avro-confluent"](store)).record(
        ConnectRecord("crm", None, Data(schema, {"tags": {"a": None}, "list": [1]}))
    )
    assert record is not None
    known, body = schema_of(store, record.value or b"", (), "value")
    row = read_avro(store, known, body)
    assert row == {"tags": {"a": None}, "raw": b"\xff", "small": 3, "list": [1]}
    fields = {field["name"]: field for field in json.loads(known.text)["fields"]}
    assert fields["raw"]["type"] == [{"type": "bytes", "connect.default": "\xff"}, "null"]
    assert fields["raw"]["default"] == "\xff"
    assert fields["small"]["type"] == [
        {"type": "int", "connect.default": 3, "connect.type": "int16"},
        "null",
    ]
    assert json.loads(known.text)["connect.doc"] == "a row"
    assert schema_json(schema)["doc"] == json_schema(schema)["description"] == "a row"
    connect = {field["field"]: field for field in schema_json(schema)["fields"]}
    assert connect["raw"]["default"] == "/w=="
    assert connect["tags"]["keys"] == {"type": "string", "optional": False}
    described = json_schema(schema)["properties"]
    assert described["tags"]["connect.type"] == "map"
    assert described["small"] == {
        "oneOf": [{"type": "null"}, {"type": "integer", "connect.type": "int16", "default": 3}],
        "connect.index": 2,
    }


def test_producers_without_connect_write_schemas_of_their_own() -> None:
    """An Avro schema with a logical type, and a JSON schema, as a plain producer registers them."""
    placed = '{"type": "long", "logicalType": "timestamp-millis"}'
    avro = f'{{"type": "record", "name": "Order", "fields": [{{"name": "placed", "type": {placed}}}]}}'
    store = RegistryStore()
    at = datetime(2026, 1, 15, 9, tzinfo=UTC)
    record = Writer(FORMATS["avro-confluent"](store)).record(
        ConnectRecord("orders", None, Data(NativeSchema(avro), {"placed": at}))
    )
    assert record is not None
    known, body = schema_of(store, record.value or b"", (), "value")
    assert known.text == avro
    assert read_avro(store, known, body) == {"placed": 1_768_467_600_000}
    schema = '{"type": "object"}'
    record = Writer(FORMATS["json-schema-confluent"](store)).record(
        ConnectRecord("orders", None, Data(NativeSchema(schema), {"id": 7}))
    )
    assert record is not None
    known, body = schema_of(store, record.value or b"", (), "value")
    assert (known.text, known.type, body) == (schema, "JSON", b'{"id":7}')
