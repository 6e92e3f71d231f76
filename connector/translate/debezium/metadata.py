"""Metadata that a mapping can read besides the columns: the key as `__key`, headers as `__headers`.

An outbox event names its aggregate in the key and its type in a header (debezium-events.md 5). Both cost to
read, so only mappings that name them pay.
"""

from collections.abc import Iterable

from connector.translate.debezium.change import NO_ROW, Row
from connector.translate.debezium.keys import header_text
from connector.translate.formats.decoded import ReadHeaders, ReadKey

KEY_ROOT, HEADERS_ROOT = "__key", "__headers"
METADATA_ROOTS = frozenset({KEY_ROOT, HEADERS_ROOT})


def wanted_metadata(columns: Iterable[str]) -> frozenset[str]:
    """Return which of the two roots are among the columns that a mapping reads."""
    return METADATA_ROOTS.intersection(columns)


def read_metadata(wanted: frozenset[str], read_key: ReadKey, headers: ReadHeaders) -> Row:
    """Return the wanted roots with their values; a column of the same name yields to them.

    Raises:
        DecodeError: the key cannot be read.
    """
    if not wanted:
        return NO_ROW
    metadata: Row = {}
    if KEY_ROOT in wanted:
        metadata[KEY_ROOT] = read_key().value
    if HEADERS_ROOT in wanted:
        metadata[HEADERS_ROOT] = {name: header_text(value) for name, value in headers() or ()}
    return metadata


def with_metadata(row: Row, wanted: frozenset[str], read_key: ReadKey, headers: ReadHeaders) -> Row:
    """Return the row with the wanted roots beside its columns; the row itself is left alone.

    Raises:
        DecodeError: the key cannot be read.
    """
    return {**row, **read_metadata(wanted, read_key, headers)}
