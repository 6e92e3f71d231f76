"""Records that the fuzzer found: each ended the process, or made an unreadable request."""

import struct
from typing import Any

import orjson
import pytest

from connector.model import AwaitsSchema, Record, RefKind, Rejection, SchemaRef, Upsert
from connector.translate.formats.schema_store import SchemaStore
from connector.translate.mapping import compiler
from connector.translate.mapping.rules import TopicRules
from connector.translate.translate import Translator
from tests.translate.records import contact, envelope, record, translator


def sent(translated: Any) -> bytes:
    """Return the text of the only upsert."""
    (delivery,) = translated
    assert isinstance(delivery, Upsert)
    return orjson.dumps(delivery.body)


EVENT = {"type": "x", "on": ["create", "update", "delete", "read"], "user_id": "id"}


@pytest.mark.parametrize("connector", [[], {}, ["postgresql"], {"a": 1}, 7, True])
@pytest.mark.parametrize("op", ["c", "u", "d", "r"])
def test_a_connector_may_be_anything(op: str, connector: Any) -> None:
    """An unhashable value is no connector, and ends nothing (F036)."""
    row = {"id": 7, "a": 1, "b": 2, "c": 3}
    value = envelope(op, after=row, before=row if op in "ud" else None)
    value["source"] = {"connector": connector, "name": "crm", "ts_ms": 1, "lsn": 2}
    for subject in (contact({"a": "a"}), translator(event=EVENT)):
        assert isinstance(subject.translate(record(value, {"id": 7})), list)


@pytest.mark.parametrize(
    ("document", "written"),
    [
        ('{"_id":7,"a":{"$numberLong":"99999999999999999999"}}', b"99999999999999999999"),
        ('{"_id":7,"a":NaN,"b":{"$numberLong":"-9223372036854775809"}}', b"-9223372036854775809"),
        ('{"_id":7,"a":[NaN,-Infinity,1],"b":"NaN, \\\\\\" Infinity"}', b"[null,null,1]"),
        ('{"_id":7,"a":Infinity}', b'{"_user_id":"7"}'),
    ],
)
def test_numbers_of_documents_that_no_json_holds(document: str, written: bytes) -> None:
    """A number beyond 64 bits keeps its digits; NaN and infinities are left out (F043)."""
    subject = translator(contact={"user_id": "_id", "attributes": {"a": "a", "b": "b"}})
    value = envelope("c", after=document, connector="mongodb")
    assert written in sent(subject.translate(record(value)))


@pytest.mark.parametrize("text", ["\\ud800", "\\udfff\\ud800", "x\\uD83D"])
def test_a_document_with_half_a_character_is_refused(text: str) -> None:
    """Half a surrogate pair cannot be sent, not even where a NaN needs another parser (F043)."""
    subject = translator(contact={"user_id": "_id", "attributes": {"a": "a"}})
    document = f'{{"_id":7,"a":"{text}","b":NaN}}'
    result = subject.translate(record(envelope("c", after=document, connector="mongodb")))
    assert isinstance(result, Rejection)
    assert "not Extended JSON" in result.reason


@pytest.mark.parametrize("form", ["number", "decimal"])
@pytest.mark.parametrize("text", ["1E400", "-1e999", "9" * 309])
def test_a_number_beyond_every_double_is_refused(form: str, text: str) -> None:
    """A reader of such a number gets infinity, or an error for the whole batch (F043)."""
    result = contact({"a": {"from": "a", "as": form}}).translate(record({"id": 7, "a": text}))
    assert isinstance(result, Rejection)
    assert "below 1e308" in result.reason
    kept = contact({"a": {"from": "a", "as": "string"}}).translate(record({"id": 7, "a": text}))
    assert text.encode() in sent(kept)


SCHEMA = {
    "type": "struct",
    "fields": [
        {"field": "id", "type": "int32"},
        {"field": "a", "type": "bytes", "name": "org.apache.kafka.connect.data.Decimal"}
        | {"parameters": {"scale": "2"}},
    ],
}


def exact(rest: str) -> bytes:
    """Return a record whose decimal is written as a number, so that all of it is read exactly."""
    schema = orjson.dumps(SCHEMA).decode()
    return f'{{"schema":{schema},"payload":{{"id":7,"a":1234567890123456.10{rest}}}}}'.encode()


def test_exact_reading_leaves_no_integer_that_cannot_be_written() -> None:
    """Beside an exact decimal, an integer beyond 64 bits is sent with its digits (F043)."""
    subject = contact({"a": "a", "b": "b"})
    written = sent(subject.translate(record(exact(',"b":123456789012345678901'))))
    assert b'"a":1234567890123456.10,"b":123456789012345678901' in written


def test_an_exponent_that_no_decimal_has_is_refused() -> None:
    """It ended the process: not even the name of the error was expected (F042, F043)."""
    result = contact({"a": "a"}).translate(record(exact(',"b":1e-99999999999999999999')))
    assert isinstance(result, Rejection)
    assert result.rule == "decode"


def test_exact_reading_may_need_the_schema_of_the_key() -> None:
    """The record waits for it like any other (F036)."""
    rules = {"topic": "t", "contact": {"user_id": "id", "attributes": {"a": "a", "key": "__key.id"}}}
    subject = Translator([compiler.compile_topic(TopicRules.model_validate(rules))], SchemaStore("confluent"))
    key = b"\0" + struct.pack(">i", 404) + b"\2"
    given = Record("t", 0, 0, key, exact(""), 0, lambda: None)
    assert subject.translate(given) == AwaitsSchema(SchemaRef(RefKind.ID, "404"))
