"""Converters that pass on what they are given: text and bytes."""

from typing import Any

import orjson

from connector.sandbox.formats.connect_json import STYLE
from connector.sandbox.formats.converter import Encoded, Role, Write
from connector.sandbox.formats.values import compile_value
from connector.sandbox.records.schema import AnySchema, ConnectSchemaNode


def string_converter(_topic: str, _role: Role, _schema: AnySchema) -> Write:
    """Write Java's text of a value (`StringConverter`); a struct becomes `Struct{id=7}`."""
    return lambda value: Encoded(None if value is None else java_text(value).encode())


def bytes_converter(_topic: str, _role: Role, schema: AnySchema) -> Write:
    """Write bytes as they are (`ByteArrayConverter`, `BinaryDataConverter`).

    Raises:
        TypeError: the schema is not one of bytes.
    """
    if not isinstance(schema, ConnectSchemaNode) or schema.base != "bytes":
        raise TypeError("only bytes can be passed on as they are")
    return Encoded


def simple_header_converter(_topic: str, _role: Role, schema: AnySchema) -> Write:
    """Write a header's value as Connect does by default: text as it is, structs as JSON."""
    encode = compile_value(schema, STYLE) if isinstance(schema, ConnectSchemaNode) else None

    def write(value: Any) -> Encoded:
        if value is None or isinstance(value, str):
            return Encoded(None if value is None else value.encode())
        return Encoded(orjson.dumps(encode(value) if encode else value))

    return write


def java_text(value: Any) -> str:
    """Give what Java's `toString` gives; of a struct the fields that are set."""
    if isinstance(value, dict):
        members = (f"{name}={java_text(member)}" for name, member in value.items() if member is not None)
        return f"Struct{{{','.join(members)}}}"
    return str(value).lower() if isinstance(value, bool) else str(value)
