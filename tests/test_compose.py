"""The example for containers fits the rest. No container engine runs here: what can be read is compared."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from connector.sandbox.api.behaviour import Behaviour
from connector.settings.load import load
from connector.settings.models import Settings

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of the compose file."""
    document = YAML(typ="safe").load(ROOT / "docker-compose.yml")
    return dict(document["services"])


@pytest.fixture(scope="module")
def settings(services: dict[str, Any]) -> Settings:
    """The shipped configuration, read with the environment of the connector's container only."""
    environment = {name: str(value) for name, value in services["connector"]["environment"].items()}
    return load(ROOT / "config" / "connector.yaml", environment)


def published(services: dict[str, Any]) -> dict[str, set[str]]:
    """Return the container ports that each service publishes; all on this machine's own address."""
    ports: dict[str, set[str]] = {}
    for name, service in services.items():
        for entry in service.get("ports", ()):
            address, _host_port, port = entry.split(":")
            assert address == "127.0.0.1", f"{name} is open to the network"
            ports.setdefault(name, set()).add(port)
    return ports


def test_services_name_what_exists(services: dict[str, Any]) -> None:
    """Dependencies and shared networks are services, mounted paths exist, images have a version."""
    for service in services.values():
        shared = service.get("network_mode", "").removeprefix("service:")
        assert {*service.get("depends_on", ()), *filter(None, [shared])} <= services.keys()
        for volume in service.get("volumes", ()):
            source, _target, mode = volume.split(":")
            assert (ROOT / source).exists()
            assert mode == "ro"
        if "build" not in service:
            assert re.search(r":\d", service["image"])
    assert services["sandbox"]["image"] == services["connector"]["image"]


def test_the_environment_fits_the_shipped_configuration(services: dict[str, Any], settings: Settings) -> None:
    """With the variables of the compose file the configuration is valid and points at its services."""
    advertised = services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert f"://{settings.kafka['bootstrap.servers']}," in advertised
    port = services["sandbox"]["command"][-1].removeprefix("0.0.0.0:")
    assert settings.instasent.base_url == f"http://127.0.0.1:{port}/v1"
    assert services["sandbox"]["network_mode"] == "service:connector"
    sandbox = Behaviour()
    assert (settings.instasent.project, settings.instasent.datasource) == (
        sandbox.project,
        sandbox.datasource,
    )
    assert settings.instasent.token.get_secret_value() in sandbox.tokens
    assert settings.admin.listen == "0.0.0.0:8085"
    assert published(services)["connector"] == {"8085", port}


def test_the_container_has_time_to_drain(services: dict[str, Any], settings: Settings) -> None:
    """Compose waits longer before it kills than the connector may take to drain."""
    seconds = int(services["connector"]["stop_grace_period"].removesuffix("s"))
    assert seconds > settings.delivery.drain_seconds


def test_debezium_streams_a_table_that_is_mapped(services: dict[str, Any], settings: Settings) -> None:
    """Debezium's prefix and table are a configured topic, and the database that it reads has the table."""
    config = json.loads((ROOT / "examples" / "docker" / "debezium.json").read_text())
    table = config["table.include.list"]
    assert f"{config['topic.prefix']}.{table}" in {rules.topic for rules in settings.topics}
    sql = (ROOT / "examples" / "docker" / "customers.sql").read_text()
    assert f"CREATE TABLE {table.removeprefix('public.')} (" in sql
    database = services["postgres"]["environment"]
    assert config["database.hostname"] in services
    assert (config["database.user"], config["database.password"], config["database.dbname"]) == (
        database["POSTGRES_USER"],
        database["POSTGRES_PASSWORD"],
        database["POSTGRES_DB"],
    )


@pytest.mark.parametrize("name", ["sandbox", "connector"])
def test_our_containers_can_do_little(services: dict[str, Any], name: str) -> None:
    """Our image runs without root, without a writable file system and without capabilities (S19)."""
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    user = re.search(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert user
    assert "0" not in user.groups()


def test_the_image_is_built_from_the_lock() -> None:
    """Packages are checked by hash, nothing else is fetched, and what is copied is there to copy (S19)."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "pip download --quiet --require-hashes --dest /wheels -r requirements.lock" in dockerfile
    for command in re.findall(r"pip (?:install|wheel).*", dockerfile):
        assert "--no-index" in command
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for line in re.findall(r"^COPY (?!--from)(.*) \S+$", dockerfile, re.MULTILINE):
        for source in line.split():
            assert (ROOT / source).exists()
            assert source in let_in
