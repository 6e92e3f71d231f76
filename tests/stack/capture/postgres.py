"""The captures of PostgreSQL: one connector per form of record, all on the same tables."""

from collections.abc import Mapping

import psycopg
from psycopg import sql

from tests.stack.capture.connectors import Connector
from tests.stack.capture.script import Row
from tests.stack.debezium import (
    Options,
    avro,
    ext_json,
    flattened,
    json_with_schema,
    outbox,
    signals,
)
from tests.stack.registry import Registry

VALUES = "numbers times texts nested defaults"
SHAPES = "customers members full_rows index_rows nokey orders emptied toasted"
ROWS = "customers members"

META: Options = {
    "provide.transaction.metadata": "true",
    "heartbeat.interval.ms": "200",
    "skipped.operations": "none",
    **signals("public.signals"),
}
QUIET: Options = {"message.prefix.exclude.list": ".*", "extended.headers.enabled": "false"}
"""The captures of a few connectors suffice for these; the others leave them out, to keep the files small."""

HEADERS_AS_JSON: Options = {"header.converter": "org.apache.kafka.connect.json.JsonConverter"}
AS_STRING: Options = {"value.converter": "org.apache.kafka.connect.storage.StringConverter"}
LOSSY: Options = {
    "decimal.handling.mode": "double",
    "time.precision.mode": "connect",
    "interval.handling.mode": "string",
    "hstore.handling.mode": "map",
    "binary.handling.mode": "hex",
}
TEXTUAL: Options = {
    "decimal.handling.mode": "string",
    "time.precision.mode": "isostring",
    "hstore.handling.mode": "json",
    "binary.handling.mode": "base64",
}
FINE: Options = {"time.precision.mode": "nanoseconds", "binary.handling.mode": "base64-url-safe"}


def connectors(registry: Registry) -> Mapping[str, Connector]:
    """Return the connectors by name, which is the prefix of their topics."""
    confluent = avro(registry, framing="confluent")
    added = {"fields": "op,table,lsn,source.ts_ms", "headers": "op"}
    return {
        "pj": Connector(f"{VALUES} odd {SHAPES} signals", META),
        "pjs": Connector(f"{VALUES} customers members nokey", json_with_schema(), HEADERS_AS_JSON),
        "pav": Connector(f"{VALUES} odd {SHAPES} signals", META, confluent, framing="confluent"),
        "pa8": Connector("customers members", QUIET, avro(registry, framing="8 bytes"), framing="8 bytes"),
        "pah": Connector("customers members", QUIET, avro(registry, framing="headers"), framing="headers"),
        "pac": Connector(
            "customers", QUIET, avro(registry, framing="headers", use="contentId"), framing="headers"
        ),
        "pxj": Connector("customers", QUIET, ext_json(registry), framing="pretty"),
        "pvl": Connector(f"{VALUES} odd toasted", QUIET, confluent, LOSSY, framing="confluent"),
        "pvt": Connector(f"{VALUES} odd toasted", QUIET, confluent, TEXTUAL, framing="confluent"),
        "pvn": Connector("times texts toasted", QUIET, confluent, FINE, framing="confluent"),
        "pfd": Connector(ROWS, QUIET, flattened("drop", **added)),
        "pft": Connector(ROWS, QUIET, flattened("tombstone", **added)),
        "pfr": Connector(f"{ROWS} full_rows nokey orders", flattened("rewrite", **added)),
        "pfw": Connector(ROWS, QUIET, flattened("rewrite-with-tombstone", **added)),
        "pfz": Connector(ROWS, QUIET, flattened("delete-to-tombstone", **added)),
        "pfs": Connector("members", QUIET, json_with_schema(), flattened("tombstone")),
        "pfa": Connector(ROWS, QUIET, confluent, flattened("rewrite", **added), framing="confluent"),
        "pfn": Connector("members", QUIET, confluent, flattened("tombstone"), framing="confluent"),
        "outbox": Connector("outbox outbox_lists", outbox(), done="outbox.event.done"),
        "pos": Connector(
            "outbox outbox_lists",
            QUIET,
            json_with_schema(),
            outbox(topic="pos.${routedByValue}"),
            done="pos.done",
        ),
        "pot": Connector(
            "outbox outbox_lists", QUIET, AS_STRING, outbox(topic="pot.${routedByValue}"), done="pot.done"
        ),
        "poe": Connector(
            "outbox",
            QUIET,
            outbox(expand=True, topic="poe.${routedByValue}", placement="type:header:eventType"),
            done="poe.done",
        ),
        "pon": Connector(
            "outbox",
            QUIET,
            outbox(topic="pon.${routedByValue}", placement="type:envelope:eventType,tenant:envelope"),
            done="pon.done",
        ),
        "poa": Connector(
            "outbox outbox_lists",
            QUIET,
            confluent,
            outbox(topic="poa.${routedByValue}"),
            done="poa.done",
            framing="confluent",
        ),
        "pox": Connector(
            "outbox",
            QUIET,
            confluent,
            outbox(expand=True, topic="pox.${routedByValue}", placement="tenant:envelope,type:header"),
            done="pox.done",
            framing="confluent",
        ),
    }


class PostgresScript:
    """PostgreSQL as the script needs it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def run(self, statement: str) -> None:
        """Run one statement."""
        self._connection.execute(statement.encode())

    def columns(self, table: str) -> dict[str, str]:
        """Return the declared type of each column by its name."""
        found = self._connection.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [table],
        )
        return {str(name): str(declared) for name, declared in found}

    def rows(self, table: str) -> dict[str, Row]:
        """Return the rows of a table by their key: the key's columns with commas, else the row's place."""
        names = list(self.columns(table))
        keys = self._connection.execute(
            "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)"
            " WHERE indrelid = %s::regclass AND indisprimary ORDER BY attnum",
            [table],
        ).fetchall()
        key = sql.SQL(" || ',' || ").join(
            sql.SQL("{}::text").format(sql.Identifier(name)) for (name,) in keys
        )
        texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in names)
        found = self._connection.execute(
            sql.SQL("SELECT {}, {} FROM {} ORDER BY 1").format(
                key if keys else sql.SQL("ctid::text"), texts, sql.Identifier(table)
            )
        )
        return {str(key): dict(zip(names, values, strict=True)) for key, *values in found}

    def streaming(self, count: int) -> bool:
        """Whether so many connectors have done their snapshot and follow the log."""
        found = self._connection.execute("SELECT count(*) FROM pg_replication_slots WHERE active").fetchone()
        return found == (count,)

    def windows(self, count: int) -> bool:
        """Whether incremental snapshots of so many connectors have closed a window."""
        found = self._connection.execute(
            "SELECT count(*) FROM signals WHERE type = 'snapshot-window-close'"
        ).fetchone()
        return found is not None and int(found[0]) >= count
