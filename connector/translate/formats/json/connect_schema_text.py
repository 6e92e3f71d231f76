"""Reads Connect's own schema language, which JSON that carries its schema holds (debezium-events.md 1.5)."""

from collections.abc import Mapping
from typing import Any, get_args

from connector.translate.formats.connect_schema import Base, ConnectSchema, SchemaRefusedError
from connector.translate.formats.schema_bounds import SchemaLimits

CONNECT_TYPES: tuple[Base, ...] = tuple(base for base in get_args(Base) if base != "any")
"""The values of `type`."""


def is_connect_schema(schema: object) -> bool:
    """Whether this looks like a schema of Connect's: an object with a type that Connect knows."""
    return isinstance(schema, dict) and schema.get("type") in CONNECT_TYPES


def read_connect_schema(schema: object) -> ConnectSchema:
    """Read a schema, parsed from JSON: `{"type": "struct", "fields": […], "name": …, …}`.

    A null schema says nothing about its values: base `any`.

    Raises:
        SchemaRefusedError: it is not such a schema, or is larger than any table needs.
    """
    return _read(schema, 0, SchemaLimits())


def _read(schema: object, depth: int, limits: SchemaLimits) -> ConnectSchema:
    limits.enter(depth)
    if schema is None:
        return ConnectSchema("any")
    node = _object(schema, "a type")
    base = node.get("type")
    if base not in CONNECT_TYPES:
        raise SchemaRefusedError("the schema has a type that Kafka Connect does not know")
    return ConnectSchema(
        base,
        name=_text(node.get("name"), "the name of a type"),
        parameters=_parameters(node.get("parameters")),
        fields=_fields(node, depth, limits) if base == "struct" else {},
        items=_read(node.get(_ITEMS[base]), depth + 1, limits) if base in _ITEMS else None,
        keys=_read(node.get("keys"), depth + 1, limits) if base == "map" else None,
    )


_ITEMS: Mapping[Base, str] = {"array": "items", "map": "values"}
"""The member with the schema of a container's values."""


def _fields(node: Mapping[str, Any], depth: int, limits: SchemaLimits) -> dict[str, ConnectSchema]:
    entries = node.get("fields", [])  # without it, the columns are unknown
    if not isinstance(entries, list):
        raise SchemaRefusedError("a struct of the schema has no list of fields")
    fields: dict[str, ConnectSchema] = {}
    for entry in entries:
        name = _text(_object(entry, "a field").get("field"), "the name of a field")
        if not name or name in fields:
            raise SchemaRefusedError("a field of the schema has no name, or the name of another field")
        fields[name] = _read(entry, depth + 1, limits)
    return fields


def _parameters(parameters: object) -> Mapping[str, str]:
    if parameters is None:
        return {}
    written = _object(parameters, "the parameters of a type")
    return {name: _text(value, "a parameter") for name, value in written.items()}


def _object(value: object, what: str) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    raise SchemaRefusedError(f"{what} of the schema is not a JSON object")


def _text(value: object, what: str) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    raise SchemaRefusedError(f"{what} in the schema is not text")
