"""Flattened rows in every mode of `ExtractNewRecordState` (debezium-events.md 4)."""

from typing import Any

import pytest

from connector.model import Delete, Operation, Skip
from tests.translate.records import (
    Headers,
    changed,
    contact,
    deliveries,
    record,
    struct,
    translator,
    upsert_of,
)

CREATE, UPDATE, DELETE, READ = Operation.CREATE, Operation.UPDATE, Operation.DELETE, Operation.READ

ROW = {"id": 7, "email": "a@b.io"}
OP_D: Headers = [("__op", b"d")]


@pytest.mark.parametrize(
    ("added", "headers", "operation"),
    [
        ({"__op": "c"}, None, CREATE),
        ({"__op": "u"}, None, UPDATE),
        ({"__op": "r"}, None, READ),
        ({"__op": "d"}, None, DELETE),
        ({"__op": "U"}, None, UPDATE),
        ({"__deleted": "false", "__op": "r"}, None, READ),
        ({"__deleted": "true", "__op": "d"}, None, DELETE),
        ({"__deleted": "true"}, None, DELETE),
        ({"__deleted": True}, None, DELETE),
        ({"__deleted": "false"}, None, None),
        ({"__deleted": False}, None, None),
        ({"__deleted": "false"}, [("__op", b"u")], UPDATE),
        ({"__deleted": "false"}, [("__op", b'"u"')], UPDATE),
        ({"__deleted": "false"}, [("__op", b'{"schema":{"type":"string"},"payload":"u"}')], UPDATE),
        ({"__deleted": "false"}, [("__op", None)], None),
        ({"__deleted": "false", "__source_snapshot": "incremental"}, None, READ),
        ({"__deleted": "false", "__snapshot": "first"}, None, READ),
        ({"__deleted": "false", "__source_snapshot": "false"}, None, None),
        ({"__deleted": "false", "__source_snapshot": None}, None, None),
    ],
)
def test_the_operation_is_told_by_what_was_added(
    added: dict[str, Any], headers: Headers | None, operation: Operation | None
) -> None:
    """By `__deleted`, `__op`, the header `__op` or the snapshot's mark; without any it is unknown."""
    row = {**ROW, **added}
    change = changed(row, headers=headers)
    assert (change.operation, change.enveloped) == (operation, False)
    assert (change.before if operation is DELETE else change.row) == row
    assert (change.row if operation is DELETE else change.before) in ({}, None)


@pytest.mark.parametrize(
    ("headers", "operation"), [(None, None), ([("__op", b"c")], CREATE), ([("__op", b"r")], READ)]
)
def test_a_topic_configured_as_flattened_needs_nothing_added(
    headers: Headers | None, operation: Operation | None
) -> None:
    """The default mode adds nothing: only `shape: flattened`, or the name of the struct, marks such rows."""
    assert changed(ROW, "flattened", headers=headers).operation is operation
    named = changed(ROW, schema=struct("crm.public.customers.Value"), headers=headers)
    assert (named.operation, named.row) == (operation, ROW)
    assert changed(ROW, headers=headers).operation is None


def test_a_row_that_does_not_say_counts_as_a_plain_record() -> None:
    """Insert, update and read look the same by default: the row is upserted like an update."""
    subject = translator(shape="flattened", contact={"user_id": "id"})
    assert upsert_of(subject.translate(record(ROW))).instant


def test_rows_of_a_snapshot_are_queued() -> None:
    """A flattened snapshot read is queued like any other (docs/mapping.md)."""
    assert not upsert_of(contact().translate(record({**ROW, "__op": "r"}))).instant


@pytest.mark.parametrize(
    ("added", "source"),
    [
        ({"__lsn": 5, "__table": "t"}, {"lsn": 5, "table": "t"}),
        ({"__source_ts_ms": 5, "__ts_ms": 9, "__op": "d"}, {"ts_ms": 5}),
        ({"__source_connector": "mysql"}, {"connector": "mysql"}),
        ({"__connector": "mysql"}, {"connector": "mysql"}),
        (
            {"__source": {"connector": "mysql", "pos": 4}, "__source_row": 1},
            {"connector": "mysql", "pos": 4, "row": 1},
        ),
        ({}, {}),
    ],
)
def test_what_was_added_of_the_source_is_found_again(added: dict[str, Any], source: dict[str, Any]) -> None:
    """Both spellings are of `source`, except the times at which the connector handled the change."""
    assert changed({**ROW, "__deleted": "true", **added}).source == source


def test_mappings_read_added_fields_like_columns() -> None:
    """`__source_ts_ms` can be mapped; `clear` nulls only the mapped columns."""
    attributes = {"changed_at": {"from": "__source_ts_ms", "as": {"timestamp": "ms"}}, "_email": "email"}
    row = {**ROW, "__op": "u", "__deleted": "false", "__source_ts_ms": 1700000000123}
    upsert = upsert_of(contact(attributes).translate(record(row)))
    assert upsert.body == {"_user_id": "7", "changed_at": "2023-11-14T22:13:20.123Z", "_email": "a@b.io"}
    gone = record({**row, "__deleted": "true", "__op": "d"}, {"id": 7})
    cleared = upsert_of(contact(attributes, on_delete="clear").translate(gone))
    assert cleared.body == {"_user_id": "7", "changed_at": None, "_email": None}


DELETED = {"id": 7, "email": "", "__deleted": "true", "__op": "d"}
KEY = {"id": 7}


@pytest.mark.parametrize(
    ("mode", "records", "deleted"),
    [
        ("drop", [record({**ROW, "__op": "u"}, KEY)], []),
        ("tombstone, JSON", [record(b"null", KEY, OP_D)], [True]),
        (
            "tombstone, JSON with schema",
            [record(b'{"schema":{"type":"struct"},"payload":null}', KEY)],
            [True],
        ),
        ("tombstone, Avro", [record(None, KEY, OP_D)], [True]),
        ("rewrite", [record(DELETED, KEY, OP_D)], [False]),
        ("rewrite-with-tombstone", [record(DELETED, KEY, OP_D), record(None, KEY, OP_D)], [False, True]),
        ("delete-to-tombstone", [record(None, KEY, OP_D)], [True]),
    ],
)
def test_every_delete_mode_deletes(mode: str, records: list[Any], deleted: list[bool]) -> None:
    """The records of each mode for a DELETE; the engine settles a tombstone with its delete (F037)."""
    for shape in ("auto", "flattened"):
        subject = translator(shape=shape, contact={"user_id": "id"})
        results = [delivery for one in records for delivery in deliveries(subject.translate(one))]
        deletes = [delivery.tombstone for delivery in results if isinstance(delivery, Delete)]
        assert deletes == deleted, (mode, shape)


def test_messages_pass_through_the_transformation() -> None:
    """A logical message is an envelope in a flattened topic too, and is skipped by its name (F038)."""
    message = {"op": "m", "source": {"connector": "postgresql"}, "message": {"prefix": "x"}}
    assert translator(shape="flattened", contact={"user_id": "id"}).translate(record(message)) == Skip(
        "logical_message"
    )


def test_a_partial_row_changes_only_what_it_has() -> None:
    """MongoDB's transformation writes updates without a document as their changed fields alone."""
    row = {"id": 7, "a": 1, "__deleted": False}
    upsert = upsert_of(contact({"a": "a", "b": "b"}).translate(record(row)))
    assert upsert.body == {"_user_id": "7", "a": 1}
