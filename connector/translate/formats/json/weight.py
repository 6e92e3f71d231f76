"""How much a JSON text can cost once it is decoded (S14).

`[],` is three bytes, becomes ninety, and is read several times. One character beyond Latin makes its whole
text up to four times as long. So ten megabytes could fill hundreds, and take seconds. The counted characters
may also be inside strings. So an estimate can only be too high, and the limits are far beyond any row.
"""

import re

VALUES_MAX = 100_000
"""Values of one text; an array or object counts as three more, its cost to build and check."""

MEMORY_MAX = 40 * 1024 * 1024
"""Bytes that the characters of one text may take while it is decoded."""

LIGHT = 64 * 1024
"""A text of at most this many bytes exceeds neither limit."""

TOO_HEAVY = "JSON with too many values, or too long a text: decoding it would take too much time or memory"

_PER_CONTAINER = 3
_PER_BYTE, _PER_WIDE_BYTE = 2, 10
_BEYOND_LATIN = re.compile(rb"[\xc4-\xff]")


def is_too_heavy(text: bytes | str) -> bool:
    """Whether a text could have more than `VALUES_MAX` values or take more than `MEMORY_MAX` bytes."""
    if len(text) <= LIGHT:
        return False
    data = text.encode(errors="replace") if isinstance(text, str) else text
    values = data.count(b",") + _PER_CONTAINER * (data.count(b"[") + data.count(b"{"))
    if values > VALUES_MAX:
        return True
    if len(data) * _PER_WIDE_BYTE <= MEMORY_MAX:
        return False
    return len(data) * _PER_BYTE > MEMORY_MAX or _is_wide(data)


def _is_wide(data: bytes) -> bool:
    return b"\\u" in data or (not data.isascii() and _BEYOND_LATIN.search(data) is not None)
