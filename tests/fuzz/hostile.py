"""Tokens that have broken parsers before, and the mark that no reason may quote."""

CANARY = "Zq4711canary"
"""Stands in values, keys and names of the inputs: whatever quotes it has quoted a record (S08)."""

COLUMNS = (
    "id",
    "a",
    "b",
    "email",
    "phone",
    "ts_ms",
    "op",
    "source",
    "after",
    "before",
    "payload",
    "_id",
    CANARY,
)
"""Names that the rules of the fuzzer map, names with a meaning, and one that nothing knows."""

TEXTS = (
    *(
        "",
        " ",
        ".",
        "..",
        "x",
        "é",
        "€",
        "😀",
        "\\u0000",
        "\\ud83d\\ude00",
        "\\ud800",
        "\\udfff\\ud800",
        "a/b",
        "%2e",
    ),
    *(
        "NaN",
        "Infinity",
        "-Infinity",
        "NAN",
        "POSITIVE_INFINITY",
        "null",
        "true",
        "on",
        "0",
        "-0",
        "7",
        "1e5",
        "1E400",
    ),
    *(
        "9" * 30,
        "0." + "1" * 40,
        "1" * 1001,
        "1e9999",
        "1e-9999",
        "-.5",
        "+34600112233",
        "600112233",
        "+" + "9" * 70,
    ),
    *("AMs=", "MDk=", "gA==", "AA==", "A", "====", "z8c=\\n", "AAAA" * 40, "AAAA" * 200),
    *("2026-11-23", "2026-11-23Z", "0000-00-00", "9999-12-31T23:59:59.999999999Z", "+10000-01-01T00:00:00Z"),
    *(
        "2026-11-23T10:00:00+18:00",
        "0001-01-01T00:00:00+18:00",
        "9999-12-31T23:59:59-18:00",
        "2026-02-30",
        "infinity",
    ),
    *(
        "10:20:30.123456789",
        "24:00:00",
        "P1Y2M",
        "__debezium_unavailable_value",
        "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==",
    ),
    *('{\\"a\\":1}', "[1,2", '{\\"$oid\\":\\"65a1\\"}', '\\"{}\\"', "eyJhIjoxfQ==", "Struct{id=7}", CANARY),
)
"""As they stand between the quotes of JSON."""

NUMBERS = (
    *("0", "-0", "1", "-1", "7", "127", "128", "-129", "32768", "2147483647", "-2147483648", "2147483648"),
    *("17422", "4294967296", "9007199254740993", "9223372036854775807", "-9223372036854775808"),
    *("9223372036854775808", "18446744073709551615", "18446744073709551616", "-9223372036854775809"),
    *("1529507596945104", "1700000000000", "9223372036825200000", "-9223372036832400000", "86400000000"),
    *(
        "-3020399000000",
        "253402300799999",
        "2932897",
        "0.1",
        "1.10",
        "-0.0",
        "1e5",
        "1E-5",
        "1e308",
        "1e-400",
    ),
    *("5e-324", "0e999999999999999999999", "1e-99999999999999999999", "123456789012345678901234567890"),
    *("0.1234567890123456789012345678901234567890", "9" * 308, "1." + "3" * 5000, "12345678901234567.25"),
)
"""Numbers at every limit, all of them JSON that the strict parser takes."""

NO_NUMBERS = (
    *(
        "1e309",
        "9" * 320,
        "1" * 1001,
        "1" * 4400,
        "01",
        "+1",
        "1.",
        ".5",
        "-",
        "0x10",
        "1e",
        "NaN",
        "Infinity",
    ),
    "-Infinity",
)

LITERALS = ("null", "null", "true", "false", "{}", "[]", "[[]]", '{"":{}}', "[null]")

NO_LITERALS = ("nul", "True", "undefined", "'x'", '"', "{", "]")


TOKENS = tuple(
    token.encode()
    for token in (*NUMBERS, *NO_NUMBERS, *LITERALS, *NO_LITERALS, *(f'"{text}"' for text in TEXTS))
)
"""What a token of JSON is replaced by."""

BYTES = (
    *(
        b"\0",
        b"\1",
        b"\xff",
        b"\x80",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98\x80",
        b"\xc3",
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
    ),
    *(
        b"\\",
        b",",
        b":",
        b"\\u",
        b"\r\n",
        b"\0\0\0\0",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x80" * 12,
    ),
    *(
        b',"payload":',
        b'{"schema":',
        b'"payload"',
        b'"schema"',
        b"NaN",
        b"[" * 70,
        b"[" * 1100,
        b'{"a":' * 70,
        b"\xef\xbb\xbf",
    ),
)
"""What is written over bytes of any kind."""

CONNECT_NAMES = tuple(
    f"{package}.{name}"
    for package, names in (
        ("org.apache.kafka.connect.data", "Date Time Timestamp Decimal"),
        (
            "io.debezium.time",
            "Date Time MicroTime NanoTime Timestamp MicroTimestamp NanoTimestamp ZonedTimestamp ZonedTime IsoDate"
            " IsoTime IsoTimestamp Year MicroDuration NanoDuration Interval StructuredDate StructuredTime"
            " StructuredTimestamp StructuredZonedTime StructuredZonedTimestamp StructuredDuration",
        ),
        (
            "io.debezium.data",
            "VariableScaleDecimal Json Xml Uuid Enum EnumSet Bits Ltree DoubleVector FloatVector SparseDoubleVector"
            " geometry.Point geometry.Geometry",
        ),
    )
    for name in names.split()
)
"""Every semantic type (debezium-events 6)."""
