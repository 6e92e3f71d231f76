"""The stores: a second shop, whose rows are in Avro, and the registry that has their schemas."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from connector.sandbox.customers import COLUMNS
from connector.sandbox.debezium import SampleTable
from connector.sandbox.records.columns import STRING
from connector.sandbox.records.schema import nullable
from connector.sandbox.registry.registry_server import SandboxRegistry
from connector.sandbox.writer import Writer
from tests.imitation.formats import FORMATS
from tests.integration.deployment import Deployment
from tests.integration.service import Service
from tests.integration.shop import Raw, raw
from tests.waiting import wait_for

STORES_TOPIC = "stores.public.customers"

_TOPIC_FILE = f"""
topic: {STORES_TOPIC}
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
    row_version: row_version
    city: city
  on_delete: delete
"""


class Stores:
    """The topic of the stores, of two partitions, and the registry, which is up.

    Bare JSON on that topic needs no schema: the connector reads both, record by record.
    """

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.registry = SandboxRegistry()
        self.bare = SampleTable("customers", server="stores")
        deployment.create_topic(STORES_TOPIC, 2)

    def __enter__(self) -> Self:
        self.registry.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.registry.__exit__(kind, error, trace)

    def table(self, *more: str, format_: str = "avro-confluent") -> SampleTable:
        """Return the table with these text columns added: each set of them is another schema."""
        converter = FORMATS[format_](self.registry.store)
        columns = {**COLUMNS, **dict.fromkeys(more, nullable(STRING))}
        return SampleTable("customers", columns=columns, server="stores", writer=Writer(converter, converter))

    def unreadable(self, schema_id: int, key: bytes = b'{"id":1}') -> Raw:
        """Give a record whose value names this id, in Confluent's framing."""
        return raw(b"\0" + schema_id.to_bytes(4, "big") + b"body", key, STORES_TOPIC)

    def service(
        self,
        name: str = "a",
        *,
        url: str | list[str] | None = None,
        registry: Mapping[str, Any] | None = None,
        edit: Callable[[dict[str, Any]], None] | None = None,
        **options: Any,
    ) -> Service:
        """Make an instance that reads the stores too; `registry` are more keys of `schema_registry`."""

        def with_registry(document: dict[str, Any]) -> None:
            document["schema_registry"] = {"url": url or self.registry.url, **(registry or {})}
            if edit is not None:
                edit(document)

        topics = {"stores.yaml": _TOPIC_FILE}
        return self.deployment.service(name, edit=with_registry, topics=topics, **options)

    def questions(self, path: str = "/schemas/ids/") -> list[int]:
        """Give the statuses that the registry answered to questions below a path, oldest first."""
        return [asked.status for asked in self.registry.requests() if asked.path.startswith(path)]

    def await_waiting(self, service: Service, *partitions: int) -> None:
        """Wait until these partitions of the stores wait for a schema, and no others anywhere."""

        def waits() -> bool:
            found = service.status().get("partitions", ())
            paused = [(p["topic"], p["partition"]) for p in found if p["paused"]]
            return sorted(paused) == [(STORES_TOPIC, number) for number in partitions]

        wait_for(waits, 20, f"the partitions {partitions} to wait for a schema", service)
