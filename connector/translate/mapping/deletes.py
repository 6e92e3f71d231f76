"""Whom a delete deletes (design, section 3): the key decides, the before-image where it is whole."""

from connector.model import Delete, Delivery, Operation, Record, Skip, Upsert
from connector.translate.decode.change import Change, Row, UndecodableError
from connector.translate.decode.keys import decode_key, header
from connector.translate.mapping.contacts import BeforeImage, ContactPlan
from connector.translate.mapping.paths import WHOLE_ROW
from connector.translate.mapping.readers import Reader
from connector.translate.mapping.user_id import UnmappableError, read_user_id, user_id_of
from connector.translate.mapping.values import UnreadableError

NEW_KEY = "__debezium.newkey"
"""On the delete (and its tombstone) of a row whose primary key changed: the new key (debezium-events 3)."""

_WHOLE_IMAGE_CONNECTORS = frozenset({"mysql", "mariadb", "sqlserver", "oracle"})
"""Their before-images hold the whole row; PostgreSQL's default one is filler (debezium-events 2.1, 2.2)."""


def delete_contact(plan: ContactPlan, change: Change, record: Record) -> list[Delivery] | Skip:
    """Make the deliveries of a deleted row.

    Raises:
        UnmappableError: the row's contact cannot be told.
        UndecodableError: its key or header cannot be read.
    """
    if plan.on_delete == "ignore":
        return Skip("on_delete_ignore")
    user_id = deleted_user_id(
        plan.user_id, change, record, whole_image(plan.before, change), "contact.user_id"
    )
    new_key = header(record.headers, NEW_KEY)
    if new_key is not None and _renamed_user_id(plan.user_id, new_key) == user_id:
        return Skip("key_change")
    return retire(plan, user_id)


def retire_by_tombstone(plan: ContactPlan, record: Record) -> list[Delivery] | Skip:
    """Make the deliveries of a tombstone: those of a delete that has only its key.

    Raises:
        UnmappableError: what the key holds cannot identify a contact.
        UndecodableError: the key cannot be read.
    """
    if plan.on_delete == "ignore":
        return Skip("on_delete_ignore")
    if header(record.headers, NEW_KEY) is not None:
        return Skip("key_change")
    row = _key_row(decode_key(record.key), plan.user_id)
    if row is None:
        return Skip("tombstone_without_user_id")
    return retire(plan, read_user_id(plan.user_id, row, "contact.user_id"), tombstone=True)


def retire(plan: ContactPlan, user_id: str, *, tombstone: bool = False) -> list[Delivery]:
    """Do what `on_delete` says to a contact: delete it, nothing, or null all that is mapped.

    Constants become null too: they say something about a row that is there.
    """
    if plan.on_delete == "delete":
        return [Delete(user_id, tombstone)]
    if plan.on_delete == "ignore":
        return []
    nulls = dict.fromkeys(name for name, _, _ in plan.attributes.readers)
    return [Upsert(user_id, {"_user_id": user_id, **nulls}, Operation.DELETE in plan.instant)]


def whole_image(before: BeforeImage, change: Change) -> Row | None:
    """Return the before-image if it is known to be the whole row."""
    whole = before == "full" or (
        before == "auto" and change.source.get("connector") in _WHOLE_IMAGE_CONNECTORS
    )
    return change.before if whole else None


def deleted_user_id(reader: Reader, change: Change, record: Record, image: Row | None, rule: str) -> str:
    """Return the `user_id` of a deleted row, from its key or else from a whole before-image.

    Raises:
        UnmappableError: neither has the columns that it needs, or they cannot identify a contact.
        UndecodableError: the key cannot be read.
    """
    key = decode_key(record.key)
    row = _key_row(key, reader)
    if row is None:
        if image is None:
            raise UnmappableError(
                rule,
                "the key lacks a column that the user id needs, and the before-image is not the whole row;"
                " with REPLICA IDENTITY FULL write `before: full`",
            )
        return read_user_id(reader, image, rule)
    user_id = read_user_id(reader, row, rule)
    if row is not key and change.before is not None:
        _check_bare_key(reader, change.before, user_id, rule)
    return user_id


def _key_row(key: object, reader: Reader) -> Row | None:
    """Return the key as a row if it has every column that the reader needs.

    A bare key (`ExtractField$Key` drops the name) stands for the one column that is needed.
    """
    if isinstance(key, dict):
        return key if reader.columns <= key.keys() else None
    if isinstance(key, str) and len(reader.columns) == 1 and WHOLE_ROW not in reader.columns:
        return dict.fromkeys(reader.columns, key)
    return None


def _check_bare_key(reader: Reader, before: Row, user_id: str, rule: str) -> None:
    """Refuse a bare key that is some other column's: the before-image has the real key columns."""
    try:
        other = user_id_of(reader.read(before))
    except UnreadableError:
        return
    if other != user_id:
        raise UnmappableError(rule, "the bare key is not the column that the user id needs")


def _renamed_user_id(reader: Reader, new_key: bytes) -> str:
    try:
        key = decode_key(new_key)
    except UndecodableError as error:
        raise UndecodableError(f"header {NEW_KEY}: {error}") from None
    row = _key_row(key, reader) if isinstance(key, dict) else None
    if row is None:
        raise UnmappableError(
            "contact.user_id",
            "the primary key changed, and its new value lacks a column that the user id needs,"
            " so that it cannot be told whether the contact is still there",
        )
    return read_user_id(reader, row, "contact.user_id")
