"""Applies the mapping of a topic to one change: the deliveries, in the order to apply them."""

from collections import Counter
from dataclasses import dataclass

from connector.model import Delivery, Operation, Record, Skip, Upsert
from connector.translate.debezium.change import NO_ROW, Change, Row
from connector.translate.debezium.keys import header
from connector.translate.debezium.metadata import METADATA_ROOTS, read_metadata
from connector.translate.formats.decoded import ReadKey
from connector.translate.mapping.contact_plan import ContactPlan, fill
from connector.translate.mapping.deletes import (
    apply_on_delete,
    complete_before_image,
    delete_by_tombstone,
    delete_contact,
)
from connector.translate.mapping.event_plan import EventPlan, make_event
from connector.translate.mapping.fast_path import FastPath
from connector.translate.mapping.key_as_row import DecodeKey, Keys
from connector.translate.mapping.rules import TopicRules
from connector.translate.mapping.user_id import read_user_id, user_id_of
from connector.translate.values.unusable import ConversionError


@dataclass(frozen=True, slots=True)
class Mapping:
    """The compiled rules of one topic file.

    `columns` are the top-level columns that the rules read, or hold `WHOLE_ROW`. `metadata` holds the
    metadata roots among them (`debezium/metadata.py`). `fast_path` is None where no record can take it.
    """

    rules: TopicRules
    contact: ContactPlan | None
    event: EventPlan | None
    columns: frozenset[str]
    metadata: frozenset[str]
    fast_path: FastPath | None


_DELETE, _UPDATE = Operation.DELETE, Operation.UPDATE  # reached faster than through their class

_NOTHING_MAPPED = Skip("nothing_mapped")  # a topic file without contact and event, which the models refuse


def deliver(
    mapping: Mapping,
    change: Change,
    record: Record,
    read_key: ReadKey,
    decode_key: DecodeKey,
    counts: Counter[str],
) -> list[Delivery] | Skip:
    """Make the deliveries of a change; `counts` counts the fields left out.

    `read_key` reads the record's key; `decode_key` decodes the keys in its headers.

    An event follows its contact's upsert, but precedes a delete or clear of the contact.

    Raises:
        MappingError: a rule cannot be applied to this record.
        DecodeError: its key or a header cannot be read.
    """
    metadata = NO_ROW
    if mapping.metadata:
        metadata = _add_metadata(mapping, change, record, read_key)
    keys = None
    if change.operation is _DELETE:
        keys = Keys(read_key, decode_key, record.read_headers, metadata, not change.enveloped)
    if mapping.event is None:
        return _contact(mapping.contact, change, keys, counts)
    event = make_event(mapping.event, change, record, keys, counts)
    if mapping.contact is None:
        return event if isinstance(event, Skip) else [event]
    contact = _contact(mapping.contact, change, keys, counts)
    if isinstance(event, Skip):
        return contact
    if isinstance(contact, Skip):
        return [event]
    return [event, *contact] if keys is not None else [*contact, event]


def deliver_tombstone(
    mapping: Mapping,
    record: Record,
    read_key: ReadKey,
    decode_key: DecodeKey,
    flattened: bool | None,
    counts: Counter[str],
) -> list[Delivery] | Skip:
    """Make the deliveries of a record without a value.

    `flattened` says whether it is the delete itself or follows one; None: that is unknown
    (`shapes.is_flattened_topic`).

    Raises:
        MappingError: the key identifies no contact.
        DecodeError: the key or a header cannot be read.
    """
    shape = mapping.rules.shape
    if shape == "outbox":
        return _empty_event(mapping, record, read_key, counts)
    if mapping.contact is None or shape == "event":
        return Skip("tombstone")
    metadata = read_metadata(mapping.metadata, read_key, record.read_headers)
    keys = Keys(read_key, decode_key, record.read_headers, metadata, flattened)
    return delete_by_tombstone(mapping.contact, keys)


def _add_metadata(mapping: Mapping, change: Change, record: Record, read_key: ReadKey) -> Row:
    metadata = read_metadata(mapping.metadata, read_key, record.read_headers)
    change.row = {**change.row, **metadata}
    if change.before is not None:
        change.before = {**change.before, **metadata}
    return metadata


def _empty_event(
    mapping: Mapping, record: Record, read_key: ReadKey, counts: Counter[str]
) -> list[Delivery] | Skip:
    """Make the event of an outbox row without a payload, which may be written as a tombstone.

    It is an event where the record has the event's id and the mapping finds the contact without a payload.
    Any other record without a value is skipped in an outbox topic, and deletes no contact.
    """
    event = mapping.event
    named = event is not None and not event.user_id.columns - METADATA_ROOTS
    if event is None or not named or header(record.headers, "id") is None:
        return Skip("tombstone")
    change = Change(None, read_metadata(mapping.metadata, read_key, record.read_headers), None, NO_ROW)
    made = make_event(event, change, record, None, counts)
    return made if isinstance(made, Skip) else [made]


def _contact(
    plan: ContactPlan | None, change: Change, keys: Keys | None, counts: Counter[str]
) -> list[Delivery] | Skip:
    if plan is None:
        return _NOTHING_MAPPED
    if keys is not None:
        return delete_contact(plan, change, keys)
    row = change.row
    user_id = read_user_id(plan.user_id, row, "contact.user_id")
    body: Row = {"_user_id": user_id}
    fill(plan.attributes, row, body, counts)
    upsert = Upsert(user_id, body, change.operation in plan.instant)
    if change.before is None or change.operation is not _UPDATE:
        return [upsert]
    return [*_remove_former_contact(plan, change, user_id), upsert]


def _remove_former_contact(plan: ContactPlan, change: Change, user_id: str) -> list[Delivery]:
    """Apply `on_delete` to the row's former contact, where the before-image shows another one."""
    image = complete_before_image(plan.before, change)
    if image is None:
        return []
    try:
        former = user_id_of(plan.user_id.read(image))
    except ConversionError:
        return []  # the row had no contact before
    return [] if former == user_id else apply_on_delete(plan, former)
