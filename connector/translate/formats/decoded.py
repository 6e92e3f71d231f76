"""The result of decoding bytes, and the error where they cannot be decoded."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from connector.model import Headers
from connector.translate.formats.connect_schema import ConnectSchema

WHOLE_ROW = "@"
"""Listed among a mapping's columns where it reads the complete row."""


class Decoded(NamedTuple):
    """The result of decoding bytes.

    `value` is None where there is no value, in any of the four forms (debezium-events.md 1.4).
    `schema` is None where the record neither carries nor names one.
    """

    value: Any
    schema: ConnectSchema | None = None


ReadKey: TypeAlias = Callable[[], Decoded]
"""Decodes the key of one record; called only where the key matters, to save time."""

ReadHeaders: TypeAlias = Callable[[], Headers | None]
"""Reads the headers of one record, None where there are none; called only where they matter."""


class DecodeError(Exception):
    """The bytes cannot be decoded; the text is for the operator and quotes nothing."""
