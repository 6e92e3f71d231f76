"""MongoDB: Extended JSON of documents and ids, updates without their document (debezium-events.md 2.3)."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, get_args
from uuid import UUID

import orjson

from connector.model import Skip
from connector.sandbox.records.schema import ConnectRecord
from tests.imitation.extended_json import (
    Binary,
    Date,
    Decimal128,
    Long,
    Mode,
    ObjectId,
    Regex,
    Timestamp,
)
from tests.imitation.flatten_document import FlattenDocument
from tests.imitation.mongodb import Collection, Document
from tests.translate.matrix.case import Deleted, Kind, Refused, made, repeated, upsert
from tests.translate.matrix.shop import AT_US, PLACE, rules

MODES: tuple[Mode, ...] = get_args(Mode)

OID = ObjectId("65a1f0c2e4b0a1b2c3d4e5f6")
ADA: Document = {"_id": OID, "email": "ada@example.com", "plan": "gold"}
MOVED = {**ADA, "email": "ada@new.example"}

IDS: Mapping[str, tuple[Any, str]] = {
    # BSON type of `_id` -> a value, and the `user_id` that it is
    "ObjectId": (OID, OID.text),
    "int": (1234, "1234"),
    "long": (Long(1004), "1004"),
    "text": ("ada", "ada"),
    "text of digits": ("1234", "1234"),
    "UUID": (
        Binary(UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11").bytes, 4),
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    ),
    "Decimal128": (Decimal128("12"), "12"),
    "date": (Date(1_700_000_000_000), "2023-11-14T22:13:20.000Z"),
}

VALUES: Mapping[str, tuple[Any, Any]] = {
    # a member's value -> the value that is sent
    "int": (12, 12),
    "long": (Long(2**53 + 1), 2**53 + 1),
    "double": (1.5, 1.5),
    "decimal": (Decimal128("12345678901234567890.1234"), orjson.Fragment("12345678901234567890.1234")),
    "date": (Date(1_700_000_000_123), "2023-11-14T22:13:20.123Z"),
    "old": (Date(-1), "1969-12-31T23:59:59.999Z"),
    "position": (Timestamp(1_700_000_000, 3), "2023-11-14T22:13:20.000Z"),
    "bytes": (Binary(b"\x00\xff"), "AP8="),
    "pattern": (Regex("^a", "i"), "/^a/i"),
    "nested": ({"all": [Long(1), OID]}, {"all": [1, OID.text]}),
}


def lives(identifier: Any) -> Iterator[ConnectRecord]:
    """Give insert, delete and tombstone of a document, in each spelling of Extended JSON."""
    for mode in MODES:
        contacts = Collection(PLACE, mode=mode)
        yield from contacts.create({**ADA, "_id": identifier}, AT_US)
        yield from contacts.delete(identifier, AT_US)


def inserted(document: Mapping[str, Any]) -> Iterator[ConnectRecord]:
    """Give the insert of a document in each spelling."""
    for mode in MODES:
        yield from Collection(PLACE, mode=mode).create({**ADA, **document}, AT_US)


def contacts() -> Collection:
    """Give the collection."""
    return Collection(PLACE, tombstones=False)


def _document(name: str, identifier: Any, user_id: str) -> Kind:
    return Kind(
        f"document whose `_id` is: {name}",
        "2.3",
        made(lambda: lives(identifier)),
        repeated(3, upsert(user_id, plan="gold"), Deleted(user_id), Deleted(user_id, tombstone=True)),
        BY_ID,
        note="insert, delete and tombstone name one contact, in every `json.serialization.mode`",
    )


BY_ID = rules("_id")
SENT = {name: sent for name, (_, sent) in VALUES.items()}

KINDS = (
    *(_document(name, *identifier) for name, identifier in IDS.items()),
    Kind(
        "document whose `_id` is an object, with `user_id: _id.no`",
        "2.3",
        made(lambda: lives({"tenant": "acme", "no": Long(7)})),
        repeated(3, upsert("7", plan="gold"), Deleted("7"), Deleted("7", tombstone=True)),
        rules("_id.no"),
    ),
    Kind(
        "document with every BSON type",
        "2.3",
        made(lambda: inserted({name: value for name, (value, _) in VALUES.items()})),
        repeated(3, upsert(OID.text, **SENT)),
        rules("_id", {name: name for name in VALUES}),
    ),
    Kind(
        "document with NaN",
        "2.3",
        made(lambda: inserted({"n": math.nan, "i": -math.inf})),
        repeated(3, upsert(OID.text, plan="gold")),
        rules("_id", {"plan": "plan", "n": "n", "i": "i"}),
        left_out={"nan_values": 6},
        note="without that value",
    ),
    Kind(
        "MongoDB's update: with its document (`change_streams_update_full`)",
        "2.3",
        made(lambda: contacts().update(OID, AT_US, after=MOVED, updated={"email": MOVED["email"]})),
        [upsert(OID.text, plan="gold")],
        BY_ID,
    ),
    Kind(
        "MongoDB's update: without its document (`change_streams`, or deleted meanwhile)",
        "2.3",
        made(lambda: contacts().update(OID, AT_US, updated={"plan": "free"}, removed=["phone"])),
        [Refused("decode", "set `capture.mode` of the source to `change_streams_update_full`")],
        BY_ID,
        remedy="set `capture.mode: change_streams_update_full`",
    ),
    Kind(
        "MongoDB's update that changes the member of `user_id`, with pre-images",
        "2.3",
        made(lambda: contacts().update(OID, AT_US, after=MOVED, before=ADA)),
        [(Deleted("ada@example.com"), upsert("ada@new.example", plan="gold"))],
        rules("email"),
    ),
    Kind(
        "MongoDB's delete whose key names no contact: with pre-images",
        "2.3",
        made(lambda: contacts().delete(OID, AT_US, before=ADA)),
        [Deleted("ada@example.com")],
        rules("email"),
    ),
    Kind(
        "MongoDB's delete whose key names no contact: without pre-images",
        "2.3",
        made(lambda: contacts().delete(OID, AT_US)),
        [Refused("contact.user_id", "`capture.mode` with `_with_pre_image` adds it")],
        rules("email"),
        remedy="set `capture.mode: change_streams_update_full_with_pre_image`, or map `user_id: _id`",
    ),
    Kind(
        "MongoDB's tombstone whose key names no contact",
        "2.3",
        made(lambda: Collection(PLACE).delete(OID, AT_US, before=ADA)),
        [Deleted("ada@example.com"), Skip("tombstone_without_user_id")],
        rules("email"),
        shapes=("auto", "envelope"),
    ),
    Kind(
        "flattened document of an update without its document",
        "4",
        made(
            lambda: contacts().update(OID, AT_US, updated={"plan": "free", "address.city": "Berga"}),
            lambda: FlattenDocument(add_fields=("op",)),
        ),
        [upsert(OID.text, plan="free")],
        rules("_id", {"plan": "plan", "city": "address.city"}),
        note="with the changed members only; a path into an object finds nothing",
        remedy="set `capture.mode: change_streams_update_full`",
    ),
)
