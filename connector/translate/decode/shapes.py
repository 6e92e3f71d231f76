"""Tells what a decoded value is (debezium-events 1.6 and 8) and turns it into a `Change`.

The order of the questions matters: first what an envelope has, because nearly every record is one.
"""

from collections.abc import Callable

from connector.model import Operation, Skip
from connector.translate.decode.change import Change, Row, UndecodableError
from connector.translate.decode.keys import decode_key

_DELETE = Operation.DELETE

_OPERATIONS = {
    "c": Operation.CREATE,
    "u": Operation.UPDATE,
    "d": _DELETE,
    "r": Operation.READ,
}

_ROWLESS = {"t": Skip("truncate"), "m": Skip("logical_message")}
"""Operations about no single row (debezium-events 1.2)."""

_NO_ROW: Row = {}


def read_shape(value: object, shape: str, key: bytes | None) -> Change | Skip:
    """Turn a decoded value into a change, or say by which rule it is left out.

    The record's `key` is decoded only where the value alone does not tell.

    Raises:
        UndecodableError: the value is of no kind that `shape` allows.
    """
    if not isinstance(value, dict):
        raise UndecodableError("the value is not a JSON object")
    if shape == "event":
        return _read_event(value)
    operation = value.get("op")
    source = value.get("source")
    if isinstance(operation, str) and (shape == "envelope" or _is_debezium(source)):
        return _read_envelope(operation, value, source if isinstance(source, dict) else _NO_ROW)
    return _read_other(value, shape, key)


def _is_debezium(source: object) -> bool:
    """Tell Debezium's `source` from a domain event's member of that name (debezium-events 1.6, rule 4)."""
    return isinstance(source, dict) and (
        "connector" in source or ("ts_ms" in source and ("db" in source or "name" in source))
    )


def _read_envelope(code: str, body: Row, source: Row) -> Change | Skip:
    operation = _OPERATIONS.get(code) or _OPERATIONS.get(code.lower())
    if operation is None:
        skip = _ROWLESS.get(code.lower())
        if skip is None:
            raise UndecodableError("`op` is not one of c, u, d, r, t, m")
        return skip
    if source.get("connector") == "cassandra":
        raise UndecodableError("Cassandra's change events wrap every cell and are not supported")
    before = _image(body, "before")
    if operation is _DELETE:
        return Change(operation, _NO_ROW, before, source)
    after = _image(body, "after")
    if after is None:
        raise UndecodableError(f"the change has the operation {operation} but no row in `after`")
    return Change(operation, after, before, source)


def _image(body: Row, name: str) -> Row | None:
    image = body.get(name)
    if image is None or isinstance(image, dict):
        return image
    raise UndecodableError(f"`{name}` is not a JSON object; MongoDB is not supported yet")


def _read_other(body: Row, shape: str, key: bytes | None) -> Change | Skip:
    """Read what is no envelope."""
    for rule, is_such in _NOT_ROWS.items():
        if is_such(body, key):
            return Skip(rule)
    for kind, is_such_kind in _UNSUPPORTED.items():
        if is_such_kind(body):
            raise UndecodableError(f"{kind} not supported yet")
    if shape == "envelope":
        raise UndecodableError("not a change event: `op`, `before` and `after` are expected")
    return Change(None, body, None, _NO_ROW)


def _read_event(body: Row) -> Change:
    if _has_schema(body):
        raise UndecodableError("JSON with an embedded schema is not supported yet")
    return Change(None, body, None, _NO_ROW)


# ------------------------------------------------------- records about no row (debezium-events 8)


def _is_heartbeat(body: Row, key: bytes | None) -> bool:
    if body.keys() != {"ts_ms"}:
        return False
    names = decode_key(key)
    return isinstance(names, dict) and names.keys() == {"serverName"}


def _is_transaction(body: Row, _key: bytes | None) -> bool:
    return (
        body.get("status") in ("BEGIN", "END")
        and body.keys() >= {"id", "event_count", "data_collections"}
        and "op" not in body
    )


def _is_schema_change(body: Row, _key: bytes | None) -> bool:
    return (
        isinstance(body.get("source"), dict)
        and "op" not in body
        and "ddl" in body
        and ("tableChanges" in body or "databaseName" in body)
    )


def _is_notification(body: Row, _key: bytes | None) -> bool:
    return body.keys() == {"id", "aggregate_type", "type", "additional_data", "timestamp"}


_NOT_ROWS: dict[str, Callable[[Row, bytes | None], bool]] = {
    "heartbeat": _is_heartbeat,
    "transaction": _is_transaction,
    "schema_change": _is_schema_change,
    "notification": _is_notification,
}

# ------------------------------------------------------------ shapes that must not pass for an event


def _has_schema(body: Row) -> bool:
    schema = body.get("schema")
    return body.keys() == {"schema", "payload"} and (
        schema is None or (isinstance(schema, dict) and "type" in schema)
    )


def _is_cloud_event(body: Row) -> bool:
    return "specversion" in body and str(body.get("type")).startswith("io.debezium.connector.")


def _is_flattened(body: Row) -> bool:
    return "__op" in body or "__deleted" in body


_UNSUPPORTED: dict[str, Callable[[Row], bool]] = {
    "JSON with an embedded schema is": _has_schema,
    "CloudEvents of Debezium are": _is_cloud_event,
    "flattened records are": _is_flattened,
}
