"""Topics that hold no rows (debezium-events.md 8), in every format."""

from collections.abc import Callable, Iterable

import orjson

from connector.model import Skip
from connector.sandbox.records.schema import ConnectRecord
from connector.sandbox.records.table import CapturedTable
from connector.sandbox.writer import SampleRecord
from tests.imitation import service_messages
from tests.imitation.connectors import MYSQL
from tests.translate.matrix.case import Kind, Refused, given, made, upsert
from tests.translate.matrix.shop import ADA, AT_US, PLACE, table

AT_MS = AT_US // 1000

SHAPES = ("auto", "envelope", "flattened", "outbox")


def _one(record: Callable[[], ConnectRecord]) -> Callable[[], Iterable[ConnectRecord]]:
    return lambda: [record()]


def signalled() -> Iterable[ConnectRecord]:
    """Give a row of the signalling table that comes and goes."""
    signals = CapturedTable(
        PLACE._replace(table="signals"), service_messages.SIGNAL_COLUMNS, whole_before=True, tombstones=False
    )
    signal = service_messages.signal_row("s-1", "execute-snapshot", type="INCREMENTAL")
    yield from signals.create(signal, AT_US)
    yield from signals.create(service_messages.signal_row("s-1-open", "snapshot-window-open"), AT_US)
    yield from signals.delete(signal, AT_US)


_HISTORY = {
    "source": {"server": "crm"},
    "position": {"ts_sec": 1, "file": "binlog.000003", "pos": 4},
    "ts_ms": AT_MS,
    "databaseName": "shop",
    "ddl": "ALTER TABLE customers ADD plan TEXT",
    "tableChanges": [],
}

KINDS = (
    Kind(
        "heartbeat",
        "8",
        made(_one(lambda: service_messages.heartbeat("crm", AT_MS))),
        [Skip("heartbeat")],
        shapes=SHAPES,
    ),
    Kind(
        "heartbeat of another `topic.heartbeat.name`",
        "8",
        made(_one(lambda: service_messages.heartbeat("crm", AT_MS)._replace(topic="crm.public.beat"))),
        [Skip("heartbeat")],
        shapes=SHAPES,
    ),
    Kind(
        "transaction: BEGIN and END",
        "8",
        made(
            lambda: [
                service_messages.transaction("crm", "750:26746640", AT_MS),
                service_messages.transaction("crm", "750:26746640", AT_MS, {"public.customers": 1}),
            ]
        ),
        [Skip("transaction")] * 2,
        shapes=SHAPES,
    ),
    Kind(
        "schema change (DDL)",
        "8",
        made(
            _one(
                lambda: service_messages.schema_change(
                    MYSQL, PLACE, "ALTER TABLE customers ADD plan TEXT", AT_US
                )
            )
        ),
        [Skip("schema_change")],
        shapes=SHAPES,
    ),
    Kind(
        "schema history (internal)",
        "8",
        given(SampleRecord("history.crm", None, orjson.dumps(_HISTORY))),
        [Skip("schema_change")],
        formats=("json",),
        shapes=SHAPES,
    ),
    Kind(
        "notification",
        "8",
        made(
            _one(
                lambda: service_messages.notification(
                    "crm-notices", "n-1", "COMPLETED", AT_MS, connector_name="crm"
                )
            )
        ),
        [Skip("notification")],
        shapes=SHAPES,
    ),
    Kind(
        "signal: of the signalling topic",
        "8",
        made(
            _one(lambda: service_messages.signal("crm", "execute-snapshot", type="INCREMENTAL")), key="string"
        ),
        [Skip("signal")],
        formats=("json", "json-embedded"),
        shapes=SHAPES,
    ),
    Kind(
        "signal: rows of the signalling table",
        "8",
        made(signalled),
        [Skip("signal")] * 3,
        shapes=("auto", "envelope", "flattened"),
    ),
    Kind(
        "message of `pg_logical_emit_message` (`m`)",
        "1.2",
        made(_one(lambda: service_messages.logical_message(PLACE, "app", b"hello", AT_US))),
        [Skip("logical_message")],
        shapes=SHAPES,
    ),
    Kind(
        "record of Connect's own dead-letter queue (`__connect.errors.…`)",
        "8",
        made(
            lambda: [
                record._replace(headers=(("__connect.errors.topic", next(iter(record.headers))[1]),))
                for record in table(tombstones=False).create(ADA, AT_US)
            ]
        ),
        [upsert("7", plan="gold")],
        note="read like any other",
    ),
    Kind(
        "offsets, configurations and states of Connect",
        "8",
        given(SampleRecord("connect-offsets", b'["crm",{"server":"crm"}]', b'{"lsn":26745944,"txId":750}')),
        [Refused("contact.user_id", "the user id is missing or null")],
        formats=("json",),
        remedy="anchor `pattern`: `^crm\\.public\\.` does not match them",
    ),
)
