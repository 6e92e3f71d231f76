"""How much memory it can take to decode a JSON text (S14).

`[],` is three bytes and becomes 90, and one character beyond Latin makes its whole text up to four times as
long: ten megabytes could fill hundreds. A text of the size that Kafka allows by default stays within
what one record may take, however it is made; only longer ones are weighed.
"""

import re

LIGHT = 1024 * 1024
MEMORY_MAX = 40 * 1024 * 1024

TOO_HEAVY = "JSON of so many values, or of so long text, that decoding it would take too much memory"

_PER_CONTAINER, _PER_NAME, _PER_VALUE = 96, 130, 110
_PER_BYTE, _PER_WIDE_BYTE = 2, 8
_WIDE = re.compile(rb"[\xc4-\xff]|\\u(?!00)")


def is_too_heavy(text: bytes | str) -> bool:
    """Whether decoding a text could take more than `MEMORY_MAX` bytes.

    What is counted may stand inside strings too, so the estimate can only be too high.
    """
    if len(text) <= LIGHT:
        return False
    data = text.encode(errors="replace") if isinstance(text, str) else text
    weight = (
        len(data) * (_PER_WIDE_BYTE if _WIDE.search(data) else _PER_BYTE)
        + (data.count(b"[") + data.count(b"{")) * _PER_CONTAINER
        + data.count(b":") * _PER_NAME
        + data.count(b",") * _PER_VALUE
    )
    return weight > MEMORY_MAX
