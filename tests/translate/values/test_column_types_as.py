"""`as:` on a column of a known type: the schema gives the type, `as:` the form to send."""

from decimal import Decimal
from typing import Any

import orjson
import pytest

from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.mapping.rules import PathRule
from connector.translate.values.column_types import column_type
from connector.translate.values.forms import As
from connector.translate.values.schemaless import to_json_value
from connector.translate.values.transforms import transform_for
from connector.translate.values.unusable import NOT_A_NUMBER, ConversionError, NeedsExactError
from tests.translate.values.encodings import ENCODINGS, decimal, twos_complement, typed

TIME = "io.debezium.time."
DATE = typed(f"{TIME}Date", "int32")
MICROS = typed(f"{TIME}MicroTimestamp", "int64")
MILLIS = typed("org.apache.kafka.connect.data.Timestamp", "int64")
ZONED = typed(f"{TIME}ZonedTimestamp", "string")
CLOCK = typed(f"{TIME}MicroTime", "int64")
JSON = typed("io.debezium.data.Json", "string")
TEXT, BYTES, BOOLEAN, INT64, DOUBLE, FLOAT, ANY = (
    ConnectSchema(base) for base in ("string", "bytes", "boolean", "int64", "double", "float", "any")
)
VARIABLE_SCALE = ConnectSchema(
    "struct",
    "io.debezium.data.VariableScaleDecimal",
    fields={"scale": ConnectSchema("int32"), "value": BYTES},
)
LONG = twos_complement(123456789012345678901234)


def read(schema: ConnectSchema, form: Any, decoded: Any, **more: Any) -> Any:
    """Return the value of an attribute for a decoded value under `as:`."""
    rule = PathRule.model_validate({"from": "c", "as": form, **more})
    return (transform_for(rule.form, schema) or to_json_value)(decoded)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("schema", "form", "value", "expected"),
    [
        (DATE, "date", 17422, b'"2017-09-13"'),
        (DATE, "string", 17422, b'"2017-09-13"'),
        (DATE, "timestamp", 17422, b'"2017-09-13T00:00:00.000Z"'),
        (MICROS, "date", 1529507596945104, b'"2018-06-20"'),
        (MICROS, "date", -1, b'"1969-12-31"'),
        (MICROS, "timestamp", 1529507596945104, b'"2018-06-20T15:13:16.945Z"'),
        (MICROS, {"timestamp": "us"}, 1529507596945104, b'"2018-06-20T15:13:16.945Z"'),
        (MICROS, "string", 1529507596945104, b'"2018-06-20T15:13:16.945Z"'),
        (MILLIS, {"timestamp": "us"}, 1529507596945, b'"2018-06-20T15:13:16.945Z"'),
        (INT64, {"timestamp": "us"}, 1529507596945104, b'"2018-06-20T15:13:16.945Z"'),
        (INT64, "date", 17422, b'"2017-09-13"'),
        (ZONED, "date", "2018-06-20T23:30:00-02:00", b'"2018-06-21"'),
        (ZONED, "timestamp", "2018-06-20T13:37:03Z", b'"2018-06-20T13:37:03.000Z"'),
        (CLOCK, "string", 49530123456, b'"13:45:30.123456"'),
        (decimal(2), "string", twos_complement(0), b'"0.00"'),
        (decimal(2), "string", twos_complement(1250), b'"12.50"'),
        (decimal(-2), "string", twos_complement(12345), b'"1234500"'),
        (decimal(4), "string", LONG, b'"12345678901234567890.1234"'),
        (decimal(4), "decimal", LONG, b"12345678901234567890.1234"),
        (decimal(4), "number", LONG, b"12345678901234567890.1234"),
        (decimal(4), {"decimal": 2}, LONG, b"12345678901234567890.1234"),
        (decimal(4), "json", LONG, b"12345678901234567890.1234"),
        (decimal(0), "boolean", twos_complement(1), b"true"),
        (decimal(0), {"timestamp": "ms"}, twos_complement(1529507596945), b'"2018-06-20T15:13:16.945Z"'),
        (VARIABLE_SCALE, "string", {"scale": 2, "value": b"\x30\x39"}, b'"123.45"'),
        (VARIABLE_SCALE, {"decimal": 2}, {"scale": 4, "value": LONG}, b"12345678901234567890.1234"),
        (VARIABLE_SCALE, "boolean", {"scale": 0, "value": b"\x00"}, b"false"),
        (BYTES, "string", b"\x00\xff", b'"AP8="'),
        (BYTES, {"decimal": 2}, b"\x30\x39", b"123.45"),
        (TEXT, {"decimal": 2}, "123.45", b"123.45"),
        (TEXT, {"decimal": 2}, "1234", b"1234"),
        (TEXT, "decimal", "12345678901234567890.1234", b"12345678901234567890.1234"),
        (TEXT, "number", "19.90", b"19.9"),
        (TEXT, "lowercase", "ADA", b'"ada"'),
        (TEXT, "date", "2017-09-13", b'"2017-09-13"'),
        (JSON, "json", '{"a": 0.12345678901234567890}', b'{"a": 0.12345678901234567890}'),
        (JSON, "string", '{"a": 1}', b'"{\\"a\\": 1}"'),
        (BOOLEAN, "string", True, b'"true"'),
        (INT64, "string", 7, b'"7"'),
        (INT64, "boolean", 0, b"false"),
        (DOUBLE, "decimal", 0.30000000000000004, b"0.30000000000000004"),
        (DOUBLE, "number", 1.5, b"1.5"),
        (DOUBLE, "string", 1.5, b'"1.5"'),
        (FLOAT, "string", 0.1, b'"0.1"'),
        (ConnectSchema("array", items=DATE), "string", [0, None], b'"[\\"1970-01-01\\",null]"'),
        (ConnectSchema("array", items=BYTES), "string", [b"\x01"], b'"[\\"AQ==\\"]"'),
    ],
)
def test_as_on_a_typed_column(
    encoding: str, schema: ConnectSchema, form: Any, value: Any, expected: bytes
) -> None:
    """Every form still works on a typed column, with all digits, from JSON and from Avro."""
    assert orjson.dumps(read(schema, form, ENCODINGS[encoding](schema, value))) == expected


def test_a_phone_number_that_is_text_is_read() -> None:
    """A schema that says text does not change the forms for text."""
    assert read(TEXT, "e164", "612 345 678", region="ES") == "+34612345678"


@pytest.mark.parametrize("form", ["string", "number", "decimal", "json"])
@pytest.mark.parametrize("schema", [DOUBLE, FLOAT, ANY], ids=lambda schema: schema.base)
def test_a_number_that_is_none_is_left_out_under_every_form(form: str, schema: ConnectSchema) -> None:
    """NaN never becomes text or null by way of `as:` (F043)."""
    assert read(schema, form, float("nan")) is NOT_A_NUMBER


@pytest.mark.parametrize("text", ["NaN", "NAN", "POSITIVE_INFINITY", "NEGATIVE_INFINITY"])
@pytest.mark.parametrize("form", ["number", "decimal", {"decimal": 2}], ids=str)
def test_the_words_of_decimal_handling_mode_string_are_left_out(text: str, form: Any) -> None:
    """With `decimal.handling.mode=string` these words are text, and no numbers (debezium-events.md 6.3)."""
    assert read(TEXT, form, text) is NOT_A_NUMBER


@pytest.mark.parametrize("form", ["string", "number", "decimal", {"decimal": 2}], ids=str)
def test_no_form_takes_a_float_for_a_decimal(form: Any) -> None:
    """A decimal that was decoded as a float asks for exact decoding, whatever `as:` says."""
    with pytest.raises(NeedsExactError):
        read(decimal(2), form, 1.25)
    assert orjson.loads(orjson.dumps(read(decimal(2), form, Decimal("1.25")))) in (1.25, "1.25")


@pytest.mark.parametrize(
    ("schema", "form", "value"),
    [
        (DATE, "lowercase", [0]),
        (DATE, "date", 2932897),
        (MICROS, "string", 9223372036825200000),
        (CLOCK, "timestamp", 49530123456),
        (decimal(2), "date", b"\x01"),
        (decimal(2), "trim", b"\x01"),
        (decimal(2), {"timestamp": "ms"}, b"\x01"),
        (decimal(-30), {"timestamp": "ms"}, b"\x01"),
        (decimal(2), "boolean", b"\x01"),
        (BYTES, {"decimal": 2}, b""),
        (TEXT, {"decimal": 2}, "MDk="),
        (BOOLEAN, "number", True),
        (ANY, "number", b"\x01"),
    ],
    ids=range(13),
)
def test_what_a_form_cannot_read_is_unreadable(schema: ConnectSchema, form: Any, value: Any) -> None:
    """A form that does not fit the type is a mapping error of that record."""
    with pytest.raises(ConversionError):
        read(schema, form, value)


def test_a_form_that_repeats_the_schema_costs_nothing() -> None:
    """Where `as:` repeats the schema, the reader is the schema's own."""
    for schema, form in ((DATE, "date"), (MICROS, "timestamp"), (decimal(2), "decimal"), (DOUBLE, "number")):
        plain, repeated = (
            transform_for(PathRule.model_validate(rule).form, schema)
            for rule in ({"from": "c"}, {"from": "c", "as": form})
        )
        assert type(plain) is type(repeated)
        assert plain is not None
    assert transform_for(None, TEXT) is None
    assert column_type(TEXT).for_transform is None


def test_what_identifies_is_not_made_a_number() -> None:
    """A decimal that is an id keeps all its digits as a `Decimal`, also beyond 64 bits."""
    identify = transform_for(None, decimal(0), identifies=True)
    assert identify is not None
    assert identify(twos_complement(10**30)) == 10**30
    assert transform_for(None, INT64, identifies=True) is None


@pytest.mark.parametrize("form", list(As))
def test_every_form_reads_or_refuses_every_type(form: As) -> None:
    """No combination of form and type raises anything but the two errors."""
    for schema in (
        DATE,
        MICROS,
        ZONED,
        CLOCK,
        JSON,
        decimal(2),
        VARIABLE_SCALE,
        TEXT,
        BYTES,
        INT64,
        DOUBLE,
        ANY,
    ):
        for value in (7, -1, 1.5, "x", "MDk=", b"\x01", True, [1], {"a": 1}, Decimal("1.5"), float("nan")):
            try:
                orjson.dumps(read(schema, form, value), default=repr)
            except (ConversionError, NeedsExactError):
                continue
