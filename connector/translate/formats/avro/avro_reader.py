"""Reads Avro: a schema is compiled once into a chain of small functions over the bytes.

Two reasons carry this reader against `fastavro.schemaless_reader` (docs/decisions/). One is speed: a
projected change event takes 6.6 µs here, 18.7 in fastavro, and 20.9 with fastavro's own projection. The
other is strictness: fastavro takes union branch -1 and ignores trailing bytes. Hostile schemas are refused
earlier, in `schema_text.py` (F042, S15); collections are counted against `COLLECTIONS_WEIGHT_MAX`.

A value that no mapping needs is skipped, not built: see `Wanted`.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeAlias

from connector.translate.formats.avro.number_runs import RUN_MAX, Match, match_numbers
from connector.translate.formats.avro.scalars import (
    BAD_LENGTH,
    SCALARS,
    TOO_LONG,
    TOO_SHORT,
    Read,
    enum_reader,
    fixed_reader,
    read_long,
    read_size,
    read_text,
)
from connector.translate.formats.avro.types import AvroType
from connector.translate.formats.decoded import DecodeError

COLLECTIONS_WEIGHT_MAX = 8 * 1024 * 1024
"""Bytes of memory that the items of all collections of one record may take (S14): some 80,000 numbers."""

VALUE_BYTES_MAX = 10 * 1024 * 1024
"""Bytes of one value: one character beyond the basic plane makes all of a text four times as long."""

_ITEM_WEIGHT, _ENTRY_WEIGHT = 64, 192
"""The weight of an array's item and a map's entry besides their value, in memory or in time."""

Wanted: TypeAlias = "Mapping[str, Wanted | None] | None"
"""The fields of a record to build, each with its own wanted fields; None is everything."""

Skip: TypeAlias = Callable[[bytes, int], int]

# The actions of a record's step on its field, apart from a function call.
_TEXT, _LONG, _CALL, _SKIP_SIZED, _SKIP_LONG, _SKIP_FIXED, _SKIP_CALL = range(7)

_Step: TypeAlias = tuple[str, int, int, int, Any]
"""Field; the bytes of its union's null and of its value (-1: no union); action; argument."""

_VARINT_BYTES_MAX = 10


def compile_reader(root: AvroType, wanted: Wanted = None) -> Callable[[bytes, int], Any]:
    """Make the function that reads one value, from a position to the end of the bytes.

    It raises `DecodeError` where the bytes are not a value of this schema.
    """
    budget = [0]
    read = _reader(root, wanted, budget)

    def read_whole(data: bytes, position: int) -> Any:
        if len(data) > VALUE_BYTES_MAX:
            raise DecodeError(f"Avro: the value is larger than {VALUE_BYTES_MAX} bytes")
        budget[0] = COLLECTIONS_WEIGHT_MAX
        try:
            value, end = read(data, position)
        except (IndexError, struct.error):
            raise DecodeError(TOO_SHORT) from None
        except UnicodeDecodeError:
            raise DecodeError("Avro: a text is not UTF-8") from None
        if end > len(data):
            raise DecodeError(TOO_SHORT)
        if end < len(data):
            raise DecodeError("Avro: bytes follow after the value; they were written with another schema")
        return value

    return read_whole


def _reader(node: AvroType, wanted: Wanted, budget: list[int]) -> Read:
    if node.kind == "record":
        return _record_reader(node, wanted, budget)
    if node.kind == "union":
        return _union_reader(tuple(_reader(branch, wanted, budget) for branch in node.branches))
    if node.kind == "fixed":
        return fixed_reader(node.size)
    if node.kind == "enum":
        return enum_reader(node.symbols)
    if node.items is not None:
        read_block = _array_block if node.kind == "array" else _map_block
        return read_block(_reader(node.items, None, budget), node.items, budget)
    return SCALARS[node.kind]


def _union_reader(readers: tuple[Read, ...]) -> Read:
    def read(data: bytes, position: int) -> tuple[Any, int]:
        index, position = read_long(data, position)
        if not 0 <= index < len(readers):
            raise DecodeError("Avro: a union has no such branch")
        return readers[index](data, position)

    return read


def _begin_block(data: bytes, position: int, weight: int, budget: list[int]) -> tuple[int, int]:
    """Read the number of items that follow, each of one weight; 0 ends the collection."""
    count, position = read_long(data, position)
    if count < 0:
        count = -count
        _, position = read_long(data, position)  # the block's size in bytes, which only a skip needs
    if count > len(data) - position:  # each takes a byte at least
        raise DecodeError("Avro: a collection has more items than there are bytes")
    budget[0] -= count * weight
    if budget[0] < 0:
        raise DecodeError("Avro: the collections of the record have more items than memory may hold")
    return count, position


def _array_block(read_item: Read, item: AvroType, budget: list[int]) -> Read:
    weight = _ITEM_WEIGHT + item.weight

    def read(data: bytes, position: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        count, position = _begin_block(data, position, weight, budget)
        while count:
            for _ in range(count):
                value, position = read_item(data, position)
                found.append(value)
            count, position = _begin_block(data, position, weight, budget)
        return found, position

    return read


def _map_block(read_item: Read, item: AvroType, budget: list[int]) -> Read:
    weight = _ENTRY_WEIGHT + item.weight

    def read(data: bytes, position: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        count, position = _begin_block(data, position, weight, budget)
        while count:
            for _ in range(count):
                name, position = read_text(data, position)
                found[name], position = read_item(data, position)
            count, position = _begin_block(data, position, weight, budget)
        return found, position

    return read


# --------------------------------------------------------------------------------------- records


def _record_reader(node: AvroType, wanted: Wanted, budget: list[int]) -> Read:
    return _follow(tuple(_merged(_step(name, member, wanted, budget) for name, member in node.fields)))


def _follow(steps: tuple[_Step, ...]) -> Read:  # noqa: C901 - see `read`
    # One loop, with the commonest cases written out: a call costs as much as reading two small fields.
    def read(data: bytes, position: int) -> tuple[dict[str, Any], int]:  # noqa: C901, PLR0912
        row: dict[str, Any] = {}
        size = len(data)
        for name, null, present, action, argument in steps:
            if null >= 0:
                branch = data[position]
                position += 1
                if branch == null:
                    if action < _SKIP_SIZED:
                        row[name] = None
                    continue
                if branch != present:
                    raise DecodeError("Avro: a union has no such branch")
            if action == _TEXT or action == _SKIP_SIZED:  # noqa: SIM109, PLR1714 - no tuple for each field
                length = data[position]
                position += 1
                if length & 0x81:  # more bytes, or negative
                    position, end = read_size(data, position - 1)
                else:
                    end = position + (length >> 1)
                    if end > size:
                        raise DecodeError(BAD_LENGTH)
                if action == _TEXT:
                    row[name] = data[position:end].decode()
                position = end
            elif action == _LONG:
                byte = data[position]
                if byte < 0x80:
                    row[name] = (byte >> 1) ^ -(byte & 1)
                    position += 1
                else:
                    row[name], position = read_long(data, position)
            elif action == _CALL:
                row[name], position = argument(data, position)
            elif action == _SKIP_LONG:
                stop = position + _VARINT_BYTES_MAX
                while data[position] > 0x7F:
                    position += 1
                    if position == stop:
                        raise DecodeError(TOO_LONG)
                position += 1
            elif action == _SKIP_FIXED:
                position += argument
            else:
                position = argument(data, position)
        return row, position

    return read


def _step(name: str, node: AvroType, wanted: Wanted, budget: list[int]) -> _Step:
    null = present = -1
    if node.kind == "union" and len(node.branches) == 2:
        kinds = [branch.kind for branch in node.branches]
        if kinds.count("null") == 1:
            null = kinds.index("null") * 2  # the index as a zigzag varint
            present = 2 - null
            node = node.branches[present // 2]
    if wanted is not None and name not in wanted:
        return (name, null, present, *_skip_action(node, budget))
    inner = None if wanted is None else wanted[name]
    if node.kind == "string":
        return name, null, present, _TEXT, None
    if node.kind in ("int", "long"):
        return name, null, present, _LONG, None
    return name, null, present, _CALL, _reader(node, inner, budget)


def _merged(steps: Iterable[_Step]) -> Iterator[_Step]:
    """Make one step of consecutive numbers of one form that no mapping needs."""
    for (null, present, action), alike in groupby(steps, itemgetter(1, 2, 3)):
        run = tuple(alike)
        if action != _SKIP_LONG or len(run) == 1:
            yield from run
            continue
        for first in range(0, len(run), RUN_MAX):
            numbers = run[first : first + RUN_MAX]
            match, one_by_one = match_numbers(null, present, len(numbers)), _follow(numbers)
            yield "", -1, -1, _SKIP_CALL, _skip_run(match, one_by_one)


def _skip_run(match: Match, one_by_one: Read) -> Skip:
    def skip(data: bytes, position: int) -> int:
        found = match(data, position)
        # Another value is there: reading one by one gives the exact error.
        return one_by_one(data, position)[1] if found is None else found.end()

    return skip


_NO_FIELDS: dict[str, Any] = {}


def _skip_action(node: AvroType, budget: list[int]) -> tuple[int, Any]:
    """Make the function that skips a value; rare types are read and dropped."""
    if node.kind in ("string", "bytes"):
        return _SKIP_SIZED, None
    if node.kind in ("int", "long", "enum"):
        return _SKIP_LONG, None
    if node.kind in ("boolean", "float", "double", "fixed", "null"):
        return _SKIP_FIXED, node.bytes_min
    read = _reader(node, _NO_FIELDS if node.kind == "record" else None, budget)
    return _SKIP_CALL, lambda data, position: read(data, position)[1]
