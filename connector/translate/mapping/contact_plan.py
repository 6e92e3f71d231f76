"""The compiled `contact:` of a topic file, and how a row fills the fields of a body."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal, TypeAlias

from connector.model import Operation
from connector.translate.debezium.change import Row
from connector.translate.mapping.key_as_row import ReaderFor
from connector.translate.mapping.readers import Read, Reader
from connector.translate.mapping.user_id import MappingError
from connector.translate.values.unusable import MISSING, UNAVAILABLE_TEXTS, ConversionError, LeftOut

BeforeImage: TypeAlias = Literal["auto", "full", "key"]
"""Whether a before-image is the complete row; auto asks which connector sent it."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Mapped fields, each with a complete reader; `path` is their place in the topic file.

    `unchanged` are those that send a column unchanged, with the column's name; `computed` are the others.
    """

    path: str
    unchanged: tuple[tuple[str, str, Read], ...]
    computed: tuple[tuple[str, Read], ...]
    omit_nulls: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all fields."""
        return (*(name for name, _, _ in self.unchanged), *(name for name, _ in self.computed))


@dataclass(frozen=True, slots=True)
class ContactPlan:
    """The compiled `contact:`. `instant` holds None where plain domain records are instant.

    It is a tuple because members of an enum are found by identity there, and hashed in Python in a set.
    `user_id` reads rows; `user_id_for` gives the reader of keys, which have another schema.
    """

    user_id: Reader
    user_id_for: ReaderFor
    attributes: Fields
    instant: tuple[Operation | None, ...]
    on_delete: Literal["delete", "ignore", "clear"]
    before: BeforeImage


def fill(fields: Fields, row: Row, body: Row, counts: Counter[str]) -> None:
    """Put every field that the row has into the body; count those left out for another reason.

    Raises:
        MappingError: a value does not match its rule.
    """
    name = ""
    computed = fields.computed
    try:
        for name, column, read in fields.unchanged:
            value = row.get(column)
            kind = type(value)
            # Text and integers that are sent unchanged need no check and no call.
            if (kind is str and value not in UNAVAILABLE_TEXTS) or kind is int:
                body[name] = value
            else:
                computed = (*computed, (name, read))
        for name, read in computed:
            value = read(row)
            if type(value) is LeftOut:
                if value is not MISSING:
                    counts[value.value] += 1
            elif value is not None or not fields.omit_nulls:
                body[name] = value
    except ConversionError as error:
        raise MappingError(f"{fields.path}.{name}", str(error)) from None
