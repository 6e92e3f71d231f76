"""Avro is read as fastavro reads it, and bytes that are no value are a typed error (F036, F042, S15)."""

import struct
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.translate.formats.avro.avro_reader import VALUE_BYTES_MAX, Wanted, compile_reader
from connector.translate.formats.decoded import DecodeError
from tests.translate.formats.avro.avro_samples import (
    projected,
    read_by_fastavro,
    samples,
    tree,
    wanteds,
    written,
)

WANTED_OR_NOT: tuple[Wanted, ...] = (None, {})


def read(schema: object, data: bytes, wanted: Wanted = None, begin: int = 0) -> Any:
    """Read one value with our reader."""
    return compile_reader(tree(schema), wanted)(data, begin)


def varint(number: int) -> bytes:
    """Write a number as Avro does: zigzag, seven bits a byte."""
    number = (number << 1) ^ (number >> 63)
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])


def text(content: str) -> bytes:
    """Write a text as Avro does."""
    return varint(len(content.encode())) + content.encode()


@settings(max_examples=500, deadline=None)
@given(sample=samples())
def test_values_are_what_fastavro_reads(sample: tuple[Any, bytes]) -> None:
    """Any value that fastavro writes under any schema is read as the same value, without logical types."""
    schema, data = sample
    assert read(schema, data) == read_by_fastavro(schema, data)
    assert read(schema, b"\0\0\0\0\7" + data, begin=5) == read(schema, data)


@settings(max_examples=300, deadline=None)
@given(sample=samples(record=True), choice=st.data())
def test_fields_that_are_not_wanted_are_stepped_over(
    sample: tuple[Any, bytes], choice: st.DataObject
) -> None:
    """A projection gives the fields that it names, at any level, with the values of the whole reading."""
    schema, data = sample
    wanted = choice.draw(wanteds(tree(schema)))
    assert read(schema, data, wanted) == projected(read(schema, data), wanted)


@settings(max_examples=150, deadline=None)
@given(sample=samples(record=True), choice=st.data())
def test_every_truncation_is_noticed(sample: tuple[Any, bytes], choice: st.DataObject) -> None:
    """Cut at any byte, or with a byte too many, a value is refused, whatever is wanted of it (F036)."""
    schema, data = sample
    readers = [compile_reader(tree(schema)), compile_reader(tree(schema), choice.draw(wanteds(tree(schema))))]
    for reader in readers:
        for size in range(len(data)):
            with pytest.raises(DecodeError, match="Avro"):
                reader(data[:size], 0)
        with pytest.raises(DecodeError, match="bytes follow after the value"):
            reader(data + b"\0", 0)


@settings(max_examples=500, deadline=None)
@given(sample=samples(), junk=st.binary(max_size=60), at=st.integers(0, 60))
def test_bytes_of_another_schema_are_no_value_or_the_same_value(
    sample: tuple[Any, bytes], junk: bytes, at: int
) -> None:
    """Arbitrary bytes are refused with a typed error, or mean the same to fastavro (F036)."""
    schema, data = sample
    for hostile in (junk, data[:at] + junk, data[:at] + junk + data[at + len(junk) :]):
        with suppress(DecodeError):
            value = read(schema, hostile)
            assert repr(value) == repr(read_by_fastavro(schema, hostile))


def test_the_vector_of_the_reference() -> None:
    """The envelope of debezium-events.md 7 is read byte by byte as it says there."""
    value = {
        "type": "record",
        "name": "Value",
        "fields": [
            {"name": "id", "type": "int"},
            {"name": "email", "type": ["null", "string"]},
            {
                "name": "balance",
                "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}],
            },
            {"name": "born", "type": ["null", {"type": "int", "connect.name": "io.debezium.time.Date"}]},
            {"name": "created", "type": {"type": "long", "connect.name": "io.debezium.time.MicroTimestamp"}},
            {"name": "active", "type": ["boolean", "null"]},
        ],
    }
    envelope = {
        "type": "record",
        "name": "Envelope",
        "fields": [
            {"name": "before", "type": ["null", value]},
            {"name": "after", "type": ["null", "Value"]},
            {"name": "op", "type": "string"},
            {"name": "ts_ms", "type": ["null", "long"]},
        ],
    }
    body = "00 02 0e 020c6140622e696f 02043039 029c9002 a09bfacf87c5b705 02 0275 0280a0abfef962"
    after = {
        "id": 7,
        "email": "a@b.io",
        "balance": (12345).to_bytes(2, "big"),
        "born": 17422,
        "created": 1529507596945104,
        "active": None,
    }
    expected = {"before": None, "after": after, "op": "u", "ts_ms": 1700000000000}
    assert read(envelope, bytes.fromhex("00 0000002a" + body), begin=5) == expected
    assert read(envelope, bytes.fromhex("00 000000000000002a" + body), begin=9) == expected
    lean = read(envelope, bytes.fromhex(body), {"op": None, "after": {"id": None}})
    assert lean == {"after": {"id": 7}, "op": "u"}


@pytest.mark.parametrize("number", [0, -1, 63, -64, 64, 2**31 - 1, -(2**31), 2**62, 2**63 - 1, -(2**63)])
def test_numbers_of_64_bits(number: int) -> None:
    """Zigzag numbers are exact to the last bit, also when they are stepped over."""
    schema = {"type": "record", "name": "R", "fields": [{"name": n, "type": "long"} for n in "ab"]}
    data = varint(number) + varint(-5)
    assert read("long", varint(number)) == number
    assert read(schema, data) == {"a": number, "b": -5}
    assert read(schema, data, {"b": None}) == {"b": -5}


FORMS: tuple[tuple[Any, bytes], ...] = (
    ("int", b""),
    ("long", b""),
    (["null", "long"], b"\2"),
    (["long", "null"], b"\0"),
)
"""Numbers as a record holds them, and the byte before one that is not null."""


@pytest.mark.parametrize("count", [1, 2, 8, 9, 20])
@pytest.mark.parametrize(("form", "branch"), FORMS, ids=str)
def test_runs_of_numbers_are_stepped_over_as_they_are_read(form: Any, branch: bytes, count: int) -> None:
    """After any count of skipped numbers the next value is found, and errors in them are reported."""
    fields = [*({"name": f"n{index}", "type": form} for index in range(count)), {"name": "z", "type": "int"}]
    schema = {"type": "record", "name": "R", "fields": fields}
    numbers = [None if isinstance(form, list) and n % 3 == 2 else (-1) ** n << 3 * n for n in range(count)]
    row = {**{f"n{index}": number for index, number in enumerate(numbers)}, "z": 5}
    data = written(schema, row)
    assert read(schema, data, {"z": None}) == {"z": 5}
    for size in range(len(data)):
        with pytest.raises(DecodeError, match=r"bytes end before|beyond the end"):
            read(schema, data[:size], {"z": None})
    for wanted in (None, {"z": None}):
        with pytest.raises(DecodeError, match="longer than 64 bits"):
            read(schema, branch + b"\xff" * 99, wanted)
        if isinstance(form, list):
            with pytest.raises(DecodeError, match="no such branch"):
                read(schema, b"\4" + data[1:], wanted)


@pytest.mark.parametrize("data", [b"\x80" * 10 + b"\x00", b"\xff" * 10 + b"\x01", b"\xff" * 100_000])
def test_numbers_longer_than_64_bits_are_refused(data: bytes) -> None:
    """A number without an end costs no more than ten bytes of reading, wanted or not."""
    schema = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "long"}]}
    for wanted in WANTED_OR_NOT:
        with pytest.raises(DecodeError, match="longer than 64 bits"):
            read(schema, data, wanted)
    with pytest.raises(DecodeError, match="longer than 64 bits"):
        read("long", b"\xff" * 9 + b"\x02")


def test_floats_have_all_their_values() -> None:
    """Not-a-number and infinities are read; the mapping decides about them."""
    assert read("double", struct.pack("<d", float("-inf"))) == float("-inf")
    assert str(read("float", struct.pack("<f", float("nan")))) == "nan"
    assert read("float", struct.pack("<f", 0.1)) == struct.unpack("<f", struct.pack("<f", 0.1))[0]


ARRAY = {"type": "array", "items": "long"}
MAP = {"type": "map", "values": "long"}


def test_blocks_of_a_collection() -> None:
    """Several blocks are one collection; a negative count is followed by the block's size in bytes."""
    block = varint(1) + varint(2)
    assert read(ARRAY, varint(2) + block + varint(-2) + varint(2) + block + b"\0") == [1, 2, 1, 2]
    entries = text("a") + varint(1) + text("b") + varint(2)
    assert read(MAP, varint(-2) + varint(6) + entries + varint(1) + text("a") + varint(9) + b"\0") == {
        "a": 9,
        "b": 2,
    }
    assert read(ARRAY, b"\0") == []
    assert read(MAP, b"\0") == {}
    skipped = {
        "type": "record",
        "name": "R",
        "fields": [{"name": "a", "type": ARRAY}, {"name": "b", "type": MAP}],
    }
    assert read(skipped, varint(-2) + varint(2) + block + b"\0" + b"\0", {}) == {}


@pytest.mark.parametrize(
    ("schema", "data", "words"),
    [
        ("boolean", b"\2", "neither 0 nor 1"),
        (["null", "int"], varint(2) + b"\0", "no such branch"),
        (["null", "int"], varint(-1) + b"\0", "no such branch"),
        ({"type": "enum", "name": "E", "symbols": ["a"]}, varint(1), "no such symbol"),
        ({"type": "enum", "name": "E", "symbols": ["a"]}, varint(-1), "no such symbol"),
        ("string", varint(-1), "length is negative"),
        ("string", varint(5) + b"abcd", "beyond the end"),
        ("string", varint(2**62), "beyond the end"),
        ("bytes", varint(-(2**63)), "length is negative"),
        ("string", varint(1) + b"\xff", "not UTF-8"),
        ("string", varint(3) + b"\xed\xa0\x80", "not UTF-8"),
        ({"type": "fixed", "name": "F", "size": 4}, b"abc", "end before"),
        ("double", b"1234567", "end before"),
        (ARRAY, varint(10) + b"\0", "more items than there are bytes"),
        (ARRAY, varint(-(2**63)) + varint(1), "more items than there are bytes"),
        (MAP, varint(2**62), "more items than there are bytes"),
        (MAP, varint(1) + varint(-1) + b"\0\0", "length is negative"),
    ],
    ids=str,
)
@pytest.mark.parametrize("wrapped", [False, True], ids=["alone", "in a record"])
def test_broken_values_say_what_is_wrong(*, schema: object, data: bytes, words: str, wrapped: bool) -> None:
    """Each kind of damage has its own words, also inside a record, and none quotes the bytes (F036)."""
    if wrapped:
        schema = {"type": "record", "name": "R", "fields": [{"name": "a", "type": schema}]}
    with pytest.raises(DecodeError, match=words):
        read(schema, data)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("string", text("x")),
        ("bytes", text("x")),
        ("long", b"\x80\1"),
        ("boolean", b"\1"),
        ("double", b"8 bytes!"),
    ],
)
@pytest.mark.parametrize("null_first", [True, False])
def test_both_orders_of_an_optional_field(*, kind: str, data: bytes, null_first: bool) -> None:
    """A nullable column is read in either order of its union (debezium-events.md 6.1)."""
    union = ["null", kind] if null_first else [kind, "null"]
    schema = {"type": "record", "name": "R", "fields": [{"name": "a", "type": union}]}
    null, value = (b"\0", b"\2") if null_first else (b"\2", b"\0")
    assert read(schema, null) == {"a": None}
    assert read(schema, value + data)["a"] not in (None, "")
    assert read(schema, null, {}) == {}
    assert read(schema, value + data, {}) == {}
    for wanted in WANTED_OR_NOT:
        with pytest.raises(DecodeError, match="no such branch"):
            read(schema, b"\4" + data, wanted)


def test_a_record_without_fields_takes_no_bytes() -> None:
    """An empty struct is an empty row."""
    assert read({"type": "record", "name": "R", "fields": []}, b"") == {}
    assert read("null", b"") is None


@pytest.mark.parametrize(
    "items",
    [
        "boolean",
        "string",
        {"type": "enum", "name": "E", "symbols": ["a"]},
        ["null", "string"],
        {"type": "array", "items": "int"},
        {
            "type": "record",
            "name": "R",
            "fields": [{"name": f"f{n}", "type": ["null", "int"]} for n in range(9)],
        },
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["array", "map"])
def test_collections_are_counted(kind: str, items: object) -> None:
    """Too many of the smallest items, in one block or in many, are refused before they fill memory (S15)."""
    schema = {"type": "array", "items": items} if kind == "array" else {"type": "map", "values": items}
    reader = compile_reader(tree(schema))
    smallest = bytes(tree(items).bytes_min + (kind == "map"))  # all zeros, and an empty name before it
    many = 200_000
    for data in (varint(many) + smallest * many, (varint(1) + smallest) * many):
        with pytest.raises(DecodeError, match="than memory may hold"):
            reader(data + b"\0", 0)
    few = 1_000
    assert len(reader(varint(few) + smallest * few + b"\0", 0)) in (few, 1)


def test_a_long_honest_array_is_read() -> None:
    """Fifty thousand numbers in one column are no attack."""
    numbers = list(range(50_000))
    assert read(ARRAY, written(ARRAY, numbers)) == numbers


def test_a_value_of_any_size_is_no_matter_up_to_a_limit() -> None:
    """Megabytes of text are read; what could fill memory because it is wide is refused (S14)."""
    long = "😀" + "x" * (VALUE_BYTES_MAX - 100)
    assert read("string", text(long)) == long
    with pytest.raises(DecodeError, match="larger than"):
        read("bytes", text("x" * VALUE_BYTES_MAX))
