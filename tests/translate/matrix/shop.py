"""The table of most kinds."""

from collections.abc import Iterable, Mapping
from typing import Any

from connector.sandbox.records.columns import BOOLEAN, INT64, STRING
from connector.sandbox.records.connectors import POSTGRESQL, Connector, Place
from connector.sandbox.records.schema import ConnectSchemaNode, nullable
from connector.sandbox.records.table import CapturedTable

AT_US = 1_768_467_600_000_000  # 2026-01-15T09:00:00Z

PLACE = Place("crm", "shop", "public", "customers")

COLUMNS: Mapping[str, ConnectSchemaNode] = {
    "id": INT64,
    "email": STRING,
    "vip": BOOLEAN,
    "plan": nullable(STRING),
}
"""Two columns are NOT NULL: in a delete of PostgreSQL they hold filler."""

ADA: Mapping[str, Any] = {"id": 7, "email": "ada@example.com", "vip": True, "plan": "gold"}


def table(
    columns: Mapping[str, ConnectSchemaNode] = COLUMNS,
    key: Iterable[str] = ("id",),
    *,
    connector: Connector = POSTGRESQL,
    **options: bool,
) -> CapturedTable:
    """Give the table as a connector captures it; `options` are those of the sandbox's `CapturedTable`."""
    return CapturedTable(PLACE, columns, key, connector=connector, **options)


def rules(user_id: Any = "id", attributes: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Give a topic file that maps contacts, by default the column `plan` of each."""
    contact = {"user_id": user_id, "attributes": {"plan": "plan"} if attributes is None else attributes}
    return {"contact": {**contact, **more}}
