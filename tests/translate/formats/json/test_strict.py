"""JSON is read strictly, and never into more memory than one record may take (F042, F043, S14, S16)."""

import json
import sys
import tracemalloc
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.translate.formats.decoded import DecodeError
from connector.translate.formats.json.strict import decode_exactly, decode_json, refuse_repeated_names
from connector.translate.formats.json.weight import VALUES_MAX, is_too_heavy

REFUSED = [
    b"",
    b" ",
    b"{",
    b'{"a":NaN}',
    b"Infinity",
    b"-Infinity",
    b"1e400",
    b"9" * 400,
    b'"\\ud800"',
    b'"\xed\xa0\x80"',
    b"\xff\xfe[\0]\0",
    '"é"'.encode("utf-16"),
    b"\xef\xbb\xbf{}",
    b"[1,]",
    b"{} {}",
    b"'a'",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"[" * 1025 + b"]" * 1025,
]


@pytest.mark.parametrize("data", REFUSED, ids=range(len(REFUSED)))
@pytest.mark.parametrize("decode", [decode_json, decode_exactly])
def test_what_is_no_json_is_refused_by_both_parsers(decode: Any, data: bytes) -> None:
    """The exact parser takes nothing that the strict one refuses (F042, F043, S16)."""
    with pytest.raises(DecodeError):
        decode(data)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", Decimal("0.1")),
        ("1.10", Decimal("1.10")),
        ("12345678901234567890.1234", Decimal("12345678901234567890.1234")),
        ("1e2", Decimal(100)),
        ("123456789012345678901234567890", Decimal(123456789012345678901234567890)),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", Decimal(2**64)),
        ("-9223372036854775808", -(2**63)),
        ("-9223372036854775809", Decimal(-(2**63) - 1)),
        ("-7", -7),
        ("1E-400000", Decimal("1E-400000")),
    ],
)
def test_exact_numbers_keep_their_digits(text: str, value: Any) -> None:
    """Every written digit is kept, also the zeros at the end (debezium-events.md 6.3)."""
    found = decode_exactly(text.encode())
    assert (type(found), str(found)) == (type(value), str(value)) or found == value
    if "e" not in text.lower():
        assert str(found) == text


@pytest.mark.parametrize("text", [b"1e-99999999999999999999", b"0e99999999999999999999"])
def test_what_only_the_exact_parser_cannot_hold(text: bytes) -> None:
    """An exponent beyond any decimal is refused (F043)."""
    with pytest.raises(DecodeError):
        decode_exactly(text)


def test_a_depth_that_the_exact_parser_may_not_hold() -> None:
    """It is refused with Python 3.11, whose parser nests less deeply, and read with newer ones (F042)."""
    depth = 1010
    text = b"[" * depth + b"]" * depth
    if sys.version_info < (3, 12):
        with pytest.raises(DecodeError, match="nested too deeply"):
            decode_exactly(text)
        return
    found = decode_exactly(text)
    for _ in range(depth - 1):
        [found] = found
    assert found == []


@given(text=st.from_regex(r"-?(0|[1-9][0-9]{0,400})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,25})?", fullmatch=True))
@example("1e-99999999999999999999")
@example("0e5000000000")
def test_no_number_breaks_a_parser(text: str) -> None:
    """Each number of JSON is read or refused, and an exact number has all written digits (F043)."""
    try:
        found = decode_exactly(text.encode())
    except DecodeError:
        return
    assert Decimal(found) == Decimal(text)


@pytest.mark.parametrize(
    "data", [b'{"a":1,"a":1}', b'[{"b":{"a":1,"a":2}}]', b'{"a":1,"\\u0061":2}', b'{"":1,"":2}']
)
def test_a_name_twice_is_refused(data: bytes) -> None:
    """The intended one of two values is unknown, at any depth and in any spelling (F043, S16)."""
    with pytest.raises(DecodeError, match="the same name twice"):
        refuse_repeated_names(data)
    refuse_repeated_names(b'{"a":{"a":[{"a":1},{"a":2}]},"b":{"a":1}}')


UNITS = (
    *("[],", "{},", '{"":0},', '{"a":1},', '{"a":"xx"},', "[[]],", "[0],", '{"a":{}},', "0,", "999,", "1.1,"),
    *("true,", '"ab",', '"é",', '"€",', '"\\u20ac",', '{"a":1,"b":"x"},', '{"a":[]},', '{"a":1.5,"b":[2]},'),
)


def peak(decode: Any, data: bytes) -> int:
    """Return the most bytes of Python's memory that decoding took."""
    tracemalloc.start()
    try:
        decode(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("unit", UNITS)
def test_no_text_takes_more_than_a_record_may(unit: str) -> None:
    """However a text is made, decoding takes 64 MiB at most; one more value, and it is refused (S14)."""
    values = unit.count(",") + 3 * (unit.count("[") + unit.count("{"))
    text = f"[{unit * ((VALUES_MAX - 3) // values)}0]"
    assert not is_too_heavy(text)
    assert peak(decode_exactly, text.encode()) < 64 * 1024 * 1024  # which begins with `decode_json`
    heavy = f"[{unit}{text[1:]}"
    assert is_too_heavy(heavy)
    for decode in (decode_json, decode_exactly):
        with pytest.raises(DecodeError, match="too much time or memory"):
            decode(heavy.encode())


@pytest.mark.parametrize(
    "text",
    ["a" * 30_000_000, "😀" + "a" * 6_000_000, "€" + "a" * 6_000_000, "\\ud83d\\ude00" + "a" * 6_000_000],
)
def test_long_texts_are_weighed_by_their_widest_character(text: str) -> None:
    """One character beyond Latin makes every other as wide; such text is refused earlier."""
    assert is_too_heavy(f'"{text}"')
    with pytest.raises(DecodeError, match="too much time or memory"):
        decode_json(f'"{text}"'.encode())


@pytest.mark.parametrize("text", ["a" * 12_000_000, "é" * 4_000_000, "\\u00e9" * 500_000, "😀" * 1_000_000])
def test_honest_long_texts_pass(text: str) -> None:
    """Documents of several megabytes are no attack."""
    data = f'{{"id":7,"document":"{text}"}}'.encode()
    assert decode_json(data)["id"] == 7


def test_an_honest_row_of_two_megabytes_passes() -> None:
    """So are fifty thousand members."""
    row = {f"column_{number}": f"value {number}" * 2 for number in range(50_000)}
    assert decode_json(orjson.dumps(row)) == json.loads(orjson.dumps(row))
