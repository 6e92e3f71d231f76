"""Configurations of Debezium's connectors, in parts that can be put together.

A part is a mapping of Connect's option names; a connector with no part for it writes JSON without a schema.
Their effect on a row is in debezium-events.md 4 to 7.
"""

import zlib
from collections.abc import Mapping
from typing import Literal, TypeAlias

from tests.stack.mariadb import MariaDbServer
from tests.stack.postgres import PostgresServer
from tests.stack.registry import Registry

Options: TypeAlias = Mapping[str, str]
Database: TypeAlias = PostgresServer | MariaDbServer
DeleteMode: TypeAlias = Literal[
    "drop", "tombstone", "rewrite", "rewrite-with-tombstone", "delete-to-tombstone"
]


def source(name: str, database: Database, tables: str, bootstrap_servers: str) -> Options:
    """Stream `tables` (comma-separated list of `schema.table`) to topics called `name.schema.table`."""
    common = {
        "database.hostname": "127.0.0.1",
        "database.port": str(database.port),
        "topic.prefix": name,
        "table.include.list": tables,
        "snapshot.mode": "initial",
        "poll.interval.ms": "20",
    }
    if isinstance(database, PostgresServer):
        slot = name.replace("-", "_")  # PostgreSQL takes no hyphens in its name
        return common | {
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "database.user": "postgres",
            "database.password": "postgres",
            "database.dbname": "postgres",
            "slot.name": slot,
            "slot.drop.on.stop": "true",
            "publication.name": slot,
            "publication.autocreate.mode": "filtered",
            "plugin.name": "pgoutput",
        }
    return common | {
        "connector.class": "io.debezium.connector.mariadb.MariaDbConnector",
        "database.user": "root",
        "database.password": "",
        "database.server.id": str(zlib.crc32(name.encode())),  # one of its own, as a replica has
        "database.include.list": "shop",
        "schema.history.internal.kafka.bootstrap.servers": bootstrap_servers,
        "schema.history.internal.kafka.topic": f"history.{name}",
    }


def json_with_schema() -> Options:
    """JSON that carries Connect's schema with every record, in keys and values."""
    return _both("org.apache.kafka.connect.json.JsonConverter", {"schemas.enable": "true"})


def avro(
    registry: Registry, *, framing: Literal["confluent", "8 bytes", "headers"], use: str = ""
) -> Options:
    """Avro, with the id as 4 bytes (a contentId) or 8 bytes (a globalId) before it, or in headers.

    `use` is Apicurio's `use-id`, where the kind of id shall be another.
    """
    options = {
        "apicurio.registry.url": registry.native,
        "apicurio.registry.auto-register": "true",
        "apicurio.registry.find-latest": "true",
        "apicurio.registry.headers.enabled": "true" if framing == "headers" else "false",
    }
    if framing == "confluent":
        options |= {"apicurio.registry.as-confluent": "true", "apicurio.registry.use-id": "contentId"}
    if use:
        options["apicurio.registry.use-id"] = use
    return _both("io.apicurio.registry.utils.converter.AvroConverter", options)


def ext_json(registry: Registry) -> Options:
    """JSON as `{"schemaId", "payload"}`, whose Connect schema the registry holds (artifact type KCONNECT)."""
    options = {
        "apicurio.registry.url": registry.native,
        "apicurio.registry.auto-register": "true",
        "apicurio.registry.find-latest": "true",
    }
    return _both("io.apicurio.registry.utils.converter.ExtJsonConverter", options)


def flattened(mode: DeleteMode, *, fields: str = "", headers: str = "", **more: str) -> Options:
    """Rows instead of envelopes; `fields` and `headers` are Debezium's `add.fields` and `add.headers`."""
    options = {
        "type": "io.debezium.transforms.ExtractNewRecordState",
        "delete.tombstone.handling.mode": mode,
        "add.fields": fields,
        "add.headers": headers,
        **more,
    }
    return _transform("flatten", options)


def outbox(*, expand: bool = False, placement: str = "", topic: str = "") -> Options:
    """Events of an outbox table; `placement` is Debezium's `table.fields.additional.placement`."""
    options = {
        "type": "io.debezium.transforms.outbox.EventRouter",
        "table.expand.json.payload": "true" if expand else "false",
        "table.fields.additional.placement": placement,
        "route.topic.replacement": topic,
    }
    return _transform("outbox", options)


def signals(table: str) -> Options:
    """Take signals, such as the one for an incremental snapshot, from a table (`schema.table`)."""
    return {"signal.enabled.channels": "source", "signal.data.collection": table}


def _both(converter: str, options: Options) -> Options:
    return {
        f"{part}.converter{name}": value
        for part in ("key", "value")
        for name, value in [("", converter), *((f".{name}", value) for name, value in options.items())]
    }


def _transform(name: str, options: Options) -> Options:
    given = {f"transforms.{name}.{option}": value for option, value in options.items() if value}
    return {"transforms": name, **given}
