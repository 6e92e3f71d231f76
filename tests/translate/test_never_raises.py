"""Whatever bytes a record holds, translating it gives deliveries, a skip or a rejection."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.model import Delete, Event, Record, Rejection, Skip, Translated, Upsert
from connector.translate.mapping import compiler
from connector.translate.mapping.rules import TopicRules
from connector.translate.translate import Translator
from connector.translate.values.forms import As
from tests.translate.records import PLACEHOLDER, envelope

COLUMNS = ("id", "_id", "a", "b", "ts_ms", "op", "__op", "__deleted", "payload", "type", "data")
FORMS: list[Any] = [*As, {"timestamp": "us"}, {"timestamp": "s"}, {"decimal": 2}]
ATTRIBUTES = {
    **{f"plain_{column}": column for column in COLUMNS},
    **{f"as_{index}": {"from": "a", "as": form} for index, form in enumerate(FORMS)},
    "nested": "a.b.id",
    "searched": "to_string(a || b)",
    "summed": "sum(a)",
    "number": "to_number(b)",
    "text": {"template": "{a} {b}"},
    "key": "__key.id",
    "headers": "__headers.x || __key",
}


def rules(shape: str, **contact: Any) -> TopicRules:
    """Return rules that use every form."""
    return TopicRules.model_validate(
        {
            "topic": "t",
            "shape": shape,
            "contact": {"user_id": "id", **contact},
            "event": {
                "type": "seen",
                "on": ["create", "update", "delete", "read"],
                "user_id": "id || a",
                "id": "a",
                "date": "b",
                "parameters": {"a": "a"},
                "when": "a != 'x'",
            },
        }
    )


def single(name: str, rule: Any) -> TopicRules:
    """Return rules with one attribute, so that no other rule rejects the record first."""
    return TopicRules.model_validate({"topic": "t", "contact": {"user_id": "id", "attributes": {name: rule}}})


TRANSLATORS = [
    Translator([compiler.compile_topic(model)])
    for model in (
        rules("auto"),
        rules("event"),
        rules("envelope", on_delete="clear", before="full"),
        rules("auto", on_delete="ignore", before="key"),
        rules("flattened", user_id="_id"),
        rules("outbox", user_id="__key"),
        *(single(name, rule) for name, rule in ATTRIBUTES.items()),
    )
]

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        [PLACEHOLDER, "NaN", "7Sl5", "+34600112233", "2026-11-23", "2026-11-23T10:00:00Z", "..", " "]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*COLUMNS, "scale", "value"]), inner, max_size=4)
    ),
    max_leaves=8,
)
ROWS = st.dictionaries(st.sampled_from(COLUMNS), VALUES, max_size=5)
DOCUMENTS = ROWS.map(lambda row: json.dumps({**row, "_id": {"$oid": "65a1"}}))
ENVELOPES = st.builds(
    envelope,
    st.sampled_from("cudrtmCxi"),
    after=ROWS | VALUES | DOCUMENTS,
    before=ROWS | VALUES | DOCUMENTS,
    connector=st.sampled_from(["postgresql", "mysql", "mongodb", "cassandra", ""]),
)
JSON_BYTES = (ENVELOPES | ROWS | VALUES | DOCUMENTS).map(lambda value: json.dumps(value).encode())
BYTES = st.none() | st.binary(max_size=40) | JSON_BYTES
HEADERS = st.none() | st.lists(
    st.tuples(st.sampled_from(["__debezium.newkey", "__op", "id", "x"]), BYTES), max_size=3
)


def check(translated: Translated) -> None:
    """Assert that the outcome is complete: deliveries that can be written, or a named reason."""
    if isinstance(translated, Skip):
        assert translated.rule
        return
    if isinstance(translated, Rejection):
        assert translated.rule
        assert translated.reason
        return
    assert translated
    for delivery in translated:
        assert isinstance(delivery, Upsert | Delete | Event)
        assert 0 < len(delivery.user_id) <= 512
        if not isinstance(delivery, Delete):
            assert orjson.loads(orjson.dumps([delivery.body]))[0]["_user_id"] == delivery.user_id


@settings(max_examples=400, deadline=None)
@given(key=BYTES, value=BYTES, headers=HEADERS, timestamp_ms=st.none() | st.integers())
def test_no_bytes_raise(
    key: bytes | None, value: bytes | None, headers: Any, timestamp_ms: int | None
) -> None:
    """Arbitrary bytes and JSON in key, value and headers never raise and never give nothing (F036, F043)."""
    record = Record("t", 0, 0, key, value, timestamp_ms, lambda: headers)
    for translator in TRANSLATORS:
        check(translator.translate(record))


@settings(max_examples=400, deadline=None)
@given(row=ROWS, op=st.sampled_from("cudr"))
def test_no_row_raises(row: dict[str, Any], op: str) -> None:
    """Neither does any row under any form of rule, and what comes out can be written as JSON."""
    value = json.dumps(envelope(op, after={"id": 7, **row}, before=row)).encode()
    record = Record("t", 0, 0, b'{"id":7}', value, 0, lambda: None)
    for translator in TRANSLATORS:
        check(translator.translate(record))


SECRET = "canary-4711"
POISON = [
    b"",
    b"\x00\x00\x00\x00\x2a\x02",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"[" * 1000 + b"]" * 1000,
    b'{"id":7,"a":' + b"[" * 900 + b"]" * 900 + b"}",
    b'{"id":7,"a":NaN}',
    b'{"id":7,"a":1e400}',
    b'{"id":7,"a":' + b"9" * 5000 + b"}",
    b'{"id":7,"a":123456789012345678901234567890}',
    b'{"id":7,"a":"\\ud800"}',
    b'{"id":7,"id":8,"a":1}',
    b'{"id":7,"a":{"b":1,"b":2}}',
    b'"text"',
    b"7",
    b"[]",
    b"true",
    f'{{"id":{{"x":"{SECRET}"}}}}'.encode(),
    f'{{"id":"{SECRET}'.encode(),
    json.dumps({"schema": {"type": "struct", "fields": 7}, "payload": {"id": SECRET}}).encode(),
    json.dumps({"id": SECRET, "__deleted": "true"}).encode(),
    json.dumps({"id": SECRET, "__op": SECRET}).encode(),
    json.dumps(json.dumps({"id": SECRET})).encode(),
    json.dumps(envelope("c", after=f'{{"_id": "{SECRET}"', connector="mongodb")).encode(),
    json.dumps(envelope("c", after='{"_id": {"$oid": ' + "[" * 5000, connector="mongodb")).encode(),
    json.dumps(envelope("x", after={"id": SECRET})).encode(),
    json.dumps(envelope("u", after=None)).encode(),
    json.dumps(envelope("c", after=SECRET)).encode(),
]


@pytest.mark.parametrize("value", POISON, ids=range(len(POISON)))
def test_poison_is_rejected_quietly(value: bytes) -> None:
    """Poison of every kind is a rejection whose reason quotes nothing of it (F036, F042, F043, S08, S16)."""
    translator = Translator([compiler.compile_topic(single("a", "a"))])
    result = translator.translate(Record("t", 0, 0, None, value, 0, lambda: None))
    assert isinstance(result, Rejection)
    assert result.rule
    assert SECRET not in result.reason
    assert len(result.reason) < 300


def test_a_value_of_a_megabyte_is_no_matter() -> None:
    """A record of 1 MB is translated like any other (F041)."""
    translator = Translator([compiler.compile_topic(single("a", "a"))])
    value = orjson.dumps(envelope("c", after={"id": 7, "a": "x" * 1_000_000}))
    result = translator.translate(Record("t", 0, 0, None, value, 0, lambda: None))
    assert isinstance(result, list)
    (delivery,) = result
    assert isinstance(delivery, Upsert)
    assert len(delivery.body["a"]) == 1_000_000


def test_a_topic_without_rules_is_rejected() -> None:
    """A record that no topic file covers is kept as a dead letter, not lost (promise 1)."""
    translator = Translator([compiler.compile_topic(single("a", "a"))])
    assert isinstance(translator.translate(Record("u", 0, 0, None, b"{}", 0, lambda: None)), Rejection)
