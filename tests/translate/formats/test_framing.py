"""Which schema a record names, in its bytes or headers (debezium-events.md 7)."""

import struct
from contextlib import suppress
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model import Headers, RefKind, SchemaRef
from connector.translate.formats.decoded import DecodeError
from connector.translate.formats.framing import (
    KEY,
    VALUE,
    Framed,
    Side,
    apicurio_json_reference,
    framed_by_bytes,
    framed_by_headers,
)

GUID_BYTES = bytes.fromhex("8979176223364fd3a6c7a1a0b0c0d0e0")
GUID = "89791762-2336-4fd3-a6c7-a1a0b0c0d0e0"


@pytest.mark.parametrize(
    ("data", "kind", "value", "begin"),
    [
        (b"\0" + struct.pack(">i", 42), RefKind.ID, "42", 5),
        (b"\0" + struct.pack(">i", 42) + b"body", RefKind.ID, "42", 5),
        (b"\0" + struct.pack(">i", 2**31 - 1) + b"body", RefKind.ID, "2147483647", 5),
        (b"\0" + struct.pack(">q", 42) + b"body", RefKind.LONG_ID, "42", 9),
        (b"\0" + struct.pack(">q", 42), RefKind.LONG_ID, "42", 9),
        (b"\0" + struct.pack(">q", 2**31 - 1), RefKind.LONG_ID, "2147483647", 9),
        (b"\1" + GUID_BYTES, RefKind.GUID, GUID, 17),
        (b"\1" + GUID_BYTES + b"body", RefKind.GUID, GUID, 17),
    ],
)
def test_references_in_the_bytes(data: bytes, kind: RefKind, value: str, begin: int) -> None:
    """Four or eight bytes of id after a zero, a GUID after a one; ids are small, so zeros mean eight."""
    framed = framed_by_bytes(data)
    assert framed is not None
    assert (framed.ref, framed.begin) == (SchemaRef(kind, value), begin)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\0\0\0\0",
        b"\0\0\0\0\0",
        b"\0\0\0\0\0\0\0\7",
        b"\0\0\0\0\0\0\0\0\0",
        b"\0\xff\xff\xff\xff",
        b"\0\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\1",
        b"\1" + GUID_BYTES[:-1],
        b"\2\0\0\0\7",
        b'{"id":7}',
        b"7",
        b" \0\0\0\0\7",
    ],
)
def test_bytes_that_name_no_schema(data: bytes) -> None:
    """Nothing is guessed from an id that is cut off, zero or negative, nor from another first byte (F036)."""
    assert framed_by_bytes(data) is None


def headers_of(side: Side, **values: bytes | None) -> list[tuple[str, bytes | None]]:
    """Return Apicurio's headers of one side."""
    return [(side.apicurio + name, value) for name, value in values.items()]


EIGHT = struct.pack(">q", 7)


@pytest.mark.parametrize("side", [VALUE, KEY], ids=["value", "key"])
def test_headers_of_confluent(side: Side) -> None:
    """A header holds a GUID or an id as the bytes otherwise would, and the body is bare."""
    for data, reference in (
        (b"\1" + GUID_BYTES, SchemaRef(RefKind.GUID, GUID)),
        (b"\0" + struct.pack(">i", 42), SchemaRef(RefKind.ID, "42")),
    ):
        framed = framed_by_headers([("other", b"x"), (side.confluent, data)], side)
        assert framed is not None
        assert (framed.ref, framed.begin) == (reference, 0)
        assert "headers" in framed.name
        assert framed_by_headers([(side.confluent, data)], KEY if side is VALUE else VALUE) is None


@pytest.mark.parametrize("side", [VALUE, KEY], ids=["value", "key"])
@pytest.mark.parametrize(
    ("values", "reference"),
    [
        ({"globalId": EIGHT}, SchemaRef(RefKind.GLOBAL_ID, "7")),
        ({"contentId": EIGHT}, SchemaRef(RefKind.CONTENT_ID, "7")),
        ({"contentId": EIGHT, "contentHash": b"ab"}, SchemaRef(RefKind.CONTENT_ID, "7")),
        ({"contentHash": b"e3b0c4", "artifactId": b"a"}, SchemaRef(RefKind.CONTENT_HASH, "e3b0c4")),
        (
            {"groupId": b"crm", "artifactId": b"customers-value", "version": b"3"},
            SchemaRef(RefKind.ARTIFACT, "crm/customers-value/3"),
        ),
        ({"artifactId": b"x", "version": b"1"}, SchemaRef(RefKind.ARTIFACT, "default/x/1")),
        ({"groupId": None, "artifactId": b"x", "version": b"1"}, SchemaRef(RefKind.ARTIFACT, "default/x/1")),
    ],
    ids=str,
)
def test_headers_of_apicurio(side: Side, values: dict[str, bytes | None], reference: SchemaRef) -> None:
    """An id goes before a hash, and that before group, artifact and version."""
    framed = framed_by_headers(headers_of(side, **values), side)
    assert framed == Framed("Apicurio headers", reference, 0)


@pytest.mark.parametrize(
    ("encoding", "avro_json"), [(b"BINARY", False), (b"JSON", True), (b"json", True), (None, False)]
)
def test_the_encoding_of_apicurio(encoding: bytes | None, *, avro_json: bool) -> None:
    """A header says that Avro was written in its JSON encoding."""
    framed = framed_by_headers(headers_of(VALUE, globalId=EIGHT, encoding=encoding), VALUE)
    assert framed is not None
    assert framed.avro_json is avro_json


def test_the_last_header_of_a_name_counts() -> None:
    """A record that passed through two producers has the header twice; null ones are none."""
    headers: Headers = [
        (VALUE.confluent, b"\0" + struct.pack(">i", 1)),
        (VALUE.confluent, b"\0" + struct.pack(">i", 2)),
        (VALUE.confluent, None),
    ]
    framed = framed_by_headers(headers, VALUE)
    assert framed is not None
    assert framed.ref.value == "2"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("id", b"\0\0\0\0\7")],
        [(VALUE.confluent, None)],
        headers_of(VALUE, encoding=b"JSON"),
        headers_of(VALUE, groupId=b"crm", artifactId=b"customers"),
        headers_of(VALUE, version=b"1"),
        [("apicurio.value", EIGHT), ("apicurio", EIGHT), ("__value_schema_id2", EIGHT)],
    ],
)
def test_headers_that_name_no_schema(headers: Headers) -> None:
    """Other headers, and half of a reference, are left alone."""
    assert framed_by_headers(headers, VALUE) is None


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ([(VALUE.confluent, b"")], "neither an id nor a GUID"),
        ([(VALUE.confluent, b"42")], "neither an id nor a GUID"),
        ([(VALUE.confluent, b"\0\0\0\0\0")], "neither an id nor a GUID"),
        ([(VALUE.confluent, b"\1" + GUID_BYTES[:9])], "neither an id nor a GUID"),
        (headers_of(VALUE, globalId=b"7"), "no id of eight bytes"),
        (headers_of(VALUE, contentId=b"\0\0\0\7"), "no id of eight bytes"),
        (headers_of(VALUE, contentHash=b""), "cannot be addressed"),
        (headers_of(VALUE, contentHash=b".."), "cannot be addressed"),
        (headers_of(VALUE, contentHash=b"a" * 513), "cannot be addressed"),
        (headers_of(VALUE, artifactId=b"..", version=b"1"), "cannot be addressed"),
        (headers_of(VALUE, artifactId=b"", version=b"1"), "cannot be addressed"),
        (headers_of(VALUE, artifactId=b"a", version=b"."), "cannot be addressed"),
        (headers_of(VALUE, groupId=b".", artifactId=b"a", version=b"1"), "cannot be addressed"),
        (headers_of(VALUE, groupId=b"g" * 600, artifactId=b"a", version=b"1"), "cannot be addressed"),
    ],
    ids=str,
)
def test_headers_that_hold_no_reference_are_refused(headers: Headers, words: str) -> None:
    """A header of the right name with anything else in it is an error, not a guess (F036, S01)."""
    with pytest.raises(DecodeError, match=words):
        framed_by_headers(headers, VALUE)


HOSTILE = st.binary(min_size=1, max_size=12) | st.sampled_from(
    [
        b"../../admin",
        b"a/b",
        b"%2e%2e",
        b"a?b=c",
        b"a#b",
        b"a b",
        "ñ".encode(),
        b"a\r\nb",
        b"\0",
        b"\xff",
        b"a\\b",
    ]
)


@given(group=HOSTILE, artifact=HOSTILE, version=HOSTILE, content_hash=HOSTILE)
def test_no_header_becomes_another_address(
    group: bytes, artifact: bytes, version: bytes, content_hash: bytes
) -> None:
    """Each part of an artifact's name is one segment of the path, whatever is in it (S01)."""
    for values in (
        {"groupId": group, "artifactId": artifact, "version": version},
        {"contentHash": content_hash},
    ):
        try:
            framed = framed_by_headers(headers_of(VALUE, **values), VALUE)
        except DecodeError:
            continue
        assert framed is not None
        segments = framed.ref.value.split("/")
        assert len(segments) == len(values)
        for segment, part in zip(segments, values.values(), strict=True):
            assert segment.isascii()
            assert segment.isprintable()
            assert not set(segment) & set("/\\?#: \r\n")
            assert unquote(segment) not in ("", ".", "..")
            assert unquote(segment) == part.decode(errors="replace")


@pytest.mark.parametrize(("schema_id", "value"), [(12, "12"), (2**40, str(2**40))])
def test_the_wrapper_of_apicurios_json(schema_id: int, value: str) -> None:
    """Apicurio's JSON converter names the schema inside the value."""
    assert apicurio_json_reference(schema_id) == SchemaRef(RefKind.LONG_ID, value)


@pytest.mark.parametrize("schema_id", [0, -1, "12", 12.0, True, None, [12], {}])
def test_a_wrapper_without_an_id_is_none(schema_id: object) -> None:
    """A domain record may have members of the same names."""
    assert apicurio_json_reference(schema_id) is None


@given(data=st.binary(max_size=24), name=st.sampled_from([VALUE.confluent, "apicurio.value.globalId"]))
def test_any_bytes_name_a_schema_or_none(data: bytes, name: str) -> None:
    """Arbitrary bytes never raise; as a header they may be refused (F036)."""
    framed = framed_by_bytes(data)
    assert framed is None or framed.begin <= len(data)
    with suppress(DecodeError):
        framed_by_headers([(name, data)], VALUE)
