"""Notices that a topic was deleted and created again (F026).

librdkafka goes on at the old offset in the new log, and says nothing where that offset exists.
"""

import logging
from collections.abc import Set as AbstractSet
from concurrent.futures import Future
from typing import Any

from confluent_kafka import TopicCollection
from confluent_kafka.admin import AdminClient

from connector.shell.clock import Clock
from connector.shell.kafka_settings import KafkaSettings, connection_settings

ASK_MS = 3000
REQUEST_SECONDS_MAX = 10.0


class TopicIds:
    """The ids of the topics that we read, asked for every few seconds; nothing here waits for an answer."""

    def __init__(self, settings: KafkaSettings, clock: Clock, logger: logging.Logger) -> None:
        self._admin = AdminClient(dict(connection_settings(settings)), logger=logger)
        self._clock = clock
        self._topics: AbstractSet[str] = frozenset()
        self._ids: dict[str, str] = {}
        self._asked: dict[str, Future[Any]] = {}
        self._ask_at_ms = 0

    def recreated(self, topics: AbstractSet[str]) -> list[str]:
        """Return which of our `topics` are not the ones that they were; each is said once."""
        if topics != self._topics:
            # What was asked before may be about a topic that we have lost and found again since.
            self._topics, self._ids, self._asked = topics, {}, {}
            self._ask_at_ms = 0
        done = {topic: answer for topic, answer in self._asked.items() if answer.done()}
        # Without an answer the broker is away or the topic is missing, which others say.
        now = {topic: str(a.result().topic_id) for topic, a in done.items() if a.exception() is None}
        changed = [topic for topic, topic_id in now.items() if self._ids.get(topic, topic_id) != topic_id]
        self._ids.update(now)
        self._asked = {topic: answer for topic, answer in self._asked.items() if topic not in done}
        self._ask()
        return changed

    def _ask(self) -> None:
        now_ms = self._clock.monotonic_ms()
        if self._topics and not self._asked and now_ms >= self._ask_at_ms:
            self._ask_at_ms = now_ms + ASK_MS
            collection = TopicCollection(sorted(self._topics))
            self._asked = self._admin.describe_topics(collection, request_timeout=REQUEST_SECONDS_MAX)
