"""Every way in which a record has no value, in both kinds of topic (debezium-events.md 1.4)."""

from collections.abc import Callable, Iterator, Mapping

from connector.model import Skip
from connector.sandbox.records.flatten import Flatten
from connector.sandbox.records.schema import ConnectRecord
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import SampleRecord, Transform
from tests.translate.matrix.case import Deleted, Kind, Outcome, Refused, Write, made, upsert
from tests.translate.matrix.shop import ADA, AT_US, rules, table

_EMPTY = Refused("decode", "the value is empty")
_DELETED = Deleted("7", tombstone=True)

FORMS: Mapping[str, tuple[bytes | None, Outcome]] = {
    # the record's value -> its bytes, and the outcome where the key names the contact
    "Kafka's null": (None, _DELETED),
    "the four bytes `null`": (b"null", _DELETED),
    "a schema with the payload null": (
        b'{"schema":{"type":"struct","fields":[{"field":"id","type":"int64"}]},"payload":null}',
        _DELETED,
    ),
    "no bytes": (b"", _EMPTY),
}

TOPICS: Mapping[str, tuple[Callable[[], Transform], ...]] = {
    "envelope": (),
    "flattened": (lambda: Flatten("delete-to-tombstone", ("op",)),),
}
"""Shape of a topic → the transforms that make it; both end a row with a null under its key."""


def create_and_tombstone() -> list[ConnectRecord]:
    """Give the INSERT of a row, and the tombstone of its DELETE."""
    customers = table()
    return [*customers.create(ADA, AT_US), customers.delete(ADA, AT_US)[1]]


def create_and_delete() -> list[ConnectRecord]:
    """Give the INSERT of a row, and its DELETE, which a transform is to make a tombstone."""
    customers = table(tombstones=False)
    return [*customers.create(ADA, AT_US), *customers.delete(ADA, AT_US)]


_RECORDS = {"envelope": create_and_tombstone, "flattened": create_and_delete}


def _ending(shape: str, value: bytes | None) -> Write:
    """Write a row in the format of the case, and after it a record of its key with such a value."""
    write = made(_RECORDS[shape], *TOPICS[shape])

    def ending(store: RegistryStore, name: str) -> Iterator[SampleRecord]:
        created, tombstone = write(store, name)
        assert tombstone.value is None
        yield created
        yield tombstone._replace(value=value)

    return ending


def _alone(shape: str) -> Write:
    """Write the tombstone only, as the first record after a restart."""
    return lambda store, name: list(_ending(shape, None)(store, name))[1:]


_NO_COLUMN = "the key lacks a column that the user id needs"

KINDS = (
    *(
        Kind(
            f"no value ({shape} topic): {form}",
            "1.4",
            _ending(shape, value),
            [upsert("7", plan="gold"), outcome],
            shapes=("auto", shape),
            context=1,
        )
        for shape in TOPICS
        for form, (value, outcome) in FORMS.items()
    ),
    Kind(
        "tombstone whose key lacks what `user_id` needs: topic of envelopes",
        "1.4",
        _ending("envelope", None),
        [upsert("ada@example.com", plan="gold"), Skip("tombstone_without_user_id")],
        rules("email"),
        shapes=("auto", "envelope"),
        context=1,
        note="its delete came before",
    ),
    Kind(
        "tombstone whose key lacks what `user_id` needs: flattened topic",
        "1.4",
        _ending("flattened", None),
        [upsert("ada@example.com", plan="gold"), Refused("contact.user_id", _NO_COLUMN)],
        rules("email"),
        shapes=("auto", "flattened"),
        context=1,
        remedy="set `delete.tombstone.handling.mode: rewrite`, or map `user_id` from the key",
    ),
    Kind(
        "tombstone whose key lacks what `user_id` needs: first record after a restart",
        "1.4",
        _alone("envelope"),
        [Refused("contact.user_id", "write `shape: envelope`")],
        rules("email"),
        remedy="write `shape: envelope` in the topic file, if it holds change events",
    ),
    Kind(
        "tombstone of a topic that only makes events",
        "1.4",
        _alone("envelope"),
        [Skip("tombstone")],
        {"event": {"type": "seen", "user_id": "id"}},
        shapes=("auto", "envelope", "flattened", "event", "outbox"),
    ),
)
