"""JSON with its schema: a schema text that was seen before is not parsed again, and nothing else changes."""

from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.translate.formats.connect_schema import ConnectSchema, SchemaRefusedError
from connector.translate.formats.decoded import DecodeError
from connector.translate.formats.json.connect_schema_text import is_connect_schema, read_connect_schema
from connector.translate.formats.json.strict import decode_exactly
from connector.translate.formats.json.with_schema import OPENING, TEXTS_BYTES_MAX, TEXTS_MAX, CarriedSchemas


def struct(*columns: str, **more: Any) -> dict[str, Any]:
    """Return Connect's schema of a row of numbers."""
    fields = [{"type": "int32", "optional": False, "field": column} for column in columns]
    return {"type": "struct", "fields": fields, "optional": False, **more}


def text(schema: Any, payload: Any) -> bytes:
    """Write a record as Kafka Connect's JSON converter does: no spaces, schema first."""
    return orjson.dumps({"schema": schema, "payload": payload})


def naively(data: bytes) -> tuple[Any, Any]:
    """Decode by parsing the whole text: the value, and the schema beside it in plain form."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise DecodeError from None
    if not isinstance(value, dict) or value.keys() != {"schema", "payload"}:
        return value, None
    schema = value["schema"]
    if schema is not None and not is_connect_schema(schema):
        return value, None
    try:
        return value["payload"], None if schema is None else plain(read_connect_schema(schema))
    except SchemaRefusedError:
        raise DecodeError from None


def plain(schema: ConnectSchema | None) -> Any:
    """Return a schema in a form that can be compared."""
    if schema is None:
        return None
    fields = {name: plain(field) for name, field in schema.fields.items()}
    parameters = dict(schema.parameters)
    return schema.base, schema.name, parameters, fields, plain(schema.items), plain(schema.keys)


def outcome(subject: CarriedSchemas | None, data: bytes) -> Any:
    """Decode by ours, or naively: the value and schema, or the error."""
    try:
        if subject is None:
            return naively(data)
        decoded = subject.decode(data)
    except DecodeError:
        return DecodeError
    return decoded.value, plain(decoded.schema)


CUSTOMERS = struct("id", "plan", name="crm.Customer")


def test_rows_of_one_schema_share_it() -> None:
    """The second record of a schema, and any later one, has the very same `ConnectSchema`."""
    subject = CarriedSchemas()
    first = subject.decode(text(CUSTOMERS, {"id": 1, "plan": 2}))
    second = subject.decode(text(CUSTOMERS, {"id": 7, "plan": None}))
    assert first.schema is second.schema
    assert second.value == {"id": 7, "plan": None}
    assert second.schema is not None
    assert list(second.schema.fields) == ["id", "plan"]


def test_a_schema_that_is_written_otherwise_is_shared_too() -> None:
    """Spaces, another order of members and exact numbers make no new schema, so no new mapping either."""
    subject = CarriedSchemas()
    compact = subject.decode(text(CUSTOMERS, 1)).schema
    spaced = orjson.dumps({"schema": CUSTOMERS, "payload": 2}, option=orjson.OPT_INDENT_2)
    turned = orjson.dumps({"payload": 3, "schema": CUSTOMERS})
    for value, other in enumerate((spaced, turned), 2):
        decoded = subject.unwrap(orjson.loads(other))
        assert (decoded.value, decoded.schema) == (value, compact)
    exact = subject.decode(text(CUSTOMERS, 1.10).replace(b"1.1", b"1.10"), decode_exactly)
    assert str(exact.value) == "1.10"
    assert exact.schema is compact


def test_exact_numbers_of_a_schema_seen_first() -> None:
    """A schema that holds numbers, such as defaults, is read the same when every number is exact."""
    schema = struct("id")
    schema["fields"].append({"type": "double", "field": "rate", "default": 0.5})
    subject = CarriedSchemas()
    for payload in (b"0.30", b"0.10"):
        data = text(schema, 0).removesuffix(b"0}") + payload + b"}"
        assert subject.decode(data, decode_exactly).value == Decimal(payload.decode())
    assert subject.decode(text(schema, 0)).schema is subject.decode(text(schema, 1), decode_exactly).schema


def test_a_schema_of_null_and_a_payload_of_null() -> None:
    """Without a schema the payload is the value; a payload of null is no value (debezium-events.md 1.4)."""
    subject = CarriedSchemas()
    for payload in ({"id": 1}, None, [1], "x"):
        assert subject.decode(text(None, payload)) == (payload, None)
    for _ in range(2):
        decoded = subject.decode(text(CUSTOMERS, None))
        assert decoded.value is None
        assert decoded.schema is not None


INSIDE = ',"payload":'
"""The texts that a search for the end of the schema looks for."""

SCHEMAS: dict[str, Any] = {
    "plain": CUSTOMERS,
    "doc": struct("id", doc=f"x{INSIDE}1}}"),
    "name": struct("id", name=INSIDE),
    "field": struct("id", INSIDE, f'"{INSIDE}', "\\"),
    "parameters": struct("id", parameters={"payload": "1", INSIDE: "x"}),
    "member first": {"payload": 1, **struct("id")},
    "member last": {**struct("id"), "payload": {"schema": 1, "payload": 2}},
    "members": {**struct("id"), **{f"x{n}": {"a": 1, "payload": n} for n in range(3)}},
    "many members": {**struct("id"), **{f"x{n}": {"a": 1, "payload": n} for n in range(9)}},
    "default": struct("id", default={"id": 1, "payload": 2}),
    "backslashes": struct("id", doc='\\\\",\\"payload\\":\\\\'),
    "null": None,
    "scalar": {"type": "int32", "optional": False},
    "unknown type": {"type": "uint128"},
    "no type": {"fields": []},
    "a list as type": {"type": ["struct"]},
    "broken struct": {"type": "struct", "fields": 7},
    "number": 7,
    "empty": {},
}

RESTS: dict[str, bytes] = {
    "object": b'{"id":1}}',
    "null": b"null}",
    "number": b"7}",
    "nested": b'{"schema":{"type":"struct"},"payload":{"x":1}}}',
    "spaces": b' \t\r\n{"id":1} }',
    "trailing newline": b'{"id":1}}\n',
    "trailing space": b'{"id":1}} ',
    "third member": b'{"id":1},"id":7}',
    "third member in a string": b'"a,\\"b\\":1","c":2}',
    "payload twice": b'1,"payload":2}',
    "schema again": b'1,"schema":null}',
    "schema and payload again": b'1,"schema":{"type":"int64"},"payload":2}',
    "nothing": b"}",
    "no end": b'{"id":1}',
    "open": b'{"id":1',
    "open string": b'"abc}',
    "wrong last byte": b'{"id":1}]',
    "one brace too many": b'{"id":1}}}',
    "text behind": b'{"id":1}} {"id":2}}',
    "array": b"[1,2}",
    "bad utf-8": b'"\xff"}',
    "lone surrogate": b'"\\ud800"}',
    "nan": b"NaN}",
    "infinite": b"1e999}",
    "deep": b"[" * 2000 + b"}",
}


def openings() -> Iterator[bytes]:
    """Yield every schema as the beginning of a record, in Connect's own form and in others."""
    for schema in SCHEMAS.values():
        yield text(schema, 0).removesuffix(b"0}")
        yield b'{"schema": ' + orjson.dumps(schema) + b' ,"payload":'
        yield b'{"schema":' + orjson.dumps(schema) + b' , "payload" :'


def test_every_beginning_with_every_end() -> None:
    """Known or not, each combination gives exactly what parsing the whole text gives (F036)."""
    for rest in RESTS.values():
        subject = CarriedSchemas()
        for opening in openings():
            data = opening + rest
            if data.startswith(OPENING):
                assert outcome(subject, data) == outcome(None, data), data
                with suppress(DecodeError):
                    subject.decode(opening + b'{"id":5}}')  # from here on the beginning is known
                assert outcome(subject, data) == outcome(None, data), data


def test_more_schemas_than_are_remembered() -> None:
    """Beyond `TEXTS_MAX` schemas that take turns, every record still has its own."""
    subject = CarriedSchemas()
    for turn in range(3):
        for number in range(TEXTS_MAX * 2 + 1):
            decoded = subject.decode(text(struct(f"c{number}"), turn))
            assert decoded.value == turn
            assert decoded.schema is not None
            assert list(decoded.schema.fields) == [f"c{number}"]


def test_large_schemas_are_not_hoarded() -> None:
    """Schemas of megabytes, each of them new, do not pile up (S14)."""
    subject = CarriedSchemas()
    for number in range(TEXTS_MAX):
        schema = struct("id", doc=f"{number}" + "x" * (TEXTS_BYTES_MAX // 3))
        assert subject.decode(text(schema, number)).value == number
    for kept in (subject._openings, subject._canonical):
        assert 0 < sum(map(len, kept)) <= TEXTS_BYTES_MAX
    huge = struct("id", doc="x" * TEXTS_BYTES_MAX)
    assert subject.decode(text(huge, 1)).value == subject.decode(text(huge, 1)).value == 1


NAMES = st.sampled_from(["type", "fields", "field", "schema", "payload", "doc", INSIDE, '"', "\\", "é"])
SCALARS = (
    st.none() | st.booleans() | st.integers(-9, 9) | NAMES | st.sampled_from(["struct", "int32", "string"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
WRAPPERS = st.builds(
    lambda schema, payload, more, turned: {
        **({"payload": payload} if turned else {}),
        "schema": schema,
        "payload": payload,
        **more,
    },
    st.sampled_from(list(SCHEMAS.values())) | VALUES,
    VALUES,
    st.just({}) | st.dictionaries(NAMES, SCALARS, max_size=1),
    st.booleans(),
)
JUNK = st.sampled_from([b"", b"", b"", INSIDE.encode(), b"}", b'"', b"\\", b",", b" "])
ENDS = st.sampled_from([b"", b"", b"", b" ", b"\n", b"}", b",1}"])


@st.composite
def texts_of_records(draw: st.DrawFn) -> bytes:
    """Draw a record of a topic: a wrapper, maybe damaged at one place."""
    data = orjson.dumps(draw(WRAPPERS), option=draw(st.sampled_from([0, 0, 0, orjson.OPT_INDENT_2])))
    junk = draw(JUNK)
    at = draw(st.integers(0, len(data))) if junk else len(data)
    return data[:at] + junk + data[at + len(junk) :] + draw(ENDS)


@settings(max_examples=600, deadline=None)
@given(texts=st.lists(texts_of_records(), min_size=1, max_size=6))
def test_it_is_what_parsing_everything_gives(texts: list[bytes]) -> None:
    """Whatever a topic holds, in any order and repeated, each record reads like its complete text."""
    subject = CarriedSchemas()
    for data in (*texts, *texts):
        if data.startswith(OPENING):
            assert outcome(subject, data) == outcome(None, data)


@pytest.mark.parametrize("name", ["unknown type", "no type", "a list as type", "number", "empty"])
def test_what_is_no_schema_of_connect_is_a_value(name: str) -> None:
    """An object of `schema` and `payload` that Connect did not write is a domain record."""
    data = text(SCHEMAS[name], 1)
    assert CarriedSchemas().decode(data) == ({"schema": SCHEMAS[name], "payload": 1}, None)


def test_a_broken_schema_names_the_format() -> None:
    """A schema that Connect could not have written is an error that names its place (F036)."""
    with pytest.raises(DecodeError, match="JSON with an embedded schema: a struct of the schema has no"):
        CarriedSchemas().decode(text({"type": "struct", "fields": 7}, {"canary": 4711}))


def test_repeated_members_are_not_proven_absent() -> None:
    """Only a proven schema and payload spare the search for repeated names (S16)."""
    subject = CarriedSchemas()
    known = text(CUSTOMERS, 1).removesuffix(b"1}")
    for rest, proven in ((b"1}", True), (b"1}", True), (b'1,"payload":2}', False), (b'1,"a":2}', False)):
        subject.decode(known + rest)
        assert subject.proven is proven
    fresh = CarriedSchemas()
    fresh.decode(known + b'1,"payload":2}')
    assert not fresh.proven
