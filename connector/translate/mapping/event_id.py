"""The `_event_id`: the same for every redelivery of a record, and different otherwise (I4, F079)."""

import hashlib
from decimal import Decimal
from typing import Any

from connector.model import Operation, Record
from connector.translate.debezium.change import NO_ROW, Change, Row
from connector.translate.debezium.flattened import PREFIX, added_source
from connector.translate.debezium.keys import header, header_text
from connector.translate.values.decimals import decimal_text
from connector.translate.values.unusable import ConversionError, LeftOut

EVENT_ID_LENGTH_MAX = 128
"""The API names no limit; a longer id is replaced by its hash."""

_TABLE = ("name", "db", "schema", "keyspace", "table", "collection")
"""The table of a row: all rows of a snapshot share one position, so the table must count."""

_POSITIONS: dict[Any, tuple[str, ...]] = {
    # `sequence` is not used: its first half depends on the connector's progress, and a restart changes it.
    "postgresql": ("txId", "lsn"),
    "mysql": ("server_id", "file", "pos", "row"),
    "mariadb": ("server_id", "file", "pos", "row"),
    "sqlserver": ("commit_lsn", "change_lsn", "event_serial_no"),
    "db2": ("commit_lsn", "change_lsn", "event_serial_no"),
    "oracle": ("commit_scn", "scn", "txId", "rs_id", "ssn", "txSeq"),
    "mongodb": ("ts_ms", "ord", "wallTime"),
    "vitess": ("shard", "vgtid"),
}
"""Connector -> the members of `source` that distinguish one change from the next (debezium-events.md 2.4)."""

_TIMES = ("ts_ms", "ts_us", "ts_ns")
"""Used where the position is unknown, or null as in an incremental snapshot."""

_ANY_POSITION = tuple(dict.fromkeys(name for names in _POSITIONS.values() for name in names))


def event_id_of(value: Any) -> str:
    """Turn the value of an `id` rule into an event id.

    Raises:
        ConversionError: it is missing, blank, or neither text nor a number.
    """
    if value is None or type(value) is LeftOut:
        raise ConversionError("the event id is missing or null")
    if type(value) is int or type(value) is float:
        return repr(value)
    if type(value) is Decimal:
        return _bounded(str(decimal_text(value)))
    if not isinstance(value, str):
        raise ConversionError("the event id is neither text nor a number")
    if not value.strip():
        raise ConversionError("the event id is blank")
    return _bounded(value)


def default_event_id(change: Change, record: Record) -> str:
    """Make the id where no rule names one.

    * A change with a position in the source's log: the hash of source name, table, key, operation, position
      and row. A redelivery changes none of them. A row of a snapshot adds the record's place.
    * A domain record: the outbox's `id` header, else the outbox row's id.
    * All others: the record's place and time, so that offsets of a recreated topic make new ids.
    """
    if change.operation is not None:
        image = change.before if change.operation is Operation.DELETE else change.row
        source = change.source if change.enveloped else added_source(image or NO_ROW)
        position = _position(source, enveloped=change.enveloped)
        if position:
            table = tuple(map(source.get, _TABLE)) if change.enveloped else (record.topic,)
            return _hash(repr((*table, *_identity(change.operation, image, position, record))))
    else:
        outbox_id = header_text(header(record.headers, "id")) or change.event_id or ""
        if outbox_id.strip():
            return _bounded(outbox_id.strip())
    return _bounded(f"{record.topic}-{record.partition}-{record.offset}-{record.timestamp_ms}")


def _position(source: Row, *, enveloped: bool) -> tuple[Any, ...]:
    """Return the position of a change in the source's log, empty where `source` has none.

    A flattened row rarely names its connector, so every connector's position fields count.
    """
    of_all = _TIMES if enveloped else _ANY_POSITION
    connector = source.get("connector")
    for names in (_POSITIONS.get(connector, of_all) if type(connector) is str else of_all, _TIMES):
        position = tuple(map(source.get, names))
        if any(part is not None for part in position):
            return position
    return ()


def _identity(
    operation: Operation, image: Row | None, position: tuple[Any, ...], record: Record
) -> tuple[Any, ...]:
    """Collect the parts that distinguish one change of a table from all others, with any key.

    Several rows can share a position: all of a snapshot, and those of one COPY in PostgreSQL. A key
    separates them only where it is the row's own, not null and not `message.key.columns` (debezium-events.md
    1). Fields of the row besides columns may differ when the record is written again.
    """
    row = image and {name: value for name, value in image.items() if name[:2] != PREFIX}
    place = (record.partition, record.offset) if operation is Operation.READ else ()
    return (record.key, str(operation), *position, row, *place)


def _bounded(text: str) -> str:
    return text if len(text) <= EVENT_ID_LENGTH_MAX else _hash(text)


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=20).hexdigest()
