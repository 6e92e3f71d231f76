"""The vectors of debezium-events.md 6 as whole records, taken from the tests of each type."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from connector.sandbox.records.columns import INT64, SEMANTIC, STRING
from connector.sandbox.records.schema import Base, ConnectRecord, ConnectSchemaNode, nullable, struct
from connector.translate.formats.connect_schema import ConnectSchema
from tests.translate.matrix.case import Kind, Outcome, Refused, made, upsert
from tests.translate.matrix.shop import ADA, AT_US, COLUMNS, rules, table
from tests.translate.values import test_column_types_numbers as numbers
from tests.translate.values import test_column_types_other as other
from tests.translate.values import test_column_types_temporal as temporal
from tests.translate.values.encodings import decimal, typed

FORMATS = ("json-embedded", "avro-confluent", "json-schema-confluent", "apicurio-json")
"""One format for each way to carry a type, whatever the framing."""

RULES = rules(attributes={"c": "c"})

_INT64 = range(-(2**63), 2**63)
_RANGES: Mapping[str, range] = {"int32": range(-(2**31), 2**31), "int64": _INT64}


def inserted(column: ConnectSchemaNode, value: Any) -> Iterable[ConnectRecord]:
    """Give the INSERT of a row with one more column."""
    return table({**COLUMNS, "c": nullable(column)}).create({**ADA, "c": value}, AT_US)


def written(schema: ConnectSchema, name: str = "Nested") -> ConnectSchemaNode:
    """Give the schema of the source for one that was decoded. Structs without a name get one each."""
    assert schema.base != "any"
    return ConnectSchemaNode(
        schema.base,
        schema.name or (name if schema.base == "struct" else ""),
        parameters=schema.parameters,
        fields={field: nullable(written(inner, f"{name}.{field}")) for field, inner in schema.fields.items()},
        items=None if schema.items is None else nullable(written(schema.items, f"{name}Item")),
        keys=None if schema.keys is None else written(schema.keys),
    )


def structured(name: str, parts: Mapping[str, Any]) -> ConnectSchemaNode:
    """Give the schema of a structured type that has these parts."""
    members = {part: nullable(STRING if isinstance(value, str) else INT64) for part, value in parts.items()}
    return struct(f"{temporal.DEBEZIUM}{name}", members, 1)


def fits(base: Base, value: Any) -> bool:
    """Return whether a source could send a value that the tests of a type refuse."""
    if base == "string":
        return type(value) is str
    return type(value) is int and value in _RANGES[base]


def _is_part(value: Any) -> bool:
    return type(value) is str or (type(value) is int and value in _INT64)


class Vector(NamedTuple):
    """A column's value, and the value that is sent."""

    name: str
    column: ConnectSchemaNode
    value: Any
    sent: Any = None


def _temporal() -> Iterator[Vector]:
    for name, value, sent in temporal.VECTORS:
        yield Vector(name, written(typed(name, temporal.BASES.get(name, "string"))), value, sent)
    for name, parts, sent in temporal.STRUCTURED:
        yield Vector(name, structured(name, parts), parts, sent)


def _decimals() -> Iterator[Vector]:
    for text, digits, scale, sent in numbers.VECTORS:
        unscaled, exact = bytes.fromhex(digits), orjson.Fragment(sent)
        yield Vector(f"{text}, scale {scale}", written(decimal(scale)), unscaled, exact)
        value = {"scale": scale, "value": unscaled}
        yield Vector(f"{text}, scale {scale} of its own", written(numbers.VARIABLE_SCALE), value, exact)


def _others() -> Iterator[Vector]:
    for schema, value, sent in other.VECTORS:
        yield Vector(schema.name or schema.base, written(schema), value, sent)


def _more() -> Iterator[Vector]:
    """Give the values that the tests of a type try under another name only."""
    geography = {"wkb": b"\x01", "srid": 4326}
    yield Vector(
        "Geography", SEMANTIC[f"{other.DATA}geometry.Geography"], geography, {**geography, "wkb": "AQ=="}
    )
    line = {"a": 1.5, "b": -2.0, "c": 0.0}
    yield Vector("Line", SEMANTIC[f"{other.DATA}geometry.Line"], line, line)
    zoned = SEMANTIC[f"{temporal.DEBEZIUM}StructuredZonedTimestamp"]
    parts = {"year": 2018, "month": 6, "day": 20, **temporal.NOON, "offsetSeconds": 7200}
    yield Vector("StructuredZonedTimestamp", zoned, parts, "2018-06-20T10:00:00.000Z")


def _out_of_range() -> Iterator[Vector]:
    for name, value in temporal.UNREADABLE:
        column = written(typed(name, temporal.BASES.get(name, "string")))
        if fits(column.base, value):
            yield Vector(name, column, value)
    for name, parts in temporal.UNREADABLE_PARTS:
        if isinstance(parts, dict) and all(_is_part(part) for part in parts.values()):
            yield Vector(name, structured(name, parts), parts)


def _kind(name: str, vector: Vector, outcome: Outcome) -> Kind:
    write = made(lambda: inserted(vector.column, vector.value))
    return Kind(f"{name}, {vector.name}", "6", write, [outcome], RULES, FORMATS)


VECTORS = (*_temporal(), *_decimals(), *_others(), *_more())

KINDS = tuple(
    _kind(f"vector {number}", vector, upsert("7", c=vector.sent)) for number, vector in enumerate(VECTORS)
)

REFUSED = tuple(
    _kind(f"vector {number} out of range", vector, Refused("contact.attributes.c", ""))
    for number, vector in enumerate(_out_of_range())
)
