"""Avro numbers that no mapping needs, skipped several at a time.

A change event has many of them side by side, of up to nine bytes each: positions and times of the source.
A regular expression finds their end in a quarter of the time of a loop in Python.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import TypeAlias

RUN_MAX = 8
"""Numbers in one expression: few different expressions exist, compiled once for all schemas."""

Match: TypeAlias = Callable[[bytes, int], re.Match[bytes] | None]
"""Takes the bytes and where to begin."""

_NUMBER = rb"[\x80-\xff]{0,9}+[\x00-\x7f]"


@cache
def match_numbers(null: int, present: int, count: int) -> Match:
    """Make the pattern for `count` varints of at most 64 bits, each after the branch of a union.

    `null` and `present` are the bytes of the union's branches, -1 where there is no union.
    """
    number = _NUMBER if null < 0 else b"(?:%b|%b%b)" % (_byte(null), _byte(present), _NUMBER)
    return re.compile(number * count).match


def _byte(number: int) -> bytes:
    return re.escape(bytes([number]))
