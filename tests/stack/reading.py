"""Connectors that write some forms of a table, the service that reads them, and what came of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connector.sandbox.api.api_server import SandboxApi
from connector.sandbox.api.behaviour import Behaviour, UnknownContact
from tests.stack.connect import ConnectWorker
from tests.stack.debezium import Database, Options
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.registry import Registry
from tests.stack.service import Service
from tests.waiting import wait_for

SECONDS = 60
PARTITIONS = 2


class Reading:
    """The service on some topics, and the sandbox API that it delivers to."""

    def __init__(self, name: str, kafka: KafkaBroker, service: Service, sandbox: SandboxApi) -> None:
        self._group = name
        self._kafka = kafka
        self.service = service
        self.sandbox = sandbox

    def await_contacts(self, expected: Mapping[str, Mapping[str, Any]]) -> None:
        """Wait until Instasent holds these contacts, and compare value by value."""
        try:
            wait_for(
                lambda: self.sandbox.contacts() == expected, SECONDS, "the contacts", self.service.process
            )
        except TimeoutError:
            assert self.sandbox.contacts() == expected

    def await_committed(self, topic: str) -> None:
        """Wait until every record of a topic is settled and committed."""
        written = self._kafka.written(topic, PARTITIONS)
        wait_for(
            lambda: self._kafka.committed(self._group, topic, PARTITIONS) == written,
            SECONDS,
            f"the commit of {topic}",
            self.service.process,
        )

    def await_skipped(self, topic: str, rule: str, least: int) -> None:
        """Wait until all that came of a topic was skipped by one rule, and that were so many or more."""

        def skipped() -> bool:
            topics = {one["topic"]: one for one in self.service.status()["topics"]}
            count = topics[topic]["skipped_by_rule"].get(rule, 0)
            return bool(topics[topic]["records_consumed"] == count >= least)

        wait_for(skipped, SECONDS, f"all of {topic} skipped as {rule}", self.service.process)

    def await_queued(self, count: int) -> None:
        """Wait until so many contacts were sent to Instasent's queue."""
        wait_for(lambda: self.queued() == count, SECONDS, f"{count} queued contacts", self.service.process)

    def await_events(self, count: int) -> None:
        """Wait until Instasent holds so many events."""
        wait_for(
            lambda: len(self.sandbox.events()) == count, SECONDS, f"{count} events", self.service.process
        )

    def queued(self) -> int:
        """Return how many contacts were sent to Instasent's queue."""
        lines = [line for line in self.sandbox.requests() if line.endpoint == "contacts"]
        return sum(line.items for line in lines if not line.sync)


@contextmanager
def reading(
    name: str, folder: Path, kafka: KafkaBroker, registry: Registry, topics: Mapping[str, str]
) -> Iterator[Reading]:
    """Create topics and run the service on them; `topics` are the texts of topic files by topic."""
    for topic in topics:
        kafka.create_topic(topic, PARTITIONS)
    with SandboxApi(Behaviour(limit=None, unknown_contact=UnknownContact.ACCEPT)) as sandbox:
        where = {"type": "apicurio", "url": registry.native}
        service = Service(name, folder, kafka, sandbox, *topics.values(), registry=where)
        try:
            service.start()
            yield Reading(name, kafka, service, sandbox)
            assert service.stop() == 0
        finally:
            service.close()


@contextmanager
def connectors(
    connect: ConnectWorker, database: Database, tables: str, forms: Mapping[str, tuple[Options, ...]]
) -> Iterator[None]:
    """Stream tables of a database once in each form, by the name of its connector."""
    begun = []
    try:
        for name, parts in forms.items():
            begun.append(name)
            connect.put_debezium(name, database, tables, *parts)
        yield
    finally:
        for name in begun:
            connect.delete(name)
