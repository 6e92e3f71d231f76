"""The fast path of the commonest record: a change event with a row, and a topic that maps contacts only.

Its result equals that of `read_shape` and `deliver`, at two thirds of their cost (`make bench`). It leaves
out checks whose result is nearly always the same. Other records take the general path; a property test
compares both.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.model import Operation, Upsert
from connector.translate.mapping.contact_plan import ContactPlan, Fields, fill
from connector.translate.mapping.rules import TopicRules

_OPERATIONS = {"c": Operation.CREATE, "u": Operation.UPDATE, "r": Operation.READ}

_CONNECTORS = ("postgresql", "mysql", "mariadb", "sqlserver", "oracle", "db2", "informix")
"""A tuple, because a record may hold an unhashable value here."""

_COLUMNS_MIN = 4
"""Rows of the signalling table have three columns."""


@dataclass(frozen=True, slots=True)
class FastPath:
    """`instant` says for each operation whether it is processed immediately; `column` holds the `user_id`."""

    instant: Mapping[str, bool]
    column: str
    fields: Fields

    def upsert(self, value: dict[str, Any], counts: Counter[str]) -> Upsert | None:
        """Make the one delivery of a decoded value; None where the value cannot take this path.

        Raises:
            MappingError: a value does not match its rule.
        """
        code, source, row = value.get("op"), value.get("source"), value.get("after")
        if type(code) is not str or type(source) is not dict or type(row) is not dict:
            return None
        instant = self.instant.get(code)
        if instant is None or source.get("connector") not in _CONNECTORS or len(row) < _COLUMNS_MIN:
            return None
        if value.get("before") is not None:
            return None  # The row may have had another contact before.
        number = row.get(self.column)
        if type(number) is not int:
            return None
        user_id = str(number)
        body: dict[str, Any] = {"_user_id": user_id}
        fill(self.fields, row, body, counts)
        return Upsert(user_id, body, instant)


def compile_fast_path(rules: TopicRules, contact: ContactPlan | None, *, metadata: bool) -> FastPath | None:
    """Compile the fast path of a topic file; None where none of its records can take it."""
    if contact is None or rules.event is not None or metadata or rules.shape not in ("auto", "envelope"):
        return None
    if contact.user_id.unchanged_column is None:
        return None
    instant = {code: operation in contact.instant for code, operation in _OPERATIONS.items()}
    return FastPath(instant, contact.user_id.unchanged_column, contact.attributes)
