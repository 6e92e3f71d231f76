"""The nodes of an Avro schema, with bounds on the cost of a value (S15).

Named types are written out where they are used. So a schema of a few hundred bytes can describe millions
of nodes, or be deeper than the stack. Both are counted here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from connector.translate.formats.connect_schema import Base, ConnectSchema, SchemaRefusedError
from connector.translate.formats.schema_bounds import DEPTH_MAX, NODES_MAX

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

    `connect` is the same type in Kafka Connect. `bytes_min` are the fewest bytes that a value takes,
    `weight` is about its bytes of memory, with empty collections. `levels` and `nodes` measure the
    tree below it, itself included; a union is a choice and counts as neither.
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
    levels: int = 1
    nodes: int = 1


_CONTAINER_WEIGHT = 72
_FIELD_WEIGHT = 48

_SCALARS: Mapping[str, tuple[Kind, Base, int, int]] = {
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

PRIMITIVES: Mapping[str, AvroType] = {
    name: AvroType(kind, ConnectSchema(base), bytes_min, weight)
    for name, (kind, base, bytes_min, weight) in _SCALARS.items()
}
"""The types that every schema knows, by name."""

STRING = PRIMITIVES["string"]


def enum_of(symbols: tuple[str, ...], connect: ConnectSchema) -> AvroType:
    """Make the node of an enum; its symbols exist once, for all values."""
    return AvroType("enum", connect, 1, 8, symbols=symbols)


def fixed_of(size: int, connect: ConnectSchema) -> AvroType:
    """Make the node of a fixed number of bytes.

    Raises:
        SchemaRefusedError: it takes too much memory.
    """
    return _bounded(AvroType("fixed", connect, size, 48 + size, size=size))


def array_of(items: AvroType, connect: ConnectSchema) -> AvroType:
    """Make the node of an array.

    Raises:
        SchemaRefusedError: its items could take no bytes (their number is unbounded then), or it is too deep.
    """
    if items.bytes_min == 0:
        raise SchemaRefusedError("an array of the schema has items that take no bytes")
    return _bounded(
        AvroType(
            "array",
            connect,
            bytes_min=1,
            weight=_CONTAINER_WEIGHT,
            items=items,
            levels=items.levels + 1,
            nodes=items.nodes + 1,
        )
    )


def map_of(values: AvroType, connect: ConnectSchema) -> AvroType:
    """Make the node of a map, whose keys are text.

    Raises:
        SchemaRefusedError: it is too deep or has too many nodes.
    """
    return _bounded(
        AvroType(
            "map",
            connect,
            bytes_min=1,
            weight=_CONTAINER_WEIGHT,
            items=values,
            levels=values.levels + 1,
            nodes=values.nodes + 1,
        )
    )


def record_of(fields: Mapping[str, AvroType], connect: ConnectSchema) -> AvroType:
    """Make the node of a record.

    Raises:
        SchemaRefusedError: it is too deep, has too many nodes, or a value of it takes too much memory.
    """
    members = fields.values()
    return _bounded(
        AvroType(
            "record",
            connect,
            bytes_min=sum(member.bytes_min for member in members),
            weight=_CONTAINER_WEIGHT + sum(_FIELD_WEIGHT + member.weight for member in members),
            fields=tuple(fields.items()),
            levels=1 + max((member.levels for member in members), default=0),
            nodes=1 + sum(member.nodes for member in members),
        )
    )


def union_of(branches: tuple[AvroType, ...]) -> AvroType:
    """Make the node of a union; where only one branch is not null, Connect calls it optional.

    Raises:
        SchemaRefusedError: it is empty, contains a union or has too many nodes.
    """
    if not branches or any(branch.kind == "union" for branch in branches):
        raise SchemaRefusedError("a union of the schema is empty or contains another")
    others = [branch for branch in branches if branch.kind != "null"]
    return _bounded(
        AvroType(
            "union",
            others[0].connect if len(others) == 1 else ConnectSchema("any"),
            bytes_min=1 + min(branch.bytes_min for branch in branches),
            weight=max(branch.weight for branch in branches),
            branches=branches,
            levels=max(branch.levels for branch in branches),
            nodes=sum(branch.nodes for branch in branches),
        )
    )


def _bounded(node: AvroType) -> AvroType:
    if node.levels > DEPTH_MAX:
        raise SchemaRefusedError(f"the schema is nested deeper than {DEPTH_MAX} levels")
    if node.nodes > NODES_MAX:
        raise SchemaRefusedError(
            f"the schema has more than {NODES_MAX} types when its named types are written out"
        )
    if node.weight > WEIGHT_MAX:
        raise SchemaRefusedError(f"a value of the schema could take more than {WEIGHT_MAX} bytes of memory")
    return node
