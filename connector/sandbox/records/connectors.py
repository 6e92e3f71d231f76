"""The differences between Debezium's connectors: `source`, the names of topics, before-images.

The fields are those of Debezium 3.6.1 (its `SourceInfoStructMaker`s; debezium-events.md 2.1 and 2.4).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from connector.sandbox.records.columns import INT64, STRING, enum
from connector.sandbox.records.schema import ConnectSchemaNode, Row, nullable, struct

VERSION = "3.6.1.Final"

TEXT = nullable(STRING)
LONG = nullable(INT64)
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
    "sequence": TEXT,
    "ts_us": LONG,
    "ts_ns": LONG,
}

TRANSACTION = nullable(
    struct("event.block", {"id": STRING, "total_order": INT64, "data_collection_order": INT64}, 1)
)

HANDLED_AFTER_US = 80_000
"""How long after the database a sample's connector handles a change."""

_FIRST_LSN, LSN_STEP = 26_745_944, 312
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


def source_schema(name: str, /, **fields: ConnectSchemaNode) -> ConnectSchemaNode:
    """Make the schema of `source`; `name` is the connector's."""
    return struct(f"io.debezium.connector.{name}.Source", {**_COMMON, **fields}, 1)


def _postgresql_position(number: int) -> Row:
    lsn = _FIRST_LSN + number * LSN_STEP
    return {"sequence": f'["{lsn - LSN_STEP}","{lsn}"]', "txId": _FIRST_TRANSACTION + number, "lsn": lsn}


POSTGRESQL = Connector(
    "postgresql",
    source_schema(
        "postgresql",
        schema=STRING,
        table=STRING,
        txId=LONG,
        lsn=LONG,
        xmin=LONG,
        origin=TEXT,
        origin_lsn=LONG,
    ),
    "{server}.{schema}.{table}",
    _postgresql_position,
    whole_before=False,
    incremental={"txId": None, "lsn": None},
)
