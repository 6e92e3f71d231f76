"""Rows that change all the time, and what Instasent must hold of them."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from connector.sandbox.api.api_server import SandboxApi
from tests.stack.postgres import PostgresServer
from tests.stack.service import Service
from tests.waiting import Watched, wait_for

SECONDS = 90
PAUSE_SECONDS = 0.02  # between two rounds of a writer
ROWS = 20
SLICES = 5  # one statement changes every fifth row

TABLE = """
CREATE TABLE {table} (
    id text PRIMARY KEY, number int NOT NULL, name text, points numeric(12, 2), round int NOT NULL,
    row_version int NOT NULL
)
"""
INSERT = """
INSERT INTO {table} (id, number, name, points, round, row_version)
SELECT {name} || '-' || number, number, 'Ñora ' || number, number / 4.0, %s, 1
FROM generate_series(1, %s) number WHERE number %% %s = %s
"""
UPDATE = """
UPDATE {table} SET points = points + number / 8.0, round = %s, row_version = row_version + 1
WHERE number %% %s = %s
"""
DELETE = "DELETE FROM {table} WHERE number %% %s = %s"

MAPPING = """\
topic: {topic}
contact:
  user_id: id
  on_delete: delete
  attributes:
    _first_name: name
    points: {points}
    round: round
    row_version: row_version
"""


def mapping(topic: str, points: str = "points") -> str:
    """Return a topic file, where `points` says how that column is read."""
    return MAPPING.format(topic=topic, points=points)


class Versioned:
    """One table of PostgreSQL; the ids of its rows begin with its name."""

    def __init__(self, connection: psycopg.Connection, name: str) -> None:
        self._sql = connection
        self.name = name
        self.execute(TABLE)
        self.execute(INSERT, 0, ROWS, 1, 0)

    def execute(self, statement: str, *values: int) -> None:
        """Run a statement, in which `{table}` is the table and `{name}` its name as a text."""
        names = {"table": sql.Identifier(self.name), "name": sql.Literal(self.name)}
        query = sql.SQL(statement).format(**names)
        self._sql.execute(query, values or None)

    def round(self, number: int) -> None:
        """Change one slice of the rows; in every tenth round delete another one and make it again."""
        self.execute(UPDATE, number, SLICES, number % SLICES)
        if number % 10 == 0:
            self.execute(DELETE, SLICES, number // 10 % SLICES)
            self.execute(INSERT, number, ROWS, SLICES, number // 10 % SLICES)

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows as they are."""
        query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(self.name))
        with self._sql.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query).fetchall()

    def contacts(self, columns: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
        """Return what Instasent must hold, by user id; `columns` are more attributes than `MAPPING` has."""
        return {
            row["id"]: {
                "_user_id": row["id"],
                "_first_name": row["name"],
                "points": float(row["points"]),
                "round": row["round"],
                "row_version": row["row_version"],
                **{column: row[column] for column in columns},
            }
            for row in self.rows()
        }


class Load:
    """Tables that a thread changes until it is ended, through a connection of its own."""

    def __init__(self, connection: psycopg.Connection, names: Sequence[str]) -> None:
        self.tables = [Versioned(connection, name) for name in names]
        self.rounds = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def start(self) -> None:
        """Begin to change rows."""
        self._thread.start()

    def end(self) -> None:
        """Change every row once more, and then nothing: what the tables hold is final."""
        self.abandon()
        for _ in range(SLICES):
            self._round()

    def abandon(self) -> None:
        """End the thread, where it was started and still runs."""
        self._ended.set()
        if self._thread.ident:
            self._thread.join()

    def check_alive(self) -> None:
        """Raise when the thread has ended by itself."""
        if not self._thread.is_alive():
            raise RuntimeError("the writer has ended")

    def _write(self) -> None:
        while not self._ended.wait(PAUSE_SECONDS):
            self._round()

    def _round(self) -> None:
        self.rounds += 1
        for table in self.tables:
            table.round(self.rounds)


@contextmanager
def load(postgres: PostgresServer, *names: str) -> Iterator[Load]:
    """Give tables of these names, which do not change before `start`."""
    with postgres.connect() as connection:
        one = Load(connection, names)
        try:
            yield one
        finally:
            one.abandon()


def newest(sandbox: SandboxApi, table: str) -> int:
    """Return the number of the latest round of which Instasent holds a row of this table."""
    return sandbox.read(
        lambda ledger: max(
            (
                contact.attributes["round"]
                for user, contact in ledger.contacts.items()
                if contact.present and user.startswith(f"{table}-")
            ),
            default=-1,
        )
    )


def await_newer(sandbox: SandboxApi, load: Load, table: str, *watch: Watched) -> None:
    """Wait until a change that is made from now on has arrived, of this table."""
    now = load.rounds
    wait_for(lambda: newest(sandbox, table) > now, SECONDS, f"newer rows of {table}", load, *watch)


def await_equal(sandbox: SandboxApi, load: Load, *watch: Watched, columns: Sequence[str] = ()) -> None:
    """Wait until Instasent holds what the tables of an ended load hold.

    `columns` are attributes beyond those of `MAPPING`; any others of a contact are not looked at.
    """
    expected = {u: contact for table in load.tables for u, contact in table.contacts(columns).items()}
    seen = {"_user_id", "_first_name", "points", "round", "row_version", *columns}

    def differing() -> list[Any]:
        contacts = sandbox.contacts()
        held = {u: {k: v for k, v in contact.items() if k in seen} for u, contact in contacts.items()}
        users = sorted(held.keys() | expected.keys())
        return [(held.get(u), expected.get(u)) for u in users if held.get(u) != expected.get(u)]

    try:
        wait_for(lambda: not differing(), SECONDS, "the database's state", *watch)
    except TimeoutError as error:
        raise AssertionError(f"what Instasent holds, what the database holds: {differing()}") from error


def assert_clean(sandbox: SandboxApi, service: Service) -> None:
    """Nothing was out of order, doubled up, refused, dead-lettered or left over."""
    report = sandbox.report()
    assert (report["order_violations"], report["overlaps"], report["behind"]) == (0, 0, 0)
    assert report["rejected_items"] == 0
    status = service.status()
    assert status["unaccounted_records"] == 0
    assert sum(topic["dead_lettered"] for topic in status["topics"]) == 0
