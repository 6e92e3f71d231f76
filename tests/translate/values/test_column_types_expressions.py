"""JMESPath on typed columns, and its arithmetic with decimals."""

import math
from decimal import Decimal
from typing import Any

import jmespath
import orjson
import pytest

from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.mapping.decimal_jmespath import search_of
from connector.translate.values.column_types import column_type
from connector.translate.values.schemaless import to_json_value
from connector.translate.values.unusable import ConversionError, NeedsExactError
from tests.translate.values.encodings import ENCODINGS, decimal, twos_complement, typed

LONG = 12345678901234567890123456789  # in a scale of 10: nineteen digits before the point
LINE = ConnectSchema("struct", fields={"price": decimal(2), "sku": ConnectSchema("string")})
ROW = ConnectSchema(
    "struct",
    fields={
        "total": decimal(2),
        "long": decimal(10),
        "whole": decimal(0),
        "rate": ConnectSchema("double"),
        "part": ConnectSchema("float"),
        "born": typed("io.debezium.time.Date", "int32"),
        "seen": typed("io.debezium.time.MicroTimestamp", "int64"),
        "photo": ConnectSchema("bytes"),
        "lines": ConnectSchema("array", items=LINE),
        "prices": ConnectSchema("array", items=decimal(2)),
        "scores": ConnectSchema("map", keys=ConnectSchema("int32"), items=decimal(1)),
        "name": ConnectSchema("string"),
    },
)
VALUES = {
    "total": twos_complement(1999),
    "long": twos_complement(LONG),
    "whole": twos_complement(2**63),
    "rate": 0.1,
    "part": 0.5,
    "born": 17422,
    "seen": 1529507596945104,
    "photo": b"\x00\xff",
    "lines": [
        {"price": twos_complement(10), "sku": "a"},
        {"price": twos_complement(20), "sku": "b"},
        {"price": None, "sku": "c"},
    ],
    "prices": [twos_complement(10), twos_complement(20)],
    "scores": {1: twos_complement(15)},
    "name": "Ada",
}


def search(expression: str, row: Any) -> Any:
    """Evaluate an expression as the mapping does."""
    return search_of(jmespath.compile(expression).parsed)(row)


def seen(encoding: str) -> Any:
    """Return the row as an expression sees it."""
    convert = column_type(ROW).for_expression
    assert convert is not None
    return convert(ENCODINGS[encoding](ROW, VALUES))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("total", b"19.99"),
        ("total > `10`", b"true"),
        ("total == `19.99`", b"true"),
        ("total <= `19.99`", b"true"),
        ("total < `19.99`", b"false"),
        ("total != `19.98`", b"true"),
        ("long", b"1234567890123456789.0123456789"),
        ("long > `1234567890123456789`", b"true"),
        ("long < `1234567890123456790`", b"true"),
        ("long == total", b"false"),
        ("long > total", b"true"),
        ("long > rate", b"true"),
        ("whole", b"9223372036854775808"),
        ("whole == `9223372036854775808`", b"true"),
        ("rate == `0.1`", b"true"),
        ("part", b"0.5"),
        ("born", b'"2017-09-13"'),
        ("born > '2017-01-01'", b"true"),
        ("seen < '2018-06-20T15:13:16.946Z'", b"true"),
        ("photo", b'"AP8="'),
        ("lines[0].price", b"0.1"),
        ("lines[?price > `0.1`].sku", b'["b"]'),
        ("lines[?price == `0.2`] | [0].sku", b'"b"'),
        ("sum(lines[].price)", b"0.3"),
        ("sum(prices)", b"0.3"),
        ("sum([total, long])", b"1234567890123456809.0023456789"),
        ("sum(`[]`)", b"0"),
        ("avg(prices)", b"0.15"),
        ("avg([total, total, total])", b"19.99"),
        ("avg(`[]`)", b"null"),
        ("max(prices)", b"0.2"),
        ("max([total, long])", b"1234567890123456789.0123456789"),
        ("sort([long, total, rate])", b"[0.1,19.99,1234567890123456789.0123456789]"),
        ("sort_by([{n: long}, {n: total}], &n)[0].n", b"19.99"),
        ("min_by(lines[:2], &price).sku", b'"a"'),
        ("abs(long)", b"1234567890123456789.0123456789"),
        ("floor(long)", b"1234567890123456789"),
        ("ceil(total)", b"20"),
        ("to_string(long)", b'"1234567890123456789.0123456789"'),
        ("to_string(lines[0])", b'"{\\"price\\":0.1,\\"sku\\":\\"a\\"}"'),
        ("to_string([long])", b'"[1234567890123456789.0123456789]"'),
        ("to_string(name)", b'"Ada"'),
        ("to_number(long) == long", b"true"),
        ("to_number(to_string(long)) == long", b"true"),
        ("to_number('12')", b"12"),
        ("to_number('1.50')", b"1.5"),
        ("to_number('x')", b"null"),
        ("to_number(name)", b"null"),
        ("to_number(`true`)", b"null"),
        ("type(long)", b'"number"'),
        ("type(total)", b'"number"'),
        ("type(name)", b'"string"'),
        ("type(gone)", b'"null"'),
        ('scores."1"', b"1.5"),
        (
            "{a: long, b: [long]}",
            b'{"a":1234567890123456789.0123456789,"b":[1234567890123456789.0123456789]}',
        ),
        ("not_null(gone, long)", b"1234567890123456789.0123456789"),
        ("!long", b"false"),
        ("long && 'yes'", b'"yes"'),
        ("contains(prices, `0.2`)", b"true"),
    ],
)
def test_expressions_over_typed_columns(encoding: str, expression: str, expected: bytes) -> None:
    """Decimals compare, sort and add up exactly, and the result is sent with all its digits (F043)."""
    assert orjson.dumps(to_json_value(search(expression, seen(encoding)))) == expected


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("base", ["float", "double"])
def test_a_number_that_is_none_compares_with_nothing(encoding: str, base: Any) -> None:
    """NaN is NaN to an expression, in both encodings."""
    schema = ConnectSchema(base)
    convert = column_type(schema).for_expression
    assert convert is not None
    number = convert(ENCODINGS[encoding](schema, math.nan))
    assert math.isnan(number)
    assert search("n > `1` || n < `1` || n == `1`", {"n": number}) is False
    assert math.isnan(search("sum([n, `1`])", {"n": number}))
    assert math.isnan(search("avg([n, `1`])", {"n": number}))


def test_a_float_and_a_decimal_are_compared_by_their_digits() -> None:
    """A float means the shortest text that makes it, not its binary value."""
    row = {"decimal": Decimal("0.1"), "float": 0.1, "above": Decimal("0.10000000000000000001")}
    assert search("decimal == float", row) is True
    assert search("float == decimal", row) is True
    assert search("float < above", row) is True
    assert search("above > float", row) is True
    assert search("decimal >= float && decimal <= float", row) is True


@pytest.mark.parametrize(
    "expression", ["sum(name)", "abs(name)", "sum([name])", "max([name, long])", "ceil(`true`)"]
)
def test_jmespath_still_refuses_what_is_no_number(expression: str) -> None:
    """Types of arguments are checked as ever."""
    with pytest.raises(jmespath.exceptions.JMESPathTypeError):
        search(expression, {"name": "x", "long": Decimal(1)})


def test_an_expression_never_sees_a_float_for_a_decimal() -> None:
    """A decimal that was decoded as a float asks for exact decoding."""
    convert = column_type(ConnectSchema("array", items=decimal(2))).for_expression
    assert convert is not None
    with pytest.raises(NeedsExactError):
        convert([1.25])
    assert convert([Decimal("1.25"), 7, None]) == [1.25, 7, None]


def test_an_infinite_date_is_unreadable_in_an_expression() -> None:
    """A condition over an infinite timestamp is refused, not decided."""
    convert = column_type(ROW).for_expression
    assert convert is not None
    with pytest.raises(ConversionError):
        convert({"seen": 9223372036825200000})


def test_plain_columns_are_seen_as_they_are() -> None:
    """Text, booleans, integers and containers of them need no conversion."""
    for base in ("string", "boolean", "int32", "int64"):
        column = ConnectSchema(base)
        assert column_type(column).for_expression is None
        assert column_type(ConnectSchema("array", items=column)).for_expression is None
        assert column_type(ConnectSchema("struct", fields={"a": column})).for_expression is None
