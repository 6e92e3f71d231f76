"""The schema that a value implies: as Debezium's outbox router and its MongoDB flattening infer it."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from connector.sandbox.records.columns import BOOLEAN, DOUBLE, INT32, INT64, STRING, array_of
from connector.sandbox.records.schema import ConnectSchemaNode, Data, nullable, struct

_INT32 = range(-(2**31), 2**31)

_Signature: TypeAlias = ConnectSchemaNode | tuple[Any, ...]
"""A schema as nested tuples: equal values imply equal tuples, and those share one schema."""


class Rules(NamedTuple):
    """How values become schemas: leaves by their Python type, and the schemas of null and `[]`.

    None leaves such a member out.
    """

    leaves: Mapping[type, ConnectSchemaNode]
    null: ConnectSchemaNode | None = None
    empty_array: ConnectSchemaNode | None = None


_LEAVES: Mapping[type, ConnectSchemaNode] = {
    str: nullable(STRING),
    bool: nullable(BOOLEAN),
    float: nullable(DOUBLE),
}
_SHORT, _LONG = nullable(INT32), nullable(INT64)

OUTBOX = Rules(_LEAVES)
"""The router's rules (`table.json.payload.null.behavior: ignore`, its default)."""

DOCUMENT = Rules(_LEAVES, null=nullable(STRING), empty_array=nullable(array_of(nullable(STRING))))
"""MongoDB's rules, except the types that only documents have."""


def infer(value: Any, name: str, rules: Rules = OUTBOX) -> Data:
    """Give a value with its schema, in which everything is optional.

    Structs are named by their path below `name`. Objects of one array share the members of all.
    """
    signature = _signature(value, name, rules)
    return Data(nullable(STRING) if signature is None else _schema(signature), value)


def _signature(value: Any, name: str, rules: Rules) -> _Signature | None:
    if value is None:
        return rules.null
    if isinstance(value, dict):
        members = {
            member: known
            for member, inner in value.items()
            if (known := _signature(inner, f"{name}.{member}", rules)) is not None
        }
        return ("struct", name, tuple(members.items()))
    if isinstance(value, list):
        return _array(value, name, rules)
    if type(value) is int:
        return _SHORT if value in _INT32 else _LONG
    return rules.leaves.get(type(value))


def _array(value: list[Any], name: str, rules: Rules) -> _Signature | None:
    known = [_signature(item, name, rules) for item in value if item is not None]
    items = [item for item in known if item is not None]
    if not items:
        return rules.empty_array
    if isinstance(items[0], ConnectSchemaNode) or items[0][0] != "struct":
        return ("array", items[0])
    members: dict[str, _Signature] = {}
    for item in items:
        if isinstance(item, tuple) and item[0] == "struct":
            members = {**dict(item[2]), **members}
    return ("array", ("struct", name, tuple(members.items())))


@cache
def _schema(signature: _Signature) -> ConnectSchemaNode:
    if isinstance(signature, ConnectSchemaNode):
        return signature
    if signature[0] == "struct":
        return nullable(struct(signature[1], {name: _schema(known) for name, known in signature[2]}))
    return nullable(array_of(_schema(signature[1])))
