"""The key of a record as a row, so that `user_id` can be evaluated on it (docs/mapping.md)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from connector.translate.debezium.change import Row
from connector.translate.debezium.keys import NEW_KEY, columns_of, header
from connector.translate.debezium.metadata import KEY_ROOT, METADATA_ROOTS
from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.formats.decoded import WHOLE_ROW, Decoded, DecodeError, ReadHeaders, ReadKey
from connector.translate.mapping.readers import Reader

ReaderFor: TypeAlias = Callable[[ConnectSchema | None], Reader]
"""Gives the reader of one rule for rows of a schema, or for rows without one."""

DecodeKey: TypeAlias = Callable[[bytes], Decoded]
"""Decodes a key that a header holds; raises `DecodeError`."""

_SCHEMAS_REMEMBERED = 1024


class KeyRow(NamedTuple):
    """A key as a row of a schema. `bare` marks a key without names: the name of its column is a guess."""

    row: Row
    schema: ConnectSchema | None
    bare: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """The keys of the record of a deleted row; nothing is decoded before it is needed.

    `metadata` holds the metadata roots that the mapping names. `flattened` says whether a record without a
    value is the delete itself; None: the topic has shown no shape yet.
    """

    read: ReadKey
    decode: DecodeKey
    headers: ReadHeaders
    metadata: Row
    flattened: bool | None

    def row(self, columns: frozenset[str]) -> KeyRow | None:
        """Return the key as a row, None where it lacks one of the columns.

        Raises:
            DecodeError: the key cannot be read.
        """
        return _row_of(self.read(), columns, self)

    @property
    def changed(self) -> bool:
        """Whether the row continues under a new key."""
        return header(self.headers() or (), NEW_KEY) is not None

    def new_row(self, columns: frozenset[str]) -> KeyRow | None:
        """Return the new key as a row, None where it lacks one of the columns.

        Raises:
            DecodeError: the header cannot be read.
        """
        data = header(self.headers() or (), NEW_KEY)
        try:
            key = Decoded(None) if data is None else self.decode(data)
        except DecodeError as error:
            raise DecodeError(f"header {NEW_KEY}: {error}") from None
        return _row_of(key, columns, self) if type(key.value) is dict else None


def _row_of(key: Decoded, columns: frozenset[str], keys: Keys) -> KeyRow | None:
    wanted = columns - METADATA_ROOTS
    value, schema = columns_of(key, wanted, flattened=keys.flattened)
    bare = type(value) is not dict
    if bare and wanted:
        (column, *others) = wanted
        if others or column == WHOLE_ROW or type(value) not in (str, int):
            return None
        value, schema = {column: value}, _struct_of(column, schema)
    elif bare:
        value, schema = {}, None
    elif not wanted <= value.keys():
        return None
    if keys.metadata:
        value = {**value, **keys.metadata}
        if KEY_ROOT in keys.metadata:
            value[KEY_ROOT] = key.value  # the metadata holds the old key
    return KeyRow(value, schema, bare and bool(wanted))


@lru_cache(maxsize=_SCHEMAS_REMEMBERED)
def _struct_of(column: str, schema: ConnectSchema | None) -> ConnectSchema | None:
    """Make the struct of a row with one column: readers are compiled once for a schema, by its identity."""
    return None if schema is None else ConnectSchema("struct", fields={column: schema})
