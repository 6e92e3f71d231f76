"""Text, bytes, arrays, maps and nested rows of a known type (debezium-events.md 6.4)."""

import math
from typing import Any

import orjson
import pytest

from connector.translate.formats.connect_schema import Base, ConnectSchema
from connector.translate.values.column_types import column_type
from connector.translate.values.unusable import ConversionError, is_unavailable
from tests.translate.records import PLACEHOLDER
from tests.translate.values.encodings import ENCODINGS, decimal, sent, typed

DATA = "io.debezium.data."
WKB = bytes.fromhex("0101000000000000000000f83f00000000000002c0")
TEXT, BYTES, DOUBLE, INT32 = (ConnectSchema(base) for base in ("string", "bytes", "double", "int32"))
DATE = typed("io.debezium.time.Date", "int32")


def array(items: ConnectSchema, name: str = "") -> ConnectSchema:
    """Return the schema of an array."""
    return ConnectSchema("array", name, items=items)


def mapped(keys: ConnectSchema, values: ConnectSchema) -> ConnectSchema:
    """Return the schema of a map."""
    return ConnectSchema("map", keys=keys, items=values)


def row(name: str = "", **fields: ConnectSchema) -> ConnectSchema:
    """Return the schema of a nested row."""
    return ConnectSchema("struct", name, fields=fields)


POINT = row(f"{DATA}geometry.Point", x=DOUBLE, y=DOUBLE, wkb=BYTES, srid=INT32)
POINT_VALUE = {"x": 1.5, "y": -2.25, "wkb": WKB, "srid": None}
POINT_SENT = {"x": 1.5, "y": -2.25, "wkb": "AQEAAAAAAAAAAAD4PwAAAAAAAALA", "srid": None}

VECTORS: list[tuple[ConnectSchema, Any, Any]] = [
    (ConnectSchema("boolean"), True, True),
    (TEXT, "Ávila", "Ávila"),
    (TEXT, "NaN", "NaN"),
    (typed(f"{DATA}Json", "string"), '{"a": [1, 2.50]}', '{"a": [1, 2.50]}'),
    (typed(f"{DATA}Xml", "string"), "<a>1</a>", "<a>1</a>"),
    *(
        (typed(f"{DATA}Uuid", "string"), text, text)
        for text in ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "not normalised"]
    ),
    (typed(f"{DATA}Ltree", "string"), "Top.Science", "Top.Science"),
    (typed(f"{DATA}Tsvector", "string"), "'direct':6 'insert':8", "'direct':6 'insert':8"),
    (typed(f"{DATA}Enum", "string", allowed="a,b"), "a", "a"),
    (typed(f"{DATA}EnumSet", "string", allowed="a,b,c"), "a,c", "a,c"),
    (typed(f"{DATA}EnumSet", "string", allowed="a,b,c"), "", ""),
    (typed(f"{DATA}Bits", "bytes", length="10"), b"\x01\x02", "AQI="),
    (BYTES, b"", ""),
    (BYTES, b"\x00\xff", "AP8="),
    (TEXT, "[2024-01-01,2024-02-01)", "[2024-01-01,2024-02-01)"),
    (POINT, POINT_VALUE, POINT_SENT),
    (
        row(f"{DATA}geometry.Geometry", wkb=BYTES, srid=INT32, extensions=mapped(TEXT, TEXT)),
        {"wkb": b"\x01", "srid": 4326, "extensions": {"type": "path"}},
        {"wkb": "AQ==", "srid": 4326, "extensions": {"type": "path"}},
    ),
    (
        row(f"{DATA}geometry.Circle", center=POINT, radius=DOUBLE),
        {"center": POINT_VALUE, "radius": 2.5},
        {"center": POINT_SENT, "radius": 2.5},
    ),
    (array(DOUBLE, f"{DATA}DoubleVector"), [0.1, 0.2], [0.1, 0.2]),
    (array(ConnectSchema("float"), f"{DATA}FloatVector"), [0.5, -0.25], [0.5, -0.25]),
    (
        row(f"{DATA}SparseDoubleVector", dimensions=INT32, vector=mapped(ConnectSchema("int16"), DOUBLE)),
        {"dimensions": 3, "vector": {1: 0.5, 3: 0.1}},
        {"dimensions": 3, "vector": {"1": 0.5, "3": 0.1}},
    ),
    (array(TEXT), ["a", None, "b"], ["a", None, "b"]),
    (array(INT32), [], []),
    (array(BYTES), [b"\x01", None], ["AQ==", None]),
    (array(DATE), [17422, None, 0], ["2017-09-13", None, "1970-01-01"]),
    (array(array(DATE)), [[17422], [], None], [["2017-09-13"], [], None]),
    (mapped(TEXT, TEXT), {"k": "ñ", "none": None}, {"k": "ñ", "none": None}),
    (mapped(TEXT, DATE), {"born": 17422}, {"born": "2017-09-13"}),
    (mapped(ConnectSchema("boolean"), TEXT), {True: "yes"}, {"true": "yes"}),
    (mapped(DATE, ConnectSchema("int64")), {17422: 1}, {"2017-09-13": 1}),
    (mapped(decimal(1), INT32), {b"\x0f": 1}, {"1.5": 1}),
    (
        row(a=INT32, b=row(c=DATE, d=BYTES)),
        {"a": 1, "b": {"c": 0, "d": b"\x01"}},
        {"a": 1, "b": {"c": "1970-01-01", "d": "AQ=="}},
    ),
    (row(a=INT32, b=TEXT), {"a": None, "b": "x"}, {"a": None, "b": "x"}),
    # NaN has a place in an array and none in an object
    (array(DOUBLE), [1.5, math.nan, -math.inf], [1.5, None, None]),
    (row(a=DOUBLE, b=DOUBLE), {"a": math.nan, "b": 1.5}, {"b": 1.5}),
    (mapped(TEXT, DOUBLE), {"a": math.inf, "b": 1.5}, {"b": 1.5}),
]  # fmt: skip


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("schema", "value", "expected"), VECTORS, ids=range(len(VECTORS)))
def test_vectors_become(encoding: str, schema: ConnectSchema, value: Any, expected: Any) -> None:
    """Every other type is sent in the form of the table "Values", from JSON and from Avro."""
    assert sent(schema, ENCODINGS[encoding](schema, value)) == orjson.dumps(expected)


@pytest.mark.parametrize("base", ["string", "boolean", "int32", "bytes", "any"])
def test_most_columns_need_no_function(base: Base) -> None:
    """A value that is sent unchanged costs no call; `to_json_value` recognises bytes."""
    assert column_type(ConnectSchema(base)).for_sending is None
    assert column_type(ConnectSchema("array", items=ConnectSchema(base))).for_sending is None
    assert column_type(ConnectSchema("struct", fields={"a": ConnectSchema(base)})).for_sending is None


def test_a_uuid_of_sixteen_bytes_is_text() -> None:
    """Avro's own UUID may be `fixed`; it is sent in the usual form."""
    schema = typed(f"{DATA}Uuid", "bytes")
    uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    assert sent(schema, bytes.fromhex(uuid.replace("-", ""))) == orjson.dumps(uuid)
    assert sent(schema, uuid) == orjson.dumps(uuid)
    with pytest.raises(ConversionError):
        sent(schema, b"\x01")


def test_a_map_with_text_keys_may_come_as_entries() -> None:
    """The Avro converter writes a map as entries too where its keys may be null."""
    entries = [{"key": "a", "value": 17422}, {"key": "b", "value": None}]
    assert sent(mapped(TEXT, DATE), entries) == b'{"a":"2017-09-13","b":null}'
    assert sent(mapped(TEXT, INT32), entries) == b'{"a":17422,"b":null}'


def test_fields_that_the_schema_does_not_name_pass() -> None:
    """A nested row may hold more than its schema says; that is treated as without a schema."""
    assert sent(row(a=DATE), {"a": 0, "b": b"\x01", "c": math.nan}) == b'{"a":"1970-01-01","b":"AQ=="}'


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (array(DATE), {"a": 1}),
        (array(DATE), "17422"),
        (array(DATE), [2**31]),
        (row(a=DATE), [1]),
        (row(a=DATE), {"a": {}}),
        (mapped(TEXT, DATE), 7),
        (mapped(INT32, DATE), [[1]]),
        (mapped(INT32, DATE), [{"key": 1}]),
        (mapped(INT32, DATE), [[None, 1]]),
        (mapped(row(a=INT32), DATE), [[{"a": 1}, 1]]),
        (mapped(DOUBLE, DATE), [[math.nan, 1]]),
        (INT32, 2**64),
        (INT32, 1e25),
        (row(a=INT32, b=DATE), {"a": 1e25, "b": 0}),
        (TEXT, [[1e25]]),
    ],
    ids=range(15),
)
def test_what_is_not_of_its_type_is_unreadable(schema: ConnectSchema, value: Any) -> None:
    """A value that contradicts its schema is refused or harmless, never a crash."""
    with pytest.raises(ConversionError):
        sent(schema, value)


def nested(levels: int) -> Any:
    """Return arrays in arrays."""
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def test_depth_is_bounded_whatever_the_schema_says() -> None:
    """A value nested deeper than its schema, under a text column say, cannot spoil a batch (S16)."""
    for schema in (TEXT, ConnectSchema("any"), row(a=DATE), array(array(TEXT))):
        value = {"b": nested(100)} if schema.base == "struct" else nested(100)
        with pytest.raises(ConversionError, match="nested deeper"):
            sent(schema, value)


@pytest.mark.parametrize(
    "value",
    [PLACEHOLDER.encode(), [PLACEHOLDER.encode()], list(PLACEHOLDER.encode())],
    ids=["bytes", "array of bytes", "numbers"],
)
def test_the_placeholder_of_avro_is_known(value: Any) -> None:
    """An unchanged bytea is the raw placeholder in Avro (F044, debezium-events.md 2.2)."""
    assert is_unavailable(value)
    assert not is_unavailable(value[:-1])
