"""Dates, times, timestamps and durations of a known type (debezium-events.md 6.2)."""

from typing import Any

import orjson
import pytest

from connector.translate.formats.connect_schema import Base
from connector.translate.values.unusable import ConversionError
from tests.translate.values.encodings import ENCODINGS, sent, typed

CONNECT = "org.apache.kafka.connect.data."
DEBEZIUM = "io.debezium.time."
BASES: dict[str, Base] = {
    f"{CONNECT}Date": "int32",
    f"{CONNECT}Time": "int32",
    f"{CONNECT}Timestamp": "int64",
    f"{DEBEZIUM}Date": "int32",
    f"{DEBEZIUM}Time": "int32",
    f"{DEBEZIUM}MicroTime": "int64",
    f"{DEBEZIUM}NanoTime": "int64",
    f"{DEBEZIUM}Timestamp": "int64",
    f"{DEBEZIUM}MicroTimestamp": "int64",
    f"{DEBEZIUM}NanoTimestamp": "int64",
    f"{DEBEZIUM}Year": "int32",
    f"{DEBEZIUM}MicroDuration": "int64",
    f"{DEBEZIUM}NanoDuration": "int64",
}
"""The types that are numbers; all others are text."""

INT64_MAX = 2**63 - 1

VECTORS: list[tuple[str, Any, Any]] = [
    (f"{DEBEZIUM}Date", 17422, "2017-09-13"),
    (f"{DEBEZIUM}Date", -25567, "1900-01-01"),
    (f"{DEBEZIUM}Date", 2932896, "9999-12-31"),
    (f"{DEBEZIUM}Date", -719162, "0001-01-01"),
    (f"{CONNECT}Date", 0, "1970-01-01"),
    (f"{DEBEZIUM}Time", 49530123, "13:45:30.123"),
    (f"{CONNECT}Time", 49530120, "13:45:30.12"),
    (f"{CONNECT}Time", 0, "00:00:00"),
    (f"{DEBEZIUM}MicroTime", 49530123456, "13:45:30.123456"),
    (f"{DEBEZIUM}MicroTime", 86400000000, "24:00:00"),
    (f"{DEBEZIUM}MicroTime", -3020399000000, "-838:59:59"),
    (f"{DEBEZIUM}MicroTime", 3020399000000, "838:59:59"),
    (f"{DEBEZIUM}MicroTime", -1500000, "-00:00:01.5"),
    (f"{DEBEZIUM}MicroTime", 1, "00:00:00.000001"),
    (f"{DEBEZIUM}NanoTime", 49530123456789, "13:45:30.123456789"),
    (f"{DEBEZIUM}NanoTime", 49530100000000, "13:45:30.1"),
    (f"{DEBEZIUM}Timestamp", 1529507596945, "2018-06-20T15:13:16.945Z"),
    (f"{CONNECT}Timestamp", 1529507596945, "2018-06-20T15:13:16.945Z"),
    (f"{CONNECT}Timestamp", -1, "1969-12-31T23:59:59.999Z"),
    (f"{CONNECT}Timestamp", 253402300799999, "9999-12-31T23:59:59.999Z"),
    (f"{CONNECT}Timestamp", -62135596800000, "0001-01-01T00:00:00.000Z"),
    (f"{DEBEZIUM}MicroTimestamp", 1529507596945104, "2018-06-20T15:13:16.945Z"),
    (f"{DEBEZIUM}MicroTimestamp", -1, "1969-12-31T23:59:59.999Z"),
    (f"{DEBEZIUM}MicroTimestamp", 253402300799999999, "9999-12-31T23:59:59.999Z"),
    (f"{DEBEZIUM}NanoTimestamp", 1529507596945104000, "2018-06-20T15:13:16.945Z"),
    (f"{DEBEZIUM}NanoTimestamp", -1, "1969-12-31T23:59:59.999Z"),
    (f"{DEBEZIUM}NanoTimestamp", INT64_MAX - 1, "2262-04-11T23:47:16.854Z"),
    (f"{DEBEZIUM}ZonedTimestamp", "2018-06-20T13:37:03Z", "2018-06-20T13:37:03.000Z"),
    (f"{DEBEZIUM}ZonedTimestamp", "2018-06-20T13:37:03.123456789Z", "2018-06-20T13:37:03.123Z"),
    (f"{DEBEZIUM}ZonedTimestamp", "2018-06-20T13:37:03.1000Z", "2018-06-20T13:37:03.100Z"),
    (f"{DEBEZIUM}ZonedTimestamp", "2018-06-20T13:37:03.5+02:00", "2018-06-20T11:37:03.500Z"),
    (f"{DEBEZIUM}ZonedTimestamp", "2018-06-20T13:37Z", "2018-06-20T13:37:00.000Z"),
    (f"{DEBEZIUM}ZonedTimestamp", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
    (f"{DEBEZIUM}ZonedTime", "11:51:02Z", "11:51:02Z"),
    (f"{DEBEZIUM}ZonedTime", "11:51:02.123+02:00", "11:51:02.123+02:00"),
    (f"{DEBEZIUM}IsoDate", "2017-09-13Z", "2017-09-13"),
    (f"{DEBEZIUM}IsoTime", "10:15:00Z", "10:15:00"),
    (f"{DEBEZIUM}IsoTime", "10:15Z", "10:15:00"),
    (f"{DEBEZIUM}IsoTime", "10:15:00.120Z", "10:15:00.12"),
    (f"{DEBEZIUM}IsoTime", "10:15:00.000Z", "10:15:00"),
    (f"{DEBEZIUM}IsoTimestamp", "2020-01-01T00:00:00.12Z", "2020-01-01T00:00:00.120Z"),
    (f"{DEBEZIUM}Year", 2024, 2024),
    (f"{DEBEZIUM}MicroDuration", 37091106780000, 37091106780000),
    (f"{DEBEZIUM}NanoDuration", 36561906000000000, 36561906000000000),
    (f"{DEBEZIUM}Interval", "P1Y2M3DT4H5M6.78S", "P1Y2M3DT4H5M6.78S"),
]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("name", "value", "expected"), VECTORS)
def test_vectors_become(encoding: str, name: str, value: Any, expected: Any) -> None:
    """Every temporal type is sent in the form of the table "Values", from JSON and from Avro."""
    schema = typed(name, BASES.get(name, "string"))
    assert sent(schema, ENCODINGS[encoding](schema, value)) == orjson.dumps(expected)


def test_a_duration_of_oracle_is_a_float() -> None:
    """A MicroDuration that is a double is sent as that number."""
    assert sent(typed(f"{DEBEZIUM}MicroDuration", "double"), 1500000.5) == b"1500000.5"


UNREADABLE: list[tuple[str, Any]] = [
    (f"{DEBEZIUM}Date", 2932897),
    (f"{DEBEZIUM}Date", -719163),
    (f"{DEBEZIUM}Date", 2**31 - 1),
    (f"{DEBEZIUM}Date", -(2**31)),
    (f"{DEBEZIUM}Date", True),
    (f"{DEBEZIUM}Date", 17422.0),
    (f"{DEBEZIUM}Date", [17422]),
    (f"{DEBEZIUM}MicroTime", 839 * 3_600_000_000),
    (f"{DEBEZIUM}MicroTime", -839 * 3_600_000_000),
    (f"{DEBEZIUM}MicroTime", "13:45:30"),
    (f"{DEBEZIUM}MicroTime", True),
    (f"{CONNECT}Timestamp", 253402300800000),
    (f"{CONNECT}Timestamp", -62135596800001),
    (f"{CONNECT}Timestamp", 9223372036825200000),
    (f"{CONNECT}Timestamp", -9223372036832400000),
    (f"{CONNECT}Timestamp", True),
    (f"{CONNECT}Timestamp", 1.5),
    (f"{CONNECT}Timestamp", {}),
    (f"{DEBEZIUM}MicroTimestamp", 9223372036825200000),
    (f"{DEBEZIUM}MicroTimestamp", -9223372036832400000),
    (f"{DEBEZIUM}NanoTimestamp", 9223372036825200000),
    (f"{DEBEZIUM}NanoTimestamp", -9223372036832400000),
    (f"{DEBEZIUM}NanoTimestamp", INT64_MAX),
    (f"{DEBEZIUM}NanoTimestamp", -(2**63)),
    (f"{DEBEZIUM}NanoTimestamp", 10**30),
    (f"{DEBEZIUM}ZonedTimestamp", "infinity"),
    (f"{DEBEZIUM}ZonedTimestamp", "-infinity"),
    (f"{DEBEZIUM}ZonedTimestamp", "+294247-01-10T04:00:54.775807Z"),
    (f"{DEBEZIUM}ZonedTimestamp", "-0043-01-10T04:00:54Z"),
    (f"{DEBEZIUM}ZonedTimestamp", "0001-01-01T00:00:00+14:00"),
    (f"{DEBEZIUM}ZonedTimestamp", "2018-06-20T13.5555555Z"),
    (f"{DEBEZIUM}ZonedTimestamp", "2018-06-20T13:37:60Z"),
    (f"{DEBEZIUM}ZonedTimestamp", "2018-02-30T13:37:00Z"),
    (f"{DEBEZIUM}ZonedTimestamp", "2018-06-20T13:37:0\u0663Z"),
    (f"{DEBEZIUM}ZonedTimestamp", 1529507596945),
    (f"{DEBEZIUM}IsoDate", "10000-01-01Z"),
    (f"{DEBEZIUM}IsoTime", "10h"),
    (f"{DEBEZIUM}IsoTime", 7),
]


@pytest.mark.parametrize(("name", "value"), UNREADABLE)
def test_what_the_form_cannot_carry_is_unreadable(name: str, value: Any) -> None:
    """Infinities, years beyond 9999 and values that are no date are refused, and quoted nowhere (S08)."""
    with pytest.raises(ConversionError) as caught:
        sent(typed(name, BASES.get(name, "string")), value)
    assert repr(value) not in str(caught.value)


MADRID = {
    "year": 2018,
    "month": 6,
    "day": 20,
    "hour": 1,
    "minute": 0,
    "second": 0,
    "picoseconds": 500000000000,
    "offsetSeconds": 7200,
    "zoneId": "Europe/Madrid",
}
STRUCTURED: list[tuple[str, dict[str, Any], str]] = [
    ("StructuredDate", {"year": 2024, "month": 1, "day": 31}, "2024-01-31"),
    ("StructuredTime", {"hour": 13, "minute": 45, "second": 30, "nanos": 123000000}, "13:45:30.123"),
    ("StructuredTime", {"hour": 13, "minute": 45, "second": 30, "picoseconds": 1}, "13:45:30.000000000001"),
    ("StructuredTime", {"hour": 24, "minute": 0, "second": 0, "nanos": None}, "24:00:00"),
    (
        "StructuredTimestamp",
        {"year": 2018, "month": 6, "day": 20, "hour": 15, "minute": 13, "second": 16, "nanos": 945999999},
        "2018-06-20T15:13:16.945Z",
    ),
    (
        "StructuredTimestampPrecision6",
        {"year": 1969, "month": 12, "day": 31, "hour": 24, "minute": 0, "second": 0, "precision": 6},
        "1970-01-01T00:00:00.000Z",
    ),
    (
        "StructuredZonedTimestampPrecision3SourceColumn6372656174656420",
        MADRID,
        "2018-06-19T23:00:00.500Z",
    ),
    ("StructuredZonedTime", {"hour": 11, "minute": 51, "second": 2, "offsetSeconds": 0}, "11:51:02Z"),
    (
        "StructuredZonedTime",
        {"hour": 11, "minute": 51, "second": 2, "offsetSeconds": -5400},
        "11:51:02-01:30",
    ),
    (
        "StructuredZonedTime",
        {"hour": 11, "minute": 51, "second": 2, "offsetSeconds": 3661},
        "11:51:02+01:01:01",
    ),
    (
        "StructuredDuration",
        {"years": 1, "months": 2, "days": 3, "hours": 4, "minutes": 5, "seconds": 6, "nanos": 780000000},
        "P1Y2M3DT4H5M6.78S",
    ),
    ("StructuredDuration", {"years": 0, "months": None}, "PT0S"),
    ("StructuredDuration", {"days": -3}, "P-3D"),
    ("StructuredDuration", {"hours": 1, "seconds": -1, "picoseconds": -500000000000}, "PT1H-1.5S"),
]


@pytest.mark.parametrize(("name", "parts", "expected"), STRUCTURED)
def test_structured_types_become_what_the_others_do(name: str, parts: dict[str, Any], expected: str) -> None:
    """Structured dates, times and durations of Debezium 3.7 are sent in the same forms."""
    assert sent(typed(f"{DEBEZIUM}{name}", "struct"), parts) == orjson.dumps(expected)


def test_an_elapsed_time_is_a_time_of_day() -> None:
    """MySQL's TIME as a structured duration is sent like the plain one."""
    schema = typed(
        f"{DEBEZIUM}StructuredDuration", "struct", **{"io.debezium.time.duration.kind": "elapsed-time"}
    )
    parts = {"hours": -838, "minutes": -59, "seconds": -59, "picoseconds": -500000000000}
    assert sent(schema, parts) == b'"-838:59:59.5"'
    with pytest.raises(ConversionError):
        sent(schema, {"hours": 839})


NOON = {"hour": 12, "minute": 0, "second": 0}


UNREADABLE_PARTS: list[tuple[str, Any]] = [
    ("StructuredDate", {"year": 2024, "month": 0, "day": 0}),
    ("StructuredDate", {"year": 0, "month": 1, "day": 1}),
    ("StructuredDate", {"year": 10000, "month": 1, "day": 1}),
    ("StructuredDate", {"year": 2**62, "month": 1, "day": 1}),
    ("StructuredDate", {"year": 2024, "month": 1}),
    ("StructuredDate", {"year": 2024, "month": "1", "day": 1}),
    ("StructuredDate", {"year": 2024, "month": True, "day": 1}),
    ("StructuredDate", {"specialValue": "POSITIVE_INFINITY"}),
    ("StructuredDate", [2024, 1, 1]),
    ("StructuredTimestamp", {"specialValue": "NEGATIVE_INFINITY", "year": 2024, "month": 1, "day": 1}),
    ("StructuredTimestamp", {"year": 2024, "month": 1, "day": 1}),
    ("StructuredTimestamp", {"year": 2024, "month": 1, "day": 1, **NOON, "nanos": -1}),
    ("StructuredTimestamp", {"year": 2024, "month": 1, "day": 1, **NOON, "nanos": 10**9}),
    ("StructuredZonedTimestamp", {"year": 1, "month": 1, "day": 1, **NOON, "offsetSeconds": 50000}),
    ("StructuredTime", {"hour": 24, "minute": 0, "second": 1}),
    ("StructuredTime", {"hour": -1, "minute": 0, "second": 1}),
    ("StructuredTime", {"hour": 1, "minute": 60, "second": 1}),
    ("StructuredZonedTime", {**NOON, "offsetSeconds": 10**6}),
    ("StructuredDuration", {"seconds": 2**64}),
]


@pytest.mark.parametrize(("name", "parts"), UNREADABLE_PARTS)
def test_parts_that_make_no_date_are_unreadable(name: str, parts: Any) -> None:
    """Infinities, zero days and months and missing parts are refused."""
    with pytest.raises(ConversionError):
        sent(typed(f"{DEBEZIUM}{name}", "struct"), parts)
