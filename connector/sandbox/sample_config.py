"""Writes the configuration that delivers the sample to the sandbox."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from connector.sandbox.api.behaviour import Behaviour
from connector.sandbox.sample import DEAD_LETTERS_TOPIC
from connector.sandbox.sample_streams import (
    APP_TOPIC,
    CUSTOMERS_TOPIC,
    ORDERS_TOPIC,
    OUTBOX_TOPIC,
    STORES_TOPIC,
)

_SANDBOX = Behaviour()

_CUSTOMERS = f"""\
# Rows of the table `customers` become contacts.
topic: {CUSTOMERS_TOPIC}
format: json
contact:
  user_id: id
  attributes:
    _first_name: first_name
    _last_name: last_name
    _email: {{from: email, as: lowercase}}
    _phone_mobile: {{from: phone, as: e164, region: ES}}
    birthday: {{from: birth_date, as: date}}
    full_name: {{template: "{{first_name}} {{last_name}}"}}
    origin: {{value: crm}}
    plan: plan
    row_version: row_version             # the sandbox judges the order by it
  instant: [create, update]
  on_delete: delete
"""

_OTHER_CUSTOMERS = """\
# {what}
topic: {topic}
format: auto
contact:
  user_id: id
  attributes:
    _first_name: first_name
    _last_name: last_name
    _email: {{from: email, as: lowercase}}
    _phone_mobile: {{from: phone, as: e164, region: ES}}
    birthday: birth_date                 # the schema says that it is a date
    full_name: {{template: "{{first_name}} {{last_name}}"}}
    origin: {{value: crm}}
    plan: plan
    row_version: row_version             # the sandbox judges the order by it
  instant: [create, update]
  on_delete: delete
"""

_ORDERS = f"""\
# Orders become events of the contact who ordered.
topic: {ORDERS_TOPIC}
format: json
shape: event
event:
  type: purchase
  user_id: customer.id
  id: order_id
  date: placed_at
  parameters:
    amount: {{from: total, as: number}}
    currency: currency
    sequence: sequence                   # the sandbox judges the order by it
  contact_wait_seconds: {{contact_wait_seconds}}
  when: "status == 'paid'"
"""

_OUTBOX = _ORDERS.replace(ORDERS_TOPIC, OUTBOX_TOPIC).replace("format: json\nshape: event", "shape: outbox")

_PLAIN = {"customers": _CUSTOMERS, "orders": _ORDERS}
_MIXED = {
    "stores": _OTHER_CUSTOMERS.format(topic=STORES_TOPIC, what="Rows of the stores, in Avro."),
    "app": _OTHER_CUSTOMERS.format(topic=APP_TOPIC, what="Flattened rows of the app, in JSON with a schema."),
    "outbox": _OUTBOX.replace("# Orders become", "# Orders from an outbox table become"),
}


def write_config(
    folder: Path,
    *,
    bootstrap_servers: str,
    base_url: str,
    token: str = "sandbox-token",  # noqa: S107 - the sandbox's own, valid by default
    contact_wait_seconds: int = 20,
    admin_listen: str = "127.0.0.1:0",
    kafka: Mapping[str, str | int | bool] | None = None,
    delivery: Mapping[str, Any] | None = None,
) -> Path:
    """Write `connector.yaml` and `topics/*.yaml` below `folder` and give the path of the first.

    `kafka` and `delivery` add to or replace keys of these sections (docs/configuration.md).
    """
    _write_topics(folder, _PLAIN, contact_wait_seconds)
    service = {
        "kafka": {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "instasent-connector",
            **(kafka or {}),
        },
        "instasent": {
            "base_url": base_url,
            "project": _SANDBOX.project,
            "datasource": _SANDBOX.datasource,
            "token": token,
        },
        "delivery": dict(delivery or {}),
        "dead_letters": {"topic": DEAD_LETTERS_TOPIC},
        "admin": {"listen": admin_listen},
        "topics": "topics/*.yaml",
    }
    path = folder / "connector.yaml"
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(service, file)
    return path


def add_formats(config: Path, registry_url: str, contact_wait_seconds: int = 20) -> None:
    """Add the topics that are not in bare JSON, and the registry that has their schemas."""
    with config.open("a", encoding="utf-8") as file:
        YAML().dump({"schema_registry": {"type": "confluent", "url": registry_url}}, file)
    _write_topics(config.parent, _MIXED, contact_wait_seconds)


def _write_topics(folder: Path, files: Mapping[str, str], contact_wait_seconds: int) -> None:
    topics = folder / "topics"
    topics.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        written = text.replace("{contact_wait_seconds}", str(contact_wait_seconds))
        (topics / f"{name}.yaml").write_text(written, encoding="utf-8")
