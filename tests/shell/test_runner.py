"""The loop with a schema registry: what waits for it waits, and the rest of the world flows (F040)."""

import logging
import queue
import threading
from collections.abc import Iterator
from random import Random
from types import TracebackType
from typing import Any, Self

import orjson
import pytest
import structlog
from confluent_kafka import Producer

from connector.engine import events as ev
from connector.engine.engine import Engine
from connector.engine.limits import Limits
from connector.engine.snapshot import Snapshot
from connector.instasent.requests import Requests
from connector.model import (
    AwaitsSchema,
    Record,
    RefKind,
    SchemaAnswer,
    SchemaArtifact,
    SchemaRef,
    SchemaVerdict,
    Translated,
)
from connector.sandbox.api.behaviour import Behaviour
from connector.sandbox.api.server import SandboxApi
from connector.sandbox.broker import EmbeddedBroker
from connector.shell.clock import Clock
from connector.shell.dead_letters import DeadLetterWriter
from connector.shell.http import HttpThread
from connector.shell.kafka import Consumer
from connector.shell.kafka_settings import KafkaSettings
from connector.shell.kafka_start import Subscription
from connector.shell.runner import Runner, World
from connector.translate.mapping.plan import compile_topic
from connector.translate.mapping.rules import TopicRules
from connector.translate.translate import Translator
from tests.translate.records import envelope
from tests.waiting import wait_for

PLAIN, FRAMED = "shop.plain", "shop.framed"
ID42 = SchemaRef(RefKind.ID, "42")
LOGGER = logging.getLogger("tests.runner")


class Reader(Translator):
    """Reads `shop.framed` only once it has been given its schema."""

    def __init__(self) -> None:
        contact = {"user_id": "id", "attributes": {"row_version": "v"}}
        topics = [
            TopicRules.model_validate({"topic": topic, "contact": {**contact, "on_delete": "delete"}})
            for topic in (PLAIN, FRAMED)
        ]
        super().__init__(map(compile_topic, topics))
        self._learned: set[SchemaRef] = set()

    def translate(self, record: Record) -> Translated:
        """Read one record, or say what it waits for."""
        if record.topic == FRAMED and ID42 not in self._learned:
            return AwaitsSchema(ID42)
        return super().translate(record)

    def learn(self, ref: SchemaRef, artifact: SchemaArtifact) -> None:
        """Take in a schema."""
        assert artifact.text == "{}"
        self._learned.add(ref)


class ByHand:
    """A registry whose answers the test gives."""

    def __init__(self) -> None:
        self.results: queue.SimpleQueue[tuple[SchemaRef, SchemaAnswer]] = queue.SimpleQueue()
        self.questions: list[SchemaRef] = []

    def fetch(self, ref: SchemaRef) -> None:
        """Note the question."""
        self.questions.append(ref)

    def answer(self, number: int, answer: SchemaAnswer) -> None:
        """Await question number `number` and answer it."""
        wait_for(lambda: len(self.questions) >= number, 20, f"question {number} to the registry")
        self.results.put((self.questions[number - 1], answer))


class Running:
    """A runner on a thread of its own, between an embedded broker and the sandbox API."""

    def __init__(self, broker: EmbeddedBroker, api: SandboxApi, registry: ByHand) -> None:
        clock = Clock()
        kafka: KafkaSettings = {
            "bootstrap.servers": broker.bootstrap_servers,
            "group.id": "g",
            "log_level": 0,
        }
        self.snapshot = Snapshot()
        self._http = HttpThread(api.base_url, "sandbox-token", clock.monotonic_ms)
        self._letters = DeadLetterWriter(kafka, "dead", LOGGER)
        reader = Reader()
        limits = Limits(retry_backoff_first_ms=20, retry_backoff_largest_ms=100)
        self._runner = Runner(
            Engine(limits, Random(1), reader.translate),  # noqa: S311 - no secret
            lambda hooks: Consumer(kafka, [Subscription(PLAIN), Subscription(FRAMED)], hooks, clock, LOGGER),
            World(
                http=self._http,
                letters=self._letters,
                translator=reader,
                requests=Requests(api.base_url, "sandbox", "customers"),
                registry=registry,
                clock=clock,
            ),
            drain_ms=5_000,
            logger=structlog.stdlib.get_logger("tests.runner"),
        )
        self._thread = threading.Thread(target=self._runner.run, args=(self._turned,))

    def __enter__(self) -> Self:
        self._http.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.tell(ev.StopRequested())
        self._thread.join(20)
        self._runner.consumer.close(5)
        self._letters.close(5)
        self._http.stop(5)

    def _turned(self, _now_ms: int) -> None:
        self.snapshot = self._runner.engine.snapshot()

    def await_cause(self, reason: str, *paused: str) -> None:
        """Wait until the registry is said to be away for this reason, and these topics to be paused."""

        def said() -> bool:
            snapshot = self.snapshot
            topics = [p.topic for p in snapshot.partitions if p.paused]
            return snapshot.causes.get("schema registry", "") == reason and topics == [*paused]

        wait_for(said, 20, f"the cause {reason!r}")


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    """A broker with both topics, of one partition each."""
    with EmbeddedBroker() as broker:
        broker.create_topic(PLAIN)
        broker.create_topic(FRAMED)
        yield broker


@pytest.fixture
def api() -> Iterator[SandboxApi]:
    """The sandbox API, without a rate limit."""
    with SandboxApi(Behaviour(limit=None)) as api:
        yield api


def produce(broker: EmbeddedBroker, topic: str, contact: int, versions: range) -> None:
    """Write one row again and again."""
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
    for version in versions:
        row: dict[str, Any] = {"id": contact, "v": version}
        producer.produce(topic, key=b'{"id":%d}' % contact, value=orjson.dumps(envelope("u", row)))
    assert producer.flush(10) == 0


def await_version(api: SandboxApi, contact: str, version: int) -> None:
    """Wait until a contact has arrived in a version."""
    wait_for(
        lambda: api.contacts().get(contact, {}).get("row_version") == version,
        20,
        f"contact {contact} in version {version}",
    )


def test_a_registry_that_is_down_pauses_what_needs_it(broker: EmbeddedBroker, api: SandboxApi) -> None:
    """The other topic flows meanwhile; when the schema comes, all is delivered in order and committed."""
    registry = ByHand()
    produce(broker, FRAMED, 1, range(1, 50))
    with Running(broker, api, registry) as running:
        registry.answer(1, SchemaAnswer(SchemaVerdict.UNAVAILABLE, reason="connection refused"))
        running.await_cause("connection refused", FRAMED)
        produce(broker, PLAIN, 2, range(1, 50))
        produce(broker, FRAMED, 1, range(50, 100))
        await_version(api, "2", 49)
        assert "1" not in api.contacts()
        registry.answer(2, SchemaAnswer(SchemaVerdict.KNOWN, SchemaArtifact("{}")))
        await_version(api, "1", 99)
        running.await_cause("")
    assert {p.topic: p.committed for p in running.snapshot.partitions} == {PLAIN: 49, FRAMED: 99}
    assert (running.snapshot.unaccounted_records, running.snapshot.buffered_records) == (0, 0)
    assert registry.questions == [ID42, ID42]
    assert api.report()["order_violations"] == 0
