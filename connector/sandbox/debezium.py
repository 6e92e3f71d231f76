"""Change events as the Debezium PostgreSQL connector 3.6 writes them: JSON without schema."""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import orjson

Row: TypeAlias = Mapping[str, Any]

SERVER = "shop"
_DATABASE = "shop"
_SCHEMA = "public"
_LSN_STEP = 312


class SampleRecord(NamedTuple):
    """One record to produce. A null value is a tombstone."""

    topic: str
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Table:
    """One captured table with replica identity DEFAULT and the primary key `id`.

    A before-image holds the key and nulls only, and deletes are followed by tombstones
    (debezium-events, sections 1.2 and 2). Times are microseconds since 1970.
    """

    def __init__(self, name: str) -> None:
        self.topic = f"{SERVER}.{_SCHEMA}.{name}"
        self._name = name
        self._changes = 0
        self._headers = (
            ("__debezium.context.connectorLogicalName", SERVER.encode()),
            ("__debezium.context.taskId", b"0"),
            ("__debezium.context.connectorName", b"postgresql"),
        )

    def snapshot(self, row: Row, at_us: int) -> SampleRecord:
        """Give the record of a row that the snapshot read."""
        return self._record("r", None, row, row, at_us)

    def create(self, row: Row, at_us: int) -> SampleRecord:
        """Give the record of an INSERT."""
        return self._record("c", None, row, row, at_us)

    def update(self, row: Row, at_us: int) -> SampleRecord:
        """Give the record of an UPDATE that leaves the key alone."""
        return self._record("u", None, row, row, at_us)

    def delete(self, row: Row, at_us: int) -> tuple[SampleRecord, SampleRecord]:
        """Give the record of a DELETE and its tombstone."""
        before = {**dict.fromkeys(row), "id": row["id"]}
        deletion = self._record("d", before, None, row, at_us)
        return deletion, deletion._replace(value=None)

    def _record(
        self, operation: str, before: Row | None, after: Row | None, row: Row, at_us: int
    ) -> SampleRecord:
        self._changes += 1
        handled_us = at_us + 80_000
        value = {
            "before": before,
            "after": after,
            "source": self._source("true" if operation == "r" else "false", at_us),
            "transaction": None,
            "op": operation,
            "ts_ms": handled_us // 1000,
            "ts_us": handled_us,
            "ts_ns": handled_us * 1000,
        }
        key = orjson.dumps({"id": row["id"]})
        return SampleRecord(self.topic, key, orjson.dumps(value), self._headers)

    def _source(self, snapshot: str, at_us: int) -> dict[str, Any]:
        lsn = 26_745_944 + self._changes * _LSN_STEP
        return {
            "version": "3.6.1.Final",
            "connector": "postgresql",
            "name": SERVER,
            "ts_ms": at_us // 1000,
            "snapshot": snapshot,
            "db": _DATABASE,
            "sequence": f'["{lsn - _LSN_STEP}","{lsn}"]',
            "ts_us": at_us,
            "ts_ns": at_us * 1000,
            "schema": _SCHEMA,
            "table": self._name,
            "txId": 750 + self._changes,
            "lsn": lsn,
            "xmin": None,
            "origin": None,
            "origin_lsn": None,
        }
