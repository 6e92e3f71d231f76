"""Kafka Connect's `JsonConverter`: bare, or with the schema beside the payload (debezium-events.md 1.5)."""

import base64
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import orjson

from connector.sandbox.formats.converter import Encoded, Role, Write
from connector.sandbox.formats.values import Encode, Style, compile_value
from connector.sandbox.records.schema import AnySchema, ConnectSchemaNode

DECIMAL = "org.apache.kafka.connect.data.Decimal"


def base64_text(data: bytes) -> str:
    """Give bytes as Connect writes them into JSON."""
    return base64.b64encode(data).decode()


def _floating(number: float) -> float | str:
    """Return a number, or the word for a number that JSON cannot hold."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _optional(_schema: ConnectSchemaNode, encode: Encode | None) -> Encode | None:
    return encode and (lambda value: None if value is None else encode(value))


def _number(schema: ConnectSchemaNode) -> Callable[[bytes], orjson.Fragment]:
    """Write decimals as numbers with all their digits (`decimal.format=NUMERIC`)."""
    scale = int(schema.parameters["scale"])

    def encode(data: bytes) -> orjson.Fragment:
        whole = int.from_bytes(data, "big", signed=True)
        digits = tuple(map(int, str(abs(whole))))
        return orjson.Fragment(f"{Decimal((int(whole < 0), digits, -scale)):f}")

    return encode


def json_style(decimals: Literal["BASE64", "NUMERIC"] = "BASE64", *, replace_nulls: bool = True) -> Style:
    """Give the style of JSON; `decimals` are Connect's `decimal.format`."""
    return Style(
        leaves={"bytes": base64_text, "float": _floating, "double": _floating},
        names={DECIMAL: _number} if decimals == "NUMERIC" else {},
        pair=lambda key, value: [key, value],
        optional=_optional,
        replace_nulls=replace_nulls,
    )


STYLE = json_style()


def schema_json(schema: ConnectSchemaNode) -> dict[str, Any]:
    """Give a schema in Connect's own language, its members in Connect's order."""
    written: dict[str, Any] = {"type": schema.base}
    if schema.base == "struct":
        written["fields"] = [{**schema_json(field), "field": name} for name, field in schema.fields.items()]
    if schema.keys:
        written["keys"] = schema_json(schema.keys)
    if schema.items:
        written["values" if schema.keys else "items"] = schema_json(schema.items)
    written["optional"] = schema.optional
    more = {
        "name": schema.name,
        "version": schema.version,
        "doc": schema.doc,
        "parameters": dict(schema.parameters),
    }
    written |= {name: value for name, value in more.items() if value}
    if schema.default is not None:
        encode = compile_value(schema, STYLE)
        written["default"] = encode(schema.default) if encode else schema.default
    return written


@dataclass(frozen=True, slots=True)
class JsonConverter:
    """`schemas` is Connect's `schemas.enable`. A null with a schema is written, a tombstone is not."""

    schemas: bool = False
    style: Style = STYLE

    def __call__(self, _topic: str, _role: Role, schema: AnySchema) -> Write:
        """Compile; a value without a schema is written as it is."""
        encode = compile_value(schema, self.style) if isinstance(schema, ConnectSchemaNode) else None
        before, behind = b"", b""
        if self.schemas:
            text = orjson.dumps(schema_json(schema)) if isinstance(schema, ConnectSchemaNode) else b"null"
            before, behind = b'{"schema":%b,"payload":' % text, b"}"

        def write(value: Any) -> Encoded:
            payload = value if encode is None or value is None else encode(value)
            return Encoded(before + orjson.dumps(payload) + behind)

        return write
