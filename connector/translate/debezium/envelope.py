"""Debezium's envelope: `op`, `before`, `after` and `source` become a `Change` (debezium-events.md 1.2)."""

from typing import Any

from connector.model import Operation, Skip
from connector.translate.debezium.change import NO_ROW, Change, Row
from connector.translate.debezium.mongodb import read_document
from connector.translate.debezium.service_messages import is_signal
from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.formats.decoded import DecodeError

_DELETE = Operation.DELETE

_OPERATIONS = {
    "c": Operation.CREATE,
    "u": Operation.UPDATE,
    "d": _DELETE,
    "r": Operation.READ,
}

_WITHOUT_ROW = {"t": Skip("truncate"), "m": Skip("logical_message")}
"""Operations that concern no single row (debezium-events.md 1.2)."""

_SIGNAL = Skip("signal")
_SIGNAL_COLUMNS = 3

_UNKNOWN_OPERATION = "`op` is not one of c, u, d, r, t, m"


def is_envelope(source: Any, body: Row, code: str) -> bool:
    """Recognise an envelope by its `source`, which domain events of the same form lack."""
    if type(source) is not dict or not ("after" in body or "before" in body or code.lower() in _WITHOUT_ROW):
        return False
    return "connector" in source or ("ts_ms" in source and ("db" in source or "name" in source))


def read_envelope(code: str, body: Row, source: Row, schema: ConnectSchema | None) -> Change | Skip:
    """Turn an envelope into a change; `code` is its `op`.

    Raises:
        DecodeError: the operation is unknown, or its row is missing or no object.
    """
    operation = _OPERATIONS.get(code)
    connector = source.get("connector")
    if operation is None or connector == "cassandra":
        return _read_rare_operation(code, body, source, schema)
    row_schema = None if schema is None else schema.fields.get("after")
    before: Any = body.get("before")
    after: Any = body.get("after")
    if before is not None and type(before) is not dict:
        before, row_schema = _document("before", before, connector), None
    if operation is _DELETE:
        if before is not None and len(before) == _SIGNAL_COLUMNS and is_signal(before):
            return _SIGNAL
        return Change(operation, NO_ROW, before, source, row_schema, True)
    if type(after) is not dict:
        if type(after) is not str:
            raise DecodeError(_why_no_row(operation, after, connector))
        after, row_schema = _document("after", after, connector), None
    if len(after) == _SIGNAL_COLUMNS and is_signal(after):
        return _SIGNAL
    return Change(operation, after, before, source, row_schema, True)


def read_named_envelope(body: Row, schema: ConnectSchema) -> Change | Skip:
    """Turn a value into a change where only the name of its schema says that it is an envelope.

    Raises:
        DecodeError: as `read_envelope`.
    """
    code, source = body["op"], body.get("source")
    if type(code) is not str:
        raise DecodeError(_UNKNOWN_OPERATION)
    return read_envelope(code, body, source if type(source) is dict else NO_ROW, schema)


def _read_rare_operation(code: str, body: Row, source: Row, schema: ConnectSchema | None) -> Change | Skip:
    if source.get("connector") == "cassandra":
        raise DecodeError("Cassandra's change events wrap every cell and are not supported")
    small = code.lower()
    if code != small and small in _OPERATIONS:
        return read_envelope(small, body, source, schema)
    skip = _WITHOUT_ROW.get(small)
    if skip is None:
        raise DecodeError(_UNKNOWN_OPERATION)
    return skip


def _document(name: str, image: Any, connector: Any) -> Row:
    """Read one of MongoDB's documents, which are text."""
    if type(image) is not str or connector != "mongodb":
        raise DecodeError(f"`{name}` is not a JSON object")
    try:
        return read_document(image)
    except DecodeError as error:
        raise DecodeError(f"`{name}`: {error}") from None


def _why_no_row(operation: Operation, after: Any, connector: Any) -> str:
    if after is not None:
        return "`after` is not a JSON object"
    if connector == "mongodb" and operation is Operation.UPDATE:
        return (
            "MongoDB's update came without its document: set `capture.mode` of the source to"
            " `change_streams_update_full`. Where it is set, the document was deleted before the look-up,"
            " and its delete follows"
        )
    return f"the change has the operation {operation} but no row in `after`"
