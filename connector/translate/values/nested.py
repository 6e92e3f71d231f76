"""Arrays, maps and nested rows: JSON arrays and objects, each value inside by its own type.

A map whose keys are no text comes as pairs. They are lists in Connect's JSON, and objects with `key` and
`value` in Avro and JSON Schema (debezium-events.md 1.5, 6.1). All become objects, whose names are text.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import orjson

from connector.translate.values.schemaless import null_for_left_out, without_left_out
from connector.translate.values.unusable import ConversionError, LeftOut

Inner: TypeAlias = Callable[[Any], Any]


def array_of(item: Inner) -> Inner:
    """Make the reader of an array; an item that is left out becomes null, because places count."""

    def read(value: Any) -> Any:
        if type(value) is not list:
            raise ConversionError("an array is expected")
        return [None if member is None else null_for_left_out(item(member)) for member in value]

    return read


def struct_of(fields: Mapping[str, Inner], other: Inner) -> Inner:
    """Make the reader of a nested row; `other` reads the members that its schema does not name."""

    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise ConversionError("an object is expected")
        return without_left_out(
            {
                name: None if member is None else fields.get(name, other)(member)
                for name, member in value.items()
            }
        )

    return read


def map_of(key: Inner, item: Inner) -> Inner:
    """Make the reader of a map, however its keys are written."""

    def read(value: Any) -> Any:
        if type(value) is dict:
            pairs: Iterable[tuple[Any, Any]] = value.items()
        else:
            pairs = ((_name(key(name)), member) for name, member in _pairs(value))
        return without_left_out({name: None if member is None else item(member) for name, member in pairs})

    return read


def _pairs(value: Any) -> Iterable[tuple[Any, Any]]:
    if type(value) is not list:
        raise ConversionError("a map is expected")
    for entry in value:
        if type(entry) is list and len(entry) == 2:
            yield entry[0], entry[1]
        elif type(entry) is dict and entry.keys() == {"key", "value"}:
            yield entry["key"], entry["value"]
        else:
            raise ConversionError("a map as pairs of key and value is expected")


def _name(key: Any) -> str:
    """Write the key of a map as the JSON text of its value."""
    if type(key) is str:
        return key
    if key is None or isinstance(key, list | dict | LeftOut):
        raise ConversionError("a map whose keys are text, numbers or booleans is expected")
    return orjson.dumps(key).decode()
