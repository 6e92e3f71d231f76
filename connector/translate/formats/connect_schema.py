"""A schema of Kafka Connect, in whatever language it was written (debezium-events.md 6.1).

JSON that carries its schema, Avro and JSON Schema all say the same about a column: its base type, its
semantic type and parameters. One tree for all three hides the difference from the rest of the code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

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
    "any",
]
"""Connect's own types; `any` is a union of several, which Connect itself never writes."""


@dataclass(frozen=True, slots=True, eq=False)
class ConnectSchema:
    """One node. Compared by identity: a schema is read once and then looked up.

    `name` is the semantic type (`io.debezium.time.Date`), or the name of a struct. `fields` belong to a
    struct, `items` to an array or to the values of a map, `keys` to a map.
    """

    base: Base
    name: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, "ConnectSchema"] = field(default_factory=dict)
    items: "ConnectSchema | None" = None
    keys: "ConnectSchema | None" = None


class SchemaRefusedError(Exception):
    """A schema cannot be used; the text says why, for the operator, and quotes nothing of it."""
