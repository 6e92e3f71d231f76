"""The servers of the stack, started side by side and ended in order."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from tests.stack.connect import ConnectWorker
from tests.stack.jars import Jars
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.postgres import PostgresServer
from tests.stack.processes import Process

# The compiler's first stage only: the processes live for a minute or two on few cores.
SHORT_LIFE = ("-XX:TieredStopAtLevel=1",)


class Server(Protocol):
    """The interface of every server of the stack."""

    process: Process

    def start(self) -> None:
        """Start without waiting."""

    def await_ready(self) -> None:
        """Wait until it serves."""


class Killable(Server, Protocol):
    """A server of which only its folder stays."""

    def kill(self) -> None:
        """Stop it without warning."""


K = TypeVar("K", bound=Killable)


@dataclass(frozen=True, slots=True)
class Stack:
    """The servers that every test of the stack needs."""

    kafka: KafkaBroker
    postgres: PostgresServer
    connect: ConnectWorker


@contextmanager
def stack_running(jars: Jars, folder: Path, *, connect_heap: str = "768m") -> Iterator[Stack]:
    """Run Kafka, PostgreSQL and Connect.

    Raises:
        StackMissingError: PostgreSQL is not installed.
    """
    with (
        running(KafkaBroker(jars, folder, flags=SHORT_LIFE)) as kafka,
        debezium_running(jars, folder, kafka, connect_heap=connect_heap) as stack,
    ):
        yield stack


@contextmanager
def debezium_running(
    jars: Jars, folder: Path, kafka: KafkaBroker, *, connect_heap: str = "768m"
) -> Iterator[Stack]:
    """Run PostgreSQL and Connect beside a broker that runs.

    Raises:
        StackMissingError: PostgreSQL is not installed.
    """
    postgres = PostgresServer(folder)
    with ExitStack() as ending:
        ending.callback(postgres.stop)
        connect = ConnectWorker(jars, folder, kafka, heap=connect_heap, flags=SHORT_LIFE)
        ending.callback(connect.stop)
        servers: tuple[Server, ...] = (postgres, connect)
        for server in servers:
            server.start()
        for server in servers:
            server.await_ready()
        yield Stack(kafka, postgres, connect)


@contextmanager
def running(server: K) -> Iterator[K]:
    """Run one server that only some tests need."""
    server.start()
    try:
        server.await_ready()
        yield server
    finally:
        server.kill()
