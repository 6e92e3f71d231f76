"""JSON without a schema, read strictly (S16)."""

import json
from typing import Any

import orjson

from connector.translate.decode.change import UndecodableError

_MAGIC_BYTES = (0, 1)
"""What Avro of a schema registry begins with (debezium-events 7); no JSON text does."""


def decode_json(data: bytes) -> object:
    """Decode one JSON text. NaN, lone surrogates, numbers beyond a double and depth bombs are refused.

    Integers of up to 64 bits are exact; longer ones come back as floats, which the mapping refuses
    wherever that would change what is sent (F043).

    Raises:
        UndecodableError: the bytes are not JSON.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise UndecodableError(_why(data, error)) from None


def refuse_repeated_names(data: bytes) -> None:
    """Refuse an object that has one name twice: which value is meant cannot be told (F043, S16).

    This reads the text a second time, with the slower parser that can see it. Envelopes are spared:
    Kafka Connect writes them from structs, whose field names are unique.

    Raises:
        UndecodableError: a name is repeated, or the nesting is too deep to tell.
    """
    try:
        json.loads(data, object_pairs_hook=_unique)
    except RecursionError:
        raise UndecodableError("the value is nested too deeply") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise UndecodableError("an object has the same name twice")
    return members


def _why(data: bytes, error: orjson.JSONDecodeError) -> str:
    if not data:
        return "the value is empty; a tombstone has no value at all"
    if data[0] in _MAGIC_BYTES:
        return "not JSON: it begins like Avro of a schema registry, which is not supported yet"
    return f"not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
