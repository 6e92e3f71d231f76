"""SQL files in sections, and what the database holds after each statement."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias

Row: TypeAlias = dict[str, str | None]
"""One row by column name, each value as the database's own text."""

MARKER = re.compile(r"^-- == (\w+)$", re.MULTILINE)
STATEMENT_END = re.compile(r";\n(?!    )")  # what is indented goes on
CHANGE = re.compile(r"(?:^|; |^    )(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE) (\w+)", re.MULTILINE)


ALTERED = re.compile(r"^ALTER TABLE (\w+)")


class Database(Protocol):
    """A database as the script needs it."""

    def run(self, statement: str) -> None:
        """Run one statement."""

    def columns(self, table: str) -> dict[str, str]:
        """Return the declared type of each column by its name."""

    def rows(self, table: str) -> dict[str, Row]:
        """Return the rows of a table by their key, in the key's order."""


def sections(path: Path) -> dict[str, list[str]]:
    """Return the statements of a file by section, without comments."""
    _, *parts = MARKER.split(path.read_text())
    return {name: _statements(text) for name, text in zip(parts[::2], parts[1::2], strict=True)}


def _statements(text: str) -> list[str]:
    code = re.sub(r"^\s*--.*\n", "", text, flags=re.MULTILINE)
    return [part.strip() for part in STATEMENT_END.split(code) if part.strip()]


class History:
    """Every version of every row, in the order in which statements made them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: dict[str, dict[str, Row]] = {}
        self._tables: dict[str, dict[str, Any]] = {}

    def run(self, statements: list[str]) -> None:
        """Run statements, and note what they did to the tables they name."""
        for statement in statements:
            self._database.run(statement)
            for table in dict.fromkeys(CHANGE.findall(statement)):
                self._note(table)
            for table in ALTERED.findall(statement):
                # Rows that gain a column are no changes: nothing is streamed for them.
                self._rows[table] = self._database.rows(table)

    def tables(self) -> Mapping[str, Any]:
        """Return by table the declared `columns`, and the `versions`: key and row, the row null once gone."""
        return self._tables

    def _note(self, table: str) -> None:
        entry = self._tables.setdefault(table, {"columns": {}, "versions": []})
        entry["columns"] |= self._database.columns(table)
        before, now = self._rows.get(table, {}), self._database.rows(table)
        entry["versions"] += [[key, None] for key in before if key not in now]
        entry["versions"] += [[key, row] for key, row in now.items() if before.get(key) != row]
        self._rows[table] = now
