"""Records that a real Debezium 3.6.1 wrote for PostgreSQL, and the tables that they are about."""

import base64
import io
import json
from collections.abc import Mapping
from typing import Any

import fastavro

from connector.model import Record, RefKind, SchemaRef
from connector.sandbox.formats.avro import without_logical_types
from connector.sandbox.records.columns import (
    BOOLEAN,
    BYTES,
    DATE,
    DOUBLE,
    FLOAT,
    INT16,
    INT32,
    INT64,
    JSON,
    MICRO_DURATION,
    MICRO_TIME,
    MICRO_TIMESTAMP,
    POINT,
    SEMANTIC,
    STRING,
    TIME,
    TIMESTAMP,
    UUID,
    VARIABLE_DECIMAL,
    XML,
    ZONED_TIME,
    ZONED_TIMESTAMP,
    array_of,
    bits,
    decimal,
    enum,
)
from connector.sandbox.records.connectors import Place
from connector.sandbox.records.schema import ConnectSchemaNode, Row, nullable
from connector.sandbox.records.table import CapturedTable
from tests.fixtures import captures

MOOD = enum("sad", "happy")
LTREE, TSVECTOR = (SEMANTIC[f"io.debezium.data.{name}"] for name in ("Ltree", "Tsvector"))

_CUSTOMERS = {
    "id": INT32,
    "email": STRING,
    "first_name": nullable(STRING),
    "birth_date": nullable(DATE),
    "balance": nullable(decimal(2, 12)),
    "seen_at": nullable(TIMESTAMP),
    "created_at": nullable(ZONED_TIMESTAMP),
    "vip": BOOLEAN,
    "notes": nullable(STRING),
}

_NUMBERS = {
    "small": INT16,
    "whole": INT32,
    "big": INT64,
    "single": FLOAT,
    "double_": DOUBLE,
    "dec2": decimal(2, 12),
    "dec0": decimal(0, 20),
    "dec10": decimal(10, 38),
    "free": VARIABLE_DECIMAL,
    "cash": decimal(2),
    "flag": BOOLEAN,
    "oid_": INT64,
}

_TIMES = {
    "day": DATE,
    **dict.fromkeys(("ts0", "ts3"), TIMESTAMP),
    "ts6": MICRO_TIMESTAMP,
    **dict.fromkeys(("tz", "tz3"), ZONED_TIMESTAMP),
    **dict.fromkeys(("t0", "t3"), TIME),
    "t6": MICRO_TIME,
    "ttz": ZONED_TIME,
    "span": MICRO_DURATION,
}

_TEXTS = {
    **dict.fromkeys(("txt", "vary", "fixed", "blind"), STRING),
    "bytes": BYTES,
    "bit1": BOOLEAN,
    "bit10": bits(10),
    "bits": bits(12),
    **dict.fromkeys(("doc", "docb"), JSON),
    "mark": XML,
    "uid": UUID,
    **dict.fromkeys(("host", "net", "mac"), STRING),
    "feeling": MOOD,
    "path": LTREE,
    "words": TSVECTOR,
    **dict.fromkeys(("r_int", "r_num", "r_day", "r_ts", "r_tz"), STRING),
}

_ITEMS = {
    "texts": STRING,
    "ints": INT32,
    "bigs": INT64,
    "decs": decimal(2, 10),
    "frees": VARIABLE_DECIMAL,
    "doubles": DOUBLE,
    "flags": BOOLEAN,
    "days": DATE,
    "stamps": MICRO_TIMESTAMP,
    "zoned": ZONED_TIMESTAMP,
    "uids": UUID,
    "docs": JSON,
    "blobs": BYTES,
}

_NESTED = {
    **{name: array_of(nullable(item)) for name, item in _ITEMS.items()},
    "feelings": array_of(MOOD),
    "pairs": JSON,
    "place": POINT,
}

COLUMNS: Mapping[str, dict[str, ConnectSchemaNode]] = {
    "customers": _CUSTOMERS,
    "members": {"tenant": STRING, "no": INT32, "name": nullable(STRING)},
    **{
        table: {"id": INT32, **{name: nullable(column) for name, column in columns.items()}}
        for table, columns in {
            "numbers": _NUMBERS,
            "times": _TIMES,
            "texts": _TEXTS,
            "nested": _NESTED,
        }.items()
    },
}
"""The captured tables, as they were at first."""


def table(server: str, name: str) -> CapturedTable:
    """Give the table of a captured topic."""
    key = ("tenant", "no") if name == "members" else ("id",)
    return CapturedTable(Place(server, "shop", "public", name), COLUMNS[name], key)


def captured(topic: str) -> list[Record]:
    """Give the captured records of a topic."""
    return captures.captured(captures.POSTGRES, topic)


def rows(topic: str) -> list[Record]:
    """Give those with a value from before the table was altered, which is when its last key changed."""
    found = [record for record in captured(topic) if record.value is not None]
    return found[:9] if topic.endswith(".customers") else found


def event(record: Record) -> Any:
    """Give the value as JSON, without its schema."""
    body = json.loads(record.value or b"null")
    return body["payload"] if isinstance(body, dict) and body.keys() == {"schema", "payload"} else body


def schema_text(framed: bytes | None) -> str:
    """Give the Avro schema that a key or value names in Confluent's framing."""
    number = int.from_bytes((framed or b"")[1:5], "big")
    return captures.schemas(captures.POSTGRES)[SchemaRef(RefKind.ID, str(number))].text


def avro_event(framed: bytes | None) -> Any:
    """Read a framed Avro value with the schema that the registry had, by fastavro alone."""
    parsed = fastavro.parse_schema(without_logical_types(json.loads(schema_text(framed))))
    return fastavro.schemaless_reader(io.BytesIO((framed or b"")[5:]), parsed, None)


def row_of_json(row: Row | None, columns: dict[str, ConnectSchemaNode]) -> dict[str, Any] | None:
    """Give a row of Connect's JSON as it travels: what is base64 there becomes bytes, NaN a float."""
    return None if row is None else {name: _value(value, columns.get(name)) for name, value in row.items()}


def _value(value: Any, schema: ConnectSchemaNode | None) -> Any:
    if value is None or schema is None:
        return value
    if schema.base == "struct":
        return {name: _value(member, schema.fields[name]) for name, member in value.items()}
    if schema.base == "array":
        return [_value(member, schema.items) for member in value]
    if schema.base in ("float", "double"):
        return float(value)
    return base64.b64decode(value) if schema.base == "bytes" else value
