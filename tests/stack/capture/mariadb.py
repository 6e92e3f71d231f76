"""The captures of MariaDB: one connector per form of record, all on the same tables."""

import re
from collections.abc import Mapping

from tests.stack.capture.connectors import Connector
from tests.stack.capture.script import Row
from tests.stack.debezium import Options, avro, flattened, json_with_schema, signals
from tests.stack.mariadb import MariaDbServer
from tests.stack.registry import Registry

VALUES = "numbers times zeros texts defaults"
SHAPES = "customers members nokey emptied"

META: Options = {
    "provide.transaction.metadata": "true",
    "heartbeat.interval.ms": "200",
    "skipped.operations": "none",
    **signals("shop.signals"),
}
QUIET: Options = {"include.schema.changes": "false", "extended.headers.enabled": "false"}
"""The captures of two connectors suffice for these; the others leave them out, to keep the files small."""

LOSSY: Options = {
    "decimal.handling.mode": "double",
    "time.precision.mode": "connect",
    "bigint.unsigned.handling.mode": "precise",
    "binary.handling.mode": "hex",
    **QUIET,
}
TEXTUAL: Options = {
    "decimal.handling.mode": "string",
    "time.precision.mode": "isostring",
    "binary.handling.mode": "base64",
    **QUIET,
}

AS_TEXT = {
    # declared type, up to its first bracket or blank -> how a column is read as text; others are cast
    "bit": "BIN({} + 0)",
    "blob": "HEX({})",
    "binary": "HEX({})",
    "varbinary": "HEX({})",
    "point": "ST_AsText({})",
    "geometry": "ST_AsText({})",
}


def connectors(registry: Registry) -> Mapping[str, Connector]:
    """Return the connectors by name, which is the prefix of their topics."""
    confluent = avro(registry, framing="confluent")
    rewrite = flattened("rewrite", fields="op,table,file,pos,row,source.ts_ms")
    return {
        "mj": Connector(f"{VALUES} {SHAPES} signals", META),
        "mjs": Connector(f"{VALUES} members", json_with_schema(), QUIET),
        "mav": Connector(f"{VALUES} {SHAPES} signals", META, confluent, framing="confluent"),
        "mvl": Connector(VALUES, confluent, LOSSY, framing="confluent"),
        "mvt": Connector(VALUES, confluent, TEXTUAL, framing="confluent"),
        "mfr": Connector("customers members", QUIET, rewrite),
        "mfa": Connector("customers members", QUIET, confluent, rewrite, framing="confluent"),
    }


class MariaDbScript:
    """MariaDB as the script needs it; the names in its queries are the script's own."""

    def __init__(self, server: MariaDbServer) -> None:
        self._server = server

    def run(self, statement: str) -> None:
        """Run one statement in a session of its own."""
        self._server.execute(statement)

    def columns(self, table: str) -> dict[str, str]:
        """Return the declared type of each column by its name."""
        found = self._server.query(
            "SELECT column_name AS name, column_type AS type FROM information_schema.columns"  # noqa: S608
            f" WHERE table_schema = 'shop' AND table_name = '{table}' ORDER BY ordinal_position"
        )
        return {str(column["name"]): str(column["type"]) for column in found}

    def rows(self, table: str) -> dict[str, Row]:
        """Return the rows of a table by their key: the key's columns with commas, else all of them."""
        columns = self.columns(table)
        keys = self._server.query(
            "SELECT column_name AS name FROM information_schema.key_column_usage"  # noqa: S608
            f" WHERE table_schema = 'shop' AND table_name = '{table}' AND constraint_name = 'PRIMARY'"
            " ORDER BY ordinal_position"
        )
        key = ", ".join(f"`{column['name']}`" for column in keys) or ", ".join(
            f"`{name}`" for name in columns
        )
        texts = [f"{_as_text(declared, name)} AS `{name}`" for name, declared in columns.items()]
        found = self._server.query(
            f"SELECT CONCAT_WS(',', {key}) AS `the key`, {', '.join(texts)}"  # noqa: S608
            f" FROM `{table}` ORDER BY {key}"
        )
        return {str(row.pop("the key")): row for row in found}

    def streaming(self, count: int) -> bool:
        """Whether so many connectors have done their snapshot and follow the log."""
        return self._count("information_schema.processlist WHERE command LIKE 'Binlog Dump%'") == count

    def windows(self, count: int) -> bool:
        """Whether incremental snapshots of so many connectors have closed a window."""
        return self._count("signals WHERE type = 'snapshot-window-close'") >= count

    def _count(self, what: str) -> int:
        [answer] = self._server.query(f"SELECT COUNT(*) AS n FROM {what}")  # noqa: S608
        return int(answer["n"] or 0)


def _as_text(declared: str, name: str) -> str:
    kind = re.split(r"\W", declared, maxsplit=1)[0]
    return AS_TEXT.get(kind, "CAST({} AS CHAR)").format(f"`{name}`")
