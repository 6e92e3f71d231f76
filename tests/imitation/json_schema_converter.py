"""Confluent's JSON Schema converter: framed JSON, and Connect's types in `title` and `connect.*` properties.

debezium-events.md 6.1 and 7; the null of a record with a schema is written, framed (`JsonSchemaConverter`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from connector.sandbox.formats.connect_json import DECIMAL, STYLE
from connector.sandbox.formats.converter import Encoded, Role, Write
from connector.sandbox.formats.schema_framing import FRAMINGS
from connector.sandbox.formats.values import Style, compile_value, has_text_keys
from connector.sandbox.records.schema import AnySchema, ConnectSchemaNode, NativeSchema
from connector.sandbox.registry.store import RegistryStore

_TYPES: Mapping[str, tuple[str, str]] = {
    # base -> JSON type, and `connect.type` where JSON's says less
    **{base: ("integer", base) for base in ("int8", "int16", "int32", "int64")},
    "float": ("number", "float32"),
    "double": ("number", "float64"),
    "boolean": ("boolean", ""),
    "string": ("string", ""),
    "bytes": ("string", "bytes"),
    "array": ("array", ""),
    "map": ("object", "map"),
    "struct": ("object", ""),
}

_STYLE: Style = STYLE._replace(pair=lambda key, value: {"key": key, "value": value})


def json_schema(schema: ConnectSchemaNode, index: int | None = None) -> dict[str, Any]:
    """Give the JSON schema of a Connect schema; `index` is its place in a struct."""
    place = {} if index is None else {"connect.index": index}
    if not schema.optional:
        return {**_present(schema), **place}
    return {"oneOf": [{"type": "null"}, _present(schema)], **place}


def _present(schema: ConnectSchemaNode) -> dict[str, Any]:
    base, connect = _TYPES[schema.base]
    metadata = {
        "title": schema.name,
        "description": schema.doc,
        "connect.type": connect,
        "connect.version": schema.version,
        "connect.parameters": dict(schema.parameters),
        "default": None if schema.default is None else _written(schema),
    }
    kept = {name: value for name, value in metadata.items() if value not in ("", None, {})}
    return {"type": "number" if schema.name == DECIMAL else base, **kept, **_members(schema)}


def _members(schema: ConnectSchemaNode) -> dict[str, Any]:
    if schema.base == "struct":
        fields = enumerate(schema.fields.items())
        return {"properties": {name: json_schema(field, index) for index, (name, field) in fields}}
    if schema.base == "array" and schema.items:
        return {"items": json_schema(schema.items)}
    if schema.base == "map" and schema.items and schema.keys:
        if has_text_keys(schema):
            return {"additionalProperties": json_schema(schema.items)}
        entry = {"key": json_schema(schema.keys, 0), "value": json_schema(schema.items, 1)}
        return {"type": "array", "items": {"type": "object", "properties": entry}}
    return {}


def _written(schema: ConnectSchemaNode) -> Any:
    encode = compile_value(schema, _STYLE)
    return encode(schema.default) if encode else schema.default


@dataclass(frozen=True, slots=True)
class JsonSchemaConverter:
    """The converter; a native schema is that of a producer without Connect."""

    store: RegistryStore
    framing: str = "confluent"

    def __call__(self, topic: str, role: Role, schema: AnySchema) -> Write:
        """Register the schema and compile.

        Raises:
            TypeError: there is no schema.
        """
        if isinstance(schema, ConnectSchemaNode):
            encode, text = compile_value(schema, _STYLE), orjson.dumps(json_schema(schema)).decode()
        elif isinstance(schema, NativeSchema):
            encode, text = None, schema.text
        else:
            raise TypeError("JSON Schema needs a schema")
        known = self.store.register(f"{topic}-{role}", text, "JSON")
        prefix, headers = FRAMINGS[self.framing](known, role)

        def write(value: Any) -> Encoded:
            payload = value if encode is None or value is None else encode(value)
            return Encoded(prefix + orjson.dumps(payload), headers)

        return write
