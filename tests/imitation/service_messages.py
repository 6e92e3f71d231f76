"""Records of Debezium that are about no row (debezium-events.md 8)."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson

from connector.sandbox.records.columns import (
    BOOLEAN,
    BYTES,
    INT32,
    INT64,
    STRING,
    array_of,
    map_of,
)
from connector.sandbox.records.connectors import HANDLED_AFTER_US, POSTGRESQL, TRANSACTION, Connector, Place
from connector.sandbox.records.schema import ConnectRecord, ConnectSchemaNode, Data, nullable, struct
from tests.imitation.connectors import CONNECTORS

_COMMON = "io.debezium.connector.common."
_TEXT = nullable(STRING)
_NUMBER = nullable(INT32)
_FLAG = nullable(BOOLEAN)

SIGNAL_COLUMNS: Mapping[str, ConnectSchemaNode] = {"id": STRING, "type": STRING, "data": _TEXT}
"""The columns of a signalling table; Debezium captures it like any other."""

_HEARTBEAT_KEY = struct(f"{_COMMON}ServerNameKey", {"serverName": STRING}, 1)
_HEARTBEAT = struct(f"{_COMMON}Heartbeat", {"ts_ms": INT64}, 1)

_TRANSACTION_KEY = struct(f"{_COMMON}TransactionMetadataKey", {"id": STRING}, 1)
_COLLECTION = nullable(struct("event.collection", {"data_collection": STRING, "event_count": INT64}, 1))
_TRANSACTION = struct(
    f"{_COMMON}TransactionMetadataValue",
    {
        "status": STRING,
        "id": STRING,
        "event_count": nullable(INT64),
        "data_collections": nullable(array_of(_COLLECTION)),
        "ts_ms": INT64,
    },
    1,
)

_NOTIFICATION_KEY = struct(f"{_COMMON}NotificationKey", {"id": STRING}, 1)
_NOTIFICATION = struct(
    f"{_COMMON}Notification",
    {
        "id": STRING,
        "type": STRING,
        "aggregate_type": STRING,
        "additional_data": nullable(map_of(STRING, STRING)),
        "timestamp": INT64,
    },
    1,
)

_MESSAGE_KEY = struct("io.debezium.connector.postgresql.MessageKey", {"prefix": _TEXT}, 1)
_MESSAGE = struct(
    "io.debezium.connector.postgresql.MessageValue",
    {
        "op": STRING,
        "ts_ms": nullable(INT64),
        "source": POSTGRESQL.source,
        "transaction": TRANSACTION,
        "message": struct(
            "io.debezium.connector.postgresql.Message", {"prefix": _TEXT, "content": nullable(BYTES)}, 1
        ),
    },
    1,
)

_COLUMN = struct(
    "io.debezium.connector.schema.Column",
    {
        "name": STRING,
        "jdbcType": INT32,
        "nativeType": _NUMBER,
        "typeName": STRING,
        "typeExpression": _TEXT,
        "charsetName": _TEXT,
        "length": _NUMBER,
        "scale": _NUMBER,
        "position": INT32,
        "optional": _FLAG,
        "autoIncremented": _FLAG,
        "generated": _FLAG,
        "comment": _TEXT,
        "defaultValueExpression": _TEXT,
        "enumValues": nullable(array_of(STRING)),
    },
    1,
)
_CHANGED_TABLE = struct(
    "io.debezium.connector.schema.Table",
    {
        "defaultCharsetName": _TEXT,
        "primaryKeyColumnNames": nullable(array_of(STRING)),
        "columns": array_of(_COLUMN),
        "comment": _TEXT,
    },
    1,
)
_CHANGE = struct(
    "io.debezium.connector.schema.Change",
    {"type": STRING, "id": STRING, "table": nullable(_CHANGED_TABLE)},
    1,
)
_JDBC_BIGINT = -5


def heartbeat(server: str, at_ms: int) -> ConnectRecord:
    """Give a heartbeat."""
    topic = f"__debezium-heartbeat.{server}"
    return ConnectRecord(
        topic, Data(_HEARTBEAT_KEY, {"serverName": server}), Data(_HEARTBEAT, {"ts_ms": at_ms})
    )


def transaction(
    server: str, identifier: str, at_ms: int, events: Mapping[str, int] | None = None
) -> ConnectRecord:
    """Give a transaction's BEGIN or, with the number of events of each table, its END."""
    counts = events and [{"data_collection": name, "event_count": count} for name, count in events.items()]
    value = {
        "status": "BEGIN" if events is None else "END",
        "id": identifier,
        "event_count": None if events is None else sum(events.values()),
        "data_collections": counts,
        "ts_ms": at_ms,
    }
    key = Data(_TRANSACTION_KEY, {"id": identifier})
    return ConnectRecord(f"{server}.transaction", key, Data(_TRANSACTION, value))


def schema_change(connector: Connector, place: Place, ddl: str, at_us: int, number: int = 1) -> ConnectRecord:
    """Give the record of a DDL statement about a table with one column."""
    key, schema = _ddl_schemas(connector.name)
    column = {"name": "id", "jdbcType": _JDBC_BIGINT, "typeName": "BIGINT", "position": 1, "optional": False}
    table = {"primaryKeyColumnNames": ["id"], "columns": [column]}
    value = {
        "source": connector.source_of(place, number, at_us, None),
        "ts_ms": (at_us + HANDLED_AFTER_US) // 1000,
        "databaseName": place.database,
        "schemaName": place.schema or None,
        "ddl": ddl,
        "tableChanges": [{"type": "ALTER", "id": f'"{place.database}"."{place.table}"', "table": table}],
    }
    return ConnectRecord(place.server, Data(key, {"databaseName": place.database}), Data(schema, value))


@cache
def _ddl_schemas(connector: str) -> tuple[ConnectSchemaNode, ConnectSchemaNode]:
    """Give the schemas of key and value of a connector's schema changes."""
    name = f"io.debezium.connector.{connector}.SchemaChange"
    fields = {
        "source": CONNECTORS[connector].source,
        "ts_ms": INT64,
        "databaseName": _TEXT,
        "schemaName": _TEXT,
        "ddl": _TEXT,
        "tableChanges": array_of(_CHANGE),
    }
    return struct(f"{name}Key", {"databaseName": STRING}, 1), struct(f"{name}Value", fields, 1)


def notification(topic: str, identifier: str, kind: str, at_ms: int, **details: str) -> ConnectRecord:
    """Give a notification about the initial snapshot; `kind` is STARTED, COMPLETED, and so on."""
    value = {
        "id": identifier,
        "type": kind,
        "aggregate_type": "Initial Snapshot",
        "additional_data": details,
        "timestamp": at_ms,
    }
    return ConnectRecord(topic, Data(_NOTIFICATION_KEY, {"id": identifier}), Data(_NOTIFICATION, value))


def signal(server: str, kind: str, **data: Any) -> ConnectRecord:
    """Give a signal as an operator sends it to Debezium; without a schema, and its key is plain text."""
    return ConnectRecord(f"{server}-signal", Data(STRING, server), Data(None, {"type": kind, "data": data}))


def signal_row(identifier: str, kind: str, **data: Any) -> dict[str, Any]:
    """Give a row of a signalling table (`SIGNAL_COLUMNS`)."""
    return {"id": identifier, "type": kind, "data": orjson.dumps(data).decode()}


def logical_message(place: Place, prefix: str, content: bytes, at_us: int, number: int = 1) -> ConnectRecord:
    """Give the record of PostgreSQL's `pg_logical_emit_message` (debezium-events.md 1.2)."""
    value = {
        "op": "m",
        "ts_ms": (at_us + HANDLED_AFTER_US) // 1000,
        "source": POSTGRESQL.source_of(place._replace(schema="", table=""), number, at_us, None),
        "transaction": None,
        "message": {"prefix": prefix, "content": content},
    }
    key = Data(_MESSAGE_KEY, {"prefix": prefix})
    return ConnectRecord(f"{place.server}.message", key, Data(_MESSAGE, value))
