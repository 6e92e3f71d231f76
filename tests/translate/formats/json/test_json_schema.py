"""JSON Schema of a registry becomes a `ConnectSchema` (debezium-events.md 6.1)."""

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.translate.formats.connect_schema import ConnectSchema, SchemaRefusedError
from connector.translate.formats.json.connect_schema_text import read_connect_schema
from connector.translate.formats.json.json_schema import read_json_schema


def read(schema: object, *references: object) -> ConnectSchema:
    """Read a schema given as Python objects."""
    return read_json_schema(_text(schema), tuple(map(_text, references)))


def _text(schema: object) -> str:
    return orjson.dumps(schema).decode()


def optional(schema: dict[str, Any], index: int) -> dict[str, Any]:
    """Return a schema as Confluent's converter writes a column that may be null."""
    return {"connect.index": index, "oneOf": [{"type": "null"}, schema]}


DECIMAL = {
    "type": "number",
    "title": "org.apache.kafka.connect.data.Decimal",
    "connect.type": "bytes",
    "connect.version": 1,
    "connect.parameters": {"scale": "2", "connect.decimal.precision": "10"},
}
VALUE = {
    "type": "object",
    "title": "crm.public.customers.Value",
    "properties": {
        "born": optional({"type": "integer", "title": "io.debezium.time.Date", "connect.type": "int32"}, 2),
        "id": {"type": "integer", "connect.type": "int64", "connect.index": 0},
        "balance": optional(DECIMAL, 1),
        "photo": optional({"type": "string", "connect.type": "bytes"}, 3),
        "ratio": optional({"type": "number", "connect.type": "float32"}, 4),
        "tags": optional({"type": "array", "items": optional({"type": "string"}, 0)}, 5),
        "vip": {"type": ["null", "boolean"], "connect.index": 6},
    },
}


def test_a_row_of_confluents_converter_is_read() -> None:
    """Title, `connect.type` and `connect.parameters` give a column's type, `connect.index` its place."""
    schema = read({"type": "object", "title": "crm.Envelope", "properties": {"after": optional(VALUE, 0)}})
    assert (schema.base, schema.name) == ("struct", "crm.Envelope")
    row = schema.fields["after"]
    assert row.name == "crm.public.customers.Value"
    assert {name: column.base for name, column in row.fields.items()} == {
        "id": "int64",
        "balance": "bytes",
        "born": "int32",
        "photo": "bytes",
        "ratio": "float",
        "tags": "array",
        "vip": "boolean",
    }
    assert list(row.fields)[:3] == ["id", "balance", "born"]
    assert row.fields["balance"].name == "org.apache.kafka.connect.data.Decimal"
    assert row.fields["balance"].parameters["scale"] == "2"
    assert row.fields["born"].name == "io.debezium.time.Date"
    assert row.fields["tags"].items is not None
    assert row.fields["tags"].items.base == "string"


def test_maps_of_both_kinds() -> None:
    """A map with text keys is an object, any other an array of keys and values."""
    text = read({"type": "object", "connect.type": "map", "additionalProperties": {"type": "boolean"}})
    pairs = read(
        {
            "type": "array",
            "connect.type": "map",
            "items": {
                "type": "object",
                "properties": {
                    "key": {"type": "integer", "connect.type": "int16"},
                    "value": {"type": "number", "connect.type": "float64"},
                },
            },
        }
    )
    for schema, key, value in ((text, "string", "boolean"), (pairs, "int16", "double")):
        assert schema.base == "map"
        assert schema.keys is not None
        assert schema.items is not None
        assert (schema.keys.base, schema.items.base) == (key, value)
    plain = read({"type": "object", "additionalProperties": {"type": "string"}})
    assert plain.base == "map"


@pytest.mark.parametrize("group", ["definitions", "$defs"])
def test_references_inside_the_document(group: str) -> None:
    """`$ref` finds a definition in the same document, through escapes, and as often as it is used."""
    schema = read(
        {
            "type": "object",
            "properties": {
                "before": {"oneOf": [{"type": "null"}, {"$ref": f"#/{group}/a~1b%20c"}]},
                "after": {"$ref": f"#/{group}/a~1b%20c"},
            },
            group: {"a/b c": {"type": "object", "properties": {"id": {"type": "integer"}}}},
        }
    )
    assert schema.fields["before"].fields["id"].base == "int64"
    assert schema.fields["after"].fields["id"].base == "int64"


def test_references_to_other_documents() -> None:
    """A schema that the registry names as a reference is found by its `$id`, relative or whole."""
    source = {
        "$id": "http://crm/source.json",
        "type": "object",
        "properties": {"lsn": {"$ref": "#/$defs/position"}},
        "$defs": {"position": {"type": "integer"}},
    }
    row = {"$id": "row.json", "type": "object", "properties": {"id": {"type": "string"}}}
    root = {
        "$id": "http://crm/envelope.json",
        "type": "object",
        "properties": {
            "source": {"$ref": "source.json"},
            "position": {"$ref": "http://crm/source.json#/$defs/position"},
            "after": {"$ref": "row.json"},
        },
    }
    schema = read(root, source, row)
    assert schema.fields["source"].fields["lsn"].base == "int64"
    assert schema.fields["position"].base == "int64"
    assert schema.fields["after"].fields["id"].base == "string"


@pytest.mark.parametrize(
    "schema",
    [
        True,
        [],
        {},
        {"type": "number"},
        {"type": "null"},
        {"type": 7},
        {"type": ["string", "integer"]},
        {"type": [{}]},
        {"type": "string7"},
        {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        {"oneOf": []},
        {"anyOf": 7},
        {"allOf": [{"type": "object"}, {"type": "object"}]},
        {"$ref": 7},
        {"$ref": "#/definitions/gone"},
        {"$ref": "#anchor"},
        {"$ref": "gone.json"},
        {"$ref": "http://["},
        {"$ref": "#"},
        {"type": "array", "connect.type": "map", "items": True},
        {"const": 7},
    ],
    ids=str,
)
def test_what_only_json_schema_can_say_is_any(schema: object) -> None:
    """A type without a word in Connect is no error: its value is treated like one without a schema."""
    assert read(schema).base == "any"


def test_words_of_the_wrong_type_are_no_words() -> None:
    """Hostile titles, parameters and properties are ignored."""
    schema = read(
        {
            "type": "object",
            "title": {"a": 1},
            "connect.parameters": {"scale": 2},
            "connect.type": [1],
            "properties": {"a": {"type": "string", "connect.index": "x"}, "b": 7},
        }
    )
    assert (schema.base, schema.name, dict(schema.parameters)) == ("struct", "", {})
    assert {name: column.base for name, column in schema.fields.items()} == {"a": "string", "b": "any"}
    assert read({"type": "object", "properties": 7}).base == "struct"
    assert read({"type": "array"}).base == "array"


def test_a_schema_that_contains_itself_is_cut() -> None:
    """A recursive type is `any` where it begins again, whichever way it refers to itself."""
    tree = read(
        {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "self": {"$ref": "#"},
                "friend": {"$ref": "#/definitions/person"},
            },
            "definitions": {
                "person": {
                    "type": "object",
                    "properties": {"friends": {"type": "array", "items": {"$ref": "#/definitions/person"}}},
                }
            },
        }
    )
    assert tree.fields["self"].base == "any"
    friends = tree.fields["friend"].fields["friends"]
    assert friends.base == "array"
    assert friends.items is not None
    assert friends.items.base == "any"


def doubling(levels: int) -> dict[str, Any]:
    """Return definitions of which each has the next one twice."""
    definitions: dict[str, Any] = {
        f"d{n}": {
            "type": "object",
            "properties": {side: {"$ref": f"#/definitions/d{n + 1}"} for side in ("left", "right")},
        }
        for n in range(levels)
    }
    return {"$ref": "#/definitions/d0", "definitions": definitions | {f"d{levels}": {"type": "string"}}}


def chained(levels: int) -> dict[str, Any]:
    """Return references that lead to references."""
    links = {f"d{n}": {"$ref": f"#/definitions/d{n + 1}"} for n in range(levels)}
    return {"$ref": "#/definitions/d0", "definitions": links | {f"d{levels}": {"type": "string"}}}


def nested(levels: int) -> dict[str, Any]:
    """Return arrays in arrays."""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        doubling(40),
        chained(100),
        nested(100),
        {"type": "object", "properties": {str(number): {} for number in range(30_000)}},
    ],
    ids=["doubling", "chained", "nested", "wide"],
)
def test_hostile_schemas_are_refused(schema: object) -> None:
    """References that double, chains, depth and width are refused before they cost memory or the stack."""
    with pytest.raises(SchemaRefusedError):
        read(schema)


@pytest.mark.parametrize("text", ["", "{", "\ud800", "[" * 100_000, " " * 5_000_000])
def test_text_that_is_no_json_is_refused(text: str) -> None:
    """The registry may hold anything."""
    with pytest.raises(SchemaRefusedError):
        read_json_schema(text)


WORDS = st.sampled_from([
    "type", "fields", "field", "items", "values", "keys", "key", "value", "name", "title", "properties",
    "parameters", "$ref", "$id", "definitions", "oneOf", "additionalProperties", "connect.type",
    "connect.parameters", "connect.index", "struct", "array", "map", "object", "string", "integer", "null",
    "#", "#/definitions/type",
])  # fmt: skip
SCHEMAS = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=500, deadline=None)
@given(schema=SCHEMAS)
def test_no_schema_breaks_a_reader(schema: object) -> None:
    """Any text in place of a schema is a schema or a typed error, in both languages."""
    with suppress(SchemaRefusedError):
        assert isinstance(read(schema, schema), ConnectSchema)
    with suppress(SchemaRefusedError):
        assert isinstance(read_connect_schema(schema), ConnectSchema)
