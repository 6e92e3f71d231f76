"""The other Debezium connectors than PostgreSQL's, which the demo does not need (debezium-events.md 2)."""

from collections.abc import Mapping

from connector.sandbox.records.columns import INT32, INT64, STRING
from connector.sandbox.records.connectors import (
    LONG,
    LSN_STEP,
    POSTGRESQL,
    TEXT,
    Connector,
    source_schema,
)
from connector.sandbox.records.schema import Row, nullable


def _binlog_position(number: int) -> Row:
    return {"server_id": 1, "file": "binlog.000003", "pos": 4 + number * LSN_STEP, "row": 0, "thread": 11}


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
    source = source_schema(
        name,
        table=TEXT,
        server_id=INT64,
        gtid=TEXT,
        file=STRING,
        pos=INT64,
        row=INT32,
        thread=LONG,
        query=TEXT,
    )
    return Connector(name, source, "{server}.{database}.{table}", _binlog_position, True, {"thread": None})


MYSQL, MARIADB = _binlog("mysql"), _binlog("mariadb")

SQLSERVER = Connector(
    "sqlserver",
    source_schema(
        "sqlserver",
        schema=STRING,
        table=STRING,
        change_lsn=TEXT,
        commit_lsn=TEXT,
        event_serial_no=LONG,
    ),
    "{server}.{database}.{schema}.{table}",
    _sqlserver_position,
    whole_before=True,
    snapshot={"change_lsn": None, "event_serial_no": None},
)

ORACLE = Connector(
    "oracle",
    source_schema(
        "oracle",
        schema=STRING,
        table=STRING,
        txId=TEXT,
        scn=TEXT,
        commit_scn=TEXT,
        lcr_position=TEXT,
        rs_id=TEXT,
        ssn=LONG,
        redo_thread=nullable(INT32),
        user_name=TEXT,
        redo_sql=TEXT,
        row_id=TEXT,
        commit_ts_ms=LONG,
        start_scn=TEXT,
        start_ts_ms=LONG,
        txSeq=LONG,
    ),
    "{server}.{schema}.{table}",
    _oracle_position,
    whole_before=True,
)

MONGODB = Connector(
    "mongodb",
    # The schema is the one that says `mongo`.
    source_schema("mongo", collection=STRING, ord=INT32, lsid=TEXT, txnNumber=LONG, wallTime=LONG),
    "{server}.{database}.{table}",
    _mongodb_position,
    whole_before=False,
    snapshot={"ord": -1},
)

CONNECTORS: Mapping[str, Connector] = {
    connector.name: connector for connector in (POSTGRESQL, MYSQL, MARIADB, SQLSERVER, ORACLE, MONGODB)
}
