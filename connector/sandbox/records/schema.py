"""Kafka Connect's schemas, and records that carry them beside their values.

Values are as they travel: integers, floats, strings, bytes (also of a Decimal: `columns.unscaled`), dicts for
structs and maps, lists. A field that a struct lacks is null, as it is for Connect.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, TypeAlias

Row: TypeAlias = Mapping[str, Any]

Base: TypeAlias = Literal[
    "boolean",
    "int8",
    "int16",
    "int32",
    "int64",
    "float",
    "double",
    "string",
    "bytes",
    "array",
    "map",
    "struct",
]
"""The spelling of embedded schemas (debezium-events.md 1.5)."""


@dataclass(frozen=True, slots=True, eq=False)
class ConnectSchemaNode:
    """One node of a schema. Compared by identity: what a converter makes of it is kept.

    `name` is the semantic type (`io.debezium.time.Date`), of a struct its name. `default` is a value as it
    travels; None is no default. `fields` belong to a struct, `items` to an array and, for its values, to a
    map, `keys` to a map.
    """

    base: Base
    name: str = ""
    version: int | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False
    default: Any = None
    doc: str = ""
    fields: Mapping[str, "ConnectSchemaNode"] = field(default_factory=dict)
    items: "ConnectSchemaNode | None" = None
    keys: "ConnectSchemaNode | None" = None


@dataclass(frozen=True, slots=True, eq=False)
class NativeSchema:
    """A schema that a producer without Connect wrote by hand: the text of an Avro or a JSON schema.

    Its values are what that format's own library takes: for Avro's logical types `datetime`, `Decimal`, …
    """

    text: str


AnySchema: TypeAlias = ConnectSchemaNode | NativeSchema | None
"""None: Connect knows a value but no schema for it."""


class Data(NamedTuple):
    """A value with its schema. The value None under a schema is not the same as no `Data` at all.

    The first is what flattening leaves of a delete (`null`, four bytes), the second is a tombstone
    (debezium-events.md 1.4).
    """

    schema: AnySchema
    value: Any


class ConnectRecord(NamedTuple):
    """One record between source and converters. `timestamp_ms` None leaves it to the producer."""

    topic: str
    key: Data | None
    value: Data | None
    headers: tuple[tuple[str, Data], ...] = ()
    timestamp_ms: int | None = None


def nullable(schema: ConnectSchemaNode, default: Any = None) -> ConnectSchemaNode:
    """Give the schema of a column that may be null."""
    return replace(schema, optional=True, default=default)


def struct(
    name: str, fields: Mapping[str, ConnectSchemaNode], version: int | None = None, doc: str = ""
) -> ConnectSchemaNode:
    """Give the schema of a struct; a name of "" leaves it without one."""
    return ConnectSchemaNode("struct", name, version, fields=dict(fields), doc=doc)
