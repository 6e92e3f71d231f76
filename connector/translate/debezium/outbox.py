"""Outbox records: rows of an outbox table, with or without Debezium's event router (debezium-events.md 5).

The body of the event is an object where the payload is one. A payload beside other members
(placement `envelope`, raw rows) is read in its place, and one that is no object becomes `{"payload": …}`.
"""

import binascii
from dataclasses import replace
from functools import lru_cache
from typing import Any

from connector.model import Operation, Skip
from connector.translate.debezium.change import NO_ROW, Change, Row
from connector.translate.debezium.mongodb import normalise
from connector.translate.debezium.service_messages import skip_of_service_message
from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.formats.decoded import Decoded, DecodeError, ReadHeaders, ReadKey
from connector.translate.formats.json.strict import decode_json, refuse_repeated_names

PAYLOAD = "payload"

_JSON = "io.debezium.data.Json"
_ENCODINGS_MAX = 2  # levels of JSON text inside JSON text: some producers encode twice
_BASE64_OF_JSON = ("e", "W")  # how the base64 of `{` and `[` begins
_SCHEMAS_REMEMBERED = 1024

_CREATED = (Operation.CREATE, Operation.READ)
_NO_EVENT = Skip("outbox_row")
"""Applications insert and then delete outbox rows: only the insert is an event."""


def read_outbox(decoded: Decoded, read_key: ReadKey, _headers: ReadHeaders) -> Change | Skip:
    """Turn the value of a router's record into an event.

    Raises:
        DecodeError: text that must be JSON is not.
    """
    value, schema = decoded
    if type(value) is dict:
        skip = skip_of_service_message(value, schema, read_key)
        return _event(value, schema) if skip is None else skip
    body = _read_payload(value, schema)
    if type(body) is dict:
        return Change(None, body, None, NO_ROW)
    return Change(None, {PAYLOAD: body}, None, NO_ROW, _wrapped(schema) if body is value else None)


def read_outbox_row(change: Change) -> Change | Skip:
    """Turn a created row of an outbox table into an event whose id is the row's.

    Rows that a snapshot finds are events too, as they are for the router.

    Raises:
        DecodeError: text that must be JSON is not.
    """
    if change.operation not in _CREATED:
        return _NO_EVENT
    row_id = change.row.get("id", change.row.get("_id"))  # the latter is MongoDB's
    return _event(change.row, change.schema, str(row_id) if type(row_id) in (str, int) else None)


def _event(body: Row, schema: ConnectSchema | None, event_id: str | None = None) -> Change:
    """Make the event of a body whose payload, if it has one, may still be text."""
    payload = body.get(PAYLOAD)
    if type(payload) is str or type(payload) is bytes:
        field = None if schema is None else schema.fields.get(PAYLOAD)
        read = _read_payload(payload, field)
        if read is not payload:
            body = {**body, PAYLOAD: read}
            schema = None if schema is None else _with_untyped_payload(schema)
    return Change(None, body, None, NO_ROW, schema, event_id=event_id)


# --------------------------------------------------------------------------------------- payloads


def _read_payload(value: Any, schema: ConnectSchema | None) -> Any:
    """Return a payload, parsed where it is the text of an object or array.

    Where its schema says JSON, any JSON value is read.

    Raises:
        DecodeError: its schema says JSON, or it begins like an object, and it is neither.
    """
    if type(value) is str and schema is not None and schema.name == _JSON:
        found = _parsed(value)
        return _inside(found, _ENCODINGS_MAX) if type(found) is str else found
    if type(value) is str:
        return _inside(value, _ENCODINGS_MAX)
    if type(value) is bytes:
        text = _utf8(value)
        found = text if text is None else _inside(text, _ENCODINGS_MAX)
        return value if found is text else found
    return value


def _inside(text: str, encodings: int) -> Any:
    """Return the object or array of a JSON text; any other text stays text."""
    first = text.lstrip()[:1]
    if first == "{":
        return _parsed(text)
    found: Any = None
    try:
        if first == "[":
            found = _parsed(text)
        elif first == '"' and encodings:
            found = _inside(_parsed(text), encodings - 1)
        elif first in _BASE64_OF_JSON:
            found = _parsed(binascii.a2b_base64(text, strict_mode=True).decode())
    except (DecodeError, ValueError):  # a text like any other
        return text
    return found if type(found) in (dict, list) else text


def _parsed(text: str) -> Any:
    data = text.encode(errors="surrogatepass")
    value = decode_json(data)
    refuse_repeated_names(data)
    return normalise(value) if '"$' in text else value


def _utf8(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


# ---------------------------------------------------------------------------------------- schemas


@lru_cache(maxsize=_SCHEMAS_REMEMBERED)
def _wrapped(schema: ConnectSchema | None) -> ConnectSchema | None:
    """Make the struct of a body that is nothing but a payload of this schema."""
    return None if schema is None else ConnectSchema("struct", fields={PAYLOAD: schema})


@lru_cache(maxsize=_SCHEMAS_REMEMBERED)
def _with_untyped_payload(schema: ConnectSchema) -> ConnectSchema:
    """Make the struct of a body whose payload was text and has been read."""
    return replace(schema, fields={**schema.fields, PAYLOAD: ConnectSchema("any")})
