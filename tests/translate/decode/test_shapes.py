"""What kind of record a value is (debezium-events 1.6 and 8)."""

from typing import Any

import pytest

from connector.model import Delete, Rejection, Skip, Upsert
from tests.translate.records import contact, envelope, record, translator


@pytest.mark.parametrize("op", ["c", "u", "r", "C", "U"])
def test_operations_with_a_row_upsert(op: str) -> None:
    """Operations are read whatever their case, and snapshot reads are queued (F038, F080)."""
    result = contact().translate(record(envelope(op, after={"id": 7})))
    assert isinstance(result, list)
    assert isinstance(result[0], Upsert)
    assert result[0].instant is (op != "r")


@pytest.mark.parametrize(
    ("value", "key", "rule"),
    [
        (envelope("t"), None, "truncate"),
        (envelope("m"), {"prefix": "x"}, "logical_message"),
        ({"ts_ms": 1}, {"serverName": "crm"}, "heartbeat"),
        (
            {"status": "BEGIN", "id": "1", "event_count": None, "data_collections": None, "ts_ms": 1},
            {"id": "1"},
            "transaction",
        ),
        ({"source": {"server": "crm"}, "ts_ms": 1, "databaseName": "x", "ddl": "…"}, None, "schema_change"),
        (
            {"id": "1", "aggregate_type": "x", "type": "y", "additional_data": {}, "timestamp": 1},
            {"id": "1"},
            "notification",
        ),
    ],
)
def test_records_about_no_row_are_skipped(value: Any, key: Any, rule: str) -> None:
    """Heartbeats, transactions and the like have a named rule each (F038)."""
    assert contact().translate(record(value, key)) == Skip(rule)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (envelope("x", after={"id": 7}), "`op` is not one of"),
        (envelope("u"), "no row in `after`"),
        (envelope("c", after='{"_id": 1}'), "`after` is not a JSON object"),
        (envelope("r", after={"id": 7}, connector="cassandra"), "Cassandra"),
        (
            {"schema": {"type": "struct"}, "payload": {"id": 7}},
            "JSON with an embedded schema is not supported yet",
        ),
        ({"id": 7, "__deleted": "true"}, "flattened records are not supported yet"),
        ({"specversion": "1.0", "type": "io.debezium.connector.x", "data": {}}, "CloudEvents"),
        (b"\x00\x00\x00\x00\x01\x02", "Avro"),
        (b"", "the value is empty"),
        ([1], "not a JSON object"),
    ],
)
def test_what_cannot_be_a_change_is_rejected(value: Any, words: str) -> None:
    """What is not understood is never guessed, and the reason says what it is (F036, F038)."""
    result = contact().translate(record(value, {"id": 7}))
    assert isinstance(result, Rejection)
    assert result.rule == "decode"
    assert words in result.reason


@pytest.mark.parametrize("shape", ["auto", "envelope", "event"])
def test_an_embedded_schema_is_named_under_every_shape(shape: str) -> None:
    """Kafka Connect's default is to embed the schema: the reason says so, whatever was configured."""
    value = {"schema": {"type": "struct"}, "payload": envelope("c", after={"id": 7})}
    result = translator(shape=shape, contact={"user_id": "id"}).translate(record(value))
    assert result == Rejection("decode", "JSON with an embedded schema is not supported yet")


def test_a_domain_event_with_before_and_after_is_no_envelope() -> None:
    """Audit-style events lack Debezium's `source`, and are mapped as they are (debezium-events 1.6)."""
    subject = translator(contact={"user_id": "who", "attributes": {"x": "after.x"}})
    for source in ("web", {"app": "shop"}, None):
        value = {"who": 7, "op": "u", "before": {"x": 1}, "after": {"x": 2}, "source": source}
        result = subject.translate(record(value))
        assert isinstance(result, list)
        assert isinstance(result[0], Upsert)
        assert result[0].body == {"_user_id": "7", "x": 2}


def test_the_configured_shape_wins() -> None:
    """`envelope` accepts a change without source and nothing else; `event` takes all as it is."""
    bare = {"op": "c", "after": {"id": 7}}
    only = translator(shape="envelope", contact={"user_id": "id"})
    assert isinstance(only.translate(record(bare)), list)
    assert isinstance(only.translate(record({"id": 7})), Rejection)
    event = translator(shape="event", contact={"user_id": "after.id"})
    assert isinstance(event.translate(record(envelope("d", after={"id": 7}))), list)
    assert event.translate(record(None, {"id": 7})) == Skip("tombstone")


@pytest.mark.parametrize("value", [None, b"null"])
def test_both_forms_of_no_value_are_tombstones(value: bytes | None) -> None:
    """Kafka's null and the four bytes `null` delete by key (F037, debezium-events 1.4)."""
    result = contact().translate(record(value, {"id": 7}))
    assert isinstance(result, list)
    assert isinstance(result[0], Delete)
    assert (result[0].user_id, result[0].tombstone) == ("7", True)


def test_repeated_names_of_a_domain_event_are_refused() -> None:
    """Neither of two values of one name is taken (F043, S16)."""
    result = contact().translate(record(b'{"id":7,"a":{"x":1,"x":2}}'))
    assert result == Rejection("decode", "an object has the same name twice")


def test_topics_by_pattern_yield_to_exact_names() -> None:
    """A topic is translated by the file that names it, else by the first pattern that matches."""
    subject = translator(pattern="^shop", contact={"user_id": "id"})
    assert isinstance(subject.translate(record({"id": 1}, topic="shop.x")), list)
    assert isinstance(subject.translate(record({"id": 1}, topic="other")), Rejection)
