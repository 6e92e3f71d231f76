"""The contact that a delete removes (docs/mapping.md), from the key or from a complete before-image."""

from connector.model import Delete, Delivery, Operation, Skip, Upsert
from connector.translate.debezium.change import Change, Row
from connector.translate.mapping.contact_plan import BeforeImage, ContactPlan
from connector.translate.mapping.key_as_row import KeyRow, Keys, ReaderFor
from connector.translate.mapping.readers import Reader
from connector.translate.mapping.user_id import MappingError, read_user_id, user_id_of
from connector.translate.values.unusable import ConversionError

_COMPLETE_IMAGE_CONNECTORS = ("mysql", "mariadb", "sqlserver", "oracle", "mongodb")
"""Their before-images hold the full row; PostgreSQL's default one is filler (debezium-events.md 2.1, 2.2)."""

_RULE = "contact.user_id"

_NO_COLUMN = "the key lacks a column that the user id needs"

_ADVICE = {
    True: "in flattened rows `delete.tombstone.handling.mode: rewrite` adds the other columns",
    None: "if the topic holds envelopes, write `shape: envelope`: their deletes come with more columns",
}
"""Whether tombstones are deletes by themselves -> the advice for one whose key lacks the id."""


def delete_contact(plan: ContactPlan, change: Change, keys: Keys) -> list[Delivery] | Skip:
    """Make the deliveries of a deleted row.

    Raises:
        MappingError: the row's contact is unknown.
        DecodeError: its key or header cannot be read.
    """
    if plan.on_delete == "ignore":
        return Skip("on_delete_ignore")
    image = complete_before_image(plan.before, change)
    user_id = deleted_user_id(plan.user_id, plan.user_id_for, change, keys, image, _RULE)
    if keys.changed and _renamed_user_id(plan, keys) == user_id:
        return Skip("key_change")
    return apply_on_delete(plan, user_id)


def delete_by_tombstone(plan: ContactPlan, keys: Keys) -> list[Delivery] | Skip:
    """Make the deliveries of a record without a value: those of a delete that has only its key.

    In a topic of envelopes the delete itself came before, with columns that the key may lack. Elsewhere, and
    where the shape is unknown, this record is the only delete: a missing column never skips it.

    Raises:
        MappingError: the key cannot identify a contact.
        DecodeError: the key or a header cannot be read.
    """
    if plan.on_delete == "ignore":
        return Skip("on_delete_ignore")
    changed = keys.changed
    follows = keys.flattened is False
    if changed and follows:
        return Skip("key_change")
    key = keys.row(plan.user_id.columns)
    if key is None:
        if follows:
            return Skip("tombstone_without_user_id")
        raise MappingError(_RULE, f"{_NO_COLUMN}; {_ADVICE[keys.flattened]}")
    user_id = _user_id_of(plan.user_id_for, key, _RULE)
    if changed and _renamed_user_id(plan, keys) == user_id:
        return Skip("key_change")
    return apply_on_delete(plan, user_id, tombstone=True)


def apply_on_delete(plan: ContactPlan, user_id: str, *, tombstone: bool = False) -> list[Delivery]:
    """Apply `on_delete` to a contact: delete it, do nothing, or clear all mapped attributes.

    Constants become null too, because they describe an existing row.
    """
    if plan.on_delete == "delete":
        return [Delete(user_id, tombstone)]
    if plan.on_delete == "ignore":
        return []
    nulls = dict.fromkeys(plan.attributes.names)
    return [Upsert(user_id, {"_user_id": user_id, **nulls}, Operation.DELETE in plan.instant)]


def complete_before_image(before: BeforeImage, change: Change) -> Row | None:
    """Return the before-image if it is known to be the complete row."""
    whole = before == "full" or (
        before == "auto" and change.source.get("connector") in _COMPLETE_IMAGE_CONNECTORS
    )
    return change.before if whole else None


def deleted_user_id(
    reader: Reader, reader_for: ReaderFor, change: Change, keys: Keys, image: Row | None, rule: str
) -> str:
    """Return the `user_id` of a deleted row, from its key or else from a complete before-image.

    `reader` is for the row's schema; `reader_for` gives the reader for the key's schema.

    Raises:
        MappingError: neither has the columns that it needs, or they cannot identify a contact.
        DecodeError: the key cannot be read.
    """
    key = keys.row(reader.columns)
    if key is None:
        if image is None:
            raise MappingError(rule, f"{_NO_COLUMN}, and {_no_image(change)}")
        return read_user_id(reader, image, rule)
    user_id = _user_id_of(reader_for, key, rule)
    if key.bare and change.before is not None:
        _check_bare_key(reader, change.before, user_id, rule)
    return user_id


def _no_image(change: Change) -> str:
    if change.source.get("connector") == "mongodb":
        return "there is no before-image; `capture.mode` with `_with_pre_image` adds it"
    return "the before-image may be incomplete; with REPLICA IDENTITY FULL write `before: full`"


def _user_id_of(reader_for: ReaderFor, key: KeyRow, rule: str) -> str:
    return read_user_id(reader_for(key.schema), key.row, rule)


def _check_bare_key(reader: Reader, before: Row, user_id: str, rule: str) -> None:
    """Refuse a bare key of another column: the before-image has the real key columns."""
    try:
        other = user_id_of(reader.read(before))
    except ConversionError:
        return
    if other != user_id:
        raise MappingError(rule, "the bare key is not the value of the column that the user id needs")


def _renamed_user_id(plan: ContactPlan, keys: Keys) -> str:
    key = keys.new_row(plan.user_id.columns)
    if key is None:
        raise MappingError(
            _RULE,
            "the primary key changed, and its new value lacks a column that the user id needs."
            " So it is unknown whether the contact still exists",
        )
    return _user_id_of(plan.user_id_for, key, _RULE)
