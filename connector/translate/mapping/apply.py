"""One change through the mapping of its topic: the deliveries, in the order they must be applied."""

from collections import Counter
from dataclasses import dataclass

from connector.model import Delivery, Operation, Record, Skip, Upsert
from connector.translate.decode import Decoder
from connector.translate.decode.change import Change, Row
from connector.translate.mapping.contacts import ContactPlan, fill
from connector.translate.mapping.deletes import delete_contact, retire, retire_by_tombstone, whole_image
from connector.translate.mapping.events import EventPlan, make_event
from connector.translate.mapping.rules import TopicRules
from connector.translate.mapping.user_id import read_user_id, user_id_of
from connector.translate.mapping.values import UnreadableError


@dataclass(frozen=True, slots=True)
class Mapping:
    """The compiled rules of one topic file."""

    rules: TopicRules
    decoder: Decoder
    contact: ContactPlan | None
    event: EventPlan | None


_DELETE, _UPDATE = Operation.DELETE, Operation.UPDATE  # reached faster than through their class

_NOTHING_MAPPED = Skip("nothing_mapped")  # a topic file without contact and event, which the models refuse


def deliver(mapping: Mapping, change: Change, record: Record, counts: Counter[str]) -> list[Delivery] | Skip:
    """Make the deliveries of a change; `counts` counts the fields left out.

    An event follows its contact's upsert, but goes before whatever takes the contact away.

    Raises:
        UnmappableError: a rule cannot be applied to this record.
        UndecodableError: its key or a header cannot be read.
    """
    if mapping.event is None:
        return _contact(mapping.contact, change, record, counts)
    event = make_event(mapping.event, change, record, counts)
    if mapping.contact is None:
        return event if isinstance(event, Skip) else [event]
    contact = _contact(mapping.contact, change, record, counts)
    if isinstance(event, Skip):
        return contact
    if isinstance(contact, Skip):
        return [event]
    return [event, *contact] if change.operation is _DELETE else [*contact, event]


def deliver_tombstone(mapping: Mapping, record: Record) -> list[Delivery] | Skip:
    """Make the deliveries of a record without a value.

    Raises:
        UnmappableError: the key names no contact that could be deleted.
        UndecodableError: the key or a header cannot be read.
    """
    if mapping.contact is None or mapping.rules.shape == "event":
        return Skip("tombstone")
    return retire_by_tombstone(mapping.contact, record)


def _contact(
    plan: ContactPlan | None, change: Change, record: Record, counts: Counter[str]
) -> list[Delivery] | Skip:
    if plan is None:
        return _NOTHING_MAPPED
    if change.operation is _DELETE:
        return delete_contact(plan, change, record)
    row = change.row
    user_id = read_user_id(plan.user_id, row, "contact.user_id")
    body: Row = {"_user_id": user_id}
    fill(plan.attributes, row, body, counts)
    upsert = Upsert(user_id, body, change.operation in plan.instant)
    if change.before is None or change.operation is not _UPDATE:
        return [upsert]
    return [*_retire_former(plan, change, user_id), upsert]


def _retire_former(plan: ContactPlan, change: Change, user_id: str) -> list[Delivery]:
    """Take away the contact that the row was before, where it is known to have been another one."""
    image = whole_image(plan.before, change)
    if image is None:
        return []
    try:
        former = user_id_of(plan.user_id.read(image))
    except UnreadableError:
        return []  # the row stood for no contact before
    return [] if former == user_id else retire(plan, former)
