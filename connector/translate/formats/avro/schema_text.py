"""An Avro schema: its text becomes a tree whose values are bounded before a byte is read (S15).

A record decides nothing about its schema: otherwise anyone who may register schemas could stop the service
with a few bytes. So the reader refuses a tree that is recursive, deep, or large when its named types are
written out. It also refuses collections whose items take no bytes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from connector.translate.formats.avro.types import (
    PRIMITIVES,
    STRING,
    AvroType,
    array_of,
    enum_of,
    fixed_of,
    map_of,
    record_of,
    union_of,
)
from connector.translate.formats.connect_schema import Base, ConnectSchema, SchemaRefusedError
from connector.translate.formats.schema_bounds import DEPTH_MAX

TEXT_LENGTH_MAX = 1024 * 1024

_LOGICAL: Mapping[tuple[Base, str], str] = {
    ("int32", "date"): "org.apache.kafka.connect.data.Date",
    ("int32", "time-millis"): "org.apache.kafka.connect.data.Time",
    ("int64", "time-micros"): "io.debezium.time.MicroTime",
    ("int64", "timestamp-millis"): "org.apache.kafka.connect.data.Timestamp",
    ("int64", "timestamp-micros"): "io.debezium.time.MicroTimestamp",
    ("int64", "timestamp-nanos"): "io.debezium.time.NanoTimestamp",
    ("int64", "local-timestamp-millis"): "org.apache.kafka.connect.data.Timestamp",
    ("int64", "local-timestamp-micros"): "io.debezium.time.MicroTimestamp",
    ("int64", "local-timestamp-nanos"): "io.debezium.time.NanoTimestamp",
    ("bytes", "decimal"): "org.apache.kafka.connect.data.Decimal",
    ("string", "uuid"): "io.debezium.data.Uuid",
}
"""Avro's logical types by the semantic types that mean the same; `connect.name` goes before them.

On any other base a logical type means nothing, as Avro's specification says.
"""


def read_avro_schema(text: str, references: Sequence[str] = ()) -> AvroType:
    """Read a schema; `references` are the schemas that it names, those that others name first.

    Raises:
        SchemaRefusedError: it is not an Avro schema, or could be used to exhaust the process.
    """
    if len(text) + sum(map(len, references)) > TEXT_LENGTH_MAX:
        raise SchemaRefusedError(f"the schema is longer than {TEXT_LENGTH_MAX} characters")
    reader = _Reader()
    for one in dict.fromkeys(references):  # a schema that two others name is listed twice
        reader.read(_parse(one), "", 0)
    return reader.read(_parse(text), "", 0)


def _parse(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # A primitive may be written as its bare name.
        if text.strip() in PRIMITIVES:
            return text.strip()
        raise SchemaRefusedError("the schema is not JSON") from None


class _Reader:
    """Remembers the named types defined so far; None marks an unfinished definition."""

    def __init__(self) -> None:
        self._named: dict[str, AvroType | None] = {}

    def read(self, schema: Any, namespace: str, depth: int) -> AvroType:
        if depth > DEPTH_MAX:
            raise SchemaRefusedError(f"the schema is nested deeper than {DEPTH_MAX} levels")
        if isinstance(schema, str):
            return self._find(schema, namespace)
        if isinstance(schema, list):
            return union_of(tuple(self.read(branch, namespace, depth + 1) for branch in schema))
        if not isinstance(schema, dict):
            raise SchemaRefusedError("a part of the schema is neither a name, a list nor an object")
        kind = schema.get("type")
        if isinstance(kind, str):
            read_kind = _KINDS.get(kind)
            return read_kind(self, schema, namespace, depth) if read_kind else self._find(kind, namespace)
        return self.read(kind, namespace, depth + 1)  # {"type": {"type": …}}

    def _find(self, name: str, namespace: str) -> AvroType:
        if name in PRIMITIVES:
            return PRIMITIVES[name]
        for full in (_full_name(name, namespace), name):
            if full in self._named:
                known = self._named[full]
                if known is None:
                    raise SchemaRefusedError("the schema is recursive: a type contains itself")
                return known
        raise SchemaRefusedError("the schema names a type that it does not define")

    def read_definition(self, schema: dict[str, Any], namespace: str, depth: int) -> AvroType:
        """Read a named type, which later parts of the schema may refer to."""
        name = _text(schema, "name")
        if not name:
            raise SchemaRefusedError("a named type of the schema has no name")
        within = schema.get("namespace")
        if "." in name:
            namespace = name.rpartition(".")[0]
        elif isinstance(within, str):
            namespace = within
        full = _full_name(name, namespace)
        if full in self._named:
            raise SchemaRefusedError("the schema defines a type twice")
        self._named[full] = None
        if schema["type"] == "enum":
            made = _enum(schema)
        elif schema["type"] == "fixed":
            made = _fixed(schema)
        else:
            made = self._record(schema, full, namespace, depth)
        self._named[full] = made
        return made

    def _record(self, schema: dict[str, Any], full: str, namespace: str, depth: int) -> AvroType:
        fields = schema.get("fields")
        if not isinstance(fields, list):
            raise SchemaRefusedError("a record of the schema has no fields")
        members: dict[str, AvroType] = {}
        for one in fields:
            if not isinstance(one, dict) or not isinstance(one.get("name"), str) or one["name"] in members:
                raise SchemaRefusedError("a field of the schema has no name, or the name of another field")
            members[one["name"]] = self.read(one.get("type"), namespace, depth + 1)
        # Connect names the entries of a named map after the map, and puts their type here.
        name = _text(schema, "connect.internal.type") or _text(schema, "connect.name") or full
        columns = {name: member.connect for name, member in members.items()}
        return record_of(members, ConnectSchema("struct", name, _parameters(schema), columns))

    def read_array(self, schema: dict[str, Any], namespace: str, depth: int) -> AvroType:
        items = self.read(schema.get("items"), namespace, depth + 1)
        name, parameters = _text(schema, "connect.name"), _parameters(schema)
        entry = items.connect.fields
        # Connect writes a map whose keys are no text as an array of entries (debezium-events.md 6.1).
        if entry.keys() == {"key", "value"} and items.connect.name.endswith("MapEntry"):
            connect = ConnectSchema("map", name, parameters, items=entry["value"], keys=entry["key"])
        else:
            connect = ConnectSchema("array", name, parameters, items=items.connect)
        return array_of(items, connect)

    def read_map(self, schema: dict[str, Any], namespace: str, depth: int) -> AvroType:
        values = self.read(schema.get("values"), namespace, depth + 1)
        name, parameters = _text(schema, "connect.name"), _parameters(schema)
        connect = ConnectSchema("map", name, parameters, items=values.connect, keys=STRING.connect)
        return map_of(values, connect)

    def read_primitive(self, schema: dict[str, Any], _namespace: str, _depth: int) -> AvroType:
        found = PRIMITIVES[schema["type"]]
        return replace(found, connect=_annotated(found.connect, schema))


_KINDS: Mapping[str, Callable[[_Reader, dict[str, Any], str, int], AvroType]] = {
    "record": _Reader.read_definition,
    "error": _Reader.read_definition,
    "enum": _Reader.read_definition,
    "fixed": _Reader.read_definition,
    "array": _Reader.read_array,
    "map": _Reader.read_map,
    **dict.fromkeys(PRIMITIVES, _Reader.read_primitive),
}
"""Takes the schema, the namespace around it, and its depth."""


def _full_name(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _enum(schema: dict[str, Any]) -> AvroType:
    symbols = schema.get("symbols")
    if not isinstance(symbols, list) or not symbols or not all(isinstance(one, str) for one in symbols):
        raise SchemaRefusedError("an enum of the schema has no symbols")
    return enum_of(tuple(symbols), _annotated(ConnectSchema("string"), schema))


def _fixed(schema: dict[str, Any]) -> AvroType:
    size = schema.get("size")
    if type(size) is not int or size < 0:
        raise SchemaRefusedError("a fixed type of the schema has no size")
    return fixed_of(size, _annotated(ConnectSchema("bytes"), schema))


# ------------------------------------------------------ the additions of Kafka Connect to a schema


def _annotated(connect: ConnectSchema, schema: dict[str, Any]) -> ConnectSchema:
    """Add the semantic type: `connect.name`, else Avro's logical type (debezium-events.md 6.1)."""
    parameters = _parameters(schema)
    name = _text(schema, "connect.name")
    logical = _text(schema, "logicalType")
    if logical == "decimal" and "scale" not in parameters and type(schema.get("scale", 0)) is int:
        parameters = {**parameters, "scale": str(schema.get("scale", 0))}
    return replace(
        connect,
        base=_NARROW.get(_text(schema, "connect.type"), "int32") if connect.base == "int32" else connect.base,
        name=name or _LOGICAL.get((connect.base, logical), ""),
        parameters=parameters,
    )


_NARROW: Mapping[str, Base] = {"int8": "int8", "int16": "int16"}


def _text(schema: dict[str, Any], key: str) -> str:
    value = schema.get(key)
    return value if isinstance(value, str) else ""


def _parameters(schema: dict[str, Any]) -> dict[str, str]:
    value = schema.get("connect.parameters")
    if not isinstance(value, dict):
        return {}
    return {name: one for name, one in value.items() if isinstance(one, str)}
