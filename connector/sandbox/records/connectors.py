"""The differences between Debezium's connectors: `source`, the names of topics, before-images.

The fields are those of Debezium 3.6.1 (its `SourceInfoStructMaker`s; debezium-events.md 2.1 and 2.4).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from connector.sandbox.records.columns import INT32, INT64, STRING, enum
from connector.sandbox.records.schema import ConnectSchemaNode, Row, nullable, struct

VERSION = "3.6.1.Final"

_TEXT = nullable(STRING)
_LONG = nullable(INT64)
_SNAPSHOT = enum(
    "true", "first", "first_in_data_collection", "last_in_data_collection", "last", "false", "incremental"
)

_COMMON: Mapping[str, ConnectSchemaNode] = {
    "version": STRING,
    "connector": STRING,
    "name": STRING,
    "ts_ms": INT64,
    "snapshot": nullable(_SNAPSHOT, "false"),
    "db": STRING,
    "sequence": _TEXT,
    "ts_us": _LONG,
    "ts_ns": _LONG,
}

TRANSACTION = nullable(
    struct("event.block", {"id": STRING, "total_order": INT64, "data_collection_order": INT64}, 1)
)

HANDLED_AFTER_US = 80_000
"""How long after the database a sample's connector handles a change."""

_FIRST_LSN, _LSN_STEP = 26_745_944, 312
_FIRST_TRANSACTION = 750


class Place(NamedTuple):
    """Where a row lives: `server` is the connector's `topic.prefix`."""

    server: str
    database: str
    schema: str
    table: str


@dataclass(frozen=True, slots=True)
class Connector:
    """One connector.

    `topic` is a template over `Place`. `position` makes the position of the n-th change; `snapshot` is what
    a snapshot row has instead, and `incremental` what one of an incremental snapshot has. `whole_before`
    says whether updates and deletes carry the old row.
    """

    name: str
    source: ConnectSchemaNode
    topic: str
    position: Callable[[int], Row]
    whole_before: bool
    snapshot: Row = field(default_factory=dict)
    incremental: Row = field(default_factory=dict)

    def topic_of(self, place: Place) -> str:
        """Name the topic of a table."""
        return self.topic.format_map(place._asdict())

    def source_of(self, place: Place, number: int, at_us: int, snapshot: str | None) -> dict[str, Any]:
        """Make the `source` of the n-th change; `snapshot` None is streaming, which Debezium leaves unset."""
        rest: Row = {} if snapshot is None else self.snapshot
        if snapshot == "incremental":
            rest = {**rest, **self.incremental}
        return {
            "version": VERSION,
            "connector": self.name,
            "name": place.server,
            "ts_ms": at_us // 1000,
            "snapshot": snapshot,
            "db": place.database,
            "ts_us": at_us,
            "ts_ns": at_us * 1000,
            "schema": place.schema,
            "table": place.table,
            "collection": place.table,
            **self.position(number),
            **rest,
        }


def _source(name: str, /, **fields: ConnectSchemaNode) -> ConnectSchemaNode:
    return struct(f"io.debezium.connector.{name}.Source", {**_COMMON, **fields}, 1)


def _postgresql_position(number: int) -> Row:
    lsn = _FIRST_LSN + number * _LSN_STEP
    return {"sequence": f'["{lsn - _LSN_STEP}","{lsn}"]', "txId": _FIRST_TRANSACTION + number, "lsn": lsn}


def _binlog_position(number: int) -> Row:
    return {"server_id": 1, "file": "binlog.000003", "pos": 4 + number * _LSN_STEP, "row": 0, "thread": 11}


def _sqlserver_position(number: int) -> Row:
    lsn = f"00000027:{number:08x}"
    return {"change_lsn": f"{lsn}:0002", "commit_lsn": f"{lsn}:0003", "event_serial_no": 1}


def _oracle_position(number: int) -> Row:
    scn = 2_122_184 + number
    return {
        "txId": f"{number:016x}",
        "scn": str(scn),
        "commit_scn": str(scn + 1),
        "rs_id": f"0x00001a.{number:08x}.0010",
        "ssn": 0,
        "redo_thread": 1,
        "user_name": "SHOP",
        "row_id": "AAAShjAAMAAACJzAAA",
    }


def _mongodb_position(number: int) -> Row:
    return {"ord": number, "wallTime": None}


def _binlog(name: str) -> Connector:
    source = _source(
        name,
        table=_TEXT,
        server_id=INT64,
        gtid=_TEXT,
        file=STRING,
        pos=INT64,
        row=INT32,
        thread=_LONG,
        query=_TEXT,
    )
    return Connector(name, source, "{server}.{database}.{table}", _binlog_position, True, {"thread": None})


POSTGRESQL = Connector(
    "postgresql",
    _source(
        "postgresql",
        schema=STRING,
        table=STRING,
        txId=_LONG,
        lsn=_LONG,
        xmin=_LONG,
        origin=_TEXT,
        origin_lsn=_LONG,
    ),
    "{server}.{schema}.{table}",
    _postgresql_position,
    whole_before=False,
    incremental={"txId": None, "lsn": None},
)

MYSQL, MARIADB = _binlog("mysql"), _binlog("mariadb")

SQLSERVER = Connector(
    "sqlserver",
    _source(
        "sqlserver",
        schema=STRING,
        table=STRING,
        change_lsn=_TEXT,
        commit_lsn=_TEXT,
        event_serial_no=_LONG,
    ),
    "{server}.{database}.{schema}.{table}",
    _sqlserver_position,
    whole_before=True,
    snapshot={"change_lsn": None, "event_serial_no": None},
)

ORACLE = Connector(
    "oracle",
    _source(
        "oracle",
        schema=STRING,
        table=STRING,
        txId=_TEXT,
        scn=_TEXT,
        commit_scn=_TEXT,
        lcr_position=_TEXT,
        rs_id=_TEXT,
        ssn=_LONG,
        redo_thread=nullable(INT32),
        user_name=_TEXT,
        redo_sql=_TEXT,
        row_id=_TEXT,
        commit_ts_ms=_LONG,
        start_scn=_TEXT,
        start_ts_ms=_LONG,
        txSeq=_LONG,
    ),
    "{server}.{schema}.{table}",
    _oracle_position,
    whole_before=True,
)

MONGODB = Connector(
    "mongodb",
    # The schema is the one that says `mongo`.
    _source("mongo", collection=STRING, ord=INT32, lsid=_TEXT, txnNumber=_LONG, wallTime=_LONG),
    "{server}.{database}.{table}",
    _mongodb_position,
    whole_before=False,
    snapshot={"ord": -1},
)

CONNECTORS: Mapping[str, Connector] = {
    connector.name: connector for connector in (POSTGRESQL, MYSQL, MARIADB, SQLSERVER, ORACLE, MONGODB)
}
