"""Tokens that have broken parsers before, and the mark that no reason may quote."""

CANARY = "Zq4711canary"
"""A mark in values, keys and names of the inputs: a text that quotes it has quoted a record (S08)."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


COLUMNS = (*_words("id a b email phone ts_ms op source after before payload _id"), CANARY)
"""Names that the rules of the fuzzer map, names with a meaning, and one that nothing knows."""

_NUMBERS_AS_TEXT = _words(
    """
    NaN Infinity -Infinity NAN POSITIVE_INFINITY NEGATIVE_INFINITY 0 -0 7 1e5 1E400 1e-400 1e9999 -.5 5. 1_000
    0x7 +7 --7 9223372036854775808 18446744073709551616 99999999999999999999999999999999999999999999
"""
)

_BASE64 = _words(r"AMs= MDk= gA== AA== A ==== z8c=\n eyJhIjoxfQ== eyJhIjox W10= AAAA")

_DATES = _words(
    """
    2026-11-23 2026-11-23Z 0000-00-00 2026-02-30 9999-12-31T23:59:59.999999999Z +10000-01-01T00:00:00Z
    2026-11-23T10:00:00+18:00 0001-01-01T00:00:00+18:00 9999-12-31T23:59:59-18:00 infinity -infinity
    10:20:30.123456789 24:00:00 -838:59:59 P1Y2M 2026-11-23T10:00:00 2026-11-23T24:00:00Z
"""
)

_WORDS = _words(
    r"""
    x . .. a/b %2e é € 😀 null true on \u0000 \ud83d\ude00 \ud800 \udfff\ud800 +34600112233 600112233
    __debezium_unavailable_value X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ== Struct{id=7} [1,2 [[]] {\"a\":1}
    {\"a\":1,\"a\":2} {\"$oid\":\"65a1\"} \"{}\" \"\\ud800\" [1e400] [12345678901234567.25]
    [9223372036854775808]
    {\"a\":NaN,\"b\":\"\\ud800\"}
"""
)

_LONG = (
    "0." + "1" * 40,
    "1" * 1001,
    "9" * 309,
    "+" + "9" * 70,
    "AAAA" * 40,
    "AAAA" * 900,
    "[" * 70,
    "é" * 300,
)

TEXTS = ("", " ", *_NUMBERS_AS_TEXT, *_BASE64, *_DATES, *_WORDS, *_LONG, CANARY)
"""As they are written between the quotes of JSON."""

_NUMBERS = _words(
    """
    0 -0 1 -1 7 127 128 -129 32768 2147483647 -2147483648 2147483648 17422 4294967296 9007199254740993
    9223372036854775807 -9223372036854775808 9223372036854775808 18446744073709551615 18446744073709551616
    -9223372036854775809 1529507596945104 1700000000000 9223372036825200000 -9223372036832400000 86400000000
    -3020399000000 253402300799999 2932897 0.1 1.10 -0.0 1e5 1E-5 1e308 1e-400 5e-324 12345678901234567.25
    0e999999999999999999999 1e-99999999999999999999 123456789012345678901234567890
"""
)

NUMBERS = (*_NUMBERS, "0." + "1234567890" * 4, "9" * 308, "1." + "3" * 5000)
"""Numbers at every limit, all of them JSON that the strict parser takes."""

NO_NUMBERS = (*_words("1e309 01 +1 1. .5 - 0x10 1e NaN Infinity -Infinity"), "9" * 320, "1" * 4400)

LITERALS = ("null", "null", "true", "false", "{}", "[]", "[[]]", '{"":{}}', "[null]")

NO_LITERALS = ("nul", "True", "undefined", "'x'", '"', "{", "]")

TOKENS = tuple(
    token.encode()
    for token in (*NUMBERS, *NO_NUMBERS, *LITERALS, *NO_LITERALS, *(f'"{text}"' for text in TEXTS))
)
"""The replacements for a token of JSON."""

_BAD_UTF8 = (b"\xff", b"\x80", b"\xed\xa0\x80", b"\xc3", b"\xf0\x9f\x98", b"\xef\xbb\xbf")
_VARINTS = (b"\0\0\0\0", b"\xff" * 9 + b"\x01", b"\x80" * 12)
_MARKS = (b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"\\u", b"\r\n", b"NaN")
_MEMBERS = (b',"payload":', b'{"schema":', b'"payload"', b'"schema"')

BYTES = (b"\0", b"\1", *_BAD_UTF8, *_VARINTS, *_MARKS, *_MEMBERS, b"[" * 70, b"[" * 1100, b'{"a":' * 70)
"""The bytes that are written over others."""

_CONNECT, _TIME, _DATA = "org.apache.kafka.connect.data.", "io.debezium.time.", "io.debezium.data."

_TIMES = _words(
    """
    Date Time MicroTime NanoTime Timestamp MicroTimestamp NanoTimestamp ZonedTimestamp ZonedTime IsoDate
    IsoTime IsoTimestamp Year MicroDuration NanoDuration Interval StructuredDate StructuredTime
    StructuredTimestamp StructuredZonedTime StructuredZonedTimestamp StructuredDuration
"""
)

_OTHERS = _words(
    """
    VariableScaleDecimal Json Xml Uuid Enum EnumSet Bits Ltree DoubleVector FloatVector
    SparseDoubleVector geometry.Point geometry.Geometry
"""
)

CONNECT_NAMES = (
    *(_CONNECT + name for name in _words("Date Time Timestamp Decimal Decimal Decimal")),
    *(_TIME + name for name in _TIMES),
    *(_DATA + name for name in _OTHERS),
)
"""Every semantic type (debezium-events.md 6)."""
