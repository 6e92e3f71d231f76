"""The kinds of records by their values (debezium-events.md 1.6 and 8)."""

from typing import Any

import pytest

from connector.model import Delete, Operation, Rejection, Skip, Upsert
from connector.translate.debezium.change import Change
from connector.translate.debezium.shapes import is_flattened_topic
from connector.translate.formats.decoded import DecodeError
from tests.translate.records import changed, contact, envelope, record, shaped, struct, translator

TRANSACTION = {"status": "BEGIN", "id": "1", "event_count": None, "data_collections": None, "ts_ms": 1}
DDL = {"source": {"server": "crm"}, "ts_ms": 1, "databaseName": "x", "ddl": "…"}
NOTIFICATION = {"id": "1", "aggregate_type": "x", "type": "y", "additional_data": {}, "timestamp": 1}
SIGNAL = {"type": "execute-snapshot", "data": {"data-collections": ["public.customers"]}}
WINDOW = {"id": "5f7e-open", "type": "snapshot-window-open", "data": "{}"}


@pytest.mark.parametrize("op", ["c", "u", "r", "C", "U"])
def test_operations_with_a_row_upsert(op: str) -> None:
    """Operations are read whatever their case, and snapshot reads are queued (F038, F080)."""
    result = contact().translate(record(envelope(op, after={"id": 7})))
    assert isinstance(result, list)
    assert isinstance(result[0], Upsert)
    assert result[0].instant is (op != "r")


@pytest.mark.parametrize("snapshot", ["true", "first", "last_in_data_collection", "incremental"])
def test_rows_of_every_kind_of_snapshot_are_queued(snapshot: str) -> None:
    """Initial, blocking and incremental snapshots all read rows with the operation `r` (F080)."""
    change = envelope("r", after={"id": 7}, snapshot=snapshot, lsn=None, txId=None)
    result = contact().translate(record(change))
    assert isinstance(result, list)
    assert isinstance(result[0], Upsert)
    assert not result[0].instant


@pytest.mark.parametrize(
    ("value", "key", "rule"),
    [
        (envelope("t"), None, "truncate"),
        (envelope("m"), {"prefix": "x"}, "logical_message"),
        ({"ts_ms": 1}, {"serverName": "crm"}, "heartbeat"),
        (TRANSACTION, {"id": "1"}, "transaction"),
        (DDL, None, "schema_change"),
        (NOTIFICATION, {"id": "1"}, "notification"),
        (SIGNAL, "crm", "signal"),
        ({"id": "x", **SIGNAL}, "crm", "signal"),
        (envelope("c", after=WINDOW), {"id": "5f7e-open"}, "signal"),
        (envelope("d", before=WINDOW), {"id": "5f7e-open"}, "signal"),
        ({**WINDOW, "__deleted": "false", "__op": "c"}, {"id": "5f7e-open"}, "signal"),
    ],
)
def test_records_about_no_row_are_skipped(value: Any, key: Any, rule: str) -> None:
    """Heartbeats, transactions, signals and the like have a named rule each (F038)."""
    assert contact().translate(record(value, key)) == Skip(rule)


@pytest.mark.parametrize("shape", ["auto", "envelope", "flattened"])
@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("io.debezium.connector.common.Heartbeat", {"ts_ms": 1}, "heartbeat"),
        ("io.debezium.connector.common.TransactionMetadataValue", TRANSACTION, "transaction"),
        ("io.debezium.connector.mysql.SchemaChangeValue", DDL, "schema_change"),
        ("io.debezium.connector.common.Notification", NOTIFICATION, "notification"),
        ("io.debezium.connector.postgresql.MessageValue", envelope("m"), "logical_message"),
        ("crm.public.customers.Envelope", envelope("t"), "truncate"),
    ],
)
def test_records_about_no_row_are_skipped_whatever_was_configured(
    name: str, value: Any, rule: str, shape: str
) -> None:
    """With a schema they are the same, and flattening lets them pass (debezium-events.md 8)."""
    assert shaped(value, shape, struct(name)) == Skip(rule)


@pytest.mark.parametrize(
    "value",
    [
        {"ts_ms": 1, "name": "not a heartbeat"},
        {"ts_ms": 1},
        {"type": "log", "data": "x", "id": 7},
        {"type": ["execute-snapshot"], "data": "x"},
        {"type": "execute-snapshot", "data": "x", "customer": 7},
        {"status": "BEGIN", "id": 7},
    ],
)
def test_what_only_resembles_them_is_a_domain_record(value: dict[str, Any]) -> None:
    """A domain record is skipped only where all its members say that it is Debezium's own."""
    assert changed(value, key={"id": 7}).row == value


def test_a_schema_of_that_name_alone_proves_nothing() -> None:
    """Any producer's `Notification` or `Envelope` is a domain record unless it has their members."""
    for name in ("com.acme.Notification", "com.acme.Heartbeat", "com.acme.Envelope", "com.acme.Order"):
        body = {"id": 7, "text": "hello"}
        schema = struct(name)
        change = changed(body, schema=schema)
        assert (change.operation, change.row, change.schema) == (None, body, schema)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (envelope("x", after={"id": 7}), "`op` is not one of"),
        (envelope("u"), "no row in `after`"),
        (envelope("c", after=[1]), "`after` is not a JSON object"),
        (envelope("c", after='{"id": 7}'), "`after` is not a JSON object"),
        (envelope("c", after={"id": 7}, before=[1]), "`before` is not a JSON object"),
        (envelope("r", after={"id": 7}, connector="cassandra"), "Cassandra"),
        (envelope("i", after={"id": 7}, connector="cassandra"), "Cassandra"),
        ({"schema": {"type": "struct", "fields": 7}, "payload": {"id": 7}}, "JSON with an embedded schema"),
        ({"id": 7, "__op": "x"}, "`__op` is not one of"),
        ({"id": 7, "__op": 7}, "`__op` is not one of"),
        ({"specversion": "1.0", "type": "io.debezium.connector.x", "data": {}}, "CloudEvents"),
        (b"\x00\x00\x00\x00\x01\x02", "Confluent framing: it names schema id 1, and no `schema_registry`"),
        (b"", "the value is empty"),
        ([1], "not a JSON object"),
        ('{"id": 7}', "`shape: outbox`"),
    ],
)
def test_what_cannot_be_a_change_is_rejected(value: Any, words: str) -> None:
    """An unknown value is never guessed, and the reason names it (F036, F038)."""
    result = contact().translate(record(value, {"id": 7}))
    assert isinstance(result, Rejection)
    assert result.rule == "decode"
    assert words in result.reason


@pytest.mark.parametrize("shape", ["auto", "envelope", "event"])
def test_an_embedded_schema_is_named_under_every_shape(shape: str) -> None:
    """Connect embeds schemas by default: one that cannot be used is named, whatever the shape."""
    value = {"schema": {"type": "struct", "fields": 7}, "payload": envelope("c", after={"id": 7})}
    result = translator(shape=shape, contact={"user_id": "id"}).translate(record(value))
    assert isinstance(result, Rejection)
    assert result.reason.startswith("JSON with an embedded schema: ")


def test_a_domain_event_with_before_and_after_is_no_envelope() -> None:
    """Audit-style events lack Debezium's `source`, and are mapped unchanged (debezium-events.md 1.6)."""
    subject = translator(contact={"user_id": "who", "attributes": {"x": "after.x"}})
    for source in ("web", {"app": "shop"}, None):
        value = {"who": 7, "op": "u", "before": {"x": 1}, "after": {"x": 2}, "source": source}
        result = subject.translate(record(value))
        assert isinstance(result, list)
        assert isinstance(result[0], Upsert)
        assert result[0].body == {"_user_id": "7", "x": 2}


@pytest.mark.parametrize(
    ("value", "name", "operation"),
    [
        (envelope("u", after={"id": 7}), "", Operation.UPDATE),
        (envelope("u", after={"id": 7}), "crm.public.customers.Envelope", Operation.UPDATE),
        ({"op": "u", "after": {"id": 7}}, "crm.public.customers.Envelope", Operation.UPDATE),
        ({"op": "u", "after": {"id": 7}, "source": {"ts_ms": 1, "db": "x"}}, "", Operation.UPDATE),
        ({"op": "u", "after": {"id": 7}, "source": {"ts_ms": 1}}, "", None),
        ({"op": "u", "source": {"connector": "web"}}, "", None),
        ({"op": "u", "after": {"id": 7}}, "", None),
        ({"before": None, "after": {"id": 7}}, "", None),
    ],
)
def test_what_makes_an_envelope(value: Any, name: str, operation: Operation | None) -> None:
    """The name of its schema, or else `op`, an image and Debezium's `source` (debezium-events.md 1.6)."""
    change = changed(value, schema=struct(name) if name else None)
    assert (change.operation, change.enveloped) == (operation, operation is not None)


def test_the_schema_of_a_change_is_that_of_its_rows() -> None:
    """Both images are of the struct of `after`; without a schema there is none."""
    row = struct("crm.public.customers.Value")
    schema = struct("crm.public.customers.Envelope", before=row, after=row)
    created = changed(envelope("c", after={"id": 7}), schema=schema)
    deleted = changed(envelope("d", before={"id": 7}), schema=schema)
    assert created.schema is row
    assert deleted.schema is row
    assert changed(envelope("c", after={"id": 7})).schema is None
    assert changed(envelope("c", after={"id": 7}), schema=struct("other")).schema is None


def test_the_configured_shape_wins() -> None:
    """`envelope` accepts a change without source and nothing else; `event` takes every object unchanged."""
    bare = {"op": "c", "after": {"id": 7}}
    only = translator(shape="envelope", contact={"user_id": "id"})
    assert isinstance(only.translate(record(bare)), list)
    assert isinstance(only.translate(record({"id": 7})), Rejection)
    assert isinstance(only.translate(record({"id": 7, "__op": "c"})), Rejection)
    event = translator(shape="event", contact={"user_id": "after.id"})
    assert isinstance(event.translate(record(envelope("d", after={"id": 7}))), list)
    assert event.translate(record(None, {"id": 7})) == Skip("tombstone")
    assert isinstance(shaped({"ts_ms": 1}, "event", key={"serverName": "crm"}), Change)


def test_an_envelope_in_a_flattened_topic_is_still_one() -> None:
    """A topic whose flattening began later holds both, and an envelope is always recognised."""
    assert changed(envelope("u", after={"id": 7}), "flattened").enveloped


@pytest.mark.parametrize("value", [b"null", b'{"schema":null,"payload":null}', None])
def test_every_form_of_no_value_is_a_tombstone(value: bytes | None) -> None:
    """Kafka's null, the four bytes `null` and a null payload delete by key (F037, debezium-events.md 1.4)."""
    for shape in ("auto", "envelope", "flattened"):
        result = translator(shape=shape, contact={"user_id": "id"}).translate(record(value, {"id": 7}))
        assert isinstance(result, list)
        assert isinstance(result[0], Delete)
        assert (result[0].user_id, result[0].tombstone) == ("7", True)


@pytest.mark.parametrize(
    ("shape", "seen", "has_bytes", "flattened"),
    [
        ("envelope", True, True, False),
        ("flattened", False, False, True),
        ("auto", False, True, True),
        ("auto", True, False, True),
        ("auto", False, False, False),
        ("auto", None, False, None),
    ],
)
def test_what_a_tombstone_means_depends_on_the_topic(
    shape: str, seen: bool | None, has_bytes: bool, flattened: bool | None
) -> None:
    """The configuration decides, then forms that only flattened rows have, then the topic's past."""
    assert is_flattened_topic(shape, seen, has_bytes=has_bytes) is flattened


def test_text_where_a_row_is_expected_is_not_parsed() -> None:
    """Only an outbox topic may hold JSON inside JSON; elsewhere the reason says what to write."""
    with pytest.raises(DecodeError, match="outbox"):
        shaped('{"id": 7}', "event")


def test_repeated_names_of_a_domain_event_are_refused() -> None:
    """Neither of two values of one name is taken (F043, S16)."""
    result = contact().translate(record(b'{"id":7,"a":{"x":1,"x":2}}'))
    assert result == Rejection("decode", "JSON in which an object has the same name twice")


def test_topics_by_pattern_yield_to_exact_names() -> None:
    """A topic is translated by the file that names it, else by the first pattern that matches."""
    subject = translator(pattern="^shop", contact={"user_id": "id"})
    assert isinstance(subject.translate(record({"id": 1}, topic="shop.x")), list)
    assert isinstance(subject.translate(record({"id": 1}, topic="other")), Rejection)
