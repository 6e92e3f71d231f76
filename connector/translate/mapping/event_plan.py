"""The compiled `event:` of a topic file, and the event that a record becomes."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from connector.model import Event, Operation, Record, Skip
from connector.translate.debezium.change import NO_ROW, Change, Row
from connector.translate.mapping.contact_plan import BeforeImage, Fields, fill
from connector.translate.mapping.deletes import complete_before_image, deleted_user_id
from connector.translate.mapping.event_id import default_event_id, event_id_of
from connector.translate.mapping.key_as_row import Keys, ReaderFor
from connector.translate.mapping.readers import Read, Reader
from connector.translate.mapping.user_id import MappingError, read_user_id
from connector.translate.values.dates import timestamp_of, utc_text
from connector.translate.values.unusable import ConversionError, LeftOut

_USER_ID = "event.user_id"

_read_timestamp = timestamp_of(None)


@dataclass(frozen=True, slots=True)
class EventPlan:
    """The compiled `event:`. `on` holds None, because plain domain records always make an event.

    `user_id` reads rows; `user_id_for` gives the reader of keys, which have another schema.
    """

    type: str
    on: tuple[Operation | None, ...]
    user_id: Reader
    user_id_for: ReaderFor
    id: Read | None
    date: Read | None
    parameters: Fields
    contact_wait_ms: int
    when: Callable[[Row], bool] | None
    before: BeforeImage


def make_event(
    plan: EventPlan, change: Change, record: Record, keys: Keys | None, counts: Counter[str]
) -> Event | Skip:
    """Make the event of a record, or return the rule that skips it.

    For a deleted row, which has `keys`, the fields come from a whole before-image, otherwise from the key.

    Raises:
        MappingError: a rule cannot be applied to this record.
        DecodeError: its key cannot be read.
    """
    if change.operation not in plan.on:
        return Skip("on")
    row, image = change.row, None
    if keys is not None:
        if keys.changed:
            return Skip("key_change")
        image = complete_before_image(plan.before, change)
        row = _key_columns(keys) if image is None else image
    if plan.when is not None and not _holds(plan.when, row):
        return Skip("when")
    if keys is not None:
        user_id = deleted_user_id(plan.user_id, plan.user_id_for, change, keys, image, _USER_ID)
    else:
        user_id = read_user_id(plan.user_id, row, _USER_ID)
    body: Row = {
        "_user_id": user_id,
        "_event_id": _event_id(plan, change, row, record),
        "_event_type": plan.type,
        "_event_date": _event_date(plan, row, record),
        "_event_parameters": {},
    }
    fill(plan.parameters, row, body["_event_parameters"], counts)
    return Event(user_id, body, plan.contact_wait_ms)


def _key_columns(keys: Keys) -> Row:
    key = keys.row(frozenset())
    return NO_ROW if key is None else key.row


def _holds(condition: Callable[[Row], bool], row: Row) -> bool:
    try:
        return condition(row)
    except ConversionError as error:
        raise MappingError("event.when", str(error)) from None


def _event_id(plan: EventPlan, change: Change, row: Row, record: Record) -> str:
    if plan.id is None:
        return default_event_id(change, record)
    try:
        return event_id_of(plan.id(row))
    except ConversionError as error:
        raise MappingError("event.id", str(error)) from None


def _event_date(plan: EventPlan, row: Row, record: Record) -> str:
    """Return the event's date: from the row, otherwise the record's timestamp."""
    try:
        value = None if plan.date is None else plan.date(row)
        if value is None or type(value) is LeftOut:
            return _record_date(record)
        return _read_timestamp(value)
    except ConversionError as error:
        raise MappingError("event.date", str(error)) from None


def _record_date(record: Record) -> str:
    if record.timestamp_ms is None:
        raise ConversionError("neither the row nor the record has a date")
    return utc_text(record.timestamp_ms)
