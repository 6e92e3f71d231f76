"""Checks one item of a write: the messages by field, empty for a valid item."""

import re
from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

Item: TypeAlias = Mapping[str, Any]
Complaints: TypeAlias = dict[str, list[str]]

_TEXT_ATTRIBUTES = ("_first_name", "_last_name", "_email", "_phone_mobile", "_country_code")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_EVENT_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def check_contact(item: Item) -> Complaints:
    """Check one contact (ingest-api.md 5.1). Null means that the value is not known."""
    complaints = _missing(item, "_user_id")
    for name in _TEXT_ATTRIBUTES:
        if not isinstance(item.get(name), str | None):
            complaints[name] = ["This value should be of type string."]
    email = item.get("_email")
    if isinstance(email, str) and not _EMAIL.fullmatch(email):
        complaints["_email"] = ["This value is not a valid email address."]
    return complaints


def check_event(item: Item, event_types: Collection[str] | None) -> Complaints:
    """Check one event (ingest-api.md 6); `event_types` None takes any."""
    complaints = _missing(item, "_user_id", "_event_id", "_event_type")
    event_type = item.get("_event_type")
    if "_event_type" not in complaints and event_types is not None and event_type not in event_types:
        complaints["_event_type"] = ["This event type does not exist."]
    date = item.get("_event_date")
    if date is not None and not (isinstance(date, str) and _EVENT_DATE.fullmatch(date)):
        complaints["_event_date"] = ["This value is not a valid datetime."]
    if not isinstance(item.get("_event_parameters", {}), dict):
        complaints["_event_parameters"] = ["This value should be of type object."]
    return complaints


def _missing(item: Item, *names: str) -> Complaints:
    """Complain about required texts that are absent, empty or no text."""
    return {name: [_required(item.get(name))] for name in names if not _is_text(item.get(name))}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _required(value: object) -> str:
    return (
        "This value should not be blank." if value in (None, "") else "This value should be of type string."
    )
