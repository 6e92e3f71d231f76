"""Tables of the tests, and their records as bare JSON."""

import json
from collections.abc import Iterable
from typing import Any

from connector.sandbox.formats.connect_json import JsonConverter
from connector.sandbox.records.columns import BOOLEAN, INT64, STRING
from connector.sandbox.records.connectors import Place
from connector.sandbox.records.schema import ConnectRecord, ConnectSchemaNode, Row, nullable
from connector.sandbox.records.table import CapturedTable
from connector.sandbox.writer import SampleRecord, Writer

PLACE = Place("crm", "shop", "public", "customers")
COLUMNS: dict[str, ConnectSchemaNode] = {
    "id": INT64,
    "email": STRING,
    "vip": BOOLEAN,
    "plan": nullable(STRING),
}
ROW: Row = {"id": 7, "email": "a@b.io", "vip": True, "plan": "gold"}
AT_US = 1_700_000_000_123_456


def table(**options: Any) -> CapturedTable:
    """Give the table of the tests."""
    return CapturedTable(PLACE, COLUMNS, **options)


def write(records: Iterable[ConnectRecord], *transforms: Any) -> list[SampleRecord]:
    """Write records as bare JSON."""
    return list(Writer(JsonConverter(), transforms=transforms).records(records))


def values(records: Iterable[ConnectRecord], *transforms: Any) -> list[Any]:
    """Give the values of records as JSON; a tombstone is None, as is the text `null`."""
    return [record.value and json.loads(record.value) for record in write(records, *transforms)]


def own_headers(record: SampleRecord) -> list[tuple[str, bytes | None]]:
    """Give the headers that are not on every record."""
    return [header for header in record.headers if not header[0].startswith("__debezium.context.")]
