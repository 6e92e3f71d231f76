"""The soft deletes of docs/recipes.md delete the contact, with a real Debezium.

SQL, JSON and topic files are read from the page. Only the names of tables and topics are replaced.
"""

import json
import re
from pathlib import Path

import pytest

from tests.stack.connect import ConnectWorker
from tests.stack.debezium import Options, json_with_schema
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.postgres import PostgresServer
from tests.stack.reading import connectors, reading
from tests.stack.registry import Registry

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text("utf-8")
SECTION = PAGE.split("\n## Soft deletes\n")[1].split("\n## ")[0]
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
TOPIC = "shop.public.customers"

TABLE = """
CREATE TABLE soft_customers (
    id int PRIMARY KEY, email text, deleted_at timestamptz, is_deleted boolean NOT NULL DEFAULT false
);
INSERT INTO soft_customers VALUES
    (1, 'ada@example.com', NULL, false), (2, 'bo@example.com', NULL, false),
    (3, 'cy@example.com', now(), true);
"""
DELETE = "UPDATE soft_customers SET deleted_at = now(), is_deleted = true WHERE id = 1"
RETURN = "UPDATE soft_customers SET deleted_at = NULL, is_deleted = false WHERE id = 1"
REMOVE = "DELETE FROM soft_customers WHERE id = 2"
FILTER = {
    "publication.autocreate.mode": "disabled",
    "publication.name": "instasent",
    "snapshot.select.statement.overrides": "public.soft_customers",
    "snapshot.select.statement.overrides.public.soft_customers": (
        "SELECT * FROM public.soft_customers WHERE deleted_at IS NULL"
    ),
}


def blocks(language: str) -> list[str]:
    """Return the section's blocks of one language, in order."""
    return [text for kind, text in BLOCKS if kind == language]


@pytest.mark.parametrize("way", ["filtered", "marked"])
def test_a_soft_delete_deletes_the_contact(
    way: str,
    kafka: KafkaBroker,
    postgres: PostgresServer,
    connect: ConnectWorker,
    registry: Registry,
    tmp_path: Path,
) -> None:
    """Soft deletes, a customer who returns, and a real delete, through a filter or a renamed column."""
    (sql_of_the_page,) = blocks("sql")
    (transforms,) = blocks("json")
    topic_file = blocks("yaml")[("filtered", "marked").index(way)]
    options: Options = FILTER if way == "filtered" else json.loads(transforms)
    topic = f"soft-{way}.public.soft_customers"
    topics = {topic: topic_file.replace(TOPIC, topic)}
    with postgres.connect() as sql, reading(f"soft-{way}", tmp_path, kafka, registry, topics) as reader:
        sql.execute(TABLE)
        try:
            if way == "filtered":
                for statement in sql_of_the_page.replace("customers", "soft_customers").split(";")[:-1]:
                    sql.execute(statement)
            forms = {f"soft-{way}": (json_with_schema(), options)}
            with connectors(connect, postgres, "public.soft_customers", forms):
                first = {"_user_id": "1", "_email": "ada@example.com"}
                second = {"_user_id": "2", "_email": "bo@example.com"}
                reader.await_contacts({"1": first, "2": second})
                sql.execute(DELETE)
                reader.await_contacts({"2": second})
                sql.execute(RETURN)
                reader.await_contacts({"1": first, "2": second})
                sql.execute(REMOVE)
                reader.await_contacts({"1": first})
                reader.await_committed(topic)
        finally:
            sql.execute("DROP PUBLICATION IF EXISTS instasent")
            sql.execute("DROP TABLE soft_customers")
