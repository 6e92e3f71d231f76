"""The real stack for one test run: Kafka, PostgreSQL and Kafka Connect, started side by side."""

import os
import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

import pytest

from tests.stack import jars
from tests.stack.connect import ConnectWorker
from tests.stack.jars import Jars, StackMissingError
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.postgres import PostgresServer

# The compiler's first stage only: the processes live for a minute or two on few cores.
SHORT_LIFE = ("-XX:TieredStopAtLevel=1",)

TOLD = pytest.StashKey[list[str]]()


@dataclass(frozen=True, slots=True)
class Stack:
    """Everything that runs."""

    kafka: KafkaBroker
    postgres: PostgresServer
    connect: ConnectWorker


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of every server's log with a test that failed."""
    report = yield
    running = item.funcargs.get("stack") if isinstance(item, pytest.Function) else None
    if report.failed and isinstance(running, Stack):
        for server in (running.kafka, running.postgres, running.connect):
            report.sections.append((str(server.process.log), server.process.log_tail()))
    return report


def missing(error: StackMissingError) -> NoReturn:
    """Skip with the reason, or fail where the stack is required."""
    message = f"the real stack cannot run here: {error}"
    if os.environ.get("REQUIRE_STACK") == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


@pytest.fixture(scope="session")
def tell(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Say something to who runs the tests, also when they pass: it is printed at the end."""
    return pytestconfig.stash.setdefault(TOLD, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what the tests told."""
    for line in config.stash.get(TOLD, []):
        terminalreporter.write_line(f"stack: {line}")


@pytest.fixture(scope="session")
def stack_jars() -> Jars:
    """The jars, from the cache or from Maven."""
    try:
        return jars.resolve()
    except StackMissingError as error:
        missing(error)


@pytest.fixture(scope="session")
def stack(stack_jars: Jars, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All three servers, ready; stopped at the end, also after Ctrl-C or SIGTERM."""
    folder = tmp_path_factory.mktemp("stack")
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        postgres = PostgresServer(folder)
    except StackMissingError as error:
        missing(error)
    with ExitStack() as ending:
        ending.callback(signal.signal, signal.SIGTERM, before)
        ending.callback(postgres.stop)
        kafka = KafkaBroker(stack_jars, folder, flags=SHORT_LIFE)
        ending.callback(kafka.kill)
        connect = ConnectWorker(stack_jars, folder, kafka, flags=SHORT_LIFE)
        ending.callback(connect.stop)
        servers = (kafka, postgres, connect)
        for server in servers:
            server.start()
        for server in servers:
            server.await_ready()
        yield Stack(kafka, postgres, connect)


@pytest.fixture(scope="session")
def kafka(stack: Stack) -> KafkaBroker:
    """The broker."""
    return stack.kafka


@pytest.fixture(scope="session")
def postgres(stack: Stack) -> PostgresServer:
    """The database."""
    return stack.postgres


@pytest.fixture(scope="session")
def connect(stack: Stack) -> ConnectWorker:
    """The Kafka Connect worker."""
    return stack.connect
