"""Avro schemas, as the converters of Confluent and Apicurio derive them (debezium-events.md 6.1)."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import orjson

from connector.sandbox.formats.connect_json import DECIMAL
from connector.sandbox.formats.values import Encode, Style, compile_value, has_text_keys
from connector.sandbox.records.schema import ConnectSchemaNode

AvroType: TypeAlias = str | list[Any] | dict[str, Any]

_NAMESPACE = "io.confluent.connect.avro"
"""Of what has no name in Connect; Apicurio's converter keeps it."""

_MAP_ENTRY = f"{_NAMESPACE}.MapEntry"
_PRECISION_UNKNOWN = 64
_CONNECT = "org.apache.kafka.connect.data."

_PRIMITIVES: Mapping[str, str] = {
    "boolean": "boolean",
    **dict.fromkeys(("int8", "int16", "int32"), "int"),
    "int64": "long",
    "float": "float",
    "double": "double",
    "string": "string",
    "bytes": "bytes",
}
_NARROW = frozenset({"int8", "int16"})

_LOGICAL: Mapping[str, str] = {
    DECIMAL: "decimal",
    f"{_CONNECT}Date": "date",
    f"{_CONNECT}Time": "time-millis",
    f"{_CONNECT}Timestamp": "timestamp-millis",
}
"""The only semantic types that Avro's own readers know."""

_NULL = ("null", None)


class AvroSchema:
    """The Avro schema of a Connect schema.

    With `apart`, every record except the outermost is a separate schema, as Apicurio's converter may register
    them. `parts` holds them by name; a schema comes after those that it refers to.
    """

    def __init__(self, schema: ConnectSchemaNode, *, apart: bool = False) -> None:
        self._apart = apart
        self._known: set[str] = set()
        self._nameless = 0
        self.parts: dict[str, dict[str, Any]] = {}
        self.tree = self._type(schema, "", outermost=True)

    @property
    def text(self) -> str:
        """The schema as it is registered."""
        return orjson.dumps(self.tree).decode()

    def _type(self, schema: ConnectSchemaNode, namespace: str, *, outermost: bool = False) -> AvroType:
        present = self._present(schema, namespace, outermost=outermost)
        if not schema.optional:
            return present
        return ["null", present] if schema.default is None else [present, "null"]

    def _present(self, schema: ConnectSchemaNode, namespace: str, *, outermost: bool) -> AvroType:
        """Give the type without its null. All metadata is on it: a union can carry none."""
        if schema.base == "struct":
            return self._record(schema, namespace, outermost=outermost)
        written: dict[str, Any] = {"type": _PRIMITIVES.get(schema.base, "array")}
        if schema.items and not schema.keys:
            written["items"] = self._type(schema.items, namespace)
        elif schema.items and has_text_keys(schema):
            written |= {"type": "map", "values": self._type(schema.items, namespace)}
        elif schema.items:
            written["items"] = self._map_entry(schema, namespace)
        written |= {**_decimal(schema), **_metadata(schema)}
        if schema.base in _NARROW:
            written["connect.type"] = schema.base
        if schema.name in _LOGICAL:
            written["logicalType"] = _LOGICAL[schema.name]
        return written if written.keys() > {"type"} else str(written["type"])

    def _record(self, schema: ConnectSchemaNode, namespace: str, *, outermost: bool = False) -> AvroType:
        if not schema.name:
            self._nameless += 1
        number = self._nameless if self._nameless > 1 else ""
        name = schema.name or f"{_NAMESPACE}.ConnectDefault{number}"
        return self._named(name, schema.fields, _metadata(schema), namespace, outermost=outermost)

    def _map_entry(self, schema: ConnectSchemaNode, namespace: str) -> AvroType:
        fields = {"key": schema.keys or schema, "value": schema.items or schema}
        mark = {"connect.internal.type": "MapEntry"} if schema.name else {}
        return self._named(schema.name or _MAP_ENTRY, fields, mark, namespace)

    def _named(
        self,
        name: str,
        fields: Mapping[str, ConnectSchemaNode],
        metadata: dict[str, Any],
        namespace: str,
        *,
        outermost: bool = False,
    ) -> AvroType:
        """Define a record, or refer to it where it is defined already."""
        space, _, short = name.rpartition(".")
        if name not in self._known:
            self._known.add(name)
            apart = self._apart and not outermost
            written: dict[str, Any] = {"type": "record", "name": short}
            if space != namespace or (space and apart):
                written["namespace"] = space
            written |= {"fields": [self._field(n, f, space) for n, f in fields.items()], **metadata}
            if not apart:
                return written
            self.parts[name] = written
        return name if self._apart or space != namespace else short

    def _field(self, name: str, schema: ConnectSchemaNode, namespace: str) -> dict[str, Any]:
        written = {"name": name, "type": self._type(schema, namespace)}
        if schema.optional or schema.default is not None:
            written["default"] = _default(schema)
        return written


def _decimal(schema: ConnectSchemaNode) -> dict[str, Any]:
    if schema.name != DECIMAL:
        return {}
    precision = schema.parameters.get("connect.decimal.precision", _PRECISION_UNKNOWN)
    return {"scale": int(schema.parameters["scale"]), "precision": int(precision)}


def _metadata(schema: ConnectSchemaNode) -> dict[str, Any]:
    written = {
        "connect.doc": schema.doc or None,
        "connect.version": schema.version,
        "connect.parameters": dict(schema.parameters) or None,
        "connect.default": _default(schema),
        "connect.name": schema.name or None,
    }
    return {name: value for name, value in written.items() if value is not None}


def _default(schema: ConnectSchemaNode) -> Any:
    """Give a default as Avro's JSON: bytes as text of the same code points."""
    if schema.default is None:
        return None
    encode = compile_value(schema, _DEFAULTS)
    return encode(schema.default) if encode else schema.default


def _branch(schema: ConnectSchemaNode) -> str:
    """Name the branch of a union that holds a value; of a struct without a name it is unknown."""
    if schema.base == "struct":
        return schema.name
    return "map" if schema.base == "map" and has_text_keys(schema) else _PRIMITIVES.get(schema.base, "array")


def _union(schema: ConnectSchemaNode, encode: Encode | None) -> Encode | None:
    """Say which branch a value is, so that fastavro need not try them."""
    branch = _branch(schema)
    if not branch:
        return encode and (lambda value: None if value is None else encode(value))
    if encode is None:
        return lambda value: _NULL if value is None else (branch, value)
    return lambda value: _NULL if value is None else (branch, encode(value))


def avro_style(*, replace_nulls: bool = True) -> Style:
    """Give the style of what fastavro takes: bytes, and the branch beside each value of a union."""
    return Style(
        leaves={},
        names={},
        pair=lambda key, value: {"key": key, "value": value},
        optional=_union,
        replace_nulls=replace_nulls,
    )


_DEFAULTS = Style(
    leaves={"bytes": lambda data: data.decode("latin-1")},
    names={},
    pair=lambda key, value: [key, value],
    optional=lambda _, encode: encode and (lambda value: None if value is None else encode(value)),
)
