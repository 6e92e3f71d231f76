"""Flattened rows: each way to configure the transformation (debezium-events.md 4)."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from connector.model import Skip
from connector.sandbox.records.connectors import POSTGRESQL, Connector
from connector.sandbox.records.flatten import DeleteMode, Flatten
from connector.sandbox.records.schema import ConnectRecord
from tests.imitation import service_messages
from tests.imitation.connectors import MYSQL
from tests.translate.matrix.case import Deleted, Kind, Outcome, Refused, made, queued, upsert
from tests.translate.matrix.rows import FREE, MOVED
from tests.translate.matrix.shop import ADA, AT_US, rules, table

SHAPES = ("auto", "flattened")

_DELETED, _TOMBSTONE = Deleted("7"), Deleted("7", tombstone=True)

DELETES: Mapping[DeleteMode, Sequence[Outcome]] = {
    # `delete.tombstone.handling.mode` -> the outcome of a DELETE
    "drop": [],
    "tombstone": [_TOMBSTONE],
    "delete-to-tombstone": [_TOMBSTONE],
    "rewrite": [_DELETED],
    "rewrite-with-tombstone": [_DELETED, _TOMBSTONE],
}


def every_operation(connector: Connector = POSTGRESQL) -> Iterable[ConnectRecord]:
    """Give a row that is read, created and changed."""
    customers = table(connector=connector)
    yield from customers.read(ADA, AT_US)
    yield from customers.create(ADA, AT_US)
    yield from customers.update(FREE, AT_US, before=ADA)


def created_and_deleted() -> Iterable[ConnectRecord]:
    """Give an INSERT and a DELETE with its tombstone."""
    customers = table()
    yield from customers.create(ADA, AT_US)
    yield from customers.delete(ADA, AT_US)


def deleted(connector: Connector = POSTGRESQL) -> Callable[[], Iterable[ConnectRecord]]:
    """Give a DELETE without a tombstone."""
    return lambda: table(connector=connector, tombstones=False).delete(ADA, AT_US)


def _delete(mode: DeleteMode, outcomes: Sequence[Outcome]) -> Kind:
    return Kind(
        f"flattened DELETE: `{mode}`",
        "4",
        made(created_and_deleted, lambda: Flatten(mode, ("op",))),
        [upsert("7", plan="gold"), *outcomes],
        shapes=SHAPES,
        context=1,
        note="" if outcomes else "**the contact stays**",
        remedy="" if outcomes else "set another `delete.tombstone.handling.mode`, such as `rewrite`",
    )


_SEEN = [queued("7", plan="gold"), upsert("7", plan="gold"), upsert("7", plan="free")]
_UNSEEN = [upsert("7", plan="gold"), upsert("7", plan="gold"), upsert("7", plan="free")]

KINDS = (
    Kind(
        "read, INSERT and UPDATE: `add.fields: op`",
        "4",
        made(every_operation, lambda: Flatten(add_fields=("op",))),
        _SEEN,
        shapes=SHAPES,
        note="reads are queued",
    ),
    Kind(
        "read, INSERT and UPDATE: `add.headers: op`",
        "4",
        made(every_operation, lambda: Flatten(add_headers=("op",))),
        _SEEN,
        shapes=("flattened",),
        note="reads are queued, with `shape: flattened`",
    ),
    Kind(
        "read, INSERT and UPDATE: `add.fields: source.snapshot`",
        "4",
        made(every_operation, lambda: Flatten(add_fields=("source.snapshot",))),
        _SEEN,
        shapes=("flattened",),
        note="reads are queued, with `shape: flattened`",
    ),
    Kind(
        "read, INSERT and UPDATE: no added fields",
        "4",
        made(every_operation, Flatten),
        _UNSEEN,
        shapes=SHAPES,
        note="**reads are not known**, and each row makes an event whatever `event.on` says",
        remedy="set `add.fields: op,source.ts_ms,source.connector` and the position of your database",
    ),
    Kind(
        "read, INSERT and UPDATE: another `add.fields.prefix`",
        "4",
        made(every_operation, lambda: Flatten(add_fields=("op",), prefix="dbz_")),
        _UNSEEN,
        shapes=SHAPES,
        note="**reads are not known**, and each row makes an event whatever `event.on` says",
        remedy="keep the default, `__`",
    ),
    *(_delete(mode, outcomes) for mode, outcomes in DELETES.items()),
    Kind(
        "flattened DELETE whose key names no contact: PostgreSQL, `rewrite`",
        "4",
        made(deleted(), lambda: Flatten("rewrite", ("op", "source.connector"))),
        [Refused("contact.user_id", "with REPLICA IDENTITY FULL write `before: full`")],
        rules("email"),
        shapes=SHAPES,
        remedy="set `REPLICA IDENTITY FULL` and `before: full`, or map `user_id` from the key",
    ),
    Kind(
        "flattened DELETE whose key names no contact: MySQL, `rewrite` and `add.fields: source.connector`",
        "4",
        made(deleted(MYSQL), lambda: Flatten("rewrite", ("op", "source.connector"))),
        [Deleted("ada@example.com")],
        rules("email"),
        shapes=SHAPES,
    ),
    Kind(
        "flattened UPDATE that changes the column of `user_id`",
        "4",
        made(
            lambda: table(connector=MYSQL).update(MOVED, AT_US, before=ADA),
            lambda: Flatten("rewrite", ("op",)),
        ),
        [upsert("ada@new.example", plan="gold")],
        rules("email"),
        shapes=SHAPES,
        note="**the former contact stays**: flattening drops the before-image",
        remedy="do not flatten, or choose a `user_id` that does not change",
    ),
    Kind(
        "flattened key change, `rewrite`",
        "4",
        made(lambda: table().change_key(ADA, {**ADA, "id": 8}, AT_US), lambda: Flatten("rewrite", ("op",))),
        [Deleted("7"), upsert("8", plan="gold")],
        shapes=SHAPES,
    ),
    Kind(
        "heartbeat that flattening lets pass",
        "4",
        made(lambda: [service_messages.heartbeat("crm", AT_US // 1000)], Flatten),
        [Skip("heartbeat")],
        shapes=SHAPES,
    ),
)
