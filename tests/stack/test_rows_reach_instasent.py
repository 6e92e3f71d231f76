"""Rows change in PostgreSQL, and Instasent holds what the database holds.

PostgreSQL, Debezium, Kafka and the connector are real, each in a process of its own.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from connector.sandbox.api.api_server import SandboxApi
from connector.sandbox.api.behaviour import Behaviour
from tests.stack.connect import ConnectWorker
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.postgres import PostgresServer
from tests.stack.service import Service
from tests.waiting import wait_for

pytestmark = pytest.mark.stack

SECONDS = 30  # within which a row must arrive
RESTART_SECONDS = 120  # after the broker's: a client may have forgotten it, and needs a new process
NAME = "rows"
TOPIC = f"{NAME}.public.customer"
TOASTED = "unchanged " * 1200  # 12 kB, stored out of line

TABLE = """
CREATE TABLE customer (
    id          integer PRIMARY KEY,
    email       text,
    first_name  text,
    phone       text,
    birth_date  date,
    balance     numeric(12, 2),
    logged_in   timestamp(3),
    seen        timestamp,
    registered  timestamptz,
    vip         boolean,
    visits      bigint,
    notes       text,
    row_version integer NOT NULL DEFAULT 1
);
ALTER TABLE customer ALTER notes SET STORAGE EXTERNAL;
"""

MAPPING = f"""\
topic: {TOPIC}
format: json
shape: envelope
contact:
  user_id: id
  attributes:
    _email: {{from: email, as: lowercase}}
    _first_name: first_name
    _phone_mobile: {{from: phone, as: e164, region: ES}}
    birth_date: {{from: birth_date, as: date}}
    balance: {{from: balance, as: {{decimal: 2}}}}
    logged_in: {{from: logged_in, as: {{timestamp: ms}}}}
    seen: {{from: seen, as: {{timestamp: us}}}}
    registered: {{from: registered, as: timestamp}}
    vip: vip
    visits: visits
    notes: notes
    row_version: row_version
"""

INSERT = """
INSERT INTO customer VALUES (
    %(id)s, %(email)s, %(first_name)s, %(phone)s, %(birth_date)s, %(balance)s, %(logged_in)s, %(seen)s,
    %(registered)s, %(vip)s, %(visits)s, %(notes)s
)
"""


def row(number: int, **differing: Any) -> dict[str, Any]:
    """Return the columns of one customer."""
    return {
        "id": number,
        "email": f"Ada.{number}@Example.com",
        "first_name": "Ana María",
        "phone": f"612 345 {number % 1000:03d}",
        "birth_date": date(1969, 7, 20),
        "balance": Decimal("-1234.50"),
        "logged_in": datetime(2026, 3, 1, 10, 15, 30, 250_000),  # noqa: DTZ001 — a timestamp without zone
        "seen": datetime(1999, 12, 31, 23, 59, 59, 999_000),  # noqa: DTZ001 — likewise
        "registered": datetime(2026, 3, 1, 23, 0, 0, 125_000, UTC),
        "vip": True,
        "visits": 2**53 + 1,
        "notes": "short",
        **differing,
    }


def contact_of(row: dict[str, Any]) -> dict[str, Any]:
    """Return what Instasent must hold for a row as the database gave it."""

    def moment(value: datetime | None) -> str | None:
        return None if value is None else value.isoformat(timespec="milliseconds")[:23] + "Z"

    return {
        "_user_id": str(row["id"]),
        "_email": row["email"] and row["email"].lower(),
        "_first_name": row["first_name"],
        "_phone_mobile": row["phone"] and "+34" + row["phone"].replace(" ", ""),
        "birth_date": row["birth_date"] and row["birth_date"].isoformat(),
        "balance": None if row["balance"] is None else float(row["balance"]),
        "logged_in": moment(row["logged_in"]),
        "seen": moment(row["seen"]),
        "registered": moment(row["registered"]),
        "vip": row["vip"],
        "visits": row["visits"],
        "notes": row["notes"],
        "row_version": row["row_version"],
    }


class Scene:
    """The database on one side, the sandbox API on the other, the service between them."""

    def __init__(self, sql: psycopg.Connection, sandbox: SandboxApi, service: Service) -> None:
        self.sql = sql
        self.sandbox = sandbox
        self.service = service

    def expected(self) -> dict[str, dict[str, Any]]:
        """Return the contacts of the database's rows, by user id."""
        with self.sql.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute("SELECT * FROM customer").fetchall()
        return {str(one["id"]): contact_of(one) for one in rows}

    def await_equal(self, seconds: float = SECONDS) -> None:
        """Wait until Instasent holds what the database holds, and compare value by value."""
        expected = self.expected()
        try:
            wait_for(
                lambda: self.sandbox.contacts() == expected,
                seconds,
                "equality",
                self.service.process,
            )
        except TimeoutError:
            assert self.sandbox.contacts() == expected

    def assert_clean(self) -> None:
        """Nothing was out of order, doubled up, refused or left over."""
        report = self.sandbox.report()
        assert (report["order_violations"], report["overlaps"], report["behind"]) == (0, 0, 0)
        assert report["rejected_items"] == 0
        status = self.service.status()
        assert status["state"] == "running"
        assert status["unaccounted_records"] == 0
        [topic] = status["topics"]
        assert not topic["dead_lettered"]


@pytest.fixture(scope="module")
def scene(
    kafka: KafkaBroker,
    postgres: PostgresServer,
    connect: ConnectWorker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    """A table with one row that a snapshot reads, Debezium on it, and the service running."""
    kafka.create_topic(TOPIC, partitions=3)
    with postgres.connect() as sql, SandboxApi(Behaviour(limit=None)) as sandbox:
        sql.execute(TABLE)
        sql.execute(INSERT, row(1))
        service = Service(NAME, tmp_path_factory.mktemp(NAME), kafka, sandbox, MAPPING)
        service.start()
        try:
            connect.put_debezium(NAME, postgres, "public.customer")
            service.await_ready()
            yield Scene(sql, sandbox, service)
            assert service.stop() == 0
        finally:
            service.close()
            connect.delete(NAME)


def test_rows_arrive_with_the_values_of_the_database(scene: Scene) -> None:
    """Snapshot, inserts, nulls, an update that leaves a TOASTed column alone: value by value (F043, F044)."""
    scene.sql.execute(INSERT, row(2, notes=TOASTED))
    scene.sql.execute(INSERT, dict.fromkeys(row(3)) | {"id": 3})
    scene.sql.execute(INSERT, row(4, birth_date=date(2026, 2, 28), balance=Decimal("0.00"), visits=0))
    scene.await_equal()
    scene.sql.execute("UPDATE customer SET balance = 99.95, row_version = 2 WHERE id = 2")
    scene.sql.execute("UPDATE customer SET phone = NULL, vip = false, row_version = 2 WHERE id = 4")
    scene.await_equal()
    assert scene.sandbox.contacts()["2"]["notes"] == TOASTED
    scene.assert_clean()


def test_a_changed_key_moves_the_contact(scene: Scene) -> None:
    """A row whose primary key changes is deleted under the old id and created under the new one (F045)."""
    scene.sql.execute(INSERT, row(10))
    scene.await_equal()
    scene.sql.execute("UPDATE customer SET id = 11 WHERE id = 10")
    scene.await_equal()
    assert scene.sandbox.read(lambda ledger: ledger.contacts["10"].deleted)
    scene.assert_clean()


def test_a_deleted_row_is_a_deleted_contact(scene: Scene) -> None:
    """Deletes arrive, once each: the tombstone after a delete is settled with it (F037)."""
    scene.sql.execute(INSERT, row(20))
    scene.sql.execute(INSERT, row(21))
    scene.await_equal()
    before = scene.sandbox.report()["calls"].get("delete", 0)
    scene.sql.execute("DELETE FROM customer WHERE id IN (20, 21)")
    scene.await_equal()
    assert scene.sandbox.report()["calls"]["delete"] == before + 2
    scene.assert_clean()


def test_a_row_arrives_soon(scene: Scene, tell: Callable[[str], None]) -> None:
    """The time from a commit in the database to the API is printed, and is far below the 30 s allowed."""
    scene.sql.execute(INSERT, row(30))
    scene.await_equal()
    taken = []
    for version in range(2, 22):
        scene.sql.execute("UPDATE customer SET row_version = %s WHERE id = 30", [version])
        committed = time.monotonic()
        while scene.sandbox.read(lambda ledger: ledger.contacts["30"].version) != version:
            assert time.monotonic() - committed < SECONDS
            time.sleep(0.001)
        taken.append(time.monotonic() - committed)
    taken.sort()
    tell(f"from a commit in PostgreSQL to the API: median {taken[10]:.3f} s, slowest {taken[-1]:.3f} s")
    scene.assert_clean()


@pytest.mark.parametrize("end", [KafkaBroker.stop, KafkaBroker.kill])
def test_a_broker_that_restarts_loses_nothing(
    scene: Scene, kafka: KafkaBroker, end: Callable[[KafkaBroker], None]
) -> None:
    """Rows that change while the broker is away arrive when it is back; the service lives on (F028, F030)."""
    number = 40 if end is KafkaBroker.stop else 50
    scene.sql.execute(INSERT, row(number))
    end(kafka)
    scene.sql.execute(INSERT, row(number + 1))
    scene.sql.execute("UPDATE customer SET vip = false, row_version = 2 WHERE id = %s", [number])
    kafka.start()
    kafka.await_ready()
    scene.await_equal(RESTART_SECONDS)
    scene.service.await_ready()
    scene.assert_clean()
