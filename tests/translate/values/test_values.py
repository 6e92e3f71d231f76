"""The forms in which columns are sent, with and without `as:` (docs/mapping.md)."""

import base64
from typing import Any

import orjson
import pytest

from connector.model import Rejection, Upsert
from tests.translate.records import PLACEHOLDER, contact, envelope, record, translator, upserted

PLACEHOLDER_FORMS = [
    PLACEHOLDER,
    base64.b64encode(PLACEHOLDER.encode()).decode(),
    [PLACEHOLDER],
    [base64.b64encode(PLACEHOLDER.encode()).decode()],
    ["b68a35a7-17ad-35b3-af2a-ae46edb4545a"],
    list(PLACEHOLDER.encode()),
    {PLACEHOLDER: PLACEHOLDER},
    f'{{"{PLACEHOLDER}":"{PLACEHOLDER}"}}',
]


def sent(rule: Any, value: Any) -> bytes:
    """Return the JSON that is sent for a column's value under a rule."""
    result = upserted(rule, value)
    assert isinstance(result, list), result
    (delivery,) = result
    assert isinstance(delivery, Upsert)
    body = orjson.dumps(delivery.body)
    prefix = b'{"_user_id":"7","a":'
    assert body.startswith(prefix), body
    return body[len(prefix) : -1]


def as_(form: Any, **more: Any) -> dict[str, Any]:
    """Return a rule for the column `c`."""
    return {"from": "c", "as": form, **more}


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        (None, "text", b'"text"'),
        (None, None, b"null"),
        (None, 2**63 + 5, b"9223372036854775813"),
        (None, 1.5, b"1.5"),
        (None, False, b"false"),
        (None, [1, None, {"x": 2}], b'[1,null,{"x":2}]'),
        ("lowercase", "ADA@Example.COM", b'"ada@example.com"'),
        ("uppercase", "es", b'"ES"'),
        ("trim", "  x ", b'"x"'),
        ("lowercase", None, b"null"),
        ("string", 7, b'"7"'),
        ("string", True, b'"true"'),
        ("string", 1.25, b'"1.25"'),
        ("string", {"x": [1]}, b'"{\\"x\\":[1]}"'),
        ("boolean", 1, b"true"),
        ("boolean", "false", b"false"),
        ("boolean", True, b"true"),
        ("json", '{"a": [1,2]}', b'{"a":[1,2]}'),
        ("json", '{"a": 0.12345678901234567890}', b'{"a": 0.12345678901234567890}'),
        ("json", "3", b"3"),
        ("number", "12", b"12"),
        ("number", "19.90", b"19.9"),
        ("number", 1e30, b"1e+30"),
        ("number", "12345678901234567890.1234", b"12345678901234567890.1234"),
        ("date", 17422, b'"2017-09-13"'),
        ("date", -25567, b'"1900-01-01"'),
        ("date", 2932896, b'"9999-12-31"'),
        ("date", "2017-09-13Z", b'"2017-09-13"'),
        ("date", "2017-09-13", b'"2017-09-13"'),
        ("date", "2017-09-13T23:30:00-02:00", b'"2017-09-14"'),
        ({"timestamp": "ms"}, 1529507596945, b'"2018-06-20T15:13:16.945Z"'),
        ({"timestamp": "us"}, 1529507596945104, b'"2018-06-20T15:13:16.945Z"'),
        ({"timestamp": "ns"}, 1529507596945104000, b'"2018-06-20T15:13:16.945Z"'),
        ({"timestamp": "s"}, 1529507596, b'"2018-06-20T15:13:16.000Z"'),
        ({"timestamp": "ms"}, -1, b'"1969-12-31T23:59:59.999Z"'),
        ("timestamp", "2018-06-20T13:37:03Z", b'"2018-06-20T13:37:03.000Z"'),
        ("timestamp", "2018-06-20T13:37:03.123456789+02:00", b'"2018-06-20T11:37:03.123Z"'),
        ("timestamp", "2018-06-20 13:37:03.5", b'"2018-06-20T13:37:03.500Z"'),
        ("timestamp", "2018-06-20", b'"2018-06-20T00:00:00.000Z"'),
    ],
)
def test_values_become(form: Any, value: Any, expected: bytes) -> None:
    """Each form of `as:` sends the value in the table, byte for byte (debezium-events.md 6.2)."""
    assert sent("c" if form is None else as_(form), value) == expected


@pytest.mark.parametrize(
    ("scale", "text", "expected"),
    [
        (2, "AMs=", b"2.03"),
        (2, "MDk=", b"123.45"),
        (0, "MDk=", b"12345"),
        (2, "z8c=", b"-123.45"),
        (2, "AA==", b"0.0"),
        (2, "fw==", b"1.27"),
        (2, "AIA=", b"1.28"),
        (2, "gA==", b"-1.28"),
        (2, "/38=", b"-1.29"),
        (2, "/w==", b"-0.01"),
        (2, "AlQL4/8=", b"99999999.99"),
        (4, "GiSbHxCgbJav8g==", b"12345678901234567890.1234"),
        (40, "AQ==", b"1e-40"),
    ],
)
def test_decimals_keep_their_digits(scale: int, text: str, expected: bytes) -> None:
    """Base64 of the unscaled value becomes the exact number (debezium-events.md 6.3, F043)."""
    assert sent(as_({"decimal": scale}), text) == expected
    assert sent(as_("decimal"), {"scale": scale, "value": text}) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"scale": -2, "value": "MDk="}, b"1234500"),
        ("0.1000000000000000055511151231257827", b"0.1000000000000000055511151231257827"),
        ("-0.00000000000000000001", b"-1e-20"),
        ("1E+3", b"1000"),
        (12.5, b"12.5"),
        (7, b"7"),
    ],
)
def test_decimals_from_text_and_numbers(value: Any, expected: bytes) -> None:
    """Without a scale the text of a decimal is its digits."""
    assert sent(as_("decimal"), value) == expected


@pytest.mark.parametrize("value", ["+34 600 11 22 33", "600112233", "600 11 22 33", "0034 600112233"])
def test_phone_numbers_become_e164(value: str) -> None:
    """The region completes national numbers."""
    assert sent(as_("e164", region="ES"), value) == b'"+34600112233"'


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("lowercase", 7),
        ("e164", "hello"),
        ("e164", "600112233"),
        ("e164", "1" * 100),
        ("boolean", "maybe"),
        ("boolean", 2),
        ("boolean", 1.0),
        ("json", "{"),
        ("json", "[" * 100 + "]" * 100),
        ("number", "12,5"),
        ("number", "1" * 2000),
        ("number", True),
        ("decimal", "1e9999"),
        ("decimal", {"scale": 10**9, "value": "AQ=="}),
        ("decimal", {"scale": 2}),
        ({"decimal": 2}, "123.45"),
        ({"decimal": 2}, ""),
        ({"decimal": 2}, "é"),
        ("date", 2932897),
        ("date", -(2**31)),
        ("date", "2017-02-30"),
        ("date", "infinity"),
        ("date", True),
        ("timestamp", 1529507596945),
        ("timestamp", "infinity"),
        ("timestamp", "+294247-01-10T04:00:54.775807Z"),
        ("timestamp", "0001-01-01T00:00:00+14:00"),
        ("timestamp", "24:00:00"),
        ({"timestamp": "us"}, 9223372036825200000),
        ({"timestamp": "us"}, -9223372036832400000),
        ({"timestamp": "s"}, 1.5),
        (None, 1e25),
        (None, [[1e25]]),
    ],
)
def test_unreadable_values_name_rule_and_column(form: Any, value: Any) -> None:
    """A value that its form cannot read is a mapping error that quotes nothing (S08, F043)."""
    result = upserted("c" if form is None else as_(form), value)
    assert isinstance(result, Rejection)
    assert result.rule == "contact.attributes.a"
    assert result.reason.startswith("column c: ")
    assert len(repr(value)) < 3 or repr(value) not in result.reason


@pytest.mark.parametrize("value", PLACEHOLDER_FORMS, ids=range(len(PLACEHOLDER_FORMS)))
@pytest.mark.parametrize(
    "rule", ["c", as_("string"), as_("json"), {"template": "x{c}"}, "join(',', [c, 'x'])"], ids=range(5)
)
def test_the_unavailable_placeholder_is_left_out_and_counted(rule: Any, value: Any) -> None:
    """No form of the placeholder is ever sent, by any kind of rule (F044, debezium-events.md 2.2)."""
    subject = contact({"a": rule})
    result = subject.translate(record(envelope("u", after={"id": 7, "c": value})))
    assert isinstance(result, list)
    assert isinstance(result[0], Upsert)
    assert result[0].body == {"_user_id": "7"}
    assert subject.counts == {"unavailable_values": 1}


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "NAN", "POSITIVE_INFINITY"])
@pytest.mark.parametrize("form", ["number", "decimal"])
def test_numbers_that_are_none_are_left_out_and_counted(form: str, text: str) -> None:
    """NaN and infinities, which JSON cannot write, are left out (F043)."""
    subject = contact({"a": as_(form)})
    result = subject.translate(record(envelope("c", after={"id": 7, "c": text})))
    assert isinstance(result, list)
    assert isinstance(result[0], Upsert)
    assert result[0].body == {"_user_id": "7"}
    assert subject.counts == {"nan_values": 1}


def body_of(row: dict[str, Any], **rules: Any) -> dict[str, Any]:
    """Return the upsert of a created row."""
    result = translator(**rules).translate(record(envelope("c", after=row)))
    assert isinstance(result, list)
    assert isinstance(result[0], Upsert)
    return result[0].body


def test_missing_columns_are_left_out_and_nulls_are_sent() -> None:
    """A missing column clears nothing; a null does, unless `nulls: omit` (debezium-events.md 2.2)."""
    attributes = {
        "gone": "gone",
        "deep": "x.gone.y",
        "null": "n",
        "text": {"template": "{n} {x}"},
        "or": "gone || n",
    }
    rules = {"contact": {"user_id": "id", "attributes": attributes}}
    row: dict[str, Any] = {"id": 7, "n": None, "x": {}}
    assert body_of(row, **rules) == {"_user_id": "7", "null": None}
    assert body_of(row, nulls="omit", **rules) == {"_user_id": "7"}


def test_paths_templates_and_constants() -> None:
    """Nested and quoted paths, JMESPath, braces in templates and constants all find their value."""
    attributes = {
        "nested": "x.y",
        "quoted": '"first-name"',
        "counted": "length(tags)",
        "greeting": {"template": "{{{x.y}}} n{id} {ok}"},
        "constant": {"value": ["crm"]},
    }
    row = {"id": 7, "x": {"y": "z"}, "first-name": "Ada", "tags": [1, 2], "ok": True}
    assert body_of(row, contact={"user_id": "id", "attributes": attributes}) == {
        "_user_id": "7",
        "nested": "z",
        "quoted": "Ada",
        "counted": 2,
        "greeting": "{z} n7 true",
        "constant": ["crm"],
    }


def test_an_expression_that_fails_is_a_mapping_error() -> None:
    """JMESPath's complaints quote the value, ours do not (S08)."""
    result = upserted("length(c)", 4711)
    assert isinstance(result, Rejection)
    assert result.rule == "contact.attributes.a"
    assert "4711" not in result.reason


def test_decimals_that_are_json_numbers_keep_their_digits() -> None:
    """A number that decoding would round is read again, digit by digit (F043)."""
    text = orjson.dumps(envelope("c", after={"id": 7, "c": "X"})).replace(b'"X"', b"0.10000000000000000001")
    result = contact({"a": {"from": "c", "as": "decimal"}}).translate(record(text))
    assert isinstance(result, list)
    (delivery,) = result
    assert isinstance(delivery, Upsert)
    assert orjson.dumps(delivery.body) == b'{"_user_id":"7","a":0.10000000000000000001}'
