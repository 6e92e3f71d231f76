"""The schema that a JSON value implies: as Debezium's outbox router and its MongoDB flattening infer it."""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeAlias

from connector.sandbox.records.schema import Base, Data, Schema, nullable, struct

_INT32 = range(-(2**31), 2**31)

_Signature: TypeAlias = tuple[Any, ...]
"""A schema as nested tuples: equal values imply the same, and then share one schema."""

_BASES: Mapping[type, Base] = {str: "string", bool: "boolean", float: "double"}


def infer(value: Any, name: str) -> Data:
    """Give a JSON value with its schema: everything is optional, nulls and empty arrays are left out.

    Structs are named by their path below `name`. Objects of one array share the members of all.
    """
    signature = _signature(value, name)
    return Data(_schema(signature) if signature else nullable(Schema("string")), value)


def _signature(value: Any, name: str) -> _Signature | None:
    if isinstance(value, dict):
        members = {
            member: known
            for member, inner in value.items()
            if (known := _signature(inner, f"{name}.{member}" if name else member))
        }
        return ("struct", name, tuple(members.items()))
    if isinstance(value, list):
        return _array(value, name)
    if type(value) is int:
        return ("int32" if value in _INT32 else "int64",)
    base = _BASES.get(type(value))
    return base and (base,)


def _array(value: list[Any], name: str) -> _Signature | None:
    present = [item for item in value if item is not None]
    if not present:
        return None
    if not isinstance(present[0], dict):
        return ("array", _signature(present[0], ""))
    members: dict[str, _Signature] = {}
    for item in present:
        _, _, found = _signature(item, name) or ("", "", ())
        members = {**dict(found), **members}
    return ("array", ("struct", name, tuple(members.items())))


@cache
def _schema(signature: _Signature) -> Schema:
    base: Base = signature[0]
    if base == "struct":
        return nullable(struct(signature[1], {name: _schema(known) for name, known in signature[2]}))
    if base == "array":
        return Schema("array", optional=True, items=_schema(signature[1]))
    return Schema(base, optional=True)
