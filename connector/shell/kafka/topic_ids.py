"""Notices that a topic was deleted and created again (F026).

librdkafka continues at the old offset in the new log, and reports nothing where that offset exists.
"""

import logging
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import Future, wait
from typing import Any

from confluent_kafka import KafkaException, TopicCollection, Uuid
from confluent_kafka.admin import AdminClient

from connector.shell.clock import Clock
from connector.shell.kafka.client_settings import KafkaSettings, connection_settings

ASK_MS = 3000
REQUEST_SECONDS_MAX = 10.0
URGENT_SECONDS_MAX = 3.0

NO_BROKER = ("_TIMED_OUT", "_TRANSPORT", "_ALL_BROKERS_DOWN")
"""After these answers the next question gets a new client (librdkafka issue 5301)."""

_NONE = str(Uuid(0, 0))
"""The id that brokers before 2.8 give, which know no topic ids."""


class TopicIds:
    """The ids of the topics that we read; it asks every few seconds, and only `ask` waits for an answer."""

    def __init__(self, settings: KafkaSettings, clock: Clock, logger: logging.Logger) -> None:
        self._settings = dict(connection_settings(settings))
        self._logger = logger
        self._admin = self._connect()
        self._clock = clock
        self._topics: AbstractSet[str] = frozenset()
        self._ids: dict[str, str] = {}
        self._asked: dict[str, Future[Any]] = {}
        self._ask_at_ms = 0

    def recreated(self, topics: AbstractSet[str]) -> list[str]:
        """Return which of our `topics` were deleted and created again, each once."""
        if topics != self._topics:
            # An older question may be about a topic that we have lost and got again since.
            self._ids = {topic: known for topic, known in self._ids.items() if topic in topics}
            self._topics, self._asked = topics, {}
            self._ask_at_ms = 0
        done = {topic: answer for topic, answer in self._asked.items() if answer.done()}
        self._asked = {topic: answer for topic, answer in self._asked.items() if topic not in done}
        # Without an answer the broker is away or the topic is missing; `KafkaHealth` reports that.
        current = self._read(done)
        changed = [topic for topic, topic_id in current.items() if self._ids.get(topic, topic_id) != topic_id]
        self._ids.update(current)
        self._ask()
        return changed

    @property
    def known(self) -> Mapping[str, str]:
        """The known ids, by topic."""
        return self._ids

    def ask(self, topics: Collection[str]) -> dict[str, str]:
        """Ask for ids and wait; topics without an answer in `URGENT_SECONDS_MAX` are left out.

        From here on `recreated` reports a change of these ids, also one that has already happened.
        """
        collection = TopicCollection(sorted(topics))
        asked = self._admin.describe_topics(collection, request_timeout=URGENT_SECONDS_MAX)
        wait(asked.values(), URGENT_SECONDS_MAX)
        found = self._read(asked)
        self._ids = found | self._ids
        return found

    def _ask(self) -> None:
        now_ms = self._clock.monotonic_ms()
        if self._topics and not self._asked and now_ms >= self._ask_at_ms:
            self._ask_at_ms = now_ms + ASK_MS
            collection = TopicCollection(sorted(self._topics))
            self._asked = self._admin.describe_topics(collection, request_timeout=REQUEST_SECONDS_MAX)

    def _read(self, answers: Mapping[str, Future[Any]]) -> dict[str, str]:
        done = {topic: answer for topic, answer in answers.items() if answer.done()}
        if len(done) < len(answers) or any(_no_broker(answer.exception()) for answer in done.values()):
            self._admin, self._asked = self._connect(), {}  # this client may have forgotten its brokers
        ids = {topic: str(a.result().topic_id) for topic, a in done.items() if a.exception() is None}
        return {topic: topic_id for topic, topic_id in ids.items() if topic_id != _NONE}

    def _connect(self) -> AdminClient:
        return AdminClient(self._settings, logger=self._logger)


def _no_broker(error: BaseException | None) -> bool:
    return isinstance(error, KafkaException) and error.args[0].name() in NO_BROKER
