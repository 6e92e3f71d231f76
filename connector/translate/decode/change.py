"""What decoding gives, and how it says that it cannot."""

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from connector.model import Operation
from connector.translate.decode.connect_schema import ConnectSchema

Row: TypeAlias = dict[str, Any]
"""One row, or the body of a domain event: a decoded JSON object."""


class Decoded(NamedTuple):
    """What the bytes of a value or a key stand for, and its schema where the bytes bring or name one.

    `value` is None where there is no value, in whichever of its forms (debezium-events 1.4).
    """

    value: Any
    schema: ConnectSchema | None = None


@dataclass(slots=True, eq=False)
class Change:
    """One decoded record.

    `operation` is None for a plain domain record, and `row` is then its body. For a change event
    `row` is the row after it; for a delete it is empty and `before` holds whatever the source said.
    `schema` is that of row and before-image, None where the record does not say.
    """

    operation: Operation | None
    row: Row
    before: Row | None
    source: Row
    schema: ConnectSchema | None = None


class UndecodableError(Exception):
    """The bytes are not what they should be; the text is for the operator and quotes nothing."""
