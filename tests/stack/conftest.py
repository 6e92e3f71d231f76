"""The real stack for one test run: what every test needs at once, the rest when a test first asks for it."""

import os
import signal
from collections.abc import Callable, Generator, Iterator
from functools import partial
from types import FrameType
from typing import NoReturn

import pytest

from tests.conftest import NOTE
from tests.stack import jars
from tests.stack.connect import ConnectWorker
from tests.stack.jars import Jars, StackMissingError
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.mariadb import MariaDbServer
from tests.stack.postgres import PostgresServer
from tests.stack.registry import Registry
from tests.stack.secured import SecuredBroker
from tests.stack.servers import SHORT_LIFE, Stack, debezium_running, running

SERVERS = (KafkaBroker, PostgresServer, ConnectWorker, MariaDbServer, Registry)


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


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Give a test a line of the summary at the end, which is printed also when the test passes."""
    return partial(record_property, NOTE)


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
def kafka(stack_jars: Jars, tmp_path_factory: pytest.TempPathFactory, endings: None) -> Iterator[KafkaBroker]:
    """The broker; stopped at the end, also after Ctrl-C or SIGTERM."""
    del endings
    with running(KafkaBroker(stack_jars, tmp_path_factory.mktemp("kafka"), flags=SHORT_LIFE)) as kafka:
        yield kafka


@pytest.fixture(scope="session")
def stack(stack_jars: Jars, kafka: KafkaBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """PostgreSQL and Connect beside the broker, ready."""
    try:
        with debezium_running(stack_jars, tmp_path_factory.mktemp("stack"), kafka) as stack:
            yield stack
    except StackMissingError as error:
        missing(error)


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
