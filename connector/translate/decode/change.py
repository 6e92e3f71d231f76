"""What decoding gives, and how it says that it cannot."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from connector.model import Operation

Row: TypeAlias = dict[str, Any]
"""One row, or the body of a domain event: a decoded JSON object."""


@dataclass(slots=True, eq=False)
class Change:
    """One decoded record.

    `operation` is None for a plain domain record, and `row` is then its body. For a change event
    `row` is the row after it; for a delete it is empty and `before` holds whatever the source said.
    """

    operation: Operation | None
    row: Row
    before: Row | None
    source: Row


class UndecodableError(Exception):
    """The bytes are not what they should be; the text is for the operator and quotes nothing."""
