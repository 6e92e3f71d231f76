"""Extended JSON in all its spellings (debezium-events.md 2.3)."""

import base64
import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.translate.debezium.mongodb import DEPTH_MAX, normalise, read_document, read_id, utc_text
from connector.translate.formats.decoded import DecodeError

OID = "65a1f0c2e4b0a1b2c3d4e5f6"
UUID_BASE64 = "AAECAwQFBgcICQoLDA0ODw=="
UUID = "00010203-0405-0607-0809-0a0b0c0d0e0f"
MOMENT = "2023-11-14T22:13:20.000Z"
LEFT_OUT = "left out"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("1.5", 1.5),
        ('"a"', "a"),
        ("true", True),
        ("null", None),
        (f'{{"$oid": "{OID}"}}', OID),
        ('{"$numberInt": "-7"}', -7),
        ('{"$numberLong": "9223372036854775807"}', 2**63 - 1),
        ('{"$numberDouble": "1.5"}', 1.5),
        ('{"$numberDouble": "5.0"}', 5.0),
        ('{"$numberDecimal": "12345678901234567890.123456789"}', Decimal("12345678901234567890.123456789")),
        ('{"$numberDecimal": "1E+3"}', Decimal("1E+3")),
        ('{"$date": 1700000000000}', MOMENT),
        ('{"$date": "2023-11-14T22:13:20Z"}', MOMENT),
        ('{"$date": "2023-11-14T22:13:20.1Z"}', "2023-11-14T22:13:20.100Z"),
        ('{"$date": "2023-11-14T23:13:20+0100"}', MOMENT),
        ('{"$date": "2023-11-14T22:13:20"}', MOMENT),
        ('{"$date": {"$numberLong": "1700000000000"}}', MOMENT),
        ('{"$date": {"$numberLong": "-1"}}', "1969-12-31T23:59:59.999Z"),
        ('{"$date": {"$numberLong": "253402300800000"}}', "+010000-01-01T00:00:00.000Z"),
        ('{"$binary": "a2Fma2E=", "$type": "00"}', "a2Fma2E="),
        ('{"$type": "00", "$binary": "a2Fma2E="}', "a2Fma2E="),
        ('{"$binary": {"base64": "a2Fma2E=", "subType": "00"}}', "a2Fma2E="),
        (f'{{"$binary": "{UUID_BASE64}", "$type": "04"}}', UUID),
        (f'{{"$binary": {{"base64": "{UUID_BASE64}", "subType": "04"}}}}', UUID),
        (f'{{"$binary": {{"base64": "{UUID_BASE64}", "subType": "4"}}}}', UUID),
        (f'{{"$binary": {{"base64": "{UUID_BASE64}", "subType": "03"}}}}', UUID_BASE64),
        ('{"$binary": {"base64": "a2Fma2E=", "subType": "04"}}', "a2Fma2E="),
        (f'{{"$uuid": "{UUID}"}}', UUID),
        ('{"$timestamp": {"t": 1700000000, "i": 3}}', MOMENT),
        ('{"$regex": "^a", "$options": "i"}', "/^a/i"),
        ('{"$options": "i", "$regex": "^a"}', "/^a/i"),
        ('{"$regularExpression": {"pattern": "^a", "options": ""}}', "/^a/"),
        ('{"$symbol": "a"}', "a"),
        ('{"$code": "f()"}', "f()"),
        ('{"$code": "f()", "$scope": {}}', "f()"),
        ('{"$undefined": true}', LEFT_OUT),
        ('{"$minKey": 1}', LEFT_OUT),
        ('{"$maxKey": 1}', LEFT_OUT),
        (f'{{"$ref": "c", "$id": {{"$oid": "{OID}"}}}}', {"$ref": "c", "$id": OID}),
        (f'[{{"$oid": "{OID}"}}, {{"$undefined": true}}, {{"$numberLong": "1"}}]', [OID, None, 1]),
        ('{"a": {"b": {"$numberInt": "1"}, "c": {"$minKey": 1}}}', {"a": {"b": 1}}),
        ("{}", {}),
    ],
)
def test_every_wrapper_becomes_its_value(text: str, value: Any) -> None:
    """Inside a document, under every spelling; values that JSON cannot hold are left out."""
    expected = {} if value == LEFT_OUT else {"a": value}
    found = read_document(f'{{"a": {text}}}')
    assert found == expected
    assert list(map(type, found.values())) == list(map(type, expected.values()))


@pytest.mark.parametrize(
    "wrapper",
    [
        {"$oid": 5},
        {"$oid": "a", "more": 1},
        {"$numberLong": "abc"},
        {"$numberLong": "9" * 65},
        {"$numberInt": 5},
        {"$numberDecimal": "abc"},
        {"$date": "yesterday"},
        {"$date": "2023-11-14T22:13:20Z" * 9},
        {"$date": None},
        {"$date": {"$numberLong": 5}},
        {"$date": "9999-12-31T23:59:59-01:00"},
        {"$binary": "a2Fma2E="},
        {"$binary": "a2Fma2E=", "$type": "no"},
        {"$binary": "!", "$type": "04"},
        {"$binary": {"base64": "a2Fma2E="}},
        {"$type": 5},
        {"$timestamp": {"i": 3}},
        {"$timestamp": 5},
        {"$regex": "a"},
        {"$code": 5},
        {"$undefined": True, "more": 1},
        {"$unheardOf": "a"},
    ],
)
def test_what_is_no_wrapper_stays_an_object(wrapper: dict[str, Any]) -> None:
    """A document whose names begin with a dollar, or a broken wrapper, is passed on unchanged."""
    assert normalise({"a": wrapper}) == {"a": wrapper}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": NaN}', math.nan),
        ('{"a": -Infinity}', -math.inf),
        ('{"a": {"$numberDouble": "NaN"}}', math.nan),
        ('{"a": {"$numberDouble": "-Infinity"}}', -math.inf),
        ('{"a": {"$numberDecimal": "NaN"}}', math.nan),
        ('{"a": {"$numberDecimal": "Infinity"}}', math.inf),
        ('{"a": NaN, "b": {"$oid": "x"}}', math.nan),
    ],
)
def test_what_is_no_number_survives_for_the_mapping(text: str, value: float) -> None:
    """Strict mode prints NaN and infinities bare; they stay floats, which are left out and counted (F043)."""
    found = read_document(text)["a"]
    assert type(found) is float
    assert found == value or (math.isnan(found) and math.isnan(value))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        '{"$oid": "a"}',
        '{"a": NaN',
        '{"a": "\\ud800"}',
        '{"a": ' + "9" * 5000 + ', "b": NaN}',
    ],
)
def test_what_is_no_document_is_undecodable(text: str) -> None:
    """A document is an object; half of a surrogate pair and a number beyond bounds are refused (S16)."""
    with pytest.raises(DecodeError):
        read_document(text)


@pytest.mark.parametrize("opening", ['{"a":', "["])
def test_depth_is_bounded(opening: str) -> None:
    """Nesting beyond MongoDB's own limit is refused, not followed (F042, S16)."""
    closing = "}" if opening.startswith("{") else "]"
    deep = DEPTH_MAX - 3
    assert read_document('{"x": ' + opening * deep + '{"$oid": "a"}' + closing * deep + "}")
    for levels in (DEPTH_MAX, 900, 100_000):
        with pytest.raises(DecodeError):
            read_document('{"x": ' + opening * levels + '{"$oid": "a"}' + closing * levels + "}")
    with pytest.raises(DecodeError):
        read_document('{"n": NaN, "x": ' + opening * 100_000 + closing * 100_000 + "}")


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
        (-62_135_596_800_001, "+000000-12-31T23:59:59.999Z"),
        (2**63 - 1, "+292278994-08-17T07:12:55.807Z"),
        (-(2**63), "-292275055-05-16T16:47:04.192Z"),
    ],
)
def test_dates_beyond_four_digits_are_written_whole(milliseconds: int, text: str) -> None:
    """MongoDB's dates reach 292 million years; Java's `Instant` writes the same days."""
    assert utc_text(milliseconds) == text


# ----------------------------------------------------------------------- one id, whatever the spelling

LONGS = st.integers(-(2**63), 2**63 - 1)
MOMENTS = st.integers(-(2**53), 2**53)
OIDS = st.binary(min_size=12, max_size=12).map(bytes.hex)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
BINARIES = st.tuples(st.binary(max_size=20), st.sampled_from(["00", "03", "04", "05", "80"]))


def spellings_of_long(number: int) -> list[str]:
    """Write an integer in version 1, relaxed and canonical."""
    wrapped = [json.dumps({"$numberLong": str(number)}), str(number)]
    return [*wrapped, json.dumps({"$numberInt": str(number)})] if abs(number) < 2**31 else wrapped


def spellings_of_moment(milliseconds: int) -> list[str]:
    """Write a date as version 1 does, canonical, and relaxed within four-digit years."""
    spellings = [{"$date": milliseconds}, {"$date": {"$numberLong": str(milliseconds)}}]
    text = utc_text(milliseconds)
    return [*map(json.dumps, spellings), *([json.dumps({"$date": text})] if text[0] not in "+-" else [])]


def spellings_of_binary(binary: tuple[bytes, str]) -> list[str]:
    """Write bytes with their subtype in both versions."""
    text = base64.b64encode(binary[0]).decode()
    return [
        json.dumps({"$binary": text, "$type": binary[1]}),
        json.dumps({"$type": binary[1], "$binary": text}),
        json.dumps({"$binary": {"base64": text, "subType": binary[1]}}),
        json.dumps({"$binary": {"subType": binary[1], "base64": text}}),
    ]


def spellings_of_text(text: str) -> list[str]:
    """Write text with and without escapes."""
    return [json.dumps(text), json.dumps(text, ensure_ascii=False)]


SCALAR_IDS = (
    LONGS.map(spellings_of_long)
    | MOMENTS.map(spellings_of_moment)
    | BINARIES.map(spellings_of_binary)
    | TEXTS.map(spellings_of_text)
    | OIDS.map(lambda oid: [json.dumps({"$oid": oid}), f'{{ "$oid" : "{oid}" }}'])
)


def compound(parts: list[list[str]]) -> list[str]:
    """Write a compound id of several parts, each in its first and in its last spelling."""
    return [
        "{" + ", ".join(f'"p{place}": {part[which]}' for place, part in enumerate(parts)) + "}"
        for which in (0, -1)
    ]


@given(SCALAR_IDS | st.lists(SCALAR_IDS, min_size=1, max_size=3).map(compound))
def test_every_spelling_of_an_id_is_one_id(spellings: list[str]) -> None:
    """The id of a key and that of its document are the same, whichever mode wrote each."""
    ids = [read_id(text, relaxed=True) for text in spellings]
    ids += [read_document(f'{{"_id": {text}, "x": {{"$oid": "a"}}}}')["_id"] for text in spellings]
    assert all(one == ids[0] and type(one) is type(ids[0]) for one in ids)


@given(OIDS | LONGS.map(str) | st.text(st.characters(codec="utf-8", exclude_characters='{"'), max_size=9))
def test_the_plain_text_of_an_id_is_kept_where_it_may_be_one(text: str) -> None:
    """Digits with an `e` among them are an ObjectId in a flattened topic, and no number."""
    assert read_id(text, relaxed=False) == text


def test_an_id_that_is_no_json_is_text() -> None:
    """An ObjectId or a word without its quotes, and text that only begins like JSON."""
    for text in (OID, "ada", "007", "{x", '"x'):
        assert read_id(text, relaxed=True) == text


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | LONGS | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["$oid", "$date", "$binary", "$type", "$numberLong", "a"]), inner, max_size=3
        )
    ),
    max_leaves=9,
)


@given(st.dictionaries(st.sampled_from(["_id", "$date", "a"]), JSON_VALUES, max_size=3))
def test_no_document_raises_anything_else(document: dict[str, Any]) -> None:
    """Whatever the members of a document are, it is read or refused (F036)."""
    try:
        found = read_document(json.dumps(document))
    except DecodeError:
        return
    assert isinstance(found, dict)
