"""Values as a format writes them, compiled once per schema: 100,000 records must not walk their schema."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from connector.sandbox.records.schema import ConnectSchemaNode

Encode: TypeAlias = Callable[[Any], Any]
"""Never called with None."""


class Style(NamedTuple):
    """The encoders of one format.

    `leaves` by base and `names` by semantic type make encoders, None where a value stays as it is. `pair` is
    one entry of a map whose keys are no strings. `optional` makes the encoder of something that may be null
    out of that of the value; it is called with None too. `replace_nulls`: a null becomes the default, as
    both converters do by default (debezium-events.md 6.5).
    """

    leaves: Mapping[str, Encode]
    names: Mapping[str, Callable[[ConnectSchemaNode], Encode]]
    pair: Callable[[Any, Any], Any]
    optional: Callable[[ConnectSchemaNode, Encode | None], Encode | None]
    replace_nulls: bool = True


def compile_value(schema: ConnectSchemaNode, style: Style) -> Encode | None:
    """Make the encoder of a schema's values, also of null; None where every value stays as it is."""
    encode = _present(schema, style)
    if not schema.optional:
        return encode
    wrapped = style.optional(schema, encode)
    if schema.default is None or not style.replace_nulls:
        return wrapped
    default = schema.default if wrapped is None else wrapped(schema.default)

    def or_default(value: Any) -> Any:
        if value is None:
            return default
        return value if wrapped is None else wrapped(value)

    return or_default


def _present(schema: ConnectSchemaNode, style: Style) -> Encode | None:
    """Make the encoder of values that are not null."""
    named = style.names.get(schema.name)
    if named is not None:
        return named(schema)
    compound = _COMPOUND.get(schema.base)
    return compound(schema, style) if compound else style.leaves.get(schema.base)


def _struct(schema: ConnectSchemaNode, style: Style) -> Encode:
    """Write every field in the schema's order, null where the value has none (debezium-events.md 1.5)."""
    members = [(name, compile_value(field, style)) for name, field in schema.fields.items()]
    names = tuple(schema.fields)
    if not any(encode for _, encode in members):
        return lambda row: {name: row.get(name) for name in names}

    def encode_struct(row: Any) -> dict[str, Any]:
        written = {}
        for name, encode in members:
            value = row.get(name)
            written[name] = value if encode is None else encode(value)
        return written

    return encode_struct


def _array(schema: ConnectSchemaNode, style: Style) -> Encode | None:
    encode = _of(schema.items, style)
    return encode and (lambda items: [encode(item) for item in items])


def _map(schema: ConnectSchemaNode, style: Style) -> Encode:
    keys, values = _of(schema.keys, style), _of(schema.items, style)
    if has_text_keys(schema):
        return lambda entries: {
            key: value if values is None else values(value) for key, value in entries.items()
        }
    return lambda entries: [
        style.pair(keys(key) if keys else key, values(value) if values else value)
        for key, value in entries.items()
    ]


def _of(schema: ConnectSchemaNode | None, style: Style) -> Encode | None:
    if schema is None:
        raise ValueError("an array needs `items`, a map `keys` and `items`")
    return compile_value(schema, style)


_COMPOUND: Mapping[str, Callable[[ConnectSchemaNode, Style], Encode | None]] = {
    "struct": _struct,
    "array": _array,
    "map": _map,
}


def has_text_keys(schema: ConnectSchemaNode) -> bool:
    """Return whether a map can be a JSON object and an Avro map."""
    return schema.keys is not None and schema.keys.base == "string" and not schema.keys.optional
