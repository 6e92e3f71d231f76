"""A real registry that is killed, and schemas that change, while rows change: nothing is lost or refused.

PostgreSQL, Debezium, Kafka, the registry and the connector are real, each in a process of its own.
"""

from contextlib import ExitStack
from pathlib import Path

import pytest

from connector.sandbox.api.api_server import SandboxApi
from connector.sandbox.api.behaviour import Behaviour
from tests.stack.connect import ConnectWorker
from tests.stack.debezium import Options, avro, json_with_schema
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.postgres import PostgresServer
from tests.stack.registry import Registry
from tests.stack.service import Service
from tests.stack.versioned import SECONDS, assert_clean, await_equal, await_newer, load, mapping, newest
from tests.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

PARTITIONS = 3
LATER = """\
    city: city
    note: note
"""
KEEP: Options = {"slot.drop.on.stop": "false"}
# With the default left, both converters would write it where a row has a null.
NO_CITY = """
ALTER TABLE {table} ALTER COLUMN city DROP NOT NULL, ALTER COLUMN city DROP DEFAULT;
UPDATE {table} SET city = NULL, row_version = row_version + 1 WHERE number % 3 = 0
"""
CHANGES = (
    # whether the source restarts with it, the change
    (False, "ALTER TABLE {table} ADD COLUMN note text DEFAULT 'kept'"),
    (True, "ALTER TABLE {table} ADD COLUMN city text NOT NULL DEFAULT 'Ávila'"),
    (False, "ALTER TABLE {table} DROP COLUMN note"),
    (True, "ALTER TABLE {table} ALTER COLUMN points TYPE numeric(20, 6)"),
    (False, NO_CITY),
)
"""A column that comes and goes, one that stays, a decimal of another scale, and a column that may be null."""


def test_a_registry_that_was_killed_delays_only_what_needs_it(
    kafka: KafkaBroker,
    postgres: PostgresServer,
    connect: ConnectWorker,
    registry: Registry,
    tmp_path: Path,
) -> None:
    """Started without a registry, the service waits with Avro, delivers JSON, says why, and heals.

    Rows of both topics change all the time. Meanwhile the source of the Avro topic fails, as Debezium
    does without a registry. After a restart it goes on where it was (promises 1 and 2).
    """
    topics = {name: f"{name}.public.{name}" for name in ("waits", "flows")}
    with ExitStack() as ending:
        for topic in topics.values():
            kafka.create_topic(topic, PARTITIONS)
        sandbox = ending.enter_context(SandboxApi(Behaviour(limit=None)))
        rows = ending.enter_context(load(postgres, *topics))
        for name, form in (("waits", avro(registry, framing="confluent")), ("flows", {})):
            connect.put_debezium(name, postgres, f"public.{name}", form, KEEP)
            ending.callback(connect.delete, name)
        service = Service(
            "killed-registry",
            tmp_path,
            kafka,
            sandbox,
            mapping(topics["waits"]),
            mapping(topics["flows"], "{from: points, as: {decimal: 2}}"),
            registry={"type": "confluent", "url": registry.confluent},
        )
        ending.callback(service.close)
        service.start()
        rows.start()
        for name in topics:
            await_newer(sandbox, rows, name, service.process)

        assert service.stop() == 0
        delivered = newest(sandbox, "waits")
        committed = kafka.committed("killed-registry", topics["waits"], PARTITIONS)
        wait_for(lambda: kafka.written(topics["waits"], PARTITIONS) > committed, SECONDS, "unread records")
        registry.kill()
        service.start()
        await_newer(sandbox, rows, "flows", service.process)
        service.await_not_ready("schema registry")
        await_newer(sandbox, rows, "flows", service.process)
        assert newest(sandbox, "waits") == delivered
        assert_clean(sandbox, service)

        registry.start()
        registry.await_ready()
        connect.restart("waits")
        await_newer(sandbox, rows, "waits", service.process)
        service.await_ready()
        rows.end()
        await_equal(sandbox, rows, service.process)
        assert_clean(sandbox, service)
        assert service.stop() == 0


@pytest.mark.parametrize("form", ["evolve_avro", "evolve_json"])
def test_a_table_that_changes_its_columns_loses_nothing(
    kafka: KafkaBroker,
    postgres: PostgresServer,
    connect: ConnectWorker,
    registry: Registry,
    tmp_path: Path,
    form: str,
) -> None:
    """Columns come, go and change their type under load, the source restarts, and all rows arrive.

    The mapping names the columns before they are there and after they are gone. Each record is read
    with the schema that wrote it: a decimal whose scale has changed keeps its value.
    """
    topic = f"{form}.public.{form}"
    kafka.create_topic(topic, PARTITIONS)
    converter = avro(registry, framing="confluent") if form == "evolve_avro" else json_with_schema()
    with ExitStack() as ending:
        sandbox = ending.enter_context(SandboxApi(Behaviour(limit=None)))
        rows = ending.enter_context(load(postgres, form))
        sql = ending.enter_context(postgres.connect())
        connect.put_debezium(form, postgres, f"public.{form}", converter, KEEP)
        ending.callback(connect.delete, form)
        where = {"type": "confluent", "url": registry.confluent}
        service = Service(form, tmp_path, kafka, sandbox, mapping(topic) + LATER, registry=where)
        ending.callback(service.close)
        service.start()
        rows.start()
        await_newer(sandbox, rows, form, service.process)
        for restart, change in CHANGES:
            sql.execute(change.format(table=form))
            if restart:
                connect.restart(form)
            await_newer(sandbox, rows, form, service.process)
        rows.end()
        await_equal(sandbox, rows, service.process, columns=("city",))
        assert None in {contact["city"] for contact in sandbox.contacts().values()}
        assert_clean(sandbox, service)
        assert service.stop() == 0
