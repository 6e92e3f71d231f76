"""Damages bytes in the ways that have found faults elsewhere: flips, cuts, repeats, splices, other tokens."""

import re
from collections.abc import Callable

from tests.fuzz.draw import Draw
from tests.fuzz.hostile import BYTES, TOKENS

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null')
_REPEATED_MAX = 4_000


def damaged(draw: Draw, data: bytes, other: bytes) -> bytes:
    """Return the bytes with one to three damages; `other` is what a splice takes from."""
    for _ in range(1 + draw.small(2)):
        data = draw.pick(_DAMAGES)(draw, data, other)
    return data


def other_tokens(draw: Draw, text: bytes) -> bytes:
    """Return a JSON text with one to three of its tokens replaced, so that it mostly is JSON still."""
    for _ in range(1 + draw.small(2)):
        found = _TOKEN.search(text, draw.below(len(text) + 1))
        if found is not None:
            text = b"%b%b%b" % (text[: found.start()], draw.pick(TOKENS), text[found.end() :])
    return text


def _flip(draw: Draw, data: bytes, _other: bytes) -> bytes:
    at = draw.below(len(data) + 1)
    return data[:at] + bytes((draw.below(256),)) + data[at + 1 :]


def _cut(draw: Draw, data: bytes, _other: bytes) -> bytes:
    return data[: draw.below(len(data) + 1)]


def _remove(draw: Draw, data: bytes, _other: bytes) -> bytes:
    at = draw.below(len(data) + 1)
    return data[:at] + data[at + 1 + draw.small(40) :]


def _repeat(draw: Draw, data: bytes, _other: bytes) -> bytes:
    at = draw.below(len(data) + 1)
    piece = data[at : at + 1 + draw.small(60)]
    return data[:at] + piece * min(2 + draw.small(200), _REPEATED_MAX) + data[at:]


def _overwrite(draw: Draw, data: bytes, _other: bytes) -> bytes:
    at, token = draw.below(len(data) + 1), draw.pick(BYTES)
    return data[:at] + token + data[at + (len(token) if draw.chance(0.5) else 0) :]


def _splice(draw: Draw, data: bytes, other: bytes) -> bytes:
    return data[: draw.below(len(data) + 1)] + other[draw.below(len(other) + 1) :]


def _append(draw: Draw, data: bytes, _other: bytes) -> bytes:
    return data + draw.pick(BYTES)


_DAMAGES: tuple[Callable[[Draw, bytes, bytes], bytes], ...] = (
    _flip,
    _flip,
    _cut,
    _remove,
    _repeat,
    _overwrite,
    _overwrite,
    _splice,
    _append,
)
