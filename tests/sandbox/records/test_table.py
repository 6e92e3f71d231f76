"""Change events of tables, connector by connector (debezium-events.md 1 to 3 and 8)."""

import json
from typing import Any

import pytest

from connector.sandbox.records.columns import (
    BYTES,
    INT32,
    INT64,
    POINT,
    STRING,
    VARIABLE_DECIMAL,
    ZONED_TIMESTAMP,
    array_of,
)
from connector.sandbox.records.connectors import POSTGRESQL, Connector
from connector.sandbox.records.schema import ConnectSchemaNode, nullable
from connector.sandbox.records.table import NEW_KEY, OLD_KEY, CapturedTable
from tests.imitation import service_messages
from tests.imitation.connectors import CONNECTORS, MARIADB, MONGODB, MYSQL, ORACLE, SQLSERVER
from tests.sandbox.records.events import AT_US, COLUMNS, PLACE, ROW, own_headers, table, values, write

RELATIONAL = [POSTGRESQL, MYSQL, MARIADB, SQLSERVER, ORACLE]


def test_every_operation_has_its_images() -> None:
    """r, c, u, d with its tombstone, t: which of before, after and key they have (debezium-events.md 1.2)."""
    source = table()
    records = [
        *source.read(ROW, AT_US),
        *source.create(ROW, AT_US),
        *source.update(ROW, AT_US, before=ROW),
        *source.delete(ROW, AT_US),
        *source.truncate(AT_US),
    ]
    read, created, updated, deleted, tombstone, truncated = values(records)
    assert [event["op"] for event in (read, created, updated, deleted, truncated)] == list("rcudt")
    assert read["after"] == created["after"] == updated["after"] == ROW
    assert created["before"] is updated["before"] is None
    assert (deleted["after"], truncated["before"], truncated["after"]) == (None, None, None)
    assert tombstone is None
    assert [record.key for record in write(records)] == [b'{"id":7}'] * 5 + [None]
    assert read["source"]["snapshot"] == "true"
    assert created["source"]["snapshot"] == "false"
    assert created["ts_ns"] // 1000 == created["ts_us"] == AT_US + 80_000


def test_before_images_of_postgresql_are_invented() -> None:
    """Only the key of a delete is real; NOT NULL columns have filler (debezium-events.md 2.2)."""
    columns: dict[str, ConnectSchemaNode] = {
        **COLUMNS,
        "score": ConnectSchemaNode("double"),
        "tags": array_of(STRING),
        "raw": BYTES,
        "place": POINT,
        "free": nullable(VARIABLE_DECIMAL),
        "seen": ZONED_TIMESTAMP,
        "level": ConnectSchemaNode("int32", default=3),
    }
    deleted, _ = values(CapturedTable(PLACE, columns).delete(ROW, AT_US))
    assert deleted["before"] == {
        "id": 7,
        "email": "",
        "vip": False,
        "plan": None,
        "score": 0.0,
        "tags": [],
        "raw": "",
        "place": {"x": 0.0, "y": 0.0, "wkb": None, "srid": None},
        "free": None,
        "seen": "1970-01-01T00:00:00Z",
        "level": 3,
    }


@pytest.mark.parametrize("connector", RELATIONAL, ids=lambda connector: connector.name)
def test_whole_before_images(connector: Connector) -> None:
    """The connectors other than PostgreSQL's, and that with REPLICA IDENTITY FULL, show the old row."""
    source = table(connector=connector, whole_before=True if connector is POSTGRESQL else None)
    old = {**ROW, "plan": "free"}
    updated, deleted, _ = values([*source.update(ROW, AT_US, before=old), *source.delete(ROW, AT_US)])
    assert (updated["before"], deleted["before"]) == (old, ROW)


@pytest.mark.parametrize("connector", CONNECTORS.values(), ids=lambda connector: connector.name)
def test_topics_and_sources(connector: Connector) -> None:
    """Each connector has its own names of topics and positions, and positions grow (debezium-events.md 2)."""
    topics = {
        "postgresql": "crm.public.customers",
        "mysql": "crm.shop.customers",
        "mariadb": "crm.shop.customers",
        "sqlserver": "crm.shop.public.customers",
        "oracle": "crm.public.customers",
        "mongodb": "crm.shop.customers",
    }
    assert connector.topic_of(PLACE) == topics[connector.name]
    position = {
        "postgresql": "lsn",
        "mysql": "pos",
        "mariadb": "pos",
        "sqlserver": "change_lsn",
        "oracle": "scn",
        "mongodb": "ord",
    }[connector.name]
    first, second = (connector.source_of(PLACE, number, AT_US, None) for number in (1, 2))
    assert first[position] < second[position]
    assert first["connector"] == connector.name
    assert position in connector.source.fields
    required = {name for name, field in connector.source.fields.items() if not field.optional}
    assert required <= first.keys()


def test_incremental_snapshots_have_no_position_in_postgresql() -> None:
    """`lsn` and `txId` are null, the snapshot says incremental (debezium-events.md 9)."""
    (event,) = values(table().read(ROW, AT_US, snapshot="incremental"))
    source = event["source"]
    assert (source["snapshot"], source["lsn"], source["txId"]) == ("incremental", None, None)


def test_a_key_change_is_a_delete_a_tombstone_and_a_create() -> None:
    """They share one position, and the headers name the other key (debezium-events.md 3)."""
    records = write(table().change_key(ROW, {**ROW, "id": 8}, AT_US))
    assert [record.key for record in records] == [b'{"id":7}', b'{"id":7}', b'{"id":8}']
    assert [own_headers(record) for record in records] == [
        [(NEW_KEY, b'{"id":8}')],
        [(NEW_KEY, b'{"id":8}')],
        [(OLD_KEY, b'{"id":7}')],
    ]
    deleted, created = (json.loads(record.value or b"") for record in (records[0], records[2]))
    assert (deleted["op"], created["op"]) == ("d", "c")
    assert deleted["source"] == created["source"]


def test_a_table_without_a_key_and_a_connector_without_tombstones() -> None:
    """Null keys; `tombstones.on.delete=false` leaves the delete alone."""
    assert [record.key for record in write(table(key=()).create(ROW, AT_US))] == [None]
    assert len(write(table(tombstones=False).delete(ROW, AT_US))) == 1


def test_transactions_are_named() -> None:
    """An event of a transaction holds its place in it (debezium-events.md 1.1)."""
    block = {"id": "750:1", "total_order": 1, "data_collection_order": 1}
    (event,) = values(table().create(ROW, AT_US, transaction=block))
    assert event["transaction"] == block


def test_records_about_no_row() -> None:
    """Topics, keys and members by which each kind is recognised (debezium-events.md 8)."""
    change = service_messages.schema_change(MYSQL, PLACE, "ALTER TABLE customers ADD plan TEXT", AT_US)
    records = [
        service_messages.heartbeat("crm", 1),
        service_messages.transaction("crm", "750:1", 1),
        service_messages.transaction("crm", "750:1", 1, {"public.customers": 2}),
        change,
        service_messages.notification("debezium-notices", "n1", "COMPLETED", 1, connector_name="crm"),
        service_messages.signal("crm", "execute-snapshot", type="INCREMENTAL"),
        service_messages.logical_message(PLACE, "app", b"hello", AT_US),
    ]
    found: list[tuple[str, Any, list[str]]] = [
        (record.topic, json.loads(record.key or b""), sorted(json.loads(record.value or b"")))
        for record in write(records)
    ]
    block = ["data_collections", "event_count", "id", "status", "ts_ms"]
    assert found == [
        ("__debezium-heartbeat.crm", {"serverName": "crm"}, ["ts_ms"]),
        ("crm.transaction", {"id": "750:1"}, block),
        ("crm.transaction", {"id": "750:1"}, block),
        (
            "crm",
            {"databaseName": "shop"},
            ["databaseName", "ddl", "schemaName", "source", "tableChanges", "ts_ms"],
        ),
        (
            "debezium-notices",
            {"id": "n1"},
            ["additional_data", "aggregate_type", "id", "timestamp", "type"],
        ),
        ("crm-signal", "crm", ["data", "type"]),
        ("crm.message", {"prefix": "app"}, ["message", "op", "source", "transaction", "ts_ms"]),
    ]
    assert service_messages.schema_change(MYSQL, PLACE, "", AT_US).value.schema is change.value.schema  # type: ignore[union-attr]


def test_a_signalling_table_is_captured_like_any_other() -> None:
    """Its rows are envelopes on a topic of a table (debezium-events.md 8)."""
    signals = CapturedTable(PLACE._replace(table="signals"), service_messages.SIGNAL_COLUMNS)
    (event,) = values(signals.create(service_messages.signal_row("s1", "snapshot-window-open", a=1), AT_US))
    assert event["after"] == {"id": "s1", "type": "snapshot-window-open", "data": '{"a":1}'}
    assert (INT32.base, INT64.base, MONGODB.whole_before) == ("int32", "int64", False)
