"""Records that a real Debezium 3.6.1 wrote for PostgreSQL, and the tables that they are about."""

import base64
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import fastavro

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
    STRING,
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
from connector.sandbox.records.schema import Row, Schema, nullable
from connector.sandbox.records.table import Table

_FIXTURES = Path(__file__).parents[1] / "fixtures"
_LINES = (_FIXTURES / "debezium-3.6.1-excerpt.jsonl").read_text().splitlines()
SCHEMAS: dict[str, str] = json.loads((_FIXTURES / "debezium-3.6.1-excerpt.schemas.json").read_text())
"""The Avro schemas by the ids that the captured records name."""

CUSTOMERS: dict[str, Schema] = {
    "id": INT64,
    **{
        name: nullable(column)
        for name, column in {
            "first_name": STRING,
            "last_name": STRING,
            "email": STRING,
            "phone": STRING,
            "birth_date": DATE,
            "seen_at": TIMESTAMP,
            "seen_us": MICRO_TIMESTAMP,
            "seen_tz": ZONED_TIMESTAMP,
            "t": MICRO_TIME,
            "ttz": ZONED_TIME,
            "balance": decimal(2, 12),
            "free": VARIABLE_DECIMAL,
            "score": DOUBLE,
            "r": FLOAT,
            "n": INT16,
            "flag": BOOLEAN,
            "uid": UUID,
            "doc": JSON,
            "docb": JSON,
            "raw": BYTES,
            "tags": array_of(nullable(STRING)),
            "nums": array_of(nullable(INT32)),
            "m": enum("sad", "ok", "happy"),
            "iv": MICRO_DURATION,
            "ip": STRING,
            "x": XML,
            "big": STRING,
            "hs": JSON,
            "c": STRING,
            "money_": decimal(2),
            "pt": POINT,
            "rng": STRING,
            "vb": bits(10),
        }.items()
    },
}

MEMBERS: dict[str, Schema] = {"tenant": STRING, "no": INT32, "name": nullable(STRING)}


class Captured(NamedTuple):
    """One captured record."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]

    @property
    def event(self) -> dict[str, Any]:
        """The value as JSON, without its schema."""
        body: dict[str, Any] = json.loads(self.value or b"null")
        return body["payload"] if body.keys() == {"schema", "payload"} else body


def table(server: str, name: str) -> Table:
    """Give the table behind a captured topic."""
    columns, key = (CUSTOMERS, ("id",)) if name == "customers" else (MEMBERS, ("tenant", "no"))
    return Table(Place(server, "shop", "public", name), columns, key)


def captured(topic: str) -> list[Captured]:
    """Give the captured records of a topic."""
    lines = map(json.loads, _LINES)
    return [
        Captured(
            _decoded(line["key"]),
            _decoded(line["value"]),
            [(name, _decoded(text)) for name, text in line["headers"]],
        )
        for line in lines
        if line["topic"] == topic
    ]


def avro_event(value: bytes, schema: str) -> Any:
    """Read a framed Avro value with the schema that the registry had, by fastavro alone."""
    parsed = fastavro.parse_schema(without_logical_types(json.loads(schema)))
    return fastavro.schemaless_reader(io.BytesIO(value[5:]), parsed, None)


def row_of_json(row: Row | None, columns: dict[str, Schema]) -> dict[str, Any] | None:
    """Give a row of Connect's JSON as it travels: what is base64 there becomes bytes."""
    return None if row is None else {name: _bytes(value, columns.get(name)) for name, value in row.items()}


def _bytes(value: Any, schema: Schema | None) -> Any:
    if value is None or schema is None:
        return value
    if schema.base == "struct":
        return {name: _bytes(member, schema.fields[name]) for name, member in value.items()}
    return base64.b64decode(value) if schema.base == "bytes" else value


def _decoded(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
