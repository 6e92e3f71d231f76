"""Recognises the shape of a decoded value (debezium-events.md 1.6) and chooses its reader.

The order of the questions matters. Nearly every record is an envelope, so its members come first.
"""

from collections.abc import Callable, Mapping
from typing import Any

from connector.model import Skip
from connector.translate.debezium.change import NO_ROW, Change, Row
from connector.translate.debezium.envelope import is_envelope, read_envelope, read_named_envelope
from connector.translate.debezium.flattened import is_flattened, read_flattened
from connector.translate.debezium.outbox import read_outbox, read_outbox_row
from connector.translate.debezium.service_messages import skip_of_service_message
from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.formats.decoded import Decoded, DecodeError, ReadHeaders, ReadKey


def read_shape(
    decoded: tuple[Any, ConnectSchema | None], shape: str, read_key: ReadKey, headers: ReadHeaders
) -> Change | Skip:
    """Turn a decoded value into a change, or into a skip with its rule.

    The record's key and headers are read only where the value alone does not decide.

    Raises:
        DecodeError: `shape` does not allow such a value.
    """
    value, schema = decoded
    if type(value) is dict and shape != "event":
        code, source = value.get("op"), value.get("source")
        if type(code) is str and (
            (type(source) is dict and "connector" in source and "after" in value)  # nearly always
            or shape == "envelope"
            or is_envelope(source, value, code)
        ):
            change = read_envelope(code, value, source if type(source) is dict else NO_ROW, schema)
            return read_outbox_row(change) if shape == "outbox" and type(change) is Change else change
    return _READERS[shape](Decoded(value, schema), read_key, headers)


def is_flattened_topic(shape: str, seen: bool | None, *, has_bytes: bool) -> bool | None:
    """Return whether a record without a value is the delete itself, or follows one (debezium-events.md 1.4).

    `seen` is the shape of the topic's last change, if there was one. A value that has bytes and means
    null (`null`, or a schema with the payload null) comes only from flattened rows. None: it is unknown.
    """
    if shape == "envelope":
        return False
    return True if shape == "flattened" or has_bytes else seen


# ------------------------------------------------------------------- values outside an envelope


def _read_auto(decoded: Decoded, read_key: ReadKey, headers: ReadHeaders) -> Change | Skip:
    body, schema = _object(decoded), decoded.schema
    if is_flattened(body, schema):
        return read_flattened(body, schema, headers)
    if schema is not None and schema.name.endswith(".Envelope") and "op" in body:
        return read_named_envelope(body, schema)
    skip = skip_of_service_message(body, schema, read_key)
    if skip is not None:
        return skip
    if "specversion" in body and str(body.get("type")).startswith("io.debezium.connector."):
        raise DecodeError("CloudEvents of Debezium are not supported; set a JSON or Avro converter")
    return Change(None, body, None, NO_ROW, schema)


def _read_envelope_only(decoded: Decoded, read_key: ReadKey, _headers: ReadHeaders) -> Change | Skip:
    body = _object(decoded)
    skip = skip_of_service_message(body, decoded.schema, read_key)
    if skip is None:
        raise DecodeError("not a change event: `op`, `before` and `after` are expected")
    return skip


def _read_flattened_only(decoded: Decoded, read_key: ReadKey, headers: ReadHeaders) -> Change | Skip:
    body, schema = _object(decoded), decoded.schema
    return skip_of_service_message(body, schema, read_key) or read_flattened(body, schema, headers)


def _read_event(decoded: Decoded, _read_key: ReadKey, _headers: ReadHeaders) -> Change:
    return Change(None, _object(decoded), None, NO_ROW, decoded.schema)


_READERS: Mapping[str, Callable[[Decoded, ReadKey, ReadHeaders], Change | Skip]] = {
    "auto": _read_auto,
    "envelope": _read_envelope_only,
    "flattened": _read_flattened_only,
    "outbox": read_outbox,
    "event": _read_event,
}
"""Shape of the topic file -> the reader of values outside an envelope."""


def _object(decoded: Decoded) -> Row:
    body = decoded.value
    if type(body) is dict:
        return body
    if type(body) is str:
        raise DecodeError("the value is text, not a JSON object; for an outbox topic write `shape: outbox`")
    raise DecodeError("the value is not a JSON object")
