"""Decode: the bytes of a record become a change; `DECODERS` has one entry for each `format`.

Telling what a decoded value is (`shapes`) comes after it and is the same for every format.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from connector.translate.decode.json import decode_json, refuse_repeated_names


class Decoder(NamedTuple):
    """How the values of one format are read; both raise `UndecodableError`.

    `decode` takes the bytes of a value (never null) and returns the JSON value they stand for.
    `check` is called for domain records only and refuses what `decode` is too fast to notice.
    """

    decode: Callable[[bytes], object]
    check: Callable[[bytes], None]


_JSON = Decoder(decode_json, refuse_repeated_names)

DECODERS: Mapping[str, Decoder] = {"json": _JSON, "auto": _JSON}
