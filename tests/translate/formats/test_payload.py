"""Each record shows its own wire format, and a refusal names the tried format (debezium-events.md 7)."""

import struct
from typing import Any

import orjson
import pytest

from connector.model import Headers, RefKind, SchemaArtifact, SchemaRef
from connector.translate.formats import framing
from connector.translate.formats.decoded import Decoded, DecodeError
from connector.translate.formats.payload import Format, PayloadReader
from connector.translate.formats.schema_store import AwaitSchemaError, SchemaStore
from tests.translate.formats.avro.avro_samples import written

ROW = {
    "type": "record",
    "name": "Value",
    "namespace": "crm",
    "fields": [{"name": "id", "type": "int"}, {"name": "rate", "type": ["null", "double"]}],
}
JSON_SCHEMA = {
    "type": "object",
    "title": "crm.Value",
    "properties": {"id": {"type": "integer", "connect.type": "int32"}},
}
CONNECT = {"type": "struct", "name": "crm.Value", "fields": [{"field": "id", "type": "int32"}]}
BODY = written(ROW, {"id": 7, "rate": None})
VALUE = {"id": 7, "rate": None}

AVRO, JSON, KCONNECT = 1, 2, 3
GUID = "89791762-2336-4fd3-a6c7-a1a0b0c0d0e0"
GUID_BYTES = bytes.fromhex(GUID.replace("-", ""))


def registry() -> SchemaStore:
    """Return the schemas of the registry: one of each kind, under references of each kind."""
    schemas = SchemaStore("confluent")
    for number, kind, schema in (
        (AVRO, "AVRO", ROW),
        (JSON, "JSON", JSON_SCHEMA),
        (KCONNECT, "KCONNECT", CONNECT),
    ):
        artifact = SchemaArtifact(orjson.dumps(schema).decode(), kind)
        for ref in (RefKind.ID, RefKind.LONG_ID, RefKind.GLOBAL_ID, RefKind.CONTENT_ID):
            schemas.learn(SchemaRef(ref, str(number)), artifact)
    schemas.learn(SchemaRef(RefKind.GUID, GUID), SchemaArtifact(orjson.dumps(ROW).decode()))
    schemas.learn(SchemaRef(RefKind.ARTIFACT, "crm/a/1"), SchemaArtifact(orjson.dumps(ROW).decode()))
    return schemas


def decode(data: bytes | None, headers: Headers | None = None, wanted: Format = "auto") -> Decoded:
    """Decode the value of one record."""
    return decode_with(PayloadReader(framing.VALUE, wanted, registry()), data, headers)


def decode_with(
    wire: PayloadReader, data: bytes | None, headers: Headers | None = None, *, exactly: bool = False
) -> Decoded:
    """Decode one more value of a topic."""
    return Decoded(*(wire.decode_exactly if exactly else wire.decode)(data, lambda: headers))


def id_of(number: int) -> bytes:
    """Return Confluent's framing."""
    return b"\0" + struct.pack(">i", number)


def long_id_of(number: int) -> bytes:
    """Return Apicurio's framing, or the value of its headers."""
    return b"\0" + struct.pack(">q", number)


CONFLUENT_HEADER = "__value_schema_id"
GLOBAL_ID_HEADER = "apicurio.value.globalId"
EIGHT = struct.pack(">q", AVRO)

AVRO_FORMS: dict[str, tuple[bytes, Headers | None]] = {
    "Confluent framing": (id_of(AVRO) + BODY, None),
    "Confluent GUID framing": (b"\1" + GUID_BYTES + BODY, None),
    "Confluent GUID framing in headers": (BODY, [(CONFLUENT_HEADER, b"\1" + GUID_BYTES)]),
    "Confluent framing in headers": (BODY, [(CONFLUENT_HEADER, id_of(AVRO))]),
    "Apicurio framing": (long_id_of(AVRO) + BODY, None),
    "Apicurio headers": (BODY, [(GLOBAL_ID_HEADER, EIGHT), ("apicurio.value.encoding", b"BINARY")]),
}


@pytest.mark.parametrize("name", AVRO_FORMS)
@pytest.mark.parametrize("wanted", ["auto", "avro"])
def test_avro_in_every_framing(wanted: Format, name: str) -> None:
    """Four bytes, eight bytes, GUID and headers all lead to the value and its schema."""
    data, headers = AVRO_FORMS[name]
    wire = PayloadReader(framing.VALUE, wanted, registry())
    decoded = decode_with(wire, data, headers)
    assert decoded.value == VALUE
    assert decoded.schema is not None
    assert decoded.schema.name == "crm.Value"
    assert wire.seen == {f"Avro ({name})"}


@pytest.mark.parametrize("name", AVRO_FORMS)
def test_avro_in_a_topic_of_json_is_refused(name: str) -> None:
    """`format: json` refuses Avro, and the reason names the record's format (F036)."""
    data, headers = AVRO_FORMS[name]
    with pytest.raises(DecodeError, match="Avro, in a topic with `format: json`"):
        decode(data, headers, "json")


def test_a_header_goes_before_the_bytes() -> None:
    """Bare Avro may begin with a zero: the headers win, and of a repeated header the last."""
    schema = {
        "type": "record",
        "name": "R",
        "fields": [{"name": c, "type": ["null", "int"]} for c in "abcde"],
    }
    schemas = registry()
    schemas.learn(SchemaRef(RefKind.ID, "9"), SchemaArtifact(orjson.dumps(schema).decode()))
    body = bytes([0, 0, 0, 0, 2, 2 * AVRO])  # by itself the frame of id 2
    wire = PayloadReader(framing.VALUE, "auto", schemas)
    headers = [(CONFLUENT_HEADER, id_of(404)), (CONFLUENT_HEADER, id_of(9))]
    assert decode_with(wire, body, headers).value == {**dict.fromkeys("abcd"), "e": 1}
    with pytest.raises(DecodeError, match="not JSON"):
        decode_with(wire, id_of(JSON) + b"\2")


def test_avro_that_begins_as_json_does() -> None:
    """A body whose first byte is a brace is Avro where the headers say so, and JSON elsewhere."""
    schema = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}
    schemas = registry()
    schemas.learn(SchemaRef(RefKind.ID, "9"), SchemaArtifact(orjson.dumps(schema).decode()))
    body = written(schema, {"a": -62})
    assert body == b"{"
    wire = PayloadReader(framing.VALUE, "auto", schemas)
    assert decode_with(wire, body, [(CONFLUENT_HEADER, id_of(9))]).value == {"a": -62}
    with pytest.raises(DecodeError, match="not JSON"):
        decode_with(wire, body)


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        (id_of(JSON) + b'{"id":7}', None),
        (long_id_of(JSON) + b'{"id":7}', None),
        (id_of(KCONNECT) + b'{"id":7}', None),
        (b'{"id":7}', [(CONFLUENT_HEADER, id_of(JSON))]),
        (b'{"id":7}', [("apicurio.value.contentId", struct.pack(">q", KCONNECT))]),
        (b'{"schemaId":3,"payload":{"id":7}}', None),
        (b'{"payload":{"id":7},"schemaId":2}', None),
        (b'{"schema":' + orjson.dumps(CONNECT) + b',"payload":{"id":7}}', None),
        (b' { "payload": {"id": 7}, "schema": ' + orjson.dumps(CONNECT) + b"}", None),
    ],
    ids=str,
)
@pytest.mark.parametrize("wanted", ["auto", "json"])
@pytest.mark.parametrize("exactly", [False, True])
def test_json_that_has_a_schema(
    *, wanted: Format, data: bytes, headers: Headers | None, exactly: bool
) -> None:
    """JSON Schema in each framing, Apicurio's wrapper and the embedded schema all give a column's type."""
    wire = PayloadReader(framing.VALUE, wanted, registry())
    decoded = decode_with(wire, data, headers, exactly=exactly)
    assert decoded.value == {"id": 7}
    assert decoded.schema is not None
    assert decoded.schema.fields["id"].base == "int32"
    (seen,) = wire.seen
    assert "JSON" in seen


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"id":7}', {"id": 7}),
        (b' \n{"id":7}', {"id": 7}),
        (b"[1]", [1]),
        (b'"x"', "x"),
        (b"7", 7),
        (b"null", None),
        (b'{"schema":null,"payload":{"id":7}}', {"id": 7}),
        (b'{"schema":{"type":"uint9"},"payload":1}', {"schema": {"type": "uint9"}, "payload": 1}),
        (b'{"schemaId":"x","payload":1}', {"schemaId": "x", "payload": 1}),
        (None, None),
    ],
    ids=str,
)
def test_json_without_a_schema(data: bytes | None, value: Any) -> None:
    """Bare JSON of any kind is itself, and a null is no value."""
    assert decode(data) == (value, None)


def test_a_topic_may_change_its_format() -> None:
    """During a migration each record is read in its own format, and all formats are remembered."""
    wire = PayloadReader(framing.VALUE, "auto", registry())
    for _ in range(2):
        for data in (b'{"id":7,"rate":null}', id_of(AVRO) + BODY, long_id_of(AVRO) + BODY):
            assert decode_with(wire, data).value == VALUE
    assert wire.seen == {"JSON", "Avro (Confluent framing)", "Avro (Apicurio framing)"}


def test_exact_numbers_leave_avro_alone() -> None:
    """Where a topic writes decimals as JSON numbers, records in Avro are still read as Avro."""
    wire = PayloadReader(framing.VALUE, "auto", registry())
    assert str(decode_with(wire, b'{"a":1.10}', exactly=True).value["a"]) == "1.10"
    assert decode_with(wire, id_of(AVRO) + BODY, exactly=True).value == VALUE
    assert str(decode_with(wire, id_of(JSON) + b'{"a":1.10}', exactly=True).value["a"]) == "1.10"
    assert str(decode_with(wire, b'{"schemaId":3,"payload":1.10}', exactly=True).value) == "1.10"


@pytest.mark.parametrize(
    ("data", "headers", "wanted", "words"),
    [
        (b"\0\0", None, "auto", "begins like Avro, and its schema id is incomplete"),
        (b"\1\2\3", None, "auto", "begins like Avro, and its schema id is incomplete"),
        (b"\0\0", None, "json", "JSON expected: not JSON"),
        (b"canary", None, "auto", "JSON, Avro or JSON Schema expected: not JSON"),
        (b"Struct{canary=1}", None, "auto", "set a JSON or Avro value converter"),
        (b"", None, "auto", "the value is empty"),
        (b"", None, "avro", "not Avro"),
        (b"{canary", None, "auto", "not JSON"),
        (b'{"id":7}', None, "avro", "not Avro: neither the bytes nor the headers name a schema"),
        (id_of(AVRO) + b"canary", None, "auto", "Confluent framing: Avro: "),
        (long_id_of(AVRO), None, "auto", "Apicurio framing: Avro: the bytes end before"),
        (BODY + b"canary", [(GLOBAL_ID_HEADER, EIGHT)], "auto", "Apicurio headers: Avro: bytes follow"),
        (id_of(JSON) + b"canary", None, "auto", "Confluent framing: not JSON"),
        (BODY, [(GLOBAL_ID_HEADER, b"canary")], "auto", "no id of eight bytes"),
        (
            b'{"id":7}',
            [(GLOBAL_ID_HEADER, EIGHT), ("apicurio.value.encoding", b"JSON")],
            "auto",
            "Avro in its JSON encoding is not supported",
        ),
        (
            b'{"schema":{"type":"struct","fields":7},"payload":"canary"}',
            None,
            "auto",
            "JSON with an embedded schema: ",
        ),
    ],
    ids=str,
)
def test_the_reason_names_what_was_tried(
    data: bytes, headers: Headers | None, wanted: Format, words: str
) -> None:
    """Bad bytes of every kind say which format was tried, and quote nothing (F036, S08)."""
    with pytest.raises(DecodeError, match=words) as caught:
        decode(data, headers, wanted)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "headers", "ref"),
    [
        (id_of(404), None, SchemaRef(RefKind.ID, "404")),
        (long_id_of(404), None, SchemaRef(RefKind.LONG_ID, "404")),
        (b"\1" + bytes(16), None, SchemaRef(RefKind.GUID, "00000000-0000-0000-0000-000000000000")),
        (b"x", [(GLOBAL_ID_HEADER, struct.pack(">q", 404))], SchemaRef(RefKind.GLOBAL_ID, "404")),
        (b'{"schemaId":404,"payload":1}', None, SchemaRef(RefKind.LONG_ID, "404")),
        (
            b"x",
            [("apicurio.value.artifactId", b"a/b"), ("apicurio.value.version", b"2")],
            SchemaRef(RefKind.ARTIFACT, "default/a%2Fb/2"),
        ),
    ],
    ids=str,
)
def test_a_schema_that_is_not_known_is_asked_for(
    data: bytes, headers: Headers | None, ref: SchemaRef
) -> None:
    """The record waits for the schema; without a registry it is refused, and the reason names the setting."""
    with pytest.raises(AwaitSchemaError) as caught:
        decode(data, headers)
    assert caught.value.ref == ref
    bare = PayloadReader(framing.VALUE, "auto", SchemaStore())
    with pytest.raises(DecodeError, match="no `schema_registry` is configured"):
        bare.decode(data, lambda: headers)


def test_a_schema_that_cannot_be_used_is_told_for_every_record() -> None:
    """A delivered schema may be hostile or useless; each record of it says why (S15)."""
    schemas = registry()
    for number, artifact in (
        (21, SchemaArtifact('{"type":"array","items":"null"}', "AVRO")),
        (22, SchemaArtifact('syntax = "proto3"; message M {}')),
        (23, SchemaArtifact("canary", "PROTOBUF")),
        (24, SchemaArtifact("canary", "canary")),
        (25, SchemaArtifact("{", "KCONNECT")),
    ):
        schemas.learn(SchemaRef(RefKind.ID, str(number)), artifact)
        wire = PayloadReader(framing.VALUE, "auto", schemas)
        for _ in range(2):
            with pytest.raises(DecodeError, match=f"Confluent framing: schema id {number}: "):
                decode_with(wire, id_of(number) + b"canary")


KEYS: dict[str, tuple[bytes | None, Headers | None, Any]] = {
    "none": (None, None, None),
    "null": (b"null", None, None),
    "object": (b'{"id":7}', None, {"id": 7}),
    "with schema": (b'{"schema":' + orjson.dumps(CONNECT) + b',"payload":{"id":7}}', None, {"id": 7}),
    "text": (b"customer-7", None, "customer-7"),
    "number as text": (b"7", None, "7"),
    "true as text": (b"true", None, "true"),
    "json text": (b'"7"', None, "7"),
    "avro": (id_of(AVRO) + BODY, None, VALUE),
    "avro by its header": (BODY, [("__key_schema_id", b"\1" + GUID_BYTES)], VALUE),
    "header of the value": (b"7", [("__value_schema_id", b"\1" + GUID_BYTES)], "7"),
    "empty": (b"", None, ""),
}


@pytest.mark.parametrize("name", KEYS)
def test_keys_in_every_form(name: str) -> None:
    """A key is decoded with its own headers and schema; plain text stays text (debezium-events.md 1.3)."""
    data, headers, value = KEYS[name]
    assert PayloadReader(framing.KEY, "auto", registry()).decode_key(data, lambda: headers).value == value


@pytest.mark.parametrize(
    "data",
    [b"\xff\xfe", b"{canary", id_of(AVRO) + b"\xff", b'{"schema":{"type":"struct","fields":7},"payload":1}'],
)
def test_a_key_that_cannot_be_read_says_so(data: bytes) -> None:
    """The reason says that it is the key (F036)."""
    with pytest.raises(DecodeError, match="key: ") as caught:
        PayloadReader(framing.KEY, "auto", registry()).decode_key(data, lambda: None)
    assert str(caught.value).startswith("key: ")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b'{"id":7,"id":8}',
        b' {"id":7,"id":8}',
        b'[{"id":7,"id":8}]',
        b'{"schema":1,"id":7,"id":8}',
        b'{"schema":null,"payload":{"id":7},"payload":{"id":8}}',
        id_of(JSON) + b'{"id":7,"id":8}',
        b'{"schemaId":2,"payload":{"id":7,"id":8}}',
    ],
    ids=str,
)
def test_repeated_names_are_noticed_in_every_form(data: bytes) -> None:
    """Where a domain record has a name twice, `check` refuses it however it is framed (F043, S16)."""
    wire = PayloadReader(framing.VALUE, "auto", registry())
    decode_with(wire, data)
    with pytest.raises(DecodeError, match="the same name twice"):
        wire.check(data)


@pytest.mark.parametrize("name", AVRO_FORMS)
def test_avro_has_no_repeated_names(name: str) -> None:
    """`check` leaves Avro alone."""
    data, headers = AVRO_FORMS[name]
    wire = PayloadReader(framing.VALUE, "auto", registry())
    decode_with(wire, data, headers)
    wire.check(data)
    wire.check(b"{" + data)


def test_schemas_that_take_turns_are_told_apart() -> None:
    """The frame of the last record is no more than a guess about the next (a migration, evolution)."""
    other = {**ROW, "fields": [{"name": "no", "type": "string"}]}
    schemas = registry()
    for ref in (SchemaRef(RefKind.ID, "9"), SchemaRef(RefKind.LONG_ID, "9")):
        schemas.learn(ref, SchemaArtifact(orjson.dumps(other).decode()))
    wire = PayloadReader(framing.VALUE, "auto", schemas)
    mine, others = BODY, written(other, {"no": "x"})
    for frame_of in (id_of, long_id_of, id_of):
        for number, body, value in ((AVRO, mine, VALUE), (9, others, {"no": "x"})) * 2:
            assert decode_with(wire, frame_of(number) + body).value == value
            header: Headers = [(CONFLUENT_HEADER, id_of(10 - number))]
            with pytest.raises(DecodeError, match="in headers"):
                decode_with(wire, frame_of(number) + body, header)
    for missing in (id_of(77), long_id_of(77)):
        for _ in range(2):
            with pytest.raises(AwaitSchemaError):
                decode_with(wire, missing + mine)


def test_a_lean_reading_leaves_out_what_no_mapping_needs() -> None:
    """The positions of a change event in Avro are skipped; any other record is read completely."""
    source = {
        "type": "record",
        "name": "Source",
        "fields": [{"name": "connector", "type": "string"}, {"name": "lsn", "type": "long"}],
    }
    fields = [
        {"name": "after", "type": ["null", ROW]},
        {"name": "op", "type": "string"},
        {"name": "source", "type": source},
        {"name": "ts_ms", "type": "long"},
    ]
    value = {"after": VALUE, "op": "c", "source": {"connector": "mysql", "lsn": 99}, "ts_ms": 5}
    for name, expected in (
        ("Envelope", {**value, "source": {"connector": "mysql"}} | {"ts_ms": None}),
        ("Other", value),
    ):
        schema = {"type": "record", "name": name, "namespace": "crm.customers", "fields": fields}
        schemas = registry()
        schemas.learn(SchemaRef(RefKind.ID, "9"), SchemaArtifact(orjson.dumps(schema).decode()))
        decoded = decode_with(
            PayloadReader(framing.VALUE, "auto", schemas, frozenset({"id"})),
            id_of(9) + written(schema, value),
        )
        assert decoded.value == {key: one for key, one in expected.items() if one is not None}
