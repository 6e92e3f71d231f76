"""Parts of schemas that are easily misread: names, unions, roots, versions (debezium-events.md 6.1, 7)."""

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from connector.sandbox.formats.avro import AvroConverter
from connector.sandbox.formats.avro_schema import avro_style
from connector.sandbox.formats.connect_json import JsonConverter, json_style
from connector.sandbox.formats.converter import Converter
from connector.sandbox.records.columns import (
    BYTES,
    DOUBLE,
    FLOAT,
    INT8,
    INT16,
    STRING,
    VARIABLE_DECIMAL,
    variable,
)
from connector.sandbox.records.schema import (
    ConnectRecord,
    ConnectSchemaNode,
    Data,
    NativeSchema,
    Row,
    nullable,
)
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import SampleRecord, Writer
from tests.imitation.formats import FORMATS
from tests.translate.matrix.case import STRUCTS, TYPED, Kind, Refused, Write, event, made, upsert
from tests.translate.matrix.outbox import ID, TEXT, routed
from tests.translate.matrix.outbox import RULES as OUTBOX
from tests.translate.matrix.registry import APICURIO_2, CONFLUENT
from tests.translate.matrix.shop import ADA, AT_US, COLUMNS, rules, table

_AVRO = tuple(name for name in STRUCTS if name.startswith("avro-"))
_JSON_SCHEMA = tuple(name for name in STRUCTS if name.startswith("json-schema-"))
_APICURIO = ("avro-apicurio-4", "avro-apicurio-8", "avro-apicurio-header")
_RAW = tuple(name for name in _AVRO if name.startswith("avro-confluent"))


def created(columns: Mapping[str, ConnectSchemaNode], row: Row) -> Callable[[], tuple[ConnectRecord, ...]]:
    """Give the INSERT of a row with more columns than usual."""
    return lambda: table({**COLUMNS, **columns}).create({**ADA, **row}, AT_US)


def versions(*tables: tuple[Mapping[str, ConnectSchemaNode], Row]) -> Write:
    """Write one row of each version of a table, all through one converter."""

    def write(store: RegistryStore, name: str) -> Iterator[SampleRecord]:
        writer = Writer(*2 * [FORMATS[name](store)])
        for columns, row in tables:
            yield from writer.records(table({"id": COLUMNS["id"], **columns}).create({"id": 7, **row}, AT_US))

    return write


def with_nulls(store: RegistryStore, name: str) -> Iterator[SampleRecord]:
    """Write a null in a column with a default, by a converter that keeps it (debezium-events.md 6.5)."""
    converters: Mapping[str, Converter] = {
        "json": JsonConverter(style=json_style(replace_nulls=False)),
        "json-embedded": JsonConverter(schemas=True, style=json_style(replace_nulls=False)),
        "avro-confluent": AvroConverter(store, style=avro_style(replace_nulls=False)),
    }
    return Writer(converters[name]).records(created({"plan": _WITH_DEFAULT}, {"plan": None})())


def changing_format(store: RegistryStore, name: str) -> Iterator[SampleRecord]:
    """Write a topic that went from JSON to the format of the case, and back to JSON with a schema."""
    for number, each in enumerate(("json", name, "json-embedded"), 7):
        writer = Writer(*2 * [FORMATS[each](store)])
        yield from writer.records(table().create({**ADA, "id": number}, AT_US))


_WITH_DEFAULT = nullable(STRING, "free")

_TWO_DECIMALS = created(
    {"debit": nullable(VARIABLE_DECIMAL), "credit": nullable(VARIABLE_DECIMAL)},
    {"debit": variable("123.45", 2), "credit": variable("-0.5", 1)},
)

_NUMBERS = created(
    {"score": nullable(DOUBLE), "share": nullable(FLOAT), "rate": nullable(DOUBLE)},
    {"score": math.nan, "share": math.inf, "rate": 1.5},
)

# ------------------------------------------------------------------ producers that are not Connect

_TYPES: Mapping[str, Any] = {
    "customer": {"type": "record", "name": "Customer", "fields": [{"name": "id", "type": "long"}]},
    "born": {"type": "int", "logicalType": "date"},
    "placed": {"type": "long", "logicalType": "timestamp-micros"},
    "total": {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 2},
    "tip": {
        "type": "fixed",
        "name": "Tip",
        "size": 8,
        "logicalType": "decimal",
        "precision": 18,
        "scale": 2,
    },
    "ref": {"type": "string", "logicalType": "uuid"},
    "state": {"type": "enum", "name": "State", "symbols": ["OPEN", "PAID"]},
    "lines": {"type": "array", "items": "string"},
    "labels": {"type": "map", "values": "int"},
    "note": ["null", "string", "long"],
}
_ORDER = orjson.dumps(
    {
        "type": "record",
        "name": "Placed",
        "namespace": "shop.orders",
        "fields": [{"name": name, "type": kind} for name, kind in _TYPES.items()],
    }
).decode()
_PLACED = {
    "customer": {"id": 7},
    "born": date(2017, 9, 13),
    "placed": datetime(2018, 6, 20, 15, 13, 16, 945104, tzinfo=UTC),
    "total": Decimal("12345678901234567890.12"),
    "tip": Decimal("-0.50"),
    "ref": UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    "state": "PAID",
    "lines": ["a", "b"],
    "labels": {"x": 1},
    "note": 5,
}
_SENT = {
    "born": "2017-09-13",
    "placed": "2018-06-20T15:13:16.945Z",
    "total": orjson.Fragment("12345678901234567890.12"),
    "tip": -0.5,
    "ref": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    "state": "PAID",
    "lines": ["a", "b"],
    "labels": {"x": 1},
    "note": 5,
}
_JSON_ORDER = orjson.dumps(
    {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Placed",
        "type": "object",
        "properties": {"customer": {"type": "object"}, "total": {"type": "number"}},
    }
).decode()


def produced(text: str, value: Any) -> Write:
    """Write a domain event of a producer that registers its own schema."""
    return made(lambda: [ConnectRecord("orders", None, Data(NativeSchema(text), value), timestamp_ms=1)])


def _ordered(names: Mapping[str, Any], **parameters: Any) -> tuple[dict[str, Any], list[Any]]:
    """Give the topic file that maps all members of an order, and the expected event."""
    mapping = {"type": "ordered", "user_id": "customer.id", "parameters": {name: name for name in names}}
    return {"event": mapping}, [event("7", "orders-0-0-1", **parameters)]


_AVRO_RULES, _AVRO_EVENT = _ordered(_SENT, **_SENT)
_JSON_RULES, _JSON_EVENT = _ordered({"total": 0}, total=12.5)

KINDS = (
    Kind(
        "a type that is defined once and named again (two columns of `NUMERIC`)",
        "6.1",
        made(_TWO_DECIMALS),
        [upsert("7", debit=123.45, credit=-0.5)],
        rules(attributes={"debit": "debit", "credit": "credit"}),
        formats=TYPED,
    ),
    Kind(
        'a column with a default (`[T, "null"]` in Avro): with a value',
        "6.1",
        made(created({"plan": _WITH_DEFAULT}, {})),
        [upsert("7", plan="gold")],
    ),
    Kind(
        'a column with a default (`[T, "null"]` in Avro): null, by the converter\'s default',
        "6.5",
        made(created({"plan": _WITH_DEFAULT}, {"plan": None})),
        [upsert("7", plan="free")],
        note="**with the default in the null's place**",
        remedy="set `replace.null.with.default: false`, for Confluent's Avro"
        " `ignore.default.for.nullables: true`; Apicurio's has no such option: drop the default",
    ),
    Kind(
        'a column with a default (`[T, "null"]` in Avro): null, with `replace.null.with.default: false`',
        "6.5",
        with_nulls,
        [upsert("7", plan=None)],
        formats=("json", "json-embedded", "avro-confluent"),
        note="with null",
    ),
    Kind(
        "a column that is null, was added later, or was dropped",
        "7",
        versions(
            ({"plan": nullable(STRING)}, {"plan": None}),
            ({}, {}),
            ({"email": STRING, "plan": nullable(STRING)}, {"email": "x", "plan": "gold"}),
            ({"plan": nullable(STRING), "email": STRING}, {"email": "x", "plan": "free"}),
        ),
        [upsert("7", plan=None), upsert("7"), upsert("7", plan="gold"), upsert("7", plan="free")],
        note="null where it is null, left out where it is missing",
    ),
    Kind(
        "a column whose type changes in mid-topic (`TINYINT`: int16, int8 from 3.7)",
        "7",
        versions(({"vip": INT16}, {"vip": 1}), ({"vip": INT8}, {"vip": 1})),
        [upsert("7", vip=1)] * 2,
        rules(attributes={"vip": "vip"}),
    ),
    Kind(
        "NaN and infinities",
        "1.5",
        made(_NUMBERS),
        [upsert("7", rate=1.5)],
        rules(attributes={"score": "score", "share": "share", "rate": "rate"}),
        formats=TYPED,
        left_out={"nan_values": 2},
        note="without that column",
    ),
    Kind(
        "NaN and infinities in JSON without a schema",
        "1.5",
        made(_NUMBERS),
        [upsert("7", score="NaN", share="Infinity", rate=1.5)],
        rules(attributes={"score": "score", "share": "share", "rate": "rate"}),
        formats=("json",),
        note="**as text**: it looks like a name",
        remedy="write `as: number` in the topic file, which leaves it out",
    ),
    Kind(
        "NaN and infinities in JSON without a schema, with `as: number`",
        "1.5",
        made(_NUMBERS),
        [upsert("7", rate=1.5)],
        rules(attributes={name: {"from": name, "as": "number"} for name in ("score", "share", "rate")}),
        formats=("json",),
        left_out={"nan_values": 2},
        note="without that column",
    ),
    Kind(
        "a root that is `bytes` (outbox column NOT NULL): Confluent's converter, without Avro's length",
        "7",
        routed(TEXT.encode(), BYTES),
        [event("7", ID, order="o-1")],
        OUTBOX,
        formats=("json", "json-embedded", *_RAW, "apicurio-json"),
    ),
    Kind(
        "a root that is `bytes` (outbox column NOT NULL): Apicurio's, with `type: apicurio`",
        "7",
        routed(TEXT.encode(), BYTES),
        [event("7", ID, order="o-1")],
        OUTBOX,
        formats=_APICURIO,
        access=(APICURIO_2,),
    ),
    Kind(
        "a root that is `bytes` (outbox column NOT NULL): Apicurio's, with `type: confluent`",
        "7",
        routed(TEXT.encode(), BYTES),
        [Refused("event.user_id", "the user id is missing or null")],
        OUTBOX,
        formats=_APICURIO[:1],
        access=(CONFLUENT,),
        remedy="write `schema_registry.type: apicurio` in the service file",
    ),
    Kind(
        "a root that is a string, or a string or null (outbox column)",
        "7",
        routed(TEXT, STRING),
        [event("7", ID, order="o-1")],
        OUTBOX,
    ),
    Kind(
        "Avro of a producer with its own schema: logical types, `enum`, `fixed`, a union of several types",
        "6.1",
        produced(_ORDER, _PLACED),
        _AVRO_EVENT,
        _AVRO_RULES,
        formats=_AVRO[:-1],
    ),
    Kind(
        "JSON Schema of a producer with its own schema",
        "7",
        produced(_JSON_ORDER, {"customer": {"id": 7}, "total": 12.5}),
        _JSON_EVENT,
        _JSON_RULES,
        formats=_JSON_SCHEMA,
    ),
    *(
        Kind(
            f"JSON Schema with `format: {name}`",
            "7",
            made(created({}, {})),
            [upsert("7", plan="gold")],
            {"format": name, **rules()},
            formats=_JSON_SCHEMA,
        )
        for name in ("json", "avro")
    ),
    Kind(
        "topic that changes its format, and changes it back",
        "7",
        changing_format,
        [upsert(str(number), plan="gold") for number in (7, 8, 9)],
        note="each record shows its own",
    ),
)
