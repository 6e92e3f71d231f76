"""The real stack for one test run: what every test needs at once, the rest when a test first asks for it."""

import os
import signal
from collections.abc import Callable, Generator, Iterator
from types import FrameType
from typing import NoReturn

import pytest

from tests.stack import jars
from tests.stack.connect import ConnectWorker
from tests.stack.jars import Jars, StackMissingError
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.mariadb import MariaDbServer
from tests.stack.postgres import PostgresServer
from tests.stack.registry import Registry
from tests.stack.secured import SecuredBroker
from tests.stack.servers import SHORT_LIFE, Stack, running, stack_running

SERVERS = (KafkaBroker, PostgresServer, ConnectWorker, MariaDbServer, Registry)
TOLD = pytest.StashKey[list[str]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of every server's log with a test that failed."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        servers = [value for value in item.funcargs.values() if isinstance(value, SERVERS)]
        report.sections += [(str(one.process.log), one.process.log_tail()) for one in servers]
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
    """Print the notes of the tests."""
    for line in config.stash.get(TOLD, []):
        terminalreporter.write_line(f"stack: {line}")


@pytest.fixture(scope="session")
def endings() -> Iterator[None]:
    """End the servers also when the run is ended by SIGTERM."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def stack_jars() -> Jars:
    """The jars, from the cache or from Maven."""
    try:
        return jars.resolve()
    except StackMissingError as error:
        missing(error)


@pytest.fixture(scope="session")
def stack(stack_jars: Jars, tmp_path_factory: pytest.TempPathFactory, endings: None) -> Iterator[Stack]:
    """Kafka, PostgreSQL and Connect, ready; stopped at the end, also after Ctrl-C or SIGTERM."""
    del endings
    try:
        with stack_running(stack_jars, tmp_path_factory.mktemp("stack")) as stack:
            yield stack
    except StackMissingError as error:
        missing(error)


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


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory, endings: None) -> Iterator[MariaDbServer]:
    """MariaDB, started by the first test that asks for it."""
    del endings
    try:
        server = MariaDbServer(tmp_path_factory.mktemp("mariadb"))
    except StackMissingError as error:
        missing(error)
    with running(server) as mariadb:
        yield mariadb


@pytest.fixture(scope="session")
def registry(stack_jars: Jars, tmp_path_factory: pytest.TempPathFactory, endings: None) -> Iterator[Registry]:
    """The schema registry, started by the first test that asks for it."""
    del endings
    folder = tmp_path_factory.mktemp("registry")
    with running(Registry(stack_jars, folder, flags=SHORT_LIFE)) as registry:
        yield registry


@pytest.fixture(scope="session")
def secured(
    stack_jars: Jars, tmp_path_factory: pytest.TempPathFactory, endings: None
) -> Iterator[SecuredBroker]:
    """A broker of its own for what would disturb the others: logins, rights, compaction, corrupt logs."""
    del endings
    with running(SecuredBroker(stack_jars, tmp_path_factory.mktemp("secured"))) as broker:
        yield broker
