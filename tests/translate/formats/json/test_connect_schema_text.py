"""Connect's own schema language becomes a `ConnectSchema` (debezium-events.md 1.5)."""

from typing import Any

import pytest

from connector.translate.formats.connect_schema import ConnectSchema, SchemaRefusedError
from connector.translate.formats.json.connect_schema_text import read_connect_schema
from connector.translate.formats.schema_bounds import DEPTH_MAX, NODES_MAX

DECIMAL = {
    "type": "bytes",
    "optional": True,
    "name": "org.apache.kafka.connect.data.Decimal",
    "version": 1,
    "parameters": {"scale": "2", "connect.decimal.precision": "10"},
    "field": "balance",
}
ENVELOPE = {
    "type": "struct",
    "optional": False,
    "name": "crm.public.customers.Envelope",
    "version": 2,
    "fields": [
        {
            "field": "after",
            "type": "struct",
            "optional": True,
            "name": "crm.public.customers.Value",
            "fields": [{"field": "id", "type": "int32", "optional": False, "default": 0}, DECIMAL],
        },
        {"field": "op", "type": "string", "optional": False},
    ],
}


def nested(levels: int) -> dict[str, Any]:
    """Return arrays in arrays around a string."""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


def test_an_envelope_is_read_with_names_and_parameters() -> None:
    """Structs keep their fields by name and order, a column its semantic type and its parameters."""
    schema = read_connect_schema(ENVELOPE)
    assert (schema.base, schema.name) == ("struct", "crm.public.customers.Envelope")
    assert list(schema.fields) == ["after", "op"]
    balance = schema.fields["after"].fields["balance"]
    assert (balance.base, balance.name) == ("bytes", "org.apache.kafka.connect.data.Decimal")
    assert balance.parameters["scale"] == "2"
    assert schema.fields["after"].fields["id"].base == "int32"


@pytest.mark.parametrize(
    "base", ["boolean", "int8", "int16", "int32", "int64", "float", "double", "string", "bytes"]
)
def test_every_scalar_type_is_known(base: str) -> None:
    """The types of Connect are the bases, by the same words."""
    schema = read_connect_schema({"type": base})
    assert (schema.base, schema.name, schema.fields, schema.items) == (base, "", {}, None)


def test_arrays_and_maps_say_what_is_in_them() -> None:
    """An array has items; a map has keys, and its values are its items."""
    array = read_connect_schema(
        {"type": "array", "items": {"type": "int32", "name": "io.debezium.time.Date"}}
    )
    assert array.items is not None
    assert array.items.name == "io.debezium.time.Date"
    mapped = read_connect_schema({"type": "map", "keys": {"type": "int16"}, "values": {"type": "double"}})
    assert mapped.keys is not None
    assert mapped.items is not None
    assert (mapped.keys.base, mapped.items.base) == ("int16", "double")


def test_no_schema_says_nothing() -> None:
    """`{"schema": null, "payload": …}` is what Connect writes for values without a schema."""
    schema = read_connect_schema(None)
    assert isinstance(schema, ConnectSchema)
    assert schema.base == "any"


@pytest.mark.parametrize(
    "schema",
    [
        7,
        [],
        {},
        {"type": "decimal"},
        {"type": "any"},
        {"type": ["null", "string"]},
        {"type": {"type": "string"}},
        {"type": "struct", "fields": None},
        {"type": "struct", "fields": {"a": {"type": "string"}}},
        {"type": "struct", "fields": [7]},
        {"type": "struct", "fields": [{"type": "string"}]},
        {"type": "struct", "fields": [{"field": 7, "type": "string"}]},
        {"type": "struct", "fields": [{"field": "a", "type": "string"}, {"field": "a", "type": "int8"}]},
        {"type": "array", "items": 7},
        {"type": "string", "name": 7},
        {"type": "string", "parameters": ["scale"]},
        {"type": "bytes", "parameters": {"scale": 2}},
    ],
)
def test_what_is_no_schema_is_refused(schema: object) -> None:
    """Anything that Connect could not have written is a typed error, and its text quotes nothing."""
    with pytest.raises(SchemaRefusedError) as caught:
        read_connect_schema(schema)
    assert "scale" not in str(caught.value)


def test_depth_and_size_are_bounded() -> None:
    """A schema of a thousand levels, or of more columns than a table has, is refused before it costs much."""
    assert read_connect_schema(nested(DEPTH_MAX)).base == "array"
    with pytest.raises(SchemaRefusedError, match="deeper than 64"):
        read_connect_schema(nested(DEPTH_MAX + 1))
    columns = [{"field": f"c{n}", "type": "int32"} for n in range(NODES_MAX)]
    assert len(read_connect_schema({"type": "struct", "fields": columns[1:]}).fields) == NODES_MAX - 1
    with pytest.raises(SchemaRefusedError, match="more than 20000 types"):
        read_connect_schema({"type": "struct", "fields": columns})
