"""Avro's scalars: each reader takes the bytes and where to begin, and returns the value and where it ends.

They raise `IndexError`, `struct.error` or `UnicodeDecodeError` where the bytes end early or are no text.
A check of each value would cost as much as reading it. The caller of the outermost one translates them.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from connector.translate.formats.decoded import DecodeError

Read: TypeAlias = Callable[[bytes, int], tuple[Any, int]]
"""Takes the bytes and where to begin; returns the value and where it ends."""

TOO_SHORT = "Avro: the bytes end before the value does"
TOO_LONG = "Avro: a number is longer than 64 bits"
BAD_LENGTH = "Avro: a length is negative or beyond the end of the bytes"

_unpack_float = struct.Struct("<f").unpack_from
_unpack_double = struct.Struct("<d").unpack_from


def read_long(data: bytes, position: int) -> tuple[int, int]:
    """Read a zigzag varint of at most 64 bits."""
    byte = data[position]
    position += 1
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), position
    number = byte & 0x7F
    shift = 7
    while True:
        byte = data[position]
        position += 1
        if byte < 0x80:
            break
        number |= (byte & 0x7F) << shift
        shift += 7
        if shift > 63:
            raise DecodeError(TOO_LONG)
    number |= byte << shift
    if number >> 64:
        raise DecodeError(TOO_LONG)
    return (number >> 1) ^ -(number & 1), position


def read_size(data: bytes, position: int) -> tuple[int, int]:
    """Read a length; return where the measured bytes begin and end."""
    size, position = read_long(data, position)
    end = position + size
    if size < 0 or end > len(data):
        raise DecodeError(BAD_LENGTH)
    return position, end


def read_text(data: bytes, position: int) -> tuple[str, int]:
    """Read a text after its length in bytes."""
    begin, end = read_size(data, position)
    return data[begin:end].decode(), end


def _read_bytes(data: bytes, position: int) -> tuple[bytes, int]:
    begin, end = read_size(data, position)
    return data[begin:end], end


def _read_boolean(data: bytes, position: int) -> tuple[bool, int]:
    byte = data[position]
    if byte > 1:
        raise DecodeError("Avro: a boolean is neither 0 nor 1")
    return byte == 1, position + 1


def _read_null(_data: bytes, position: int) -> tuple[None, int]:
    return None, position


def _read_float(data: bytes, position: int) -> tuple[float, int]:
    return _unpack_float(data, position)[0], position + 4


def _read_double(data: bytes, position: int) -> tuple[float, int]:
    return _unpack_double(data, position)[0], position + 8


SCALARS: Mapping[str, Read] = {
    "null": _read_null,
    "boolean": _read_boolean,
    "int": read_long,
    "long": read_long,
    "float": _read_float,
    "double": _read_double,
    "bytes": _read_bytes,
    "string": read_text,
}


def fixed_reader(size: int) -> Read:
    """Make the reader of a fixed number of bytes."""

    def read(data: bytes, position: int) -> tuple[bytes, int]:
        end = position + size
        if end > len(data):
            raise DecodeError(TOO_SHORT)
        return data[position:end], end

    return read


def enum_reader(symbols: tuple[str, ...]) -> Read:
    """Make the reader of an enum."""

    def read(data: bytes, position: int) -> tuple[str, int]:
        index, position = read_long(data, position)
        if not 0 <= index < len(symbols):
            raise DecodeError("Avro: an enum has no such symbol")
        return symbols[index], position

    return read
