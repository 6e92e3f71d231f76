"""Geometries as well-known binary, from the text that PostgreSQL or MariaDB gives of them."""

import re
import struct

_NUMBERS = re.compile(r"-?[\d.]+")
_KINDS = {"POINT": 1, "LINESTRING": 2, "POLYGON": 3}


def point(text: str) -> tuple[str, str]:
    """Return the digits of `(1.5,-2.25)` or `POINT(1.5 -2.25)`."""
    x, y = _NUMBERS.findall(text)
    return x, y


def wkb(text: str) -> bytes:
    """Write a point, a line or a polygon of one ring, little-endian and without a system of reference."""
    kind = _KINDS[text.partition("(")[0] or "POINT"]
    numbers = [float(digits) for digits in _NUMBERS.findall(text)]
    counts = {1: [], 2: [len(numbers) // 2], 3: [1, len(numbers) // 2]}[kind]
    return struct.pack(f"<BI{len(counts)}I{len(numbers)}d", 1, kind, *counts, *numbers)
