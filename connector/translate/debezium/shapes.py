"""Recognises the shape of a decoded value (debezium-events.md 1.6) and makes a `Change` of it.

The order of the questions matters: first what an envelope has, because nearly every record is one.
"""

from collections.abc import Callable, Mapping
from typing import Any

from connector.model import Operation, Skip
from connector.translate.change import (
    NO_ROW,
    Change,
    Decoded,
    DecodeError,
    ReadHeaders,
    ReadKey,
    Row,
)
from connector.translate.debezium.flattened import is_flattened, read_flattened
from connector.translate.debezium.mongodb import read_document
from connector.translate.debezium.outbox import read_outbox, read_outbox_row
from connector.translate.debezium.service_messages import is_signal, skip_of
from connector.translate.formats.connect_schema import ConnectSchema

_DELETE = Operation.DELETE

_OPERATIONS = {
    "c": Operation.CREATE,
    "u": Operation.UPDATE,
    "d": _DELETE,
    "r": Operation.READ,
}

_ROWLESS = {"t": Skip("truncate"), "m": Skip("logical_message")}
"""Operations about no single row (debezium-events.md 1.2)."""

_SIGNAL = Skip("signal")
_SIGNAL_COLUMNS = 3


def read_shape(
    decoded: tuple[Any, ConnectSchema | None], shape: str, read_key: ReadKey, headers: ReadHeaders
) -> Change | Skip:
    """Turn a decoded value into a change, or into a skip with its rule.

    The record's key and headers are read only where the value alone does not decide.

    Raises:
        DecodeError: the value is of no kind that `shape` allows.
    """
    value, schema = decoded
    if type(value) is dict and shape != "event":
        code, source = value.get("op"), value.get("source")
        if type(code) is str and (
            (type(source) is dict and "connector" in source and "after" in value)  # nearly always
            or shape == "envelope"
            or _is_debezium(source, value, code)
        ):
            change = _read_envelope(code, value, source if type(source) is dict else NO_ROW, schema)
            return read_outbox_row(change) if shape == "outbox" and type(change) is Change else change
    return _OTHERS[shape](Decoded(value, schema), read_key, headers)


def is_flattened_topic(shape: str, seen: bool | None, *, has_bytes: bool) -> bool | None:
    """Return whether a record without a value is the delete itself, or follows one (debezium-events.md 1.4).

    `seen` is the shape of the topic's last change, if there was one. A value that has bytes and means
    null (`null`, or a schema with the payload null) comes only from flattened rows. None: it is unknown.
    """
    if shape == "envelope":
        return False
    return True if shape == "flattened" or has_bytes else seen


# -------------------------------------------------------------------------------------- envelopes


def _is_debezium(source: Any, body: Row, code: str) -> bool:
    """Recognise an envelope by its `source`, which domain events of the same form lack."""
    if type(source) is not dict or not ("after" in body or "before" in body or code.lower() in _ROWLESS):
        return False
    return "connector" in source or ("ts_ms" in source and ("db" in source or "name" in source))


def _read_envelope(code: str, body: Row, source: Row, schema: ConnectSchema | None) -> Change | Skip:
    operation = _OPERATIONS.get(code)
    connector = source.get("connector")
    if operation is None or connector == "cassandra":
        return _read_unusual(code, body, source, schema)
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


def _read_unusual(code: str, body: Row, source: Row, schema: ConnectSchema | None) -> Change | Skip:
    if source.get("connector") == "cassandra":
        raise DecodeError("Cassandra's change events wrap every cell and are not supported")
    small = code.lower()
    if code != small and small in _OPERATIONS:
        return _read_envelope(small, body, source, schema)
    skip = _ROWLESS.get(small)
    if skip is None:
        raise DecodeError("`op` is not one of c, u, d, r, t, m")
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


# ----------------------------------------------------------------------------------- all the rest


def _read_auto(decoded: Decoded, read_key: ReadKey, headers: ReadHeaders) -> Change | Skip:
    body, schema = _object(decoded), decoded.schema
    if is_flattened(body, schema):
        return read_flattened(body, schema, headers)
    if schema is not None and schema.name.endswith(".Envelope") and "op" in body:
        return _read_named_envelope(body, schema)
    skip = skip_of(body, schema, read_key)
    if skip is not None:
        return skip
    if "specversion" in body and str(body.get("type")).startswith("io.debezium.connector."):
        raise DecodeError("CloudEvents of Debezium are not supported; set a JSON or Avro converter")
    return Change(None, body, None, NO_ROW, schema)


def _read_envelope_only(decoded: Decoded, read_key: ReadKey, _headers: ReadHeaders) -> Change | Skip:
    body = _object(decoded)
    skip = skip_of(body, decoded.schema, read_key)
    if skip is None:
        raise DecodeError("not a change event: `op`, `before` and `after` are expected")
    return skip


def _read_flattened_only(decoded: Decoded, read_key: ReadKey, headers: ReadHeaders) -> Change | Skip:
    body, schema = _object(decoded), decoded.schema
    return skip_of(body, schema, read_key) or read_flattened(body, schema, headers)


def _read_event(decoded: Decoded, _read_key: ReadKey, _headers: ReadHeaders) -> Change:
    return Change(None, _object(decoded), None, NO_ROW, decoded.schema)


_OTHERS: Mapping[str, Callable[[Decoded, ReadKey, ReadHeaders], Change | Skip]] = {
    "auto": _read_auto,
    "envelope": _read_envelope_only,
    "flattened": _read_flattened_only,
    "outbox": read_outbox,
    "event": _read_event,
}
"""Shape of the topic file -> the reader of values that are no envelope."""


def _object(decoded: Decoded) -> Row:
    body = decoded.value
    if type(body) is dict:
        return body
    if type(body) is str:
        raise DecodeError("the value is text, not a JSON object; of an outbox topic write `shape: outbox`")
    raise DecodeError("the value is not a JSON object")


def _read_named_envelope(body: Row, schema: ConnectSchema) -> Change | Skip:
    code, source = body["op"], body.get("source")
    if type(code) is not str:
        raise DecodeError("`op` is not one of c, u, d, r, t, m")
    return _read_envelope(code, body, source if type(source) is dict else NO_ROW, schema)
