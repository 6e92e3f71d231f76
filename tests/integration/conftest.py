"""The worlds of the tests, taken down again whatever happened."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from connector.sandbox.api.behaviour import Behaviour
from connector.sandbox.broker import EmbeddedBroker
from tests.integration.deployment import Deployment
from tests.integration.service import Service
from tests.integration.stores import Stores


class Running(NamedTuple):
    """A world with one instance that runs and is ready."""

    deployment: Deployment
    service: Service


@pytest.fixture(scope="session")
def broker() -> Iterator[EmbeddedBroker]:
    """Give the broker on which the worlds of single tests follow one another."""
    with EmbeddedBroker() as broker:
        yield broker


@pytest.fixture
def deployment(tmp_path: Path, broker: EmbeddedBroker) -> Iterator[Deployment]:
    """Make a separate deployment: empty topics, a new group, the sandbox API and its services."""
    with Deployment(tmp_path, broker) as world:
        yield world


@pytest.fixture
def stores(deployment: Deployment) -> Iterator[Stores]:
    """Give the same world with the stores, whose rows need a schema registry."""
    with Stores(deployment) as shop:
        yield shop


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run one instance for the tests of a module."""
    with EmbeddedBroker() as broker, Deployment(tmp_path_factory.mktemp("shared"), broker) as deployment:
        service = deployment.service(
            contact_wait_seconds=2, delivery={"request_seconds_max": 1, "drain_seconds": 5}
        )
        service.start()
        service.await_ready()
        yield Running(deployment, service)
        assert service.status()["unaccounted_records"] == 0
        assert service.stop() == 0
        deployment.assert_in_order()


@pytest.fixture
def running(shared: Running) -> Iterator[Running]:
    """Give the instance of the module, healthy and with nothing wrong at the API."""
    yield shared
    shared.deployment.api.heal()
    shared.deployment.api.change(**vars_of(Behaviour(limit=None)))
    shared.deployment.show_logs()


def vars_of(behaviour: Behaviour) -> dict[str, object]:
    """Give the switches by their names."""
    return {name: getattr(behaviour, name) for name in behaviour.__dataclass_fields__}
