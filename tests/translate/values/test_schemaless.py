"""Values that are passed on without a schema and without `as:`."""

import math
from decimal import Decimal
from typing import Any

import orjson
import pytest

from connector.translate.values.schemaless import to_json_value
from connector.translate.values.text import read_string
from connector.translate.values.unusable import NOT_A_NUMBER, ConversionError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"\x00\xff", b'"AP8="'),
        (Decimal("12345678901234567890.50"), b"12345678901234567890.50"),
        (Decimal("1.50"), b"1.5"),
        (Decimal("1E+30"), b"1" + b"0" * 30),
        ([1, b"\x01", {"a": [b"\x02"]}], b'[1,"AQ==",{"a":["Ag=="]}]'),
        ({"a": Decimal("0.1"), "b": None}, b'{"a":0.1,"b":null}'),
        ([math.nan, 1.5], b"[null,1.5]"),
        ({"a": math.inf, "b": {"c": -math.inf}}, b'{"b":{}}'),
        ([True, "x", 2**64 - 1, -(2**63)], b'[true,"x",18446744073709551615,-9223372036854775808]'),
    ],
)
def test_values_of_avro_and_of_exact_decoding_pass(value: Any, expected: bytes) -> None:
    """Bytes become base64, decimals keep their digits, and NaN is left out or, in an array, null (F043)."""
    assert orjson.dumps(to_json_value(value)) == expected


def test_what_can_be_sent_is_not_copied() -> None:
    """The value itself passes where nothing in it has to change."""
    value = {"a": [1, {"b": "x"}]}
    assert to_json_value(value) is value


def test_a_number_that_is_none_is_left_out() -> None:
    """NaN by itself is left out, as text too."""
    assert to_json_value(math.nan) is NOT_A_NUMBER
    assert read_string(-math.inf) is NOT_A_NUMBER


@pytest.mark.parametrize(
    "value", [2**64, 1e25, [2**64], {"a": [1e25]}, [[Decimal("1E+5000")]], Decimal("NaN")], ids=repr
)
def test_numbers_without_all_their_digits_are_unreadable(value: Any) -> None:
    """An integer beyond 64 bits is refused at any depth (F043)."""
    with pytest.raises(ConversionError):
        to_json_value(value)
