"""The configurations of docs/your-debezium-connector.md are complete and agree with the stack tests."""

import json
import re

import pytest

from tests.docs.pages import ROOT, blocks
from tests.stack import debezium
from tests.stack.mariadb import MariaDbServer
from tests.stack.postgres import PostgresServer

PAGE = "docs/your-debezium-connector.md"
CONFIGURATIONS: dict[str, dict[str, str]] = {
    found["connector.class"].rsplit(".", 1)[1]: found
    for found in (json.loads(block.text) for block in blocks("json") if block.page == PAGE)
}
RELATIONAL = {
    "database.hostname",
    "database.port",
    "database.user",
    "database.password",
    "table.include.list",
}
HISTORY = {"schema.history.internal.kafka.bootstrap.servers", "schema.history.internal.kafka.topic"}
NEEDED = {
    "PostgresConnector": RELATIONAL | {"database.dbname", "plugin.name", "slot.name", "publication.name"},
    "MySqlConnector": RELATIONAL | HISTORY | {"database.server.id", "database.include.list"},
    "MariaDbConnector": RELATIONAL | HISTORY | {"database.server.id", "database.include.list"},
    "SqlServerConnector": RELATIONAL | HISTORY | {"database.names", "driver.encrypt"},
    "MongoDbConnector": {"mongodb.connection.string", "collection.include.list", "capture.mode"},
}
GONE = {
    "database.encrypt",
    "database.dbname.list",
    "database.history.kafka.topic",
    "database.server.name",
    "mongodb.hosts",
    "mongodb.name",
    "schema.whitelist",
    "table.whitelist",
}
"""Names of Debezium 1 that Debezium 3 ignores without a word."""
CONVERTER = "org.apache.kafka.connect.json.JsonConverter"


def test_every_database_has_a_configuration() -> None:
    """One block for each connector class that the page promises."""
    assert set(CONFIGURATIONS) == set(NEEDED)


@pytest.mark.parametrize("name", NEEDED)
def test_a_configuration_is_complete(name: str) -> None:
    """It has the required options, a prefix, tombstones, heartbeats and converters with schemas."""
    found = CONFIGURATIONS[name]
    assert not GONE & set(found)
    assert NEEDED[name] | {"topic.prefix", "snapshot.mode", "heartbeat.interval.ms"} <= set(found)
    assert found["tombstones.on.delete"] == "true"
    for part in ("key", "value"):
        assert found[f"{part}.converter"] == CONVERTER
        assert found[f"{part}.converter.schemas.enable"] == "true"
    secrets = [value for key, value in found.items() if key.lower().endswith("password")]
    assert [value for value in secrets if not value.startswith("${env:")] == [], "a password in plain text"


@pytest.mark.parametrize(
    ("name", "server"), [("PostgresConnector", PostgresServer), ("MariaDbConnector", MariaDbServer)]
)
def test_a_configuration_agrees_with_the_one_that_is_tested(
    name: str, server: type[PostgresServer | MariaDbServer]
) -> None:
    """Class, plugin, publication and snapshot are those that a real Debezium runs with in tests/stack."""
    database = object.__new__(server)  # only its kind and its port are read
    database.port = 1
    tested = debezium.source("shop", database, "public.customers", "kafka:9092")
    page = CONFIGURATIONS[name]
    assert {key for key in tested if key not in page} <= {"poll.interval.ms", "slot.drop.on.stop"}
    for key in (
        "connector.class",
        "snapshot.mode",
        "plugin.name",
        "publication.autocreate.mode",
        "topic.prefix",
    ):
        assert page.get(key) == tested.get(key)


def test_topic_names_are_those_of_the_prefix() -> None:
    """Each section names its topic with the prefix of its block."""
    text = (ROOT / PAGE).read_text("utf-8")
    names = re.findall(r"Topics are .*?here `([\w.]+)`", text)
    assert names == [
        "shop.public.customers",
        "shop.shop.customers",
        "shop.shop.dbo.customers",
        "shop.shop.customers",
    ]
