"""Reads the JSON Schema that Confluent's converter registers (debezium-events.md 6.1).

Connect's own words (`title`, `connect.type`, `connect.parameters`) are kept. A type that only JSON Schema can
express becomes `any`, whose values are treated as those of JSON without a schema. A number without
`connect.type` becomes `any` too, because its number of digits is unknown.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import unquote, urldefrag, urljoin

import orjson

from connector.translate.formats.connect_schema import Base, ConnectSchema, SchemaRefusedError
from connector.translate.formats.schema_bounds import SchemaLimits

_BYTES_MAX = 4 * 1024 * 1024
_REFERENCES_MAX = 1_000  # a type that others refer to twice doubles with every level

_CONNECT_TYPES: Mapping[str, Base] = {
    "int8": "int8",
    "int16": "int16",
    "int32": "int32",
    "int64": "int64",
    "float32": "float",
    "float64": "double",
    "bytes": "bytes",
}

_JSON_TYPES: Mapping[str, Base] = {"boolean": "boolean", "integer": "int64", "string": "string"}

_COMBINATIONS = ("oneOf", "anyOf", "allOf")

_ANY = ConnectSchema("any")

Node: TypeAlias = dict[str, Any]


class _Place(NamedTuple):
    """A node, its document and the references that led there.

    `opened` holds the identities of the nodes that were entered through `$ref`: entering one of them
    again would never end.
    """

    node: object
    document: Node
    opened: frozenset[int] = frozenset()


def read_json_schema(text: str, references: Sequence[str] = ()) -> ConnectSchema:
    """Read a JSON Schema; `references` are the texts of the schemas that it refers to by their `$id`.

    A schema that contains itself is cut where it begins again: there it is `any`, and a value is passed
    on unchanged. The same holds for a reference that leads nowhere.

    Raises:
        SchemaRefusedError: a text is not JSON, or larger than any table needs.
    """
    root, *others = map(_parse, (text, *references))
    return _Reader([root, *others]).read(_Place(root, root, frozenset({id(root)})), 0)


def _parse(text: str) -> Node:
    if len(text) > _BYTES_MAX:
        raise SchemaRefusedError(f"the JSON Schema is longer than {_BYTES_MAX} characters")
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise SchemaRefusedError("the JSON Schema is not JSON") from None
    return parsed if isinstance(parsed, dict) else {}  # `true` allows anything, `false` has no values


class _Reader:
    def __init__(self, documents: Sequence[Node]) -> None:
        self._limits = SchemaLimits()
        self._by_id = dict(_identified(documents))
        self._references = 0

    def read(self, place: _Place, depth: int) -> ConnectSchema:
        self._limits.enter(depth)
        node = place.node
        if not isinstance(node, dict):
            return _ANY
        if "$ref" in node:
            return self._follow(node["$ref"], place, depth)
        for combination in _COMBINATIONS:
            if combination in node:
                return self._read_only_choice(node[combination], place, depth)
        return self._read_type(node, place, depth)

    def _follow(self, ref: object, place: _Place, depth: int) -> ConnectSchema:
        self._references += 1
        if self._references > _REFERENCES_MAX:
            raise SchemaRefusedError(f"the schema follows more than {_REFERENCES_MAX} references")
        try:
            found = self._resolve(ref, place.document) if isinstance(ref, str) else None
        except ValueError:  # no address at all
            return _ANY
        if found is None or id(found.node) in place.opened:
            return _ANY
        return self.read(found._replace(opened=place.opened | {id(found.node)}), depth + 1)

    def _resolve(self, ref: str, document: Node) -> _Place | None:
        address, fragment = urldefrag(ref)
        if address:
            joined = urljoin(_id_of(document), address)
            found = self._by_id.get(joined) or self._by_id.get(address)
            if found is None:
                return None
            document = found
        node: object = document
        for step in unquote(fragment).split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(node, dict) or name not in node:
                return None
            node = node[name]
        return None if fragment and not fragment.startswith("/") else _Place(node, document)

    def _read_only_choice(self, choices: object, place: _Place, depth: int) -> ConnectSchema:
        """Read the only choice besides null, which is how an optional type is written."""
        if not isinstance(choices, list):
            return _ANY
        real = [one for one in choices if not (isinstance(one, dict) and one.get("type") == "null")]
        return self.read(place._replace(node=real[0]), depth + 1) if len(real) == 1 else _ANY

    def _read_type(self, node: Node, place: _Place, depth: int) -> ConnectSchema:
        kind, connect_type = _json_type(node), _text(node, "connect.type")
        is_map = connect_type == "map"
        if kind == "array":
            return self._read_pairs(node, place, depth) if is_map else self._read_array(node, place, depth)
        if kind == "object":
            return self._read_map(node, place, depth) if is_map else self._read_object(node, place, depth)
        base = _CONNECT_TYPES.get(connect_type) or _JSON_TYPES.get(kind)
        return _named(node, base) if base else _ANY

    def _read_array(self, node: Node, place: _Place, depth: int) -> ConnectSchema:
        return _named(node, "array", items=self._inner(node.get("items"), place, depth))

    def _read_pairs(self, node: Node, place: _Place, depth: int) -> ConnectSchema:
        """Read a map whose keys are not text: an array of objects with `key` and `value`."""
        entry = node.get("items")
        members = entry.get("properties") if isinstance(entry, dict) else None
        if not isinstance(members, dict):
            return _ANY
        key, value = (self._inner(members.get(name), place, depth + 1) for name in ("key", "value"))
        return _named(node, "map", keys=key, items=value)

    def _read_map(self, node: Node, place: _Place, depth: int) -> ConnectSchema:
        value = self._inner(node.get("additionalProperties"), place, depth)
        return _named(node, "map", keys=ConnectSchema("string"), items=value)

    def _read_object(self, node: Node, place: _Place, depth: int) -> ConnectSchema:
        properties = node.get("properties")
        if not isinstance(properties, dict):
            more = isinstance(node.get("additionalProperties"), dict)
            return self._read_map(node, place, depth) if more else _named(node, "struct")
        ordered = sorted(properties, key=lambda name: _index(properties[name]))
        fields = {name: self._inner(properties[name], place, depth) for name in ordered}
        return _named(node, "struct", fields=fields)

    def _inner(self, node: object, place: _Place, depth: int) -> ConnectSchema:
        return self.read(place._replace(node=node), depth + 1)


def _identified(documents: Sequence[Node]) -> Iterator[tuple[str, Node]]:
    """Yield every document that has an `$id`, also those bundled among the definitions of another."""
    for document in documents:
        bundled = (document.get(key) for key in ("definitions", "$defs"))
        inner = [one for group in bundled if isinstance(group, dict) for one in group.values()]
        for one in (*inner, document):
            if isinstance(one, dict) and _id_of(one):
                yield _id_of(one), one


def _id_of(document: Node) -> str:
    return (_text(document, "$id") or _text(document, "id")).removesuffix("#")  # `id` is draft 4


def _json_type(node: Node) -> str:
    """Return the type; from a list, the type besides null, which means the same as `oneOf`."""
    kinds = node.get("type")
    if isinstance(kinds, list):
        real = [kind for kind in kinds if kind != "null"]
        return real[0] if len(real) == 1 and isinstance(real[0], str) else ""
    return _text(node, "type") or ("object" if "properties" in node else "")


def _text(node: Node, name: str) -> str:
    value = node.get(name)
    return value if isinstance(value, str) else ""


def _index(node: object) -> int:
    """Return the place of a column in its row, which JSON objects do not keep."""
    index = node.get("connect.index") if isinstance(node, dict) else None
    return index if isinstance(index, int) else 0


def _named(
    node: Node,
    base: Base,
    *,
    fields: Mapping[str, ConnectSchema] | None = None,
    items: ConnectSchema | None = None,
    keys: ConnectSchema | None = None,
) -> ConnectSchema:
    parameters = node.get("connect.parameters")
    return ConnectSchema(
        base,
        name=_text(node, "title"),
        parameters=_texts(parameters) if isinstance(parameters, dict) else {},
        fields=fields or {},
        items=items,
        keys=keys,
    )


def _texts(parameters: Node) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if isinstance(value, str)}
