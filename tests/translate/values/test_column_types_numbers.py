"""Decimals, floats and integers of a known type (debezium-events.md 6.3)."""

import base64
import math
import struct
from decimal import Decimal
from typing import Any

import orjson
import pytest

from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.values.column_types import column_type
from connector.translate.values.numbers import decimal_of
from connector.translate.values.unusable import NOT_A_NUMBER, ConversionError, NeedsExactError
from tests.translate.values.encodings import ENCODINGS, decimal, sent, through_avro, twos_complement, typed

VARIABLE_SCALE = ConnectSchema(
    "struct",
    "io.debezium.data.VariableScaleDecimal",
    fields={"scale": ConnectSchema("int32"), "value": ConnectSchema("bytes")},
)

VECTORS = [
    # base64, hex, scale, the value that is sent
    ("AMs=", "00cb", 2, b"2.03"),
    ("MDk=", "3039", 2, b"123.45"),
    ("MDk=", "3039", 0, b"12345"),
    ("MDk=", "3039", -2, b"1234500"),
    ("z8c=", "cfc7", 2, b"-123.45"),
    ("AA==", "00", 2, b"0.0"),
    ("fw==", "7f", 2, b"1.27"),
    ("AIA=", "0080", 2, b"1.28"),
    ("gA==", "80", 2, b"-1.28"),
    ("/38=", "ff7f", 2, b"-1.29"),
    ("/w==", "ff", 2, b"-0.01"),
    ("AlQL4/8=", "02540be3ff", 2, b"99999999.99"),
    ("GiSbHxCgbJav8g==", "1a249b1f10a06c96aff2", 4, b"12345678901234567890.1234"),
    # a leading sign byte, as of Avro's `fixed`
    ("AAAAAMs=", "00000000cb", 2, b"2.03"),
    ("/////w==", "ffffffff", 2, b"-0.01"),
]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("text", "digits", "scale", "expected"), VECTORS)
def test_decimals_keep_their_digits(
    encoding: str, text: str, digits: str, scale: int, expected: bytes
) -> None:
    """Connect's Decimal and the one of variable scale are sent digit by digit (F043)."""
    unscaled = bytes.fromhex(digits)
    assert base64.b64decode(text) == unscaled
    schema = decimal(scale)
    assert sent(schema, ENCODINGS[encoding](schema, unscaled)) == expected
    value = ENCODINGS[encoding](VARIABLE_SCALE, {"scale": scale, "value": unscaled})
    assert sent(VARIABLE_SCALE, value) == expected


@pytest.mark.parametrize("schema", [decimal(2), VARIABLE_SCALE], ids=["decimal", "variable scale"])
def test_decimals_written_as_numbers_need_exact_decoding(schema: ConnectSchema) -> None:
    """`decimal.format=NUMERIC`: a float is never sent for a decimal, the same decoded exactly is."""
    with pytest.raises(NeedsExactError):
        sent(schema, 123.45)
    assert sent(schema, Decimal("123.45")) == b"123.45"
    assert sent(schema, Decimal("12345678901234567890.1234")) == b"12345678901234567890.1234"
    assert sent(schema, Decimal("1E+3")) == b"1000"
    assert sent(schema, 12345) == b"12345"
    assert sent(schema, 10**30) == b"1" + b"0" * 30


@pytest.mark.parametrize(
    "value",
    [
        b"",
        "",
        "123.45",
        "é===",
        "A",
        "AA=",
        "A" * 2052,
        b"\x7f" * 1000,
        True,
        [],
        {},
        {"scale": 2},
        {"scale": "2", "value": "MDk="},
        {"scale": 10**9, "value": "MDk="},
        {"scale": 2, "value": b""},
        {"scale": 2, "value": 12345},
        Decimal("NaN"),
        Decimal("1E+999999"),
        Decimal("1E-999999"),
        10**1001,
    ],
    ids=repr,
)
def test_what_is_no_decimal_is_unreadable(value: Any) -> None:
    """Broken bytes and endless numbers are refused early, and not quoted (S08, S14)."""
    for schema in (decimal(2), VARIABLE_SCALE):
        with pytest.raises(ConversionError) as caught:
            sent(schema, value)
        assert len(str(caught.value)) < 120


@pytest.mark.parametrize("scale", ["", "two", "2.5", "9" * 5000])
def test_a_decimal_without_a_scale_is_unreadable(scale: str) -> None:
    """A schema that says no scale costs that column, not the others."""
    schema = typed("org.apache.kafka.connect.data.Decimal", "bytes", scale=scale)
    with pytest.raises(ConversionError, match="no scale"):
        sent(schema, b"\x01")
    assert (
        sent(ConnectSchema("struct", fields={"a": schema, "b": decimal(1)}), {"b": b"\x01"}) == b'{"b":0.1}'
    )


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_zeros_behind_the_point_make_no_number_too_long(encoding: str) -> None:
    """PostgreSQL's NUMERIC(6, -2), for which Debezium writes the scale 2046 and that many zeros."""
    schema = decimal(2046)
    for value in (123_400, -100, 0):
        decoded = ENCODINGS[encoding](schema, twos_complement(value * 10**2046))
        assert sent(schema, decoded) == b"%d" % value
        assert orjson.dumps(decimal_of(None)(f"{value}.{'0' * 2046}")) == b"%d" % value
    with pytest.raises(ConversionError):
        sent(schema, ENCODINGS[encoding](schema, twos_complement(10**2046 + 1)))
    with pytest.raises(ConversionError):
        decimal_of(None)(f"1.{'0' * 2045}1")


def test_a_scale_beyond_all_numbers_is_unreadable() -> None:
    """A scale of a million makes no million zeros (S14)."""
    for scale in (100_000, -100_000):
        with pytest.raises(ConversionError):
            sent(decimal(scale), b"\x01")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("base", ["float", "double"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_are_left_out(encoding: str, base: Any, value: float) -> None:
    """NaN and infinities are floats in Avro, text in Connect's JSON, and never sent (F043)."""
    schema = ConnectSchema(base)
    send = column_type(schema).for_sending
    assert send is not None
    assert send(ENCODINGS[encoding](schema, value)) is NOT_A_NUMBER


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("value", [0.1, -2.5, 1e300, 5e-324, 12345678901234567.0, 0.30000000000000004])
def test_doubles_are_sent_as_they_are(encoding: str, value: float) -> None:
    """A double is its shortest text, in both encodings; it never was a longer number."""
    schema = ConnectSchema("double")
    assert float(sent(schema, ENCODINGS[encoding](schema, value))) == value


@pytest.mark.parametrize("text", ["0.1", "16777216.0", "3.4028235e+38", "1.1754944e-38", "-7.25", "0.3"])
def test_floats_of_32_bits_have_the_digits_of_32_bits(text: str) -> None:
    """Avro widens 0.1 to 0.10000000149011612; it is sent as 0.1, as from Connect's JSON."""
    schema = ConnectSchema("float")
    widened = struct.unpack("f", struct.pack("f", float(text)))[0]
    assert float(sent(schema, through_avro(schema, widened))) == float(text)
    assert float(sent(schema, float(text))) == float(text)


def test_doubles_that_were_decoded_exactly_are_doubles_again() -> None:
    """Exact decoding makes decimals of all numbers; a double column stays a double."""
    assert sent(ConnectSchema("double"), Decimal("0.1")) == b"0.1"
    assert sent(ConnectSchema("double"), Decimal("1E+300")) == b"1e+300"
    assert sent(ConnectSchema("double"), 7) == b"7"
    assert sent(ConnectSchema("double"), 10**30) == b"1e+30"
    assert sent(ConnectSchema("float"), Decimal("0.1")) == b"0.1"
    assert sent(ConnectSchema("float"), 1e300) == b"1e+300"


@pytest.mark.parametrize("value", ["", "1.5", True, [], {}, b"1"])
def test_what_is_no_number_is_unreadable(value: Any) -> None:
    """Anything but a number and Connect's words for NaN is refused."""
    for schema in (ConnectSchema("double"), ConnectSchema("float")):
        with pytest.raises(ConversionError):
            sent(schema, value)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("base", ["int8", "int16", "int32", "int64"])
def test_integers_are_sent_as_they_are(encoding: str, base: Any) -> None:
    """Integers of every size, MySQL's TINYINT(1) among them, need no function at all."""
    schema = ConnectSchema(base)
    assert column_type(schema).for_sending is None
    for value in (0, 1, -1, 127):
        assert sent(schema, ENCODINGS[encoding](schema, value)) == b"%d" % value


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_unsigned_bigint_is_unwrapped(encoding: str) -> None:
    """Where the source's type is known, a BIGINT UNSIGNED beyond 2**63 is not sent as a negative number."""
    schema = typed("", "int64", **{"__debezium.source.column.type": "BIGINT UNSIGNED"})
    for value in (0, 5, 2**63 - 1, 2**63, 2**64 - 1):
        wrapped = value - 2**64 if value >= 2**63 else value
        assert sent(schema, ENCODINGS[encoding](schema, wrapped)) == b"%d" % value
    plain = typed("", "int64", **{"__debezium.source.column.type": "BIGINT"})
    assert sent(plain, -5) == b"-5"
    for other in (2**64, -(2**63) - 1, True, "5"):
        with pytest.raises(ConversionError):
            sent(schema, other)


def test_an_unsigned_bigint_in_precise_mode_is_a_decimal() -> None:
    """`bigint.unsigned.handling.mode=precise` sends the number itself."""
    assert sent(decimal(0), twos_complement(2**64 - 1)) == b"18446744073709551615"
