"""An Avro schema: its text becomes a tree whose values are bounded before a byte is read (S15).

A record decides nothing about its schema: whoever may register schemas could otherwise stop the service
with a few bytes. So a tree is refused that is recursive, deep, or large when its named types are
written out, and so are collections whose items take no bytes. `weight` bounds the memory of a value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import orjson

from connector.translate.decode.connect_schema import Base, ConnectSchema, SchemaError

TEXT_BYTES_MAX = 1024 * 1024
DEPTH_MAX = 64
WEIGHT_MAX = 4 * 1024 * 1024
"""Bytes of memory that the largest value may take, apart from collections and the contents of text."""

Kind: TypeAlias = Literal[
    "null",
    "boolean",
    "int",
    "long",
    "float",
    "double",
    "bytes",
    "string",
    "fixed",
    "enum",
    "array",
    "map",
    "record",
    "union",
]


@dataclass(frozen=True, slots=True, eq=False)
class AvroType:
    """One node, with every name resolved.

    `connect` is what Kafka Connect calls it. `bytes_min` are the fewest bytes that a value takes,
    `weight` about the bytes of memory, collections counted as empty.
    """

    kind: Kind
    connect: ConnectSchema
    bytes_min: int
    weight: int
    fields: tuple[tuple[str, "AvroType"], ...] = ()  # of a record
    branches: tuple["AvroType", ...] = ()  # of a union
    items: "AvroType | None" = None  # of an array; the values of a map
    symbols: tuple[str, ...] = ()  # of an enum
    size: int = 0  # of a fixed


_PRIMITIVES: Mapping[str, tuple[Kind, Base, int, int]] = {
    # name -> kind, Connect's base, fewest bytes, weight
    "null": ("null", "any", 0, 8),
    "boolean": ("boolean", "boolean", 1, 8),
    "int": ("int", "int32", 1, 40),
    "long": ("long", "int64", 1, 40),
    "float": ("float", "float", 4, 32),
    "double": ("double", "double", 8, 32),
    "bytes": ("bytes", "bytes", 1, 48),
    "string": ("string", "string", 1, 64),
}

_CONTAINER_WEIGHT = 72
_FIELD_WEIGHT = 48

_LOGICAL: Mapping[str, str] = {
    "date": "org.apache.kafka.connect.data.Date",
    "time-millis": "org.apache.kafka.connect.data.Time",
    "time-micros": "io.debezium.time.MicroTime",
    "timestamp-millis": "org.apache.kafka.connect.data.Timestamp",
    "timestamp-micros": "io.debezium.time.MicroTimestamp",
    "timestamp-nanos": "io.debezium.time.NanoTimestamp",
    "local-timestamp-millis": "org.apache.kafka.connect.data.Timestamp",
    "local-timestamp-micros": "io.debezium.time.MicroTimestamp",
    "local-timestamp-nanos": "io.debezium.time.NanoTimestamp",
    "decimal": "org.apache.kafka.connect.data.Decimal",
    "uuid": "io.debezium.data.Uuid",
}
"""Avro's logical types by the semantic types that mean the same; `connect.name` goes before them."""


def read_avro_schema(text: str, references: Sequence[str] = ()) -> AvroType:
    """Read a schema; `references` are the schemas that it names, those that others name first.

    Raises:
        SchemaError: it is no Avro schema, or one that could be used to exhaust the process.
    """
    if len(text) + sum(map(len, references)) > TEXT_BYTES_MAX:
        raise SchemaError(f"the schema is larger than {TEXT_BYTES_MAX} bytes")
    names: dict[str, AvroType | None] = {}
    for one in references:
        _read(_parse(one), "", names, 0)
    return _read(_parse(text), "", names, 0)


def _parse(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # A primitive may stand there by its bare name.
        if text.strip() in _PRIMITIVES:
            return text.strip()
        raise SchemaError("the schema is not JSON") from None


def _read(schema: Any, namespace: str, names: dict[str, AvroType | None], depth: int) -> AvroType:
    if depth > DEPTH_MAX:
        raise SchemaError(f"the schema is nested deeper than {DEPTH_MAX} levels")
    if isinstance(schema, str):
        return _named(schema, namespace, names)
    if isinstance(schema, list):
        return _union([_read(branch, namespace, names, depth + 1) for branch in schema])
    if not isinstance(schema, dict):
        raise SchemaError("a part of the schema is neither a name, a list nor an object")
    kind = schema.get("type")
    if isinstance(kind, dict | list):
        return _read(kind, namespace, names, depth + 1)  # {"type": {"type": …}}
    if kind in ("record", "error", "enum", "fixed"):
        return _definition(schema, namespace, names, depth)
    if kind == "array":
        return _array(schema, _read(schema.get("items"), namespace, names, depth + 1))
    if kind == "map":
        values = _read(schema.get("values"), namespace, names, depth + 1)
        connect = ConnectSchema("map", _text(schema, "connect.name"), items=values.connect, keys=_STRING)
        return AvroType("map", connect, 1, _CONTAINER_WEIGHT, items=values)
    if not isinstance(kind, str):
        raise SchemaError("a part of the schema has no type")
    found = _named(kind, namespace, names)
    return replace(found, connect=_annotated(found.connect, schema)) if kind in _PRIMITIVES else found


def _named(name: str, namespace: str, names: dict[str, AvroType | None]) -> AvroType:
    if name in _PRIMITIVES:
        kind, base, bytes_min, weight = _PRIMITIVES[name]
        return AvroType(kind, ConnectSchema(base), bytes_min, weight)
    full = name if "." in name or not namespace else f"{namespace}.{name}"
    for candidate in (full, name):
        if candidate in names:
            known = names[candidate]
            if known is None:
                raise SchemaError("the schema is recursive: a type contains itself")
            return known
    raise SchemaError("the schema names a type that it does not define")


def _definition(
    schema: dict[str, Any], namespace: str, names: dict[str, AvroType | None], depth: int
) -> AvroType:
    """Read a type that has a name, under which it may be used again further on."""
    name = _text(schema, "name")
    if not name:
        raise SchemaError("a named type of the schema has no name")
    within = schema.get("namespace")
    if "." in name:
        namespace = name.rpartition(".")[0]
    elif isinstance(within, str):
        namespace = within
    full = name if "." in name or not namespace else f"{namespace}.{name}"
    if full in names:
        raise SchemaError("the schema defines a type twice")
    names[full] = None
    made = _DEFINITIONS[schema["type"]](schema, full, namespace, names, depth)
    names[full] = made
    return made


def _record(
    schema: dict[str, Any], full: str, namespace: str, names: dict[str, AvroType | None], depth: int
) -> AvroType:
    fields = schema.get("fields")
    if not isinstance(fields, list):
        raise SchemaError("a record of the schema has no fields")
    members: dict[str, AvroType] = {}
    for one in fields:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str) or one["name"] in members:
            raise SchemaError("a field of the schema has no name of its own")
        members[one["name"]] = _read(one.get("type"), namespace, names, depth + 1)
    weight = _CONTAINER_WEIGHT + sum(_FIELD_WEIGHT + member.weight for member in members.values())
    if weight > WEIGHT_MAX:
        raise SchemaError("the schema is too large when its named types are written out")
    connect = ConnectSchema(
        "struct",
        _text(schema, "connect.name") or full,
        _parameters(schema),
        {name: member.connect for name, member in members.items()},
    )
    bytes_min = sum(member.bytes_min for member in members.values())
    return AvroType("record", connect, bytes_min, weight, fields=tuple(members.items()))


def _enum(schema: dict[str, Any], _full: str, *_: object) -> AvroType:
    symbols = schema.get("symbols")
    if not isinstance(symbols, list) or not symbols or not all(isinstance(one, str) for one in symbols):
        raise SchemaError("an enum of the schema has no symbols")
    connect = ConnectSchema("string", _text(schema, "connect.name"), _parameters(schema))
    return AvroType("enum", connect, 1, 8, symbols=tuple(symbols))


def _fixed(schema: dict[str, Any], _full: str, *_: object) -> AvroType:
    size = schema.get("size")
    if type(size) is not int or not 0 <= size <= TEXT_BYTES_MAX:
        raise SchemaError("a fixed type of the schema has no sensible size")
    connect = _annotated(ConnectSchema("bytes"), schema)
    return AvroType("fixed", connect, size, 48 + size, size=size)


_DEFINITIONS = {"record": _record, "error": _record, "enum": _enum, "fixed": _fixed}


def _array(schema: dict[str, Any], items: AvroType) -> AvroType:
    if items.bytes_min == 0:
        raise SchemaError("an array of the schema has items that take no bytes")
    name = _text(schema, "connect.name")
    entry = items.connect.fields
    # Connect writes a map whose keys are no text as an array of entries (debezium-events 6.1).
    if (
        items.kind == "record"
        and entry.keys() == {"key", "value"}
        and items.connect.name.endswith("MapEntry")
    ):
        connect = ConnectSchema("map", name, _parameters(schema), items=entry["value"], keys=entry["key"])
    else:
        connect = ConnectSchema("array", name, _parameters(schema), items=items.connect)
    return AvroType("array", connect, 1, _CONTAINER_WEIGHT, items=items)


def _union(branches: list[AvroType]) -> AvroType:
    if not branches or any(branch.kind == "union" for branch in branches):
        raise SchemaError("a union of the schema is empty or contains another")
    others = [branch for branch in branches if branch.kind != "null"]
    connect = others[0].connect if len(others) == 1 else ConnectSchema("any")
    bytes_min = 1 + min(branch.bytes_min for branch in branches)
    weight = max(branch.weight for branch in branches)
    return AvroType("union", connect, bytes_min, weight, branches=tuple(branches))


# ------------------------------------------------------------- what Kafka Connect adds to a schema

_STRING = ConnectSchema("string")


def _annotated(connect: ConnectSchema, schema: dict[str, Any]) -> ConnectSchema:
    """Add the semantic type: `connect.name`, else Avro's logical type (debezium-events 6.1)."""
    base = connect.base
    narrow = schema.get("connect.type")
    if narrow == "int8" or narrow == "int16":
        base = narrow
    parameters = _parameters(schema)
    name = _text(schema, "connect.name")
    logical = schema.get("logicalType")
    if not name and isinstance(logical, str):
        name = _LOGICAL.get(logical, "")
    if logical == "decimal" and "scale" not in parameters and type(schema.get("scale", 0)) is int:
        parameters = {**parameters, "scale": str(schema.get("scale", 0))}
    return replace(connect, base=base, name=name, parameters=parameters)


def _text(schema: dict[str, Any], key: str) -> str:
    value = schema.get(key)
    return value if isinstance(value, str) else ""


def _parameters(schema: dict[str, Any]) -> dict[str, str]:
    value = schema.get("connect.parameters")
    if not isinstance(value, dict):
        return {}
    return {name: one for name, one in value.items() if isinstance(one, str)}
