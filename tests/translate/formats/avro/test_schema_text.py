"""Avro schemas: what Connect says in them, and what could exhaust the process is refused (F042, S15)."""

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.translate.formats.avro.avro_reader import compile_reader
from connector.translate.formats.avro.schema_text import TEXT_LENGTH_MAX, read_avro_schema
from connector.translate.formats.avro.types import AvroType
from connector.translate.formats.connect_schema import ConnectSchema, SchemaRefusedError
from connector.translate.formats.decoded import DecodeError
from connector.translate.formats.schema_bounds import DEPTH_MAX, NODES_MAX
from tests.translate.formats.avro.avro_samples import tree


def record(*fields: Any, name: str = "R", **more: Any) -> dict[str, Any]:
    """Return the schema of a record whose fields are called a, b, c and so on."""
    named = [{"name": chr(97 + at), "type": one} for at, one in enumerate(fields)]
    return {"type": "record", "name": name, "fields": named, **more}


def column(schema: object) -> ConnectSchema:
    """Return what Connect calls a field of this type."""
    return tree(record(schema)).connect.fields["a"]


DECIMAL = {
    "type": "bytes",
    "scale": 2,
    "precision": 10,
    "connect.version": 1,
    "connect.parameters": {"scale": "2", "connect.decimal.precision": "10"},
    "connect.name": "org.apache.kafka.connect.data.Decimal",
    "logicalType": "decimal",
}


def test_attributes_stand_on_the_branch_that_is_not_null() -> None:
    """An optional column's semantic name and parameters count in either order (debezium-events.md 6.1)."""
    for schema in (["null", DECIMAL], [DECIMAL, "null"], DECIMAL):
        found = column(schema)
        assert (found.base, found.name) == ("bytes", "org.apache.kafka.connect.data.Decimal")
        assert found.parameters == {"scale": "2", "connect.decimal.precision": "10"}


def test_a_union_of_several_types_is_any() -> None:
    """Connect writes no such union; its values are of whichever type they are."""
    assert column(["null", "int", "string"]).base == "any"
    assert column(["null"]).base == "any"


def test_a_type_is_used_again_by_its_name() -> None:
    """`after` names the type that `before` defines, and a second decimal of variable scale only its name."""
    scaled = record("int", "bytes", name="VariableScaleDecimal", namespace="io.debezium.data")
    value = record("int", ["null", scaled], ["null", "io.debezium.data.VariableScaleDecimal"], name="Value")
    envelope = record(["null", value], ["null", "Value"], name="Envelope", namespace="crm.public.customers")
    before, after = tree(envelope).connect.fields.values()
    assert after is before
    assert after.name == "crm.public.customers.Value"
    assert after.fields["b"].name == "io.debezium.data.VariableScaleDecimal"
    assert after.fields["c"] is after.fields["b"]
    assert list(after.fields["c"].fields) == ["a", "b"]


@pytest.mark.parametrize(
    ("outer", "inner", "use"),
    [
        ({"namespace": "crm"}, {}, "T"),
        ({"namespace": "crm"}, {}, "crm.T"),
        ({"namespace": "crm"}, {"namespace": "shop"}, "shop.T"),
        ({"namespace": "crm"}, {"name": "shop.T"}, "shop.T"),
        ({"name": "crm.R"}, {}, "crm.T"),
        ({"namespace": "crm"}, {"namespace": ""}, "T"),
        ({}, {}, "T"),
    ],
)
def test_names_and_namespaces(outer: dict[str, str], inner: dict[str, str], use: str) -> None:
    """A namespace is written, part of the name, or inherited; a name is looked up in the one around it."""
    enum = {"type": "enum", "name": "T", "symbols": ["a"], **inner}
    found = tree({**record(enum, ["null", use]), **outer})
    assert found.fields[1][1].branches[1] is found.fields[0][1]


def test_names_of_structs() -> None:
    """A struct is called what `connect.name` says, else by its full name."""
    assert tree(record(namespace="crm")).connect.name == "crm.R"
    assert tree(record(namespace="crm", **{"connect.name": "crm-x.R"})).connect.name == "crm-x.R"


def test_schemas_that_others_refer_to() -> None:
    """References define names for the schema that uses them; one that is there twice is read once."""
    block = record("string", name="block", namespace="event")
    source = record("string", "event.block", name="Source", namespace="io.debezium")
    root = tree(record("io.debezium.Source", "event.block"), block, source, block)
    assert root.connect.fields["a"].fields["b"] is root.connect.fields["b"]


@pytest.mark.parametrize(
    ("schema", "base", "name"),
    [
        ({"type": "int", "logicalType": "date"}, "int32", "org.apache.kafka.connect.data.Date"),
        ({"type": "int", "logicalType": "time-millis"}, "int32", "org.apache.kafka.connect.data.Time"),
        ({"type": "long", "logicalType": "time-micros"}, "int64", "io.debezium.time.MicroTime"),
        (
            {"type": "long", "logicalType": "timestamp-millis"},
            "int64",
            "org.apache.kafka.connect.data.Timestamp",
        ),
        (
            {"type": "long", "logicalType": "local-timestamp-micros"},
            "int64",
            "io.debezium.time.MicroTimestamp",
        ),
        ({"type": "long", "logicalType": "timestamp-nanos"}, "int64", "io.debezium.time.NanoTimestamp"),
        ({"type": "string", "logicalType": "uuid"}, "string", "io.debezium.data.Uuid"),
        ({"type": "string", "logicalType": "date"}, "string", ""),
        ({"type": "long", "logicalType": "decimal"}, "int64", ""),
        ({"type": "long", "logicalType": "invented"}, "int64", ""),
        ({"type": "long", "logicalType": ["date"]}, "int64", ""),
        (
            {"type": "int", "logicalType": "date", "connect.name": "io.debezium.time.Date"},
            "int32",
            "io.debezium.time.Date",
        ),
        ({"type": "int", "connect.type": "int16"}, "int16", ""),
        ({"type": "int", "connect.type": "int8"}, "int8", ""),
        ({"type": "string", "connect.type": "int8"}, "string", ""),
        ({"type": "int", "connect.type": 8, "connect.name": 8, "connect.parameters": 8}, "int32", ""),
        ({"type": {"type": "long"}}, "int64", ""),
        ({"type": ["null", {"type": "long"}]}, "int64", ""),
    ],
    ids=str,
)
def test_semantic_types(schema: object, base: str, name: str) -> None:
    """`connect.name` goes before Avro's logical type, and what means nothing on its base is left alone."""
    found = column(schema)
    assert (found.base, found.name) == (base, name)


@pytest.mark.parametrize(
    ("schema", "scale"),
    [
        ({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 3}, "3"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 9}, "0"),
        ({"type": "bytes", "logicalType": "decimal", "scale": -3}, "-3"),
        ({"type": "fixed", "name": "F", "size": 9, "logicalType": "decimal", "scale": 3}, "3"),
        (DECIMAL | {"scale": 7}, "2"),
        ({"type": "bytes", "logicalType": "decimal", "scale": "3"}, None),
    ],
    ids=str,
)
def test_the_scale_of_a_decimal(schema: object, scale: str | None) -> None:
    """Connect's parameter counts, or the logical type's attribute, also on fixed (debezium-events.md 6.3)."""
    found = column(schema)
    assert found.name == "org.apache.kafka.connect.data.Decimal"
    assert found.parameters.get("scale") == scale


@pytest.mark.parametrize(
    "entry",
    [
        record(name="MapEntry", namespace="io.confluent.connect.avro"),
        record(name="Prices", namespace="crm", **{"connect.internal.type": "MapEntry"}),
    ],
)
def test_a_map_whose_keys_are_no_text_is_an_array_of_entries(entry: dict[str, Any]) -> None:
    """Connect's map with other keys is a map again, whether or not it has a name (debezium-events.md 6.1)."""
    entry = {**entry, "fields": [{"name": "key", "type": "int"}, {"name": "value", "type": "double"}]}
    found = column({"type": "array", "items": entry})
    assert found.base == "map"
    assert found.keys is not None
    assert found.items is not None
    assert (found.keys.base, found.items.base) == ("int32", "double")


def test_arrays_maps_and_enums() -> None:
    """Containers keep the types inside them; an enum is text to Connect."""
    pairs = record("int", name="Pair")
    assert column({"type": "array", "items": pairs}).base == "array"
    vector = column({"type": "array", "items": "double", "connect.name": "io.debezium.data.DoubleVector"})
    assert (vector.base, vector.name) == ("array", "io.debezium.data.DoubleVector")
    mapped = column({"type": "map", "values": "long"})
    assert mapped.keys is not None
    assert mapped.items is not None
    assert (mapped.base, mapped.keys.base, mapped.items.base) == ("map", "string", "int64")
    assert column({"type": "enum", "name": "E", "symbols": ["a"]}).base == "string"
    assert read_avro_schema(' "string" ').kind == read_avro_schema(" string ").kind == "string"


def chain(levels: int) -> tuple[object, ...]:
    """Return schemas of which each names the one before it: nowhere deep as a text."""
    return (record("int", name="T0"), *(record(f"T{n}", name=f"T{n + 1}") for n in range(levels)))


def doubling(levels: int, use: Any) -> dict[str, Any]:
    """Return a record of types that have the one before them twice: 2^levels when written out."""
    types = (record(use(f"T{n}"), use(f"T{n}"), name=f"T{n + 1}") for n in range(levels))
    return record(record("int", name="T0"), *types, name="Root")


def choices(levels: int) -> dict[str, Any]:
    """Return pairs of types, each a choice between the two of the pair before it."""
    types = [record("int", name="L0"), record("int", name="M0")]
    for n in range(levels):
        types += [record([f"L{n}", f"M{n}"], name=f"{one}{n + 1}") for one in "LM"]
    return record(*types, name="Root")


def nested(levels: int, wrap: Any) -> Any:
    """Return a type wrapped that many times."""
    schema: Any = "int"
    for at in range(levels):
        schema = wrap(schema, at)
    return schema


def in_array(schema: Any, _at: int) -> Any:
    """Return an array of it."""
    return {"type": "array", "items": schema}


RECURSIVE = record(["null", "N"], name="N")

HOSTILE: dict[str, tuple[object, str]] = {
    "recursive": (RECURSIVE, "recursive"),
    "recursive in an array": (record({"type": "array", "items": "N"}, name="N"), "recursive"),
    "recursive in a map": (
        record({"type": "map", "values": "crm.N"}, name="N", namespace="crm"),
        "recursive",
    ),
    "each other": (record(record(["null", "A"], name="B"), name="A"), "recursive"),
    "arrays in arrays": (nested(DEPTH_MAX + 1, in_array), "deeper than 64"),
    "records in records": (
        nested(DEPTH_MAX + 1, lambda inner, at: record(inner, name=f"T{at}")),
        "deeper than 64",
    ),
    "types of types": (nested(200, lambda inner, _: {"type": inner}), "deeper than 64"),
    "a chain of names": (record(*chain(100), name="Root"), "deeper than 64"),
    "billion laughs": (doubling(30, lambda name: name), "when its named types are written out"),
    "laughs that may be null": (doubling(30, lambda name: ["null", name]), "written out"),
    "laughs in arrays": (doubling(30, lambda name: {"type": "array", "items": name}), "written out"),
    "laughs in maps": (doubling(30, lambda name: {"type": "map", "values": name}), "written out"),
    "choices": (choices(30), "written out"),
    "wide": (record(*["int"] * NODES_MAX), f"more than {NODES_MAX} types"),
    "a wide union": (["null"] * (NODES_MAX + 1), f"more than {NODES_MAX} types"),
    "items of no bytes": ({"type": "array", "items": "null"}, "take no bytes"),
    "empty records": ({"type": "array", "items": record()}, "take no bytes"),
    "records of nulls": ({"type": "array", "items": record("null", record(name="S"))}, "take no bytes"),
    "fixed of no bytes": (
        {"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}},
        "take no bytes",
    ),
    "huge fixed": ({"type": "fixed", "name": "F", "size": 2**62}, "bytes of memory"),
    "many fixed": (
        record({"type": "fixed", "name": "F", "size": 2**20}, *["F"] * 5),
        "bytes of memory",
    ),
    "negative fixed": ({"type": "fixed", "name": "F", "size": -1}, "no size"),
    "fixed true": ({"type": "fixed", "name": "F", "size": True}, "no size"),
    "twice": (record(record(name="T"), record(name="T")), "defines a type twice"),
    "twice as itself": (record(record()), "defines a type twice"),
    "same field": ({**record(), "fields": [{"name": "a", "type": "int"}] * 2}, "the name of another field"),
    "unknown name": (record("canary-4711"), "does not define"),
    "unknown kind": ({"type": "canary-4711"}, "does not define"),
    "no name": ({"type": "record", "fields": []}, "no name"),
    "name of a number": ({"type": "enum", "name": 4711, "symbols": ["a"]}, "no name"),
    "no fields": ({"type": "record", "name": "R", "fields": {}}, "no fields"),
    "field of a number": ({"type": "record", "name": "R", "fields": [4711]}, "the name of another field"),
    "no symbols": ({"type": "enum", "name": "E", "symbols": []}, "no symbols"),
    "symbols of numbers": ({"type": "enum", "name": "E", "symbols": [4711]}, "no symbols"),
    "empty union": ([], "empty"),
    "union in a union": (["null", ["int"]], "contains another"),
    "hidden union in a union": (["null", {"type": ["int"]}], "contains another"),
    "number": (4711, "neither a name"),
    "null": (None, "neither a name"),
    "no type": ({}, "neither a name"),
    "no items": ({"type": "array"}, "neither a name"),
}


@pytest.mark.parametrize(("schema", "words"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_schemas_are_refused(schema: object, words: str) -> None:
    """A schema that could exhaust stack, memory or time is refused without a quote (F042, S15)."""
    with pytest.raises(SchemaRefusedError, match=words) as caught:
        tree(schema)
    assert "4711" not in str(caught.value)


def test_chains_of_references_are_refused() -> None:
    """Nor can references, each of them small, be stacked to any depth."""
    *references, root = chain(100)
    with pytest.raises(SchemaRefusedError, match="deeper than 64"):
        tree(root, *references)


@pytest.mark.parametrize("text", ["", "{", "not json", "\ud800", "[" * 100_000, "string string", "NaN"])
def test_text_that_is_no_schema_is_refused(text: str) -> None:
    """The registry may hold anything."""
    with pytest.raises(SchemaRefusedError):
        read_avro_schema(text)


def test_a_megabyte_is_enough() -> None:
    """A text, or all references together, of more than a megabyte is refused before it is parsed (S14)."""
    for text, *references in ((" " * (TEXT_LENGTH_MAX + 1),), ('"int"', *[" " * TEXT_LENGTH_MAX])):
        with pytest.raises(SchemaRefusedError, match="longer than"):
            read_avro_schema(text, references)
    assert read_avro_schema('"int"' + " " * (TEXT_LENGTH_MAX - 5)).kind == "int"


def test_the_largest_tables_fit() -> None:
    """An envelope around 4,096 nullable columns, and 64 levels, are within the limits."""
    columns = [{"name": f"c{n}", "type": ["null", "string"]} for n in range(4096)]
    value = {"type": "record", "name": "Value", "fields": columns}
    row = compile_reader(tree(record(["null", value], ["null", "Value"])))(b"\0\2" + bytes(4096), 0)
    assert row["b"] == dict.fromkeys(column["name"] for column in columns)
    deep = nested(DEPTH_MAX - 1, in_array)
    assert compile_reader(tree(deep))(b"\0", 0) == []


def test_sizes_are_known() -> None:
    """Each node knows the fewest bytes of a value, the levels below it and its nodes when written out."""
    root = tree(record("int", ["null", record("double", "string", name="S")], "S", "null"))
    assert (root.bytes_min, root.levels, root.nodes) == (1 + 1 + 9, 3, 1 + 1 + 4 + 3 + 1)


SIMPLE = st.sampled_from(
    (
        *("null", "int", "string", "bytes", "record", "enum", "fixed", "array", "map", "crm.A", "A", "."),
        *("", 0, 1, -1, 2**40, True, None, 1.5),
    )
)
KEYS = st.sampled_from(
    (
        *("type", "type", "name", "name", "fields", "fields", "items", "values", "symbols", "size"),
        *("namespace", "connect.name", "connect.parameters", "connect.type", "logicalType", "scale"),
    )
)
ANYTHING = st.recursive(
    SIMPLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=1000, deadline=None)
@given(schema=ANYTHING, data=st.binary(max_size=30))
def test_no_schema_breaks_the_reader(schema: object, data: bytes) -> None:
    """Any text in place of a schema is a schema or a typed error, and so is its reading."""
    try:
        root = read_avro_schema(orjson.dumps(schema).decode())
    except SchemaRefusedError:
        return
    assert isinstance(root, AvroType)
    with suppress(DecodeError):
        compile_reader(root)(data, 0)
