"""One value in the two encodings: through the bytes of Connect's JSON, and through those of Avro.

A value is written here as Python has it: bytes, floats with NaN, a dict for a row or a map.
"""

import base64
import io
import math
from collections.abc import Callable
from itertools import count
from typing import Any

import fastavro
import orjson

from connector.translate.formats.connect_schema import Base, ConnectSchema
from connector.translate.values.column_types import column_type
from connector.translate.values.schemaless import to_json_value

AVRO_TYPES = {"int8": "int", "int16": "int", "int32": "int", "int64": "long"}


def typed(name: str, base: Base, **parameters: str) -> ConnectSchema:
    """Return the schema of a column with a semantic type."""
    return ConnectSchema(base, name, parameters)


def decimal(scale: int) -> ConnectSchema:
    """Return the schema of Connect's Decimal."""
    return typed("org.apache.kafka.connect.data.Decimal", "bytes", scale=str(scale))


def twos_complement(unscaled: int) -> bytes:
    """Write an integer as Java's BigInteger does: big-endian, as few bytes as possible."""
    return unscaled.to_bytes((unscaled + (unscaled < 0)).bit_length() // 8 + 1, "big", signed=True)


def through_json(schema: ConnectSchema, value: Any) -> Any:
    """Write a value as Connect's JSON converter does and decode it (debezium-events.md 1.5)."""
    return orjson.loads(orjson.dumps(_json(schema, value)))


def through_avro(schema: ConnectSchema, value: Any) -> Any:
    """Write a value as the Avro converters do, without logical types, and decode it."""
    written = fastavro.parse_schema(_avro_schema(schema, count()))
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, written, _avro(schema, value))
    stream.seek(0)
    return fastavro.schemaless_reader(stream, written)


ENCODINGS: dict[str, Callable[[ConnectSchema, Any], Any]] = {"json": through_json, "avro": through_avro}


def sent(schema: ConnectSchema, decoded: Any) -> bytes:
    """Return the JSON that is sent for a decoded value of a schema, without `as:`."""
    return orjson.dumps((column_type(schema).for_sending or to_json_value)(decoded))


def _json(schema: ConnectSchema, value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return _members(schema, value, _json, list)


def _avro(schema: ConnectSchema, value: Any) -> Any:
    return _members(schema, value, _avro, lambda pair: {"key": pair[0], "value": pair[1]})


def _members(schema: ConnectSchema, value: Any, write: Any, write_entry: Callable[[Any], Any]) -> Any:
    """Write the values inside a container; a map whose keys are no text becomes entries."""
    if value is None or schema.base not in ("array", "map", "struct"):
        return value
    if schema.base == "array":
        return [write(_inner(schema.items), member) for member in value]
    if schema.base == "struct":
        return {name: write(field, value.get(name)) for name, field in schema.fields.items()}
    keys = _inner(schema.keys)
    pairs = [(write(keys, key), write(_inner(schema.items), member)) for key, member in value.items()]
    return dict(pairs) if keys.base == "string" else [write_entry(pair) for pair in pairs]


def _avro_schema(schema: ConnectSchema, numbers: "count[int]") -> Any:
    if schema.base == "array":
        return {"type": "array", "items": _optional(schema.items, numbers)}
    if schema.base == "map" and _inner(schema.keys).base == "string":
        return {"type": "map", "values": _optional(schema.items, numbers)}
    if schema.base == "map":
        fields = {"key": _inner(schema.keys), "value": _inner(schema.items)}
        return {"type": "array", "items": _record(f"MapEntry{next(numbers)}", fields, numbers)}
    if schema.base == "struct":
        return _record(f"Row{next(numbers)}", dict(schema.fields), numbers)
    return AVRO_TYPES.get(schema.base, schema.base)


def _record(name: str, fields: dict[str, ConnectSchema], numbers: "count[int]") -> Any:
    members = [{"name": field, "type": _optional(schema, numbers)} for field, schema in fields.items()]
    return {"type": "record", "name": name, "fields": members}


def _optional(schema: ConnectSchema | None, numbers: "count[int]") -> Any:
    return ["null", _avro_schema(_inner(schema), numbers)]


def _inner(schema: ConnectSchema | None) -> ConnectSchema:
    assert schema is not None
    return schema
