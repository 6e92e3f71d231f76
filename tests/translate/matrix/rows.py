"""Change events of rows: every operation (debezium-events.md 1.2 and 2), and repeated records (9)."""

from collections.abc import Iterable

from connector.model import Skip
from connector.sandbox.records.connectors import POSTGRESQL
from connector.sandbox.records.flatten import Flatten
from connector.sandbox.records.schema import ConnectRecord, Row
from tests.imitation.connectors import MYSQL
from tests.translate.matrix.case import Deleted, Kind, Refused, Same, event, made, queued, repeated, upsert
from tests.translate.matrix.shop import ADA, AT_US, PLACE, rules, table

FREE: Row = {**ADA, "plan": "free"}
MOVED: Row = {**ADA, "email": "ada@new.example"}

SNAPSHOTS = ("true", "first", "first_in_data_collection", "last_in_data_collection", "last", "incremental")
"""The values of `source.snapshot` for rows that a snapshot read (debezium-events.md 2.4)."""

EVENTS = {
    "event": {
        "type": "changed",
        "user_id": "id",
        "on": ["create", "update", "delete", "read"],
        "parameters": {"plan": "plan"},
    }
}


def of_operation(code: str) -> Iterable[ConnectRecord]:
    """Give a change with an operation as its code says it."""
    source = POSTGRESQL.source_of(PLACE, 1, AT_US, None)
    yield table().change(code, None, ADA, source=source, handled_ns=AT_US * 1000)


def read_by_every_snapshot() -> Iterable[ConnectRecord]:
    """Give one row as each kind of snapshot reads it."""
    customers = table()
    return [record for word in SNAPSHOTS for record in customers.read(ADA, AT_US, word)]


def a_life() -> list[ConnectRecord]:
    """Give a row that is created, changed twice and deleted, without a tombstone."""
    customers = table(tombstones=False)
    return [
        *customers.create(ADA, AT_US),
        *customers.update(FREE, AT_US + 1),
        *customers.update(ADA, AT_US + 2),
        *customers.delete(ADA, AT_US + 3),
    ]


def read_behind_a_change() -> Iterable[ConnectRecord]:
    """Give a change of a row and then two snapshots that read it."""
    customers = table()
    yield from customers.update(FREE, AT_US)
    yield from customers.read(FREE, AT_US + 1)
    yield from customers.read(FREE, AT_US + 1, "incremental")


KINDS = (
    Kind("INSERT (`c`)", "1.2", made(lambda: table().create(ADA, AT_US)), [upsert("7", plan="gold")]),
    Kind(
        "row that a snapshot reads (`r`): initial, blocking or incremental",
        "2.4",
        made(read_by_every_snapshot),
        [queued("7", plan="gold")] * len(SNAPSHOTS),
        note="instant with `instant: [read]`",
    ),
    Kind(
        "UPDATE (`u`): without a before-image",
        "1.2",
        made(lambda: table().update(FREE, AT_US, before=ADA)),
        [upsert("7", plan="free")],
    ),
    Kind(
        "UPDATE (`u`): with its before-image",
        "1.2",
        made(lambda: table(connector=MYSQL).update(FREE, AT_US, before=ADA)),
        [upsert("7", plan="free")],
    ),
    Kind(
        "UPDATE that changes the column of `user_id`: MySQL and others with whole before-images",
        "2.1",
        made(lambda: table(connector=MYSQL).update(MOVED, AT_US, before=ADA)),
        [(Deleted("ada@example.com"), upsert("ada@new.example", plan="gold"))],
        rules("email"),
    ),
    Kind(
        "UPDATE that changes the column of `user_id`: PostgreSQL, `REPLICA IDENTITY FULL` and `before: full`",
        "2.2",
        made(lambda: table(whole_before=True).update(MOVED, AT_US, before=ADA)),
        [(Deleted("ada@example.com"), upsert("ada@new.example", plan="gold"))],
        rules("email", before="full"),
    ),
    Kind(
        "UPDATE that changes the column of `user_id`: PostgreSQL's default",
        "2.2",
        made(lambda: table().update(MOVED, AT_US, before=ADA)),
        [upsert("ada@new.example", plan="gold")],
        rules("email"),
        note="**the former contact stays**",
    ),
    Kind(
        "DELETE (`d`) and its tombstone",
        "1.4",
        made(lambda: table().delete(ADA, AT_US)),
        [Deleted("7"), Deleted("7", tombstone=True)],
        note="both are one call",
    ),
    Kind(
        "TRUNCATE (`t`)",
        "1.2",
        made(lambda: table().truncate(AT_US)),
        [Skip("truncate")],
        note="**its contacts stay**, and the log warns",
    ),
    Kind(
        "operation in capitals (`U`)",
        "1.2",
        made(lambda: of_operation("U")),
        [upsert("7", plan="gold")],
    ),
    Kind(
        "operation that Debezium does not have",
        "1.2",
        made(lambda: of_operation("x")),
        [Refused("decode", "`op` is not one of c, u, d, r, t, m")],
    ),
    Kind(
        "table without a key: INSERT, UPDATE, DELETE with `before: full`",
        "1.3",
        made(
            lambda: [
                *table(key=()).create(ADA, AT_US),
                *table(key=()).update(FREE, AT_US),
                *table(key=(), whole_before=True, tombstones=False).delete(FREE, AT_US),
            ]
        ),
        [upsert("7", plan="gold"), upsert("7", plan="free"), Deleted("7")],
        rules(before="full"),
    ),
)

_LIFE = (
    event("7", Same("created"), plan="gold"),
    event("7", Same("changed"), plan="free"),
    event("7", Same("changed back"), plan="gold"),
)

AGAIN = (
    Kind(
        "changes that Debezium sends again: as contacts",
        "9",
        made(lambda: 2 * a_life()),
        repeated(
            2, upsert("7", plan="gold"), upsert("7", plan="free"), upsert("7", plan="gold"), Deleted("7")
        ),
        note="the end is the same",
    ),
    Kind(
        "changes that Debezium sends again: as events",
        "9",
        made(lambda: 2 * a_life()[:3]),
        repeated(2, *_LIFE),
        EVENTS,
        note="with the ids of the first time, so each counts once",
    ),
    Kind(
        "changes that Debezium sends again: as events of flattened rows with a position",
        "9",
        made(lambda: 2 * a_life()[:3], lambda: Flatten(add_fields=("op", "lsn", "txId"))),
        repeated(2, *_LIFE),
        EVENTS,
        shapes=("auto", "flattened"),
        note="with the ids of the first time, so each counts once",
    ),
    Kind(
        "changes that Debezium sends again: from an earlier position, in the middle of a run",
        "9",
        made(lambda: [*a_life()[:3], *a_life()[1:3]]),
        [*_LIFE, *_LIFE[1:]],
        EVENTS,
        note="with the ids of the first time, so each counts once",
    ),
    Kind(
        "row that a snapshot reads after its UPDATE",
        "9",
        made(read_behind_a_change),
        [upsert("7", plan="free"), queued("7", plan="free"), queued("7", plan="free")],
        note="after a change that still waits it is sent instant",
    ),
    Kind(
        "row that two snapshots read, as events",
        "9",
        made(read_behind_a_change),
        [event("7", Same(name), plan="free") for name in ("changed", "read", "read again")],
        EVENTS,
        note="`event.on` leaves reads out unless it names them",
    ),
)
