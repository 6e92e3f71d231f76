"""Flattened rows: the result of `ExtractNewRecordState` on a change event (debezium-events.md 4).

The row keeps the fields that the source added (`__op`, `__source_ts_ms`, …): a mapping may name them.
"""

from collections.abc import Mapping
from typing import Any

from connector.model import Operation, Skip
from connector.translate.debezium.change import NO_ROW, Change, Row
from connector.translate.debezium.keys import header, header_text
from connector.translate.debezium.service_messages import is_signal
from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.formats.decoded import DecodeError, ReadHeaders

PREFIX = "__"
"""The prefix of added fields by default; `__deleted` always has it."""

_OP, _DELETED, _SNAPSHOT = "__op", "__deleted", ("__source_snapshot", "__snapshot")
_DELETE = Operation.DELETE

_OPERATIONS: Mapping[Any, Operation] = {
    "c": Operation.CREATE,
    "u": Operation.UPDATE,
    "d": _DELETE,
    "r": Operation.READ,
}

_OF_THE_ENVELOPE = frozenset({_OP, _DELETED, "__ts_ms", "__ts_us", "__ts_ns"})
"""Added fields from outside `source`; their times differ when the connector sends the change again."""

_STREAMED = (None, False, "false")
"""The values of `source.snapshot` for rows that no snapshot has read (debezium-events.md 2.4)."""


def is_flattened(body: Row, schema: ConnectSchema | None) -> bool:
    """Recognise a flattened row by the source's added fields, or by its struct's name in the envelope."""
    return _OP in body or _DELETED in body or (schema is not None and schema.name.endswith(".Value"))


def read_flattened(row: Row, schema: ConnectSchema | None, headers: ReadHeaders) -> Change | Skip:
    """Turn a flattened row into a change; its operation is None where neither row nor headers name it.

    Raises:
        DecodeError: `__op` is not an operation with a row.
    """
    if "data" in row and is_signal({name: row[name] for name in row if name[:2] != PREFIX}):
        return Skip("signal")
    operation = _operation(row, headers)
    if operation is _DELETE:
        return Change(operation, NO_ROW, row, added_source(row), schema)
    return Change(operation, row, None, NO_ROW, schema)


def added_source(row: Row) -> Row:
    """Collect the fields of the envelope's `source`: `__lsn` and `__source_lsn` are its `lsn`."""
    source: Row = {}
    for name, value in row.items():
        if name.startswith("__source_"):
            source[name[9:]] = value
        elif name.startswith(PREFIX) and name not in _OF_THE_ENVELOPE:
            source[name[2:]] = value
    whole = source.pop("source", None)  # `add.fields=source` adds all of it
    return {**whole, **source} if isinstance(whole, dict) else source


def _operation(row: Row, headers: ReadHeaders) -> Operation | None:
    deleted = row.get(_DELETED)
    if deleted == "true" or deleted is True:  # text, but a boolean of MongoDB's transformation
        return _DELETE
    code = row.get(_OP)
    if code is None:
        code = header_text(header(headers() or (), _OP))
        if code is None:
            return Operation.READ if _is_of_snapshot(row) else None
    operation = _OPERATIONS.get(code.lower()) if isinstance(code, str) else None
    if operation is None:
        raise DecodeError("`__op` is not one of c, u, d, r")
    return operation


def _is_of_snapshot(row: Row) -> bool:
    return any(row.get(name) not in _STREAMED for name in _SNAPSHOT)
