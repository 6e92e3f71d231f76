"""The world of one test: a broker, the sandbox API, and every service that it starts."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from confluent_kafka import Consumer, Producer, TopicPartition
from ruamel.yaml import YAML

from connector.sandbox.api.api_server import SandboxApi
from connector.sandbox.api.behaviour import Behaviour
from connector.sandbox.broker import ApiKey, EmbeddedBroker
from connector.sandbox.customers import Customer
from connector.sandbox.sample import CUSTOMERS_TOPIC, DEAD_LETTERS_TOPIC, ORDERS_TOPIC, ExpectedContacts
from connector.sandbox.sample_config import write_config
from connector.sandbox.writer import SampleRecord
from tests.integration.service import Service
from tests.integration.shop import Raw, contacts, customer
from tests.waiting import wait_for

TOPICS = {CUSTOMERS_TOPIC: 2, ORDERS_TOPIC: 2, DEAD_LETTERS_TOPIC: 1}
"""The topics of the sample and their partitions."""

KAFKA = {
    # Short, so that the others need not wait for a killed member.
    "session.timeout.ms": 1500,
    "heartbeat.interval.ms": 300,
    "reconnect.backoff.max.ms": 500,
    "topic.metadata.refresh.interval.ms": 1000,
}
DELIVERY: dict[str, Any] = {"linger_ms": 5, "retry_backoff_ms": [20, 200]}
MESSAGE_BYTES_MAX = 4_000_000
LOG_SHOWN = 6_000


class DeadLetter(NamedTuple):
    """One record of the dead-letter topic; `why` holds our headers by name, `headers` the others."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    why: Mapping[str, str]


class Deployment:
    """API and topics start empty, and the group is new; the broker may have served other tests before."""

    def __init__(self, folder: Path, broker: EmbeddedBroker) -> None:
        self.folder = folder
        self.group = folder.name
        self.broker = broker
        self.api = SandboxApi(Behaviour(limit=None))
        self._services: list[Service] = []
        self._topics: list[str] = []
        self._last_id = 0
        for topic, partitions in TOPICS.items():
            self.create_topic(topic, partitions)

    def __enter__(self) -> Self:
        self.api.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for service in self._services:
            service.kill()
        self.show_logs()
        self.api.__exit__(kind, error, trace)
        self.broker.up()
        self.broker.clear_errors(ApiKey.PRODUCE)
        for topic in self._topics:
            self.broker.delete_topic(topic)

    def create_topic(self, name: str, partitions: int) -> None:
        """Create a topic that goes with this world."""
        self._topics.append(name)
        self.broker.create_topic(name, partitions)

    def show_logs(self) -> None:
        """Print the logs of the services: pytest shows them where a test has failed."""
        for service in self._services:
            print(service.logs()[-LOG_SHOWN:])  # noqa: T201

    # --------------------------------------------------------------------------------- services

    def service(
        self,
        name: str = "a",
        *,
        token: str = "sandbox-token",
        contact_wait_seconds: int = 1,
        delivery: Mapping[str, Any] | None = None,
        kafka: Mapping[str, Any] | None = None,
        edit: Callable[[dict[str, Any]], None] | None = None,
        topics: Mapping[str, str] | None = None,
    ) -> Service:
        """Write the configuration of the sample for one instance; it is not started.

        `edit` may change the service file as it is about to be written, `topics` replaces or adds topic
        files by their names.
        """
        config = write_config(
            self.folder / name,
            bootstrap_servers=self.broker.bootstrap_servers,
            base_url=self.api.base_url,
            token=token,
            contact_wait_seconds=contact_wait_seconds,
            kafka={**KAFKA, "group.id": self.group, **(kafka or {})},
            delivery={**DELIVERY, **(delivery or {})},
        )
        if edit is not None:
            yaml = YAML()
            document = yaml.load(config)
            edit(document)
            yaml.dump(document, config)
        for file, text in (topics or {}).items():
            (config.parent / "topics" / file).write_text(text, encoding="utf-8")
        service = Service(config, name)
        self._services.append(service)
        return service

    def run_until_caught_up(self, service: Service) -> None:
        """Run an instance until it says that it has delivered everything."""
        assert service.run("--until-caught-up") == 0, service.log[-LOG_SHOWN:]

    # -------------------------------------------------------------------------------------- Kafka

    def produce(self, records: Iterable[Raw | SampleRecord], partition: int = -1) -> None:
        """Write records, by their keys or to one partition, and wait until the broker has them all."""
        producer = Producer(
            {"bootstrap.servers": self.broker.bootstrap_servers, "message.max.bytes": MESSAGE_BYTES_MAX}
        )
        for record in records:
            producer.produce(
                record.topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                partition=partition,
            )
        assert producer.flush(10) == 0

    def dead_letters(self) -> list[DeadLetter]:
        """Read everything that the dead-letter topic holds now."""
        return [_dead_letter(message) for message in self._read(DEAD_LETTERS_TOPIC)]

    def committed(self, topic: str) -> dict[int, int]:
        """Return the group's committed offsets of a topic by partition; those without one are left out."""
        client = self._client(self.group)
        try:
            names = [TopicPartition(topic, p) for p in client.list_topics(topic).topics[topic].partitions]
            return {p.partition: p.offset for p in client.committed(names, timeout=10) if p.offset >= 0}
        finally:
            client.close()

    def move_group(self, topic: str, partition: int, offset: int) -> None:
        """Move the group; the embedded broker takes a commit from a member only, so we become one."""
        client = Consumer(
            {
                **KAFKA,
                "bootstrap.servers": self.broker.bootstrap_servers,
                "group.id": self.group,
                "partition.assignment.strategy": "cooperative-sticky",
                "enable.auto.commit": False,  # it polls while it waits, and must not commit that
            }
        )
        try:
            client.subscribe([topic])
            wait_for(lambda: client.poll(0.1) is None and client.assignment(), 60, "the membership")
            client.commit(offsets=[TopicPartition(topic, partition, offset)], asynchronous=False)
        finally:
            client.close()

    def ends(self, topic: str) -> dict[int, int]:
        """Return the ends of a topic's logs by partition."""
        client = self._client("ends")
        try:
            partitions = client.list_topics(topic).topics[topic].partitions
            return {p: client.get_watermark_offsets(TopicPartition(topic, p))[1] for p in partitions}
        finally:
            client.close()

    def _read(self, topic: str) -> list[Any]:
        ends = self.ends(topic)
        client = self._client("reader")
        messages: list[Any] = []
        try:
            client.assign([TopicPartition(topic, partition, 0) for partition in ends])
            while len(messages) < sum(ends.values()):
                message = client.poll(10)
                assert message is not None, f"{topic} holds less than it says"
                assert message.error() is None
                messages.append(message)
        finally:
            client.close()
        return messages

    def _client(self, group: str) -> Consumer:
        return Consumer({"bootstrap.servers": self.broker.bootstrap_servers, "group.id": group})

    # ---------------------------------------------------------------------------------------- API

    def fresh(self, count: int, **columns: Any) -> list[Customer]:
        """Return customers that no test has used before."""
        self._last_id += count
        return [customer(self._last_id - n, **columns) for n in reversed(range(count))]

    def await_contacts(self, people: Iterable[Customer], *watch: Service) -> None:
        """Wait until the data source holds exactly this of these people."""
        expected = contacts(people)

        def arrived() -> bool:
            present = self.api.contacts()
            return expected == {user_id: present.get(user_id) for user_id in expected}

        wait_for(arrived, 30, "the contacts to be delivered", *watch)

    def await_gone(self, people: Iterable[Customer], *watch: Service) -> None:
        """Wait until the data source holds none of these people."""
        ids = contacts(people).keys()
        wait_for(lambda: not ids & self.api.contacts().keys(), 30, "the contacts to be deleted", *watch)

    def await_committed(self, *watch: Service, topics: Iterable[str] = ()) -> None:
        """Wait until the group has committed the ends of these topics, or of all that are read."""
        for topic in topics or (name for name in self._topics if name != DEAD_LETTERS_TOPIC):
            ends = self.ends(topic)

            def reached(topic: str = topic, ends: Mapping[int, int] = ends) -> bool:
                return self.committed(topic) == ends

            wait_for(reached, 20, f"the commits of {topic} to reach {ends}", *watch)

    def dead_letters_of(self, people: Iterable[Customer], *watch: Service) -> list[DeadLetter]:
        """Wait for a dead letter of each of these people; return all of theirs."""
        keys = {b'{"id":%d}' % one.id for one in people}

        def stored() -> list[DeadLetter]:
            letters = [letter for letter in self.dead_letters() if letter.key in keys]
            return letters if keys == {letter.key for letter in letters} else []

        return wait_for(stored, 20, "the dead letters", *watch)

    def assert_in_order(self) -> None:
        """Check what must be 0 whatever happened.

        `overtaken` need not: after a kill, a snapshot's row may be queued again after newer changes.
        """
        report = self.api.report()
        counts = ("order_violations", "overlaps", "behind", "conflicting_events")
        assert not any(report[name] for name in counts), report

    def assert_delivered(self, expected: ExpectedContacts) -> None:
        """Check the result against the sample without unknown contacts."""
        assert _differences(self.api.contacts(), expected.contacts) == {}
        assert _differences(self.api.events(), expected.events) == {}
        refused = {letter.value for letter in self.dead_letters()}
        assert len(refused) == sum(expected.dead_letters.values()) - expected.dead_letters["unknown contact"]
        self.assert_in_order()


def _differences(found: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Give what differs, by id: as it is and as it should be."""
    ids = sorted(found.keys() | expected.keys())
    return {one: (found.get(one), expected.get(one)) for one in ids if found.get(one) != expected.get(one)}


def _dead_letter(message: Any) -> DeadLetter:
    headers = message.headers() or []
    why = {name.removeprefix("instasent."): value for name, value in headers if name.startswith("instasent.")}
    return DeadLetter(
        message.key(),
        message.value(),
        tuple((name, value) for name, value in headers if not name.startswith("instasent.")),
        {name: value.decode() for name, value in why.items() if value is not None},
    )
