"""Refresh the captured records: `python -m tests.stack.capture`, some minutes.

Writes to `tests/fixtures`, for each database, the records, the schemas that they name, and what the
database held; `tests/fixtures/captures.py` reads them.
"""

import json
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from confluent_kafka import Consumer, KafkaException, TopicPartition

from tests.fixtures.captures import FIXTURES, MARIADB, POSTGRES
from tests.stack import jars
from tests.stack.capture import mariadb, postgres
from tests.stack.capture.connectors import Connector
from tests.stack.capture.records import line, read_all
from tests.stack.capture.schemas import Schemas, named
from tests.stack.capture.script import Database, History, sections
from tests.stack.debezium import Database as Server
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.mariadb import MariaDbServer
from tests.stack.registry import Registry
from tests.stack.servers import SHORT_LIFE, Stack, running, stack_running
from tests.waiting import wait_for

HERE = Path(__file__).parent
SECONDS = 180
HEARTBEAT = "__debezium-heartbeat."
FIRST = {
    # what only repeats itself -> how many records of each connector are stored
    "heartbeat": 2,
    "transaction": 12,
    "DDL": 8,
}


class Scripted(Database, Protocol):
    """A database that also knows how far its connectors are."""

    def streaming(self, count: int) -> bool:
        """Whether so many connectors have done their snapshot and follow the log."""

    def windows(self, count: int) -> bool:
        """Whether incremental snapshots of so many connectors have closed a window."""


class Scene(NamedTuple):
    """One database, its connectors by name, and the name of its capture."""

    name: str
    schema: str
    server: Server
    script: Scripted
    connectors: Mapping[str, Connector]


def capture(stack: Stack, registry: Registry, scene: Scene) -> None:
    """Run the statements of one database while its connectors stream, and write what came of it."""
    parts = sections(HERE / f"{scene.name.rpartition('-')[2]}.sql")
    history = History(scene.script)
    history.run(parts.pop("tables"))
    last = parts.pop("done")
    stream(stack, scene)
    for statements in parts.values():
        history.run(statements)
    signalled = [name for name, one in scene.connectors.items() if "signals" in one.tables]
    worker = stack.connect.process
    wait_for(lambda: scene.script.windows(len(signalled)), SECONDS, "incremental snapshots", worker)
    history.run(last)
    for name, connector in scene.connectors.items():
        topic = connector.done or f"{name}.{scene.schema}.done"
        wait_for(partial(filled, stack.kafka, topic), SECONDS, topic, worker)
        stack.connect.delete(name)
    write(stack.kafka, registry, scene)
    truth = {table: entry for table, entry in history.tables().items() if table not in {"done", "signals"}}
    store(FIXTURES / f"{scene.name}.truth.json", truth)


def stream(stack: Stack, scene: Scene) -> None:
    """Start the connectors and wait until each has done its first snapshot."""
    for name, connector in scene.connectors.items():
        tables = ",".join(f"{scene.schema}.{table}" for table in connector.tables)
        stack.connect.put_debezium(name, scene.server, tables, *connector.parts)
    count = len(scene.connectors)
    wait_for(lambda: scene.script.streaming(count), SECONDS, "snapshots", stack.connect.process)


def kept(topic: str, offset: int) -> bool:
    """Whether a record is stored: all of them, but of those that only repeat themselves the first few."""
    if topic.startswith(HEARTBEAT):
        return offset < FIRST["heartbeat"]
    if topic.endswith(".transaction"):
        return offset < FIRST["transaction"]
    return "." in topic or offset < FIRST["DDL"]


def filled(kafka: KafkaBroker, topic: str) -> bool:
    """Whether a topic holds a record."""
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap_servers, "group.id": "capture"})
    try:
        return consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)[1] > 0
    except KafkaException:  # there is no such topic yet
        return False
    finally:
        consumer.close()


def write(kafka: KafkaBroker, registry: Registry, scene: Scene) -> None:
    """Write the records of the connectors and the schemas that these name."""
    schemas = Schemas(registry)
    lines = []
    for message in read_all(kafka):
        topic = str(message.topic())
        owner = scene.connectors.get(topic.removeprefix(HEARTBEAT).split(".")[0])
        if not owner or topic.endswith(".done") or not kept(topic, message.offset() or 0):
            continue
        lines.append(json.dumps(line(message), separators=(",", ":")))
        for kind, number in named(message, owner.framing):
            schemas.add(kind, number, "KCONNECT" if owner.framing == "pretty" else "AVRO")
    (FIXTURES / f"{scene.name}.jsonl").write_text("\n".join(lines) + "\n")
    store(FIXTURES / f"{scene.name}.schemas.json", schemas.document())


def store(path: Path, document: Mapping[str, Any]) -> None:
    """Write JSON that shows in a diff what changed."""
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def main(names: list[str]) -> None:
    """Capture the databases named, or all."""
    with tempfile.TemporaryDirectory(prefix="capture-") as given, ExitStack() as ending:
        folder = Path(given)
        resolved = jars.resolve()
        stack = ending.enter_context(stack_running(resolved, folder, connect_heap="2g"))
        registry = ending.enter_context(running(Registry(resolved, folder, flags=SHORT_LIFE)))
        if "postgres" in names or not names:
            script = postgres.PostgresScript(ending.enter_context(stack.postgres.connect()))
            connectors = postgres.connectors(registry)
            capture(stack, registry, Scene(POSTGRES, "public", stack.postgres, script, connectors))
        if "mariadb" in names or not names:
            server = ending.enter_context(running(MariaDbServer(folder)))
            connectors = mariadb.connectors(registry)
            capture(
                stack, registry, Scene(MARIADB, "shop", server, mariadb.MariaDbScript(server), connectors)
            )


if __name__ == "__main__":
    main(sys.argv[1:])
