"""The byte vectors of the reference, reproduced (debezium-events.md 6.3 and 7)."""

import base64
import json
from typing import Any

import pytest

from connector.sandbox.formats.avro import AvroConverter
from connector.sandbox.formats.avro_schema import avro_style
from connector.sandbox.formats.connect_json import JsonConverter, json_style
from connector.sandbox.records.columns import (
    BOOLEAN,
    BYTES,
    DATE,
    INT32,
    INT64,
    MICRO_TIMESTAMP,
    STRING,
    decimal,
    unscaled,
    variable,
)
from connector.sandbox.records.schema import ConnectRecord, Data, nullable, struct
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import Writer
from tests.imitation.formats import FORMATS

BODY = "00 02 0e 020c6140622e696f 02043039 029c9002 a09bfacf87c5b705 02 0275 0280a0abfef962"

ROW = struct(
    "crm.Value",
    {
        "id": INT32,
        "email": nullable(STRING),
        "balance": nullable(decimal(2, 10)),
        "born": nullable(DATE),
        "created": MICRO_TIMESTAMP,
        "active": nullable(BOOLEAN, default=True),
    },
)
ENVELOPE = struct(
    "crm.Envelope",
    {"before": nullable(ROW), "after": nullable(ROW), "op": STRING, "ts_ms": nullable(INT64)},
)
EVENT: dict[str, Any] = {
    "before": None,
    "after": {
        "id": 7,
        "email": "a@b.io",
        "balance": unscaled("123.45", 2),
        "born": 17422,
        "created": 1529507596945104,
        "active": None,
    },
    "op": "u",
    "ts_ms": 1700000000000,
}


def value_of(writer: Writer, data: Data) -> bytes:
    """Write a record and return its value."""
    record = writer.record(ConnectRecord("crm", None, data))
    assert record is not None
    assert record.value is not None
    return record.value


@pytest.mark.parametrize(
    ("framing", "prefix"), [("confluent", "00 0000002a"), ("apicurio-8", "00 000000000000002a")]
)
def test_the_vector_of_the_reference(framing: str, prefix: str) -> None:
    """Schema id 42 in 4 and in 8 bytes; a decimal, dates, nulls before and after their types."""
    store = RegistryStore(first_id=42, first_global_id=42)
    converter = AvroConverter(store, framing, style=avro_style(replace_nulls=False))
    assert value_of(Writer(converter), Data(ENVELOPE, EVENT)) == bytes.fromhex(prefix + BODY)


def test_a_null_becomes_the_default_unless_told_otherwise() -> None:
    """Both converters replace a null that has a default (debezium-events.md 6.5)."""
    written = value_of(Writer(AvroConverter(RegistryStore(first_id=42))), Data(ENVELOPE, EVENT))
    assert written == bytes.fromhex("00 0000002a" + BODY.replace("b705 02", "b705 0001"))
    for style, active in ((json_style(), True), (json_style(replace_nulls=False), None)):
        body = json.loads(value_of(Writer(JsonConverter(style=style)), Data(ENVELOPE, EVENT)))
        assert body["after"]["active"] is active


@pytest.mark.parametrize(
    ("text", "scale", "value"),
    [
        ("AMs=", 2, "2.03"),
        ("MDk=", 2, "123.45"),
        ("MDk=", 0, "12345"),
        ("MDk=", -2, "1234500"),
        ("z8c=", 2, "-123.45"),
        ("AA==", 2, "0.00"),
        ("fw==", 2, "1.27"),
        ("AIA=", 2, "1.28"),
        ("gA==", 2, "-1.28"),
        ("/38=", 2, "-1.29"),
        ("/w==", 2, "-0.01"),
        ("AlQL4/8=", 2, "99999999.99"),
        ("GiSbHxCgbJav8g==", 4, "12345678901234567890.1234"),
    ],
)
def test_decimals_are_the_shortest_twos_complement(text: str, scale: int, value: str) -> None:
    """Each vector of the reference; and, as a number, all its digits."""
    assert base64.b64encode(unscaled(value, scale)).decode() == text
    assert variable(value, scale) == {"scale": scale, "value": base64.b64decode(text)}
    numeric = Writer(JsonConverter(style=json_style("NUMERIC")))
    assert value_of(numeric, Data(decimal(scale), unscaled(value, scale))) == value.encode()


def test_a_value_with_more_digits_than_its_scale_is_refused() -> None:
    """No digit is lost in making a sample."""
    with pytest.raises(ValueError, match="scale of 2"):
        unscaled("1.234", 2)


@pytest.mark.parametrize(
    ("format_name", "data", "expected"),
    [
        # every way in which "no value" appears (debezium-events.md 1.4)
        ("json", None, None),
        ("json", Data(nullable(ROW), None), b"null"),
        ("json-embedded", None, None),
        (
            "json-embedded",
            Data(nullable(STRING), None),
            b'{"schema":{"type":"string","optional":true},"payload":null}',
        ),
        ("avro-confluent", None, None),
        ("avro-confluent", Data(nullable(ROW), None), None),
        ("json-schema-confluent", Data(nullable(ROW), None), b"\x00\x00\x00\x00\x2anull"),
        ("string", Data(nullable(STRING), None), None),
        # values without a schema, roots that are no struct
        ("json-embedded", Data(None, {"a": 1}), b'{"schema":null,"payload":{"a":1}}'),
        ("avro-confluent", Data(BYTES, b"\x01\x02"), b"\x00\x00\x00\x00\x2a\x01\x02"),
        ("avro-confluent", Data(STRING, "42"), b"\x00\x00\x00\x00\x2a\x0442"),
        ("avro-confluent", Data(nullable(STRING), "42"), b"\x00\x00\x00\x00\x2a\x02\x0442"),
        ("apicurio-json", Data(STRING, "42"), b'{"schemaId":42,"payload":"42"}'),
        ("apicurio-json-framed", Data(STRING, "42"), b'\x00\x00\x00\x00\x2a"42"'),
        ("bytes", Data(BYTES, b"\x00raw"), b"\x00raw"),
        ("string", Data(struct("", {"id": INT32}), {"id": 7, "name": None}), b"Struct{id=7}"),
        ("string", Data(BOOLEAN, True), b"true"),
    ],
)
def test_nulls_and_bare_values(format_name: str, data: Data | None, expected: bytes | None) -> None:
    """A tombstone is Kafka's null everywhere; a null with a schema is what each converter makes of it."""
    writer = Writer(FORMATS[format_name](RegistryStore(first_id=42)))
    record = writer.record(ConnectRecord("crm", None, data))
    assert record is not None
    assert record.value == expected
    assert record.key is None


@pytest.mark.parametrize(
    ("format_name", "data"),
    [
        ("avro-confluent", Data(None, {})),
        ("json-schema-confluent", Data(None, {})),
        ("apicurio-json", Data(None, {})),
        ("bytes", Data(STRING, "")),
        ("bytes", Data(None, {})),
    ],
)
def test_what_a_format_cannot_write_is_refused(format_name: str, data: Data) -> None:
    """A value without a schema cannot be Avro, a text cannot be passed on as bytes."""
    with pytest.raises(TypeError):
        Writer(FORMATS[format_name](RegistryStore())).record(ConnectRecord("crm", None, data))
