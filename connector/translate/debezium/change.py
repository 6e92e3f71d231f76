"""A change: what a record says happened to a row, whatever shape the record had."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from connector.model import Operation
from connector.translate.formats.connect_schema import ConnectSchema

Row: TypeAlias = dict[str, Any]
"""One row, or the body of a domain event: a decoded JSON object."""

NO_ROW: Row = {}
"""Shared by all changes without a row; never written to."""


@dataclass(slots=True, eq=False)
class Change:
    """One decoded record.

    `operation` is None for a plain domain record, whose body is then `row`. It is also None for a flattened
    row that does not name its operation. Otherwise `row` is the row after the change. For a delete it is
    empty, and `before` is the source's before-image. `schema` describes both.

    `enveloped` marks changes that came in Debezium's envelope: there a tombstone follows a
    delete, elsewhere it is the delete. `event_id` identifies an outbox row.
    """

    operation: Operation | None
    row: Row
    before: Row | None
    source: Row
    schema: ConnectSchema | None = None
    enveloped: bool = False
    event_id: str | None = None
