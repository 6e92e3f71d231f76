"""The answers of the read endpoints about the data source (ingest-api.md 4 and 7)."""

from typing import Any

from connector.sandbox.api.behaviour import Behaviour
from connector.sandbox.api.write_answers import SPEED_TIER

_LOCALE = {"locale": "es", "timezone": "Europe/Madrid"}

# uid, label, data type, custom
_ATTRIBUTES = (
    ("_user_id", "User id", "string", False),
    ("_first_name", "First name", "string", False),
    ("_last_name", "Last name", "string", False),
    ("_email", "Email", "string", False),
    ("_phone_mobile", "Mobile phone", "string", False),
    ("_country_code", "Country", "string", False),
    ("birthday", "Birthday", "date", True),
    ("full_name", "Full name", "string", True),
    ("origin", "Origin", "string", True),
    ("plan", "Plan", "string", True),
    ("row_version", "Row version", "string", True),
)

# event type → its name and its parameters: parameter, title, data type, required
_EVENTS: dict[str, tuple[str, tuple[tuple[str, str, str, bool], ...]]] = {
    "purchase": (
        "Purchase",
        (
            ("amount", "Amount", "string", True),
            ("currency", "Currency", "string", True),
            ("sequence", "Sequence", "string", False),
        ),
    ),
    "viewed_product": ("Viewed product", (("product", "Product", "string", True),)),
}


def attribute_specs() -> dict[str, Any]:
    """Answer E6."""
    return {
        "specs": [
            {
                "uid": uid,
                "displayLabel": label,
                "description": label,
                "dataType": data_type,
                "multivalue": 1,
                "requiredInWebhook": uid == "_user_id",
                "readOnly": False,
                "visible": True,
                "custom": custom,
                "important": not custom,
            }
            for uid, label, data_type, custom in _ATTRIBUTES
        ]
    }


def event_specs() -> dict[str, Any]:
    """Answer E7."""
    texts = {"category": "commerce", "icon": "cart", "emoji": "🛒"}
    flags = {"attribution": False, "automation": True, "important": True}
    return {
        "specs": [
            {"uid": uid, "name": name, "description": name, **texts, **flags}
            for uid, (name, _) in _EVENTS.items()
        ]
    }


def parameter_specs(event_type: str) -> dict[str, Any] | None:
    """Answer E8; None where there is no such type. Without a type there are no parameters."""
    if event_type and event_type not in _EVENTS:
        return None
    parameters = _EVENTS[event_type][1] if event_type else ()
    return {
        "specs": [
            {
                "parameter": parameter,
                "title": title,
                "description": title,
                "icon": "tag",
                "dataType": data_type,
                "visualType": data_type,
                "required": required,
                "multiValue": 1,
                "maxLength": None,
            }
            for parameter, title, data_type, required in parameters
        ]
    }


def stream(behaviour: Behaviour, received: dict[str, int]) -> dict[str, Any]:
    """Answer E1; `received` holds the counters of the data source."""
    return {
        "organization": {"id": "sandbox", "name": "Sandbox", "api": {"tier": SPEED_TIER}},
        "project": {
            "id": f"id-{behaviour.project}",
            "uid": behaviour.project,
            "name": behaviour.project,
            **_LOCALE,
        },
        "datasource": datasource(behaviour, received),
        "stream": {
            "id": f"stream-{behaviour.datasource}",
            "type": "ingest",
            "purpose": None,
            "exposed": True,
        },
        "token": {"type": "datasource", "scopes": []},
    }


def datasource(behaviour: Behaviour, received: dict[str, int]) -> dict[str, Any]:
    """Describe the data source, for E1 and E9."""
    return {
        "id": behaviour.datasource,
        "uid": f"uid-{behaviour.datasource}",
        "name": behaviour.datasource,
        "type": "api",
        "defaultCountry": "ES",
        "priority": 1,
        "audienceTags": [],
        **_LOCALE,
        **received,
    }
