"""Decode: the bytes of a record become a change; `DECODERS` has one entry for each `format`.

A decoder takes the bytes of a value (never null) and returns the JSON value that they stand for, or
raises `Undecodable`. Telling what that value is (`shapes`) comes after it and is the same for all.
"""

from collections.abc import Callable, Mapping

from connector.translate.decode.json import decode_json

Decoder = Callable[[bytes], object]

DECODERS: Mapping[str, Decoder] = {
    "json": decode_json,
    "auto": decode_json,
}
