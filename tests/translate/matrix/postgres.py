"""PostgreSQL: before-images of filler, unavailable values, changed keys (debezium-events.md 2.2 and 3)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connector.model import Skip
from connector.sandbox.records.columns import BYTES, DATE, INT32, INT64, JSON, STRING, UUID, array_of, map_of
from connector.sandbox.records.flatten import Flatten
from connector.sandbox.records.schema import ConnectRecord, ConnectSchemaNode, nullable
from tests.translate.matrix.case import ACCESS, STRUCTS, Deleted, Kind, Refused, made, upsert
from tests.translate.matrix.registry import CONFLUENT
from tests.translate.matrix.shop import ADA, AT_US, COLUMNS, rules, table

UNKNOWN = "__debezium_unavailable_value"

PLACEHOLDERS: Mapping[str, tuple[ConnectSchemaNode, Any]] = {
    # column -> its type, and its placeholder for an unchanged and unknown value
    "`text`": (STRING, UNKNOWN),
    "`jsonb`": (JSON, UNKNOWN),
    "`bytea`": (BYTES, UNKNOWN.encode()),
    "`bytea` as hex": (STRING, UNKNOWN),
    "`text[]`": (array_of(nullable(STRING)), [UNKNOWN]),
    "`jsonb[]`": (array_of(nullable(JSON)), [UNKNOWN]),
    "`bytea[]`": (array_of(nullable(BYTES)), [UNKNOWN.encode()]),
    "`int4[]`": (array_of(nullable(INT32)), list(UNKNOWN.encode())),
    "`int8[]`": (array_of(nullable(INT64)), list(UNKNOWN.encode())),
    "`date[]`": (array_of(nullable(DATE)), list(UNKNOWN.encode())),
    "`uuid[]`": (array_of(nullable(UUID)), ["b68a35a7-17ad-35b3-af2a-ae46edb4545a"]),
    "`hstore` as a map": (map_of(STRING, nullable(STRING)), {UNKNOWN: UNKNOWN}),
    "`hstore` as JSON": (JSON, f'{{"{UNKNOWN}":"{UNKNOWN}"}}'),
}

UNCHANGED = "UPDATE with a large column (TOAST) that did not change"


def updated(column: ConnectSchemaNode, value: Any) -> Iterable[ConnectRecord]:
    """Give the UPDATE of a row with one more column."""
    return table({**COLUMNS, "big": nullable(column)}).update({**ADA, "big": value}, AT_US)


def key_change(*order: int, columns: Iterable[str] = ("id",), **changed: Any) -> list[ConnectRecord]:
    """Give the delete, the tombstone and the create of a key that changes, in the order of their arrival."""
    records = table(key=columns).change_key(ADA, {**ADA, **changed}, AT_US)
    return [records[number] for number in order]


BIG = rules(attributes={"big": "big"})


def _unchanged(name: str, column: ConnectSchemaNode, value: Any) -> Kind:
    return Kind(
        f"{UNCHANGED}: {name}",
        "2.2",
        made(lambda: updated(column, value)),
        [upsert("7")],
        BIG,
        left_out={"unavailable_values": 1},
        note="without that column",
    )


_IN_CONFLUENT = tuple(name for name, ways in ACCESS.items() if set(ways) == {CONFLUENT})

_HEADERS: Mapping[str, tuple[str, Sequence[str]]] = {
    # how `header.converter` writes it -> its format, and the formats of the value beside it
    "text": ("", STRUCTS),
    "JSON": ("json", STRUCTS),
    "JSON with schema": ("json-embedded", STRUCTS),
    "Avro": ("avro-confluent", _IN_CONFLUENT),  # one registry has both schemas
}

DELETES = (
    Kind(
        "PostgreSQL's DELETE, whose before-image is filler: the key holds `user_id`",
        "2.2",
        made(lambda: table(tombstones=False).delete(ADA, AT_US)),
        [Deleted("7")],
    ),
    Kind(
        "PostgreSQL's DELETE, whose before-image is filler: the key lacks it",
        "2.2",
        made(lambda: table(tombstones=False).delete(ADA, AT_US)),
        [Refused("contact.user_id", "with REPLICA IDENTITY FULL write `before: full`")],
        rules("email"),
        remedy="set `REPLICA IDENTITY FULL` and `before: full`, or map `user_id` from the key",
    ),
    Kind(
        "PostgreSQL's DELETE, `REPLICA IDENTITY FULL` and `before: full`",
        "2.2",
        made(lambda: table(tombstones=False, whole_before=True).delete(ADA, AT_US)),
        [Deleted("ada@example.com")],
        rules("email", before="full"),
    ),
)

TOAST = (
    *(_unchanged(name, *column) for name, column in PLACEHOLDERS.items()),
    Kind(
        f"{UNCHANGED}: in a flattened row",
        "2.2",
        made(lambda: updated(STRING, UNKNOWN), lambda: Flatten("rewrite", ("op",))),
        [upsert("7")],
        BIG,
        shapes=("auto", "flattened"),
        left_out={"unavailable_values": 1},
        note="without that column",
    ),
    Kind(
        "unchanged `bytea` with `binary.handling.mode: base64`",
        "2.2",
        made(lambda: updated(STRING, None)),
        [upsert("7", big=None)],
        BIG,
        note="**null is sent**: Debezium does not mark it",
        remedy="set `binary.handling.mode: bytes`",
    ),
    Kind(
        "unchanged column that `user_id` needs",
        "2.2",
        made(lambda: updated(STRING, UNKNOWN)),
        [Refused("contact.user_id", "the source did not send the user id because it is unchanged (TOAST)")],
        rules("big"),
        remedy="set `REPLICA IDENTITY FULL`, or choose another `user_id`",
    ),
)

KEY_CHANGES = (
    *(
        Kind(
            f"key change, the new key in a header as: {name}",
            "3",
            made(lambda: key_change(0, 1, 2, id=8), header=header),
            [Deleted("7"), Skip("key_change"), upsert("8", plan="gold")],
            formats=formats,
        )
        for name, (header, formats) in _HEADERS.items()
    ),
    Kind(
        "key change whose create arrives first",
        "3",
        made(lambda: key_change(2, 0, 1, id=8)),
        [upsert("8", plan="gold"), Deleted("7"), Skip("key_change")],
    ),
    Kind(
        "key change that keeps the contact",
        "3",
        made(lambda: key_change(0, 1, 2, columns=("id", "email"), email="ada@new.example")),
        [Skip("key_change"), Skip("key_change"), upsert("7", plan="gold")],
    ),
    Kind(
        "key change that keeps the contact, whose create arrives first",
        "3",
        made(lambda: key_change(2, 0, 1, columns=("id", "email"), email="ada@new.example")),
        [upsert("7", plan="gold"), Skip("key_change"), Skip("key_change")],
    ),
    Kind(
        "key change whose old key the source has not seen",
        "3",
        made(lambda: table().update({**ADA, "id": 8}, AT_US)),
        [upsert("8", plan="gold")],
        note="**the former contact stays**",
    ),
)
