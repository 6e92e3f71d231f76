"""The results of decoding, and the error of a record that cannot be decoded."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from connector.model import Headers, Operation
from connector.translate.formats.connect_schema import ConnectSchema

Row: TypeAlias = dict[str, Any]
"""One row, or the body of a domain event: a decoded JSON object."""

WHOLE_ROW = "@"
"""Listed among a mapping's columns where it reads the complete row."""

NO_ROW: Row = {}
"""Shared by all changes that have none; never written to."""


class Decoded(NamedTuple):
    """The result of decoding bytes.

    `value` is None where there is no value, in any of the four forms (debezium-events.md 1.4).
    `schema` is None where the record neither carries nor names one.
    """

    value: Any
    schema: ConnectSchema | None = None


ReadKey: TypeAlias = Callable[[], Decoded]
"""Decodes the key of one record; called only where the key matters, to save time."""

ReadHeaders: TypeAlias = Callable[[], Headers | None]
"""Reads the headers of one record, None where there are none; called only where they matter."""


@dataclass(slots=True, eq=False)
class Change:
    """One decoded record.

    `operation` is None for a plain domain record, whose body is then `row`, and for a flattened row that
    does not say what happened. Otherwise `row` is the row after the change; for a delete it is empty and
    `before` holds whatever the source said. `schema` is the struct that both are of.

    `enveloped` marks changes that came in Debezium's envelope: there a tombstone follows a
    delete, elsewhere it is the delete. `event_id` is what an outbox row is identified by.
    """

    operation: Operation | None
    row: Row
    before: Row | None
    source: Row
    schema: ConnectSchema | None = None
    enveloped: bool = False
    event_id: str | None = None


class DecodeError(Exception):
    """The bytes are not what they should be; the text is for the operator and quotes nothing."""
