"""A captured table: its changes as Debezium's relational connectors write them (debezium-events.md 1)."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from connector.sandbox.records.columns import INT64, STRING
from connector.sandbox.records.connectors import HANDLED_AFTER_US, POSTGRESQL, TRANSACTION, Connector, Place
from connector.sandbox.records.schema import ConnectRecord, ConnectSchemaNode, Data, Row, nullable, struct

NEW_KEY: Final = "__debezium.newkey"
OLD_KEY: Final = "__debezium.oldkey"

SHOP = Place(server="shop", database="shop", schema="public", table="")
"""The database of samples; `_replace(table=…)` names a table of it."""

_RUN_ID = "01a209d5-cb98-77d4-b4b3-4a3dec42288d"

_FILLER: Mapping[str, Any] = {
    # the filler for an unknown value of a NOT NULL column (debezium-events.md 2.2)
    "io.debezium.time.ZonedTimestamp": "1970-01-01T00:00:00Z",
    "io.debezium.time.ZonedTime": "00:00:00Z",
    "boolean": False,
    **dict.fromkeys(("int8", "int16", "int32", "int64"), 0),
    **dict.fromkeys(("float", "double"), 0.0),
    "string": "",
    "bytes": b"",
    "array": [],
    "map": {},
}

Records = tuple[ConnectRecord, ...]


class CapturedTable:
    """One table and the connector that captures it. Every change moves the source position by one.

    Times are microseconds since 1970. Rows are dicts of columns as they travel; what a row lacks is null.
    """

    def __init__(
        self,
        place: Place,
        columns: Mapping[str, ConnectSchemaNode],
        key: Iterable[str] = ("id",),
        *,
        connector: Connector = POSTGRESQL,
        whole_before: bool | None = None,
        tombstones: bool = True,
    ) -> None:
        """`whole_before` True is PostgreSQL's REPLICA IDENTITY FULL, `key` () a table without a key."""
        self.topic = connector.topic_of(place)
        self._place = place
        self._connector = connector
        self._whole_before = connector.whole_before if whole_before is None else whole_before
        self._tombstones = tombstones
        self._columns = dict(columns)
        self._key = tuple(key)
        self._changes = 0
        self.key_schema = struct(f"{self.topic}.Key", {name: columns[name] for name in self._key})
        self.envelope_schema = envelope_schema(self.topic, connector, self._columns)
        self.context = context_headers(place.server, connector)

    def read(self, row: Row, at_us: int, snapshot: str = "true") -> Records:
        """Give the record of a row that a snapshot read; `snapshot` is one of `source.snapshot`'s values."""
        return (self._event("r", None, row, self._source(at_us, snapshot)),)

    def create(self, row: Row, at_us: int, transaction: Row | None = None) -> Records:
        """Give the record of an INSERT."""
        return (self._event("c", None, row, self._source(at_us), transaction),)

    def update(
        self, row: Row, at_us: int, before: Row | None = None, transaction: Row | None = None
    ) -> Records:
        """Give the record of an UPDATE that leaves the key alone; `before` shows only if it is captured."""
        old = before if self._whole_before else None
        return (self._event("u", old, row, self._source(at_us), transaction),)

    def delete(self, row: Row, at_us: int, transaction: Row | None = None) -> Records:
        """Give the records of a DELETE: the delete and its tombstone."""
        return self._with_tombstone(
            self._event("d", self._image(row), None, self._source(at_us), transaction)
        )

    def change_key(self, before: Row, after: Row, at_us: int) -> Records:
        """Give the records of an UPDATE of the key: a delete, its tombstone, a create at one position."""
        source = self._source(at_us)
        deleted = self._event("d", self._image(before), None, source)
        created = self._event("c", None, after, source)
        return (
            *self._with_tombstone(_under(NEW_KEY, self.key_of(after), deleted)),
            _under(OLD_KEY, self.key_of(before), created),
        )

    def truncate(self, at_us: int) -> Records:
        """Give the record of a TRUNCATE: it has no key and no row."""
        return (self._event("t", None, None, self._source(at_us)),)

    def change(
        self,
        op: str,
        before: Row | None,
        after: Row | None,
        *,
        source: Row,
        handled_ns: int,
        transaction: Row | None = None,
    ) -> ConnectRecord:
        """Give one change event of which everything is said; a row is needed for its key."""
        value = {
            "before": before,
            "after": after,
            "source": source,
            "transaction": transaction,
            "op": op,
            "ts_ms": handled_ns // 1_000_000,
            "ts_us": handled_ns // 1_000,
            "ts_ns": handled_ns,
        }
        row = before if after is None else after
        key = self.key_of(row) if row and self._key else None
        return ConnectRecord(self.topic, key, Data(self.envelope_schema, value), self.context)

    def key_of(self, row: Row) -> Data:
        """Give the key of a row."""
        return Data(self.key_schema, {name: row[name] for name in self._key})

    def _source(self, at_us: int, snapshot: str | None = None) -> Row:
        self._changes += 1
        return self._connector.source_of(self._place, self._changes, at_us, snapshot)

    def _event(
        self, op: str, before: Row | None, after: Row | None, source: Row, transaction: Row | None = None
    ) -> ConnectRecord:
        handled_ns = source["ts_ns"] + HANDLED_AFTER_US * 1000
        return self.change(op, before, after, source=source, handled_ns=handled_ns, transaction=transaction)

    def _image(self, row: Row) -> Row:
        """Give the before-image of a delete: the row, or the key with filler around it."""
        if self._whole_before:
            return row
        return {
            name: row[name] if name in self._key else _filler(column)
            for name, column in self._columns.items()
        }

    def _with_tombstone(self, deleted: ConnectRecord) -> Records:
        """Add the tombstone after a delete; it has the same headers."""
        return (deleted, deleted._replace(value=None)) if self._tombstones else (deleted,)


def _filler(column: ConnectSchemaNode) -> Any:
    """Give what PostgreSQL's connector invents for a value that the log does not hold."""
    if column.optional:
        return None
    if column.default is not None:
        return column.default
    if column.base == "struct":
        return {name: _filler(schema) for name, schema in column.fields.items()}
    return _FILLER[column.name] if column.name in _FILLER else _FILLER[column.base]


def envelope_schema(
    topic: str, connector: Connector, columns: Mapping[str, ConnectSchemaNode]
) -> ConnectSchemaNode:
    """Give the schema of a table's change events."""
    row = nullable(struct(f"{topic}.Value", columns))
    fields = {
        "before": row,
        "after": row,
        "source": connector.source,
        "transaction": TRANSACTION,
        "op": STRING,
        "ts_ms": nullable(INT64),
        "ts_us": nullable(INT64),
        "ts_ns": nullable(INT64),
    }
    return struct(f"{topic}.Envelope", fields, 2)


def context_headers(server: str, connector: Connector) -> tuple[tuple[str, Data], ...]:
    """Give the headers of every data record since 3.3."""
    values = {
        "connectorLogicalName": server,
        "taskId": "0",
        "connectorName": connector.name,
        "runId": _RUN_ID,
    }
    return tuple((f"__debezium.context.{name}", Data(STRING, value)) for name, value in values.items())


def _under(name: str, key: Data, record: ConnectRecord) -> ConnectRecord:
    """Put the header of a key change before the others."""
    return record._replace(headers=((name, key), *record.headers))
