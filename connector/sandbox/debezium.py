"""The sample's tables: rows in, records out, as the Debezium PostgreSQL connector 3.6 writes them."""

from collections.abc import Mapping

from connector.sandbox.customers import COLUMNS
from connector.sandbox.formats.connect_json import JsonConverter
from connector.sandbox.records import table
from connector.sandbox.records.connectors import Place
from connector.sandbox.records.schema import ConnectRecord, ConnectSchemaNode, Row
from connector.sandbox.writer import SampleRecord, Writer

SERVER = "shop"


class SampleTable:
    """One captured table of a shop, written in one way: bare JSON unless a writer is given.

    It has replica identity DEFAULT and the primary key `id`. A before-image holds the key and nulls only.
    Tombstones follow deletes (debezium-events.md 1.2 and 2). Times are microseconds since 1970.
    """

    def __init__(
        self,
        name: str,
        *,
        columns: Mapping[str, ConnectSchemaNode] = COLUMNS,
        server: str = SERVER,
        writer: Writer | None = None,
    ) -> None:
        self._table = table.CapturedTable(Place(server, server, "public", name), columns)
        self._writer = writer or Writer(JsonConverter())
        self.topic = self._table.topic

    def snapshot(self, row: Row, at_us: int) -> SampleRecord:
        """Give the record of a row that the snapshot read."""
        return self._one(self._table.read(row, at_us))

    def create(self, row: Row, at_us: int) -> SampleRecord:
        """Give the record of an INSERT."""
        return self._one(self._table.create(row, at_us))

    def update(self, row: Row, at_us: int) -> SampleRecord:
        """Give the record of an UPDATE that leaves the key alone."""
        return self._one(self._table.update(row, at_us))

    def delete(self, row: Row, at_us: int) -> tuple[SampleRecord, ...]:
        """Give the record of a DELETE and its tombstone, or what the writer's transforms make of them."""
        return tuple(self._writer.records(self._table.delete(row, at_us)))

    def _one(self, records: tuple[ConnectRecord, ...]) -> SampleRecord:
        (record,) = self._writer.records(records)
        return record
