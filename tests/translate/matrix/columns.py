"""Columns of databases: the value sent for each, with and without a schema (debezium-events.md 6)."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson

from connector.sandbox.formats.connect_json import JsonConverter, json_style
from connector.sandbox.records.columns import (
    BOOLEAN,
    BYTES,
    DATE,
    DOUBLE,
    DOUBLE_VECTOR,
    INT16,
    INT64,
    JSON,
    MICRO_DURATION,
    MICRO_TIME,
    MICRO_TIMESTAMP,
    NANO_TIMESTAMP,
    POINT,
    SEMANTIC,
    STRING,
    TIMESTAMP,
    UUID,
    VARIABLE_DECIMAL,
    XML,
    ZONED_TIME,
    ZONED_TIMESTAMP,
    array_of,
    bits,
    decimal,
    enum,
    map_of,
    unscaled,
    variable,
)
from connector.sandbox.records.schema import ConnectRecord, ConnectSchemaNode, nullable
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import SampleRecord, Writer
from tests.translate.matrix.case import TYPED, Kind, Write, made, upsert
from tests.translate.matrix.shop import ADA, AT_US, COLUMNS, rules, table

_CONNECT = "org.apache.kafka.connect.data."
_TIME = "io.debezium.time."
_LONG = "12345678901234567890.1234"


class Column(NamedTuple):
    """One column: its type, a value as it travels, and the JSON that is sent of it where there is a schema.

    Without a schema `bare` is sent. `form` is the `as:` that gives the same result as a schema, None
    where none exists or none is needed. `other` is an `as:` for another result, and that result.
    `remedy` is what to set at the source, where this value is not the one that the database holds.
    """

    name: str
    schema: ConnectSchemaNode
    value: Any
    sent: str
    bare: str
    form: Any = None
    other: tuple[Any, str] | None = None
    remedy: str = ""


def _same(
    name: str, schema: ConnectSchemaNode, value: Any, sent: str, other: tuple[Any, str] | None = None
) -> Column:
    """Describe a column that needs no schema."""
    return Column(name, schema, value, sent, sent, other=other)


COLUMN_TYPES = (
    _same("text, `varchar`, `char`, `citext`, `inet`, ranges", STRING, "Ávila", '"Ávila"'),
    _same("`uuid`", UUID, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"'),
    _same("`enum`, `set`", enum("a", "b"), "a", '"a"'),
    _same("`xml`", XML, "<a/>", '"<a/>"'),
    _same("`json`, `jsonb`", JSON, '{"a": 1}', '"{\\"a\\": 1}"', ("json", '{"a":1}')),
    _same("`boolean`, `bit(1)`", BOOLEAN, True, "true"),
    _same("`smallint`, `integer`, `bigint`, `serial`", INT64, 2**53 + 1, "9007199254740993"),
    _same("`TINYINT(1)` of MySQL", INT16, 1, "1", ("boolean", "true")),
    _same("`YEAR`", SEMANTIC[f"{_TIME}Year"], 2024, "2024"),
    _same("`real`, `double precision`, `FLOAT`", DOUBLE, 0.1, "0.1"),
    Column(
        "`numeric(10,2)`, `DECIMAL`, `money`",
        decimal(2, 10),
        unscaled("123.45", 2),
        "123.45",
        '"MDk="',
        {"decimal": 2},
    ),
    Column(
        "the same with more digits than a double has",
        decimal(4),
        unscaled(_LONG, 4),
        _LONG,
        '"GiSbHxCgbJav8g=="',
        {"decimal": 4},
    ),
    Column(
        "`numeric` without a scale, Oracle's `NUMBER`",
        VARIABLE_DECIMAL,
        variable("123.45", 2),
        "123.45",
        '{"scale":2,"value":"MDk="}',
        "decimal",
    ),
    _same("… with `decimal.handling.mode: string`", STRING, _LONG, f'"{_LONG}"', ("decimal", _LONG)),
    _same("… with `decimal.handling.mode: double`", DOUBLE, 123.45, "123.45"),
    Column(
        "`BIGINT UNSIGNED`, `precise`",
        decimal(0),
        unscaled(2**64 - 1, 0),
        "18446744073709551615",
        '"AP//////////"',
        {"decimal": 0},
    ),
    Column(
        "`BIGINT UNSIGNED`, `long` (default), above 2⁶³",
        INT64,
        -1,
        "-1",
        "-1",
        remedy="set `bigint.unsigned.handling.mode: precise`",
    ),
    Column(
        "… with `column.propagate.source.type`",
        ConnectSchemaNode("int64", parameters={"__debezium.source.column.type": "BIGINT UNSIGNED"}),
        -1,
        "18446744073709551615",
        "-1",
    ),
    Column("`date`", DATE, 17_422, '"2017-09-13"', "17422", "date"),
    Column(
        "`timestamp` (4 to 6 digits), `DATETIME(6)`",
        MICRO_TIMESTAMP,
        1_529_507_596_945_104,
        '"2018-06-20T15:13:16.945Z"',
        "1529507596945104",
        {"timestamp": "us"},
    ),
    Column(
        "`timestamp(3)`, `DATETIME`, Oracle's `DATE`",
        TIMESTAMP,
        1_529_507_596_945,
        '"2018-06-20T15:13:16.945Z"',
        "1529507596945",
        {"timestamp": "ms"},
    ),
    Column(
        "`datetime2(7)`, Oracle's `TIMESTAMP(9)`",
        NANO_TIMESTAMP,
        1_529_507_596_945_104_000,
        '"2018-06-20T15:13:16.945Z"',
        "1529507596945104000",
        {"timestamp": "ns"},
    ),
    Column(
        "`timestamptz`, `TIMESTAMP` of MySQL, `datetimeoffset`",
        ZONED_TIMESTAMP,
        "2018-06-20T15:37:03.5+02:00",
        '"2018-06-20T13:37:03.500Z"',
        '"2018-06-20T15:37:03.5+02:00"',
        "timestamp",
    ),
    Column(
        "… with `time.precision.mode: connect`",
        SEMANTIC[f"{_CONNECT}Timestamp"],
        1_529_507_596_945,
        '"2018-06-20T15:13:16.945Z"',
        "1529507596945",
        {"timestamp": "ms"},
    ),
    Column(
        "… with `time.precision.mode: isostring`",
        SEMANTIC[f"{_TIME}IsoTimestamp"],
        "2020-01-01T00:00:00.12Z",
        '"2020-01-01T00:00:00.120Z"',
        '"2020-01-01T00:00:00.12Z"',
        "timestamp",
    ),
    Column("`time`, `TIME`", MICRO_TIME, 49_530_123_456, '"13:45:30.123456"', "49530123456"),
    _same("`timetz`", ZONED_TIME, "11:51:02Z", '"11:51:02Z"'),
    _same("`interval`", MICRO_DURATION, 37_091_106_780_000, "37091106780000"),
    _same("… with `interval.handling.mode: string`", SEMANTIC[f"{_TIME}Interval"], "P1Y2M3D", '"P1Y2M3D"'),
    _same("`bytea`, `BLOB`, `varbinary`", BYTES, b"\x00\xff", '"AP8="'),
    _same("`bit(10)`, `bit varying`", bits(10), b"\x01\x02", '"AQI="'),
    _same("arrays, such as `text[]`", array_of(nullable(STRING)), ["a", None], '["a",null]'),
    Column(
        "`date[]` and others, each by its type",
        array_of(nullable(DATE)),
        [17_422, None],
        '["2017-09-13",null]',
        "[17422,null]",
    ),
    _same("`hstore` (JSON, the default)", JSON, '{"k":"v"}', '"{\\"k\\":\\"v\\"}"', ("json", '{"k":"v"}')),
    _same("`hstore` as a map", map_of(STRING, nullable(STRING)), {"k": "v"}, '{"k":"v"}'),
    _same("`vector`", DOUBLE_VECTOR, [0.1, 0.2], "[0.1,0.2]"),
    _same(
        "`point`, `geometry`",
        POINT,
        {"x": 1.5, "y": -2.25, "wkb": b"\x01", "srid": None},
        '{"x":1.5,"y":-2.25,"wkb":"AQ==","srid":null}',
    ),
    Column(
        "structured types (3.7)",
        SEMANTIC[f"{_TIME}StructuredDate"],
        {"year": 2024, "month": 1, "day": 31},
        '"2024-01-31"',
        '{"year":2024,"month":1,"day":31,"specialValue":null}',
    ),
)
"""A row of the page each. `…` is the column above it."""


def inserted(column: ConnectSchemaNode, value: Any) -> Iterable[ConnectRecord]:
    """Give the INSERT of a row with one more column."""
    return table({**COLUMNS, "c": nullable(column)}).create({**ADA, "c": value}, AT_US)


def numeric(text: str, scale: int) -> Write:
    """Write a decimal as a JSON number with all its digits (`decimal.format: NUMERIC`)."""

    def write(_store: RegistryStore, name: str) -> Iterable[SampleRecord]:
        converter = JsonConverter(schemas=name == "json-embedded", style=json_style("NUMERIC"))
        return Writer(converter).records(inserted(decimal(scale), unscaled(text, scale)))

    return write


def _sent(text: str) -> list[Any]:
    """Expect this JSON; of an object the order of its members does not matter."""
    return [upsert("7", c=orjson.loads(text) if text[0] == "{" else orjson.Fragment(text))]


def _kinds(column: Column) -> Iterable[Kind]:
    write = made(lambda: inserted(column.schema, column.value))
    plain = rules(attributes={"c": "c"})
    yield Kind(f"{column.name}: with a schema", "6", write, _sent(column.sent), plain, TYPED)
    yield Kind(f"{column.name}: without", "6", write, _sent(column.bare), plain, ("json",))
    if column.form is not None:
        formed = rules(attributes={"c": {"from": "c", "as": column.form}})
        yield Kind(f"{column.name}: with `as:`", "6", write, _sent(column.sent), formed, ("json", *TYPED))
    if column.other is not None:
        form, sent = column.other
        formed = rules(attributes={"c": {"from": "c", "as": form}})
        yield Kind(f"{column.name}: with another `as:`", "6", write, _sent(sent), formed, ("json", *TYPED))


KINDS = (
    *(kind for column in COLUMN_TYPES for kind in _kinds(column)),
    Kind(
        "decimal as a JSON number (`decimal.format: NUMERIC`): with a schema",
        "6.3",
        numeric(_LONG, 4),
        _sent(_LONG),
        rules(attributes={"c": "c"}),
        ("json-embedded",),
    ),
    Kind(
        "decimal as a JSON number (`decimal.format: NUMERIC`): with `as: decimal`",
        "6.3",
        numeric(_LONG, 4),
        _sent(_LONG),
        rules(attributes={"c": {"from": "c", "as": "decimal"}}),
        ("json", "json-embedded"),
    ),
)
