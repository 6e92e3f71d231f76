"""Ten times SIGKILL in the middle of the work: the end is as if nothing had happened."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from connector.sandbox.api.api_server import SandboxApi
from connector.sandbox.api.behaviour import Behaviour
from connector.sandbox.api.faults import FaultKind
from tests.stack.connect import ConnectWorker
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.postgres import PostgresServer
from tests.stack.service import Service
from tests.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

NAME = "kill"
TOPIC = f"{NAME}.public.member"
KILLS = 10
PROGRESS_ITEMS = 200  # that a process gets through before it is killed
ANSWER_SECONDS = 0.2  # so that requests travel when the process is killed
PARTITIONS = 4
SECONDS = 60

ROWS = 2000
SLICES = 20  # one statement changes every twentieth row
CHANGES = 50_000

TABLE = """
CREATE TABLE member (
    id integer PRIMARY KEY, name text NOT NULL, points integer NOT NULL, row_version integer NOT NULL
)
"""

INSERT = """
INSERT INTO member SELECT id, 'member ' || id, 0, 1 FROM generate_series(1, %s) id WHERE id %% %s = %s
"""

MAPPING = f"""\
topic: {TOPIC}
format: json
shape: envelope
contact:
  user_id: id
  attributes:
    _first_name: name
    points: points
    row_version: row_version
"""


class Work:
    """Changes of 2,000 rows, in eleven shares: one for each kill and one for the end."""

    def __init__(self, sql: psycopg.Connection) -> None:
        self._sql = sql
        self.changes = 0
        sql.execute(TABLE)
        self._run(INSERT, ROWS, 1, 0)

    def share(self) -> None:
        """Update every row twice and some a third time; delete one slice of rows and make it again."""
        for statement in range(SLICES * 2 + 2):
            self._run(
                "UPDATE member SET points = points + id, row_version = row_version + 1 WHERE id %% %s = %s",
                SLICES,
                statement % SLICES,
            )
        self._run("DELETE FROM member WHERE id %% %s = 3", SLICES)
        self._run(INSERT, ROWS, SLICES, 3)

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return what Instasent must hold at the end, by user id."""
        with self._sql.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute("SELECT id, name, points, row_version FROM member").fetchall()
        return {
            str(row["id"]): {
                "_user_id": str(row["id"]),
                "_first_name": row["name"],
                "points": row["points"],
                "row_version": row["row_version"],
            }
            for row in rows
        }

    def _run(self, statement: str, *values: int) -> None:
        self.changes += self._sql.execute(statement, values).rowcount


def test_ten_kills_change_nothing(
    kafka: KafkaBroker,
    postgres: PostgresServer,
    connect: ConnectWorker,
    tmp_path: Path,
    tell: Callable[[str], None],
) -> None:
    """Killed ten times during 50,000 changes, each time after progress, the state equals the database's.

    No order violation, no overlap, no unaccounted record; the last process ends with 0 on SIGTERM
    (promises 1 to 3; F073, F088, F089, I1, I3).
    """
    kafka.create_topic(TOPIC, PARTITIONS)
    with ExitStack() as ending:
        sandbox = ending.enter_context(SandboxApi(Behaviour(limit=None)))
        sandbox.inject(FaultKind.LATENCY, endpoint="contacts", seconds=ANSWER_SECONDS)
        service = Service(NAME, tmp_path, kafka, sandbox, MAPPING)
        ending.callback(service.close)
        work = Work(ending.enter_context(postgres.connect()))
        writer = ending.enter_context(ThreadPoolExecutor(1))
        connect.put_debezium(NAME, postgres, "public.member")
        ending.callback(connect.delete, NAME)

        written: list[Future[None]] = []
        for _ in range(KILLS):
            written.append(writer.submit(work.share))
            run_until_progress(service, sandbox, kafka)
            service.kill()
        written.append(writer.submit(work.share))
        service.start()
        for share in written:
            share.result(SECONDS)
        expected = work.rows()
        wait_for(lambda: sandbox.contacts() == expected, SECONDS, "the database's state", service.process)
        status = service.status()
        report = sandbox.report()
        assert service.stop() == 0

    tell(f"{work.changes} changes, {KILLS} kills: {report['replayed']} upserts came again, in order")
    assert work.changes >= CHANGES
    assert status["unaccounted_records"] == 0
    assert (report["order_violations"], report["overlaps"], report["behind"]) == (0, 0, 0)
    assert report["rejected_items"] == 0


def items_at(sandbox: SandboxApi) -> int:
    """Return how many items and deletes the API has answered."""
    return sandbox.read(lambda ledger: ledger.items.total())


def run_until_progress(service: Service, sandbox: SandboxApi, kafka: KafkaBroker) -> None:
    """Start the service and return when it has delivered something and committed some of it."""
    items = items_at(sandbox)
    committed = kafka.committed(NAME, TOPIC, PARTITIONS)
    service.start()
    wait_for(
        lambda: (
            items_at(sandbox) - items > PROGRESS_ITEMS
            and kafka.committed(NAME, TOPIC, PARTITIONS) > committed
        ),
        SECONDS,
        "progress before the next kill",
        service.process,
    )
