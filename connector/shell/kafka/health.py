"""The troubles on Kafka's side, for `/readyz`: logged when they begin and when they end.

librdkafka reports faults but not recoveries. During a trouble the cluster is asked every few seconds. An
instance without partitions asks every half minute.

A broker that starts or stops may leave itself out of its own answer. A client that reads such an answer
forgets the broker for good (librdkafka issue 5301), and only a new process finds it again. The process ends
once that is certain: a new client reaches the brokers, and ours does not.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import wait
from typing import Any

from confluent_kafka import Consumer as Client
from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from connector.errors import FatalError
from connector.shell.clock import Clock
from connector.shell.kafka.client_settings import KafkaSettings, connection_settings
from connector.shell.kafka.errors_table import ADVICE, KafkaErrorMeaning, meaning_of, text_of
from connector.shell.logs import events_of

CHECK_MS = 3000
IDLE_CHECK_MS = 30_000
CHECK_SECONDS_MAX = 1.0

COMPARE_MS = 15_000
"""How often a new client tries to reach brokers that ours does not reach."""

FORGOTTEN_MS = 30_000
"""How long that must last: after an outage a client may wait ten seconds before it tries again."""

FORGOTTEN = (
    "Kafka: the client has forgotten its brokers, and a new client reaches them "
    "(librdkafka issue 5301). Nothing is lost; start the process again"
)

BROKER = "broker"
GROUP = "group"
FORBIDDEN = "TOPIC_AUTHORIZATION_FAILED"


class KafkaHealth:
    """The present troubles by name: `broker`, `group`, or `topic <name>`."""

    def __init__(
        self,
        client: Client,
        settings: KafkaSettings,
        topics: Sequence[str],
        clock: Clock,
        logger: logging.Logger,
    ) -> None:
        self._client = client
        self._connection = connection_settings(settings)
        self._clock = clock
        self._logger = logger
        self._events = events_of(logger)
        self._topics = tuple(topics)
        self._troubles: Mapping[str, str] = {}
        self._missing: frozenset[str] = frozenset()
        self._forbidden: frozenset[str] = frozenset()
        self._last_transport_error = ""
        self._check_at_ms = clock.monotonic_ms() + IDLE_CHECK_MS
        self._compare_at_ms = 0
        self._reached_since_ms: int | None = None  # by new clients but not by ours

    @property
    def troubles(self) -> Mapping[str, str]:
        """The causes to report; a new mapping at every change, safe to read from any thread."""
        return self._troubles

    @property
    def missing_topics(self) -> frozenset[str]:
        """The topics that do not exist (yet); each is also among the troubles."""
        return self._missing

    def trouble(self, name: str, text: str) -> None:
        """Note a trouble, and log it when it is new."""
        if name not in self._troubles:
            self._events.warning("kafka_trouble_began", cause=name, message=text)
            self._check_at_ms = self._clock.monotonic_ms() + CHECK_MS
        self._troubles = {**self._troubles, name: text}

    def healthy(self, name: str) -> None:
        """Note that a trouble has passed."""
        if name in self._troubles:
            self._events.info("kafka_trouble_ended", cause=name)
            self._troubles = {key: text for key, text in self._troubles.items() if key != name}

    def topic_trouble(self, topic: str, error: KafkaError) -> None:
        """Note that a topic is missing or forbidden; librdkafka keeps asking for it."""
        if error.name() == FORBIDDEN:
            self._forbidden |= {topic}
            self.trouble(_topic(topic), text_of(error))
            return
        self._missing |= {topic}
        self.trouble(_topic(topic), "the topic does not exist; it is read as soon as it does")

    def topic_found(self, topic: str) -> None:
        """Note that a topic can be read."""
        self._missing -= {topic}
        self._forbidden -= {topic}
        self.healthy(_topic(topic))

    def client_error(self, error: KafkaError) -> None:
        """Take an error of the connection. The last error of one broker explains why all are away."""
        if meaning_of(error) is KafkaErrorMeaning.ACCESS:
            self.trouble(BROKER, text_of(error))
        elif error.name() == "_ALL_BROKERS_DOWN":
            self.trouble(BROKER, self._last_transport_error or error.str())
        elif error.name() in ("_TRANSPORT", "_RESOLVE"):
            self._last_transport_error = error.str()
            if BROKER in self._troubles:
                self.trouble(BROKER, error.str())

    def check(self, *, idle: bool = False) -> None:
        """Ask the cluster whether the troubles have ended; an `idle` instance asks whether there are any.

        Raises:
            FatalError: our client will never find its brokers again.
        """
        now_ms = self._clock.monotonic_ms()
        if not (self._troubles or idle) or now_ms < self._check_at_ms:
            return
        self._check_at_ms = now_ms + (CHECK_MS if self._troubles else IDLE_CHECK_MS)
        try:
            topics = self._client.list_topics(timeout=CHECK_SECONDS_MAX).topics
        except KafkaException as error:
            self.trouble(BROKER, self._last_transport_error or str(error.args[0]))
            self._compare_with_new_client(now_ms)
            return
        self._reached_since_ms = None
        self.healthy(BROKER)
        refused = self._still_forbidden() if self._forbidden else ()
        for topic in self._forbidden.union(self._topics):
            if topic in refused:
                self.trouble(_topic(topic), f"{FORBIDDEN}: reading is not allowed ({ADVICE[FORBIDDEN]})")
            elif topic in topics and topics[topic].error is None:
                self.topic_found(topic)

    def _compare_with_new_client(self, now_ms: int) -> None:
        """Distinguish a client that has forgotten its brokers from brokers that are away."""
        if now_ms < self._compare_at_ms:
            return
        self._compare_at_ms = now_ms + COMPARE_MS
        if not self._new_client_reaches_brokers():
            self._reached_since_ms = None
        elif self._reached_since_ms is None:
            self._reached_since_ms = now_ms
        elif now_ms - self._reached_since_ms >= FORGOTTEN_MS:
            raise FatalError("kafka", FORGOTTEN)

    def _new_client_reaches_brokers(self) -> bool:
        try:
            return bool(self._new_client().list_topics(timeout=CHECK_SECONDS_MAX).brokers)
        except KafkaException:
            return False

    def _new_client(self) -> AdminClient:
        return AdminClient(self._connection, logger=self._logger)

    def _still_forbidden(self) -> Collection[str]:
        """Ask which of the forbidden topics we still may not read (F034).

        librdkafka reports a refused fetch once. A topic that we may DESCRIBE is listed without an error.
        """
        admin = self._new_client()  # must live as long as its answers are awaited
        asked = admin.describe_topics(
            TopicCollection(sorted(self._forbidden)),
            include_authorized_operations=True,
            request_timeout=CHECK_SECONDS_MAX,
        )
        wait(asked.values(), CHECK_SECONDS_MAX)
        found = {topic: answer for topic, answer in asked.items() if answer.done() and not answer.exception()}
        return [topic for topic, answer in found.items() if not may_read(answer.result())]


def may_read(topic: Any) -> bool:
    """Return whether a description allows READ; a broker that names no operations does not know."""
    names = {operation.name for operation in topic.authorized_operations or ()}
    return not names or "READ" in names


def _topic(name: str) -> str:
    return f"topic {name}"
