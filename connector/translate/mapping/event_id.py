"""The `_event_id`: the same for every redelivery of a record, and different otherwise (I4, F079)."""

import hashlib
from decimal import Decimal
from typing import Any

from connector.model import Operation, Record
from connector.translate.decode.change import Change
from connector.translate.decode.keys import header
from connector.translate.mapping.exact import decimal_text
from connector.translate.mapping.values import LeftOut, UnreadableError

EVENT_ID_LENGTH_MAX = 128
"""The API names no limit; a longer id is replaced by its hash."""

_TABLE = ("name", "db", "schema", "keyspace", "table", "collection")
"""Whose row it is: all rows of a snapshot share one position, so tables must be told apart."""

_POSITIONS: dict[Any, tuple[str, ...]] = {
    # `sequence` is not used: its first half is what the connector had seen, and differs after a restart.
    "postgresql": ("txId", "lsn"),
    "mysql": ("server_id", "file", "pos", "row"),
    "mariadb": ("server_id", "file", "pos", "row"),
    "sqlserver": ("commit_lsn", "change_lsn", "event_serial_no"),
    "db2": ("commit_lsn", "change_lsn", "event_serial_no"),
    "oracle": ("commit_scn", "scn", "txId", "rs_id", "ssn", "txSeq"),
    "mongodb": ("ts_ms", "ord", "wallTime"),
    "vitess": ("shard", "vgtid"),
}
"""Connector -> the members of `source` that tell one change from the next (debezium-events 2.4)."""

_TIMES = ("ts_ms", "ts_us", "ts_ns")
"""Where the position is not known, or null as in an incremental snapshot."""


def event_id_of(value: Any) -> str:
    """Turn the value of an `id` rule into an event id.

    Raises:
        UnreadableError: it is missing, blank, or neither text nor a number.
    """
    if value is None or type(value) is LeftOut:
        raise UnreadableError("the event id is missing or null")
    if type(value) is int or type(value) is float:
        return repr(value)
    if type(value) is Decimal:
        return _bounded(str(decimal_text(value)))
    if not isinstance(value, str):
        raise UnreadableError("the event id is neither text nor a number")
    if not value.strip():
        raise UnreadableError("the event id is blank")
    return _bounded(value)


def default_event_id(change: Change, record: Record) -> str:
    """Make the id where no rule names one.

    Of a change event: the hash of source name, table, key, operation, source position and row, none of
    which a redelivery changes; of a row that a snapshot read also the record's place. Of a domain
    record: the outbox's `id` header, else the record's place and time, so that offsets which begin
    again in a recreated topic make new ids.
    """
    if change.operation is not None:
        return _hash(repr(_identity(change, record)))
    outbox_id = header(record.headers, "id")
    if outbox_id:
        text = outbox_id.decode(errors="replace").strip()
        if text:
            return _bounded(text)
    return _bounded(f"{record.topic}-{record.partition}-{record.offset}-{record.timestamp_ms}")


def _identity(change: Change, record: Record) -> tuple[Any, ...]:
    """Collect what tells one change from all others, whatever the key is.

    Several rows can share a position: all of a snapshot, and those of one COPY in PostgreSQL. A key tells
    them apart only where it is the row's own, not null and not `message.key.columns` (debezium-events 1).
    """
    source = change.source
    position = tuple(map(source.get, _POSITIONS.get(source.get("connector"), _TIMES)))
    if not any(part is not None for part in position):
        position = tuple(map(source.get, _TIMES))
    row = change.before if change.operation is Operation.DELETE else change.row
    place = (record.partition, record.offset) if change.operation is Operation.READ else ()
    return (*map(source.get, _TABLE), record.key, str(change.operation), *position, row, *place)


def _bounded(text: str) -> str:
    return text if len(text) <= EVENT_ID_LENGTH_MAX else _hash(text)


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=20).hexdigest()
