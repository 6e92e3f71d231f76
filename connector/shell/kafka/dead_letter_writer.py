"""Stores records that can never be delivered in a Kafka topic: byte for byte, with the reason."""

import logging
from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from connector.engine.events import DeadLettered
from connector.errors import ConfigError, Problem
from connector.model import Record
from connector.shell.kafka.client_settings import KafkaSettings, connection_settings
from connector.shell.logs import events_of

DEFAULTS: dict[str, str | int | float | bool] = {
    "acks": "all",  # confirmed means replicated (F081)
    "enable.idempotence": True,
    "compression.type": "zstd",  # a record that was compressed at its source must fit here too (F082)
    "message.max.bytes": 100_000_000,  # the broker decides what is too large (F082)
    "delivery.timeout.ms": 30_000,  # every dead letter has an answer, also when the brokers are away
    "topic.metadata.propagation.max.ms": 10_000,  # how long a topic that is being created may take
}
CREATE_SECONDS_MAX = 15.0
QUEUE_FULL = KafkaError(-184)  # `_QUEUE_FULL`, which the client raises as BufferError

ADVICE = {
    "MSG_SIZE_TOO_LARGE": "raise max.message.bytes of the topic to that of the source topic",
    "_UNKNOWN_TOPIC": "create the topic, or allow this client to",
    "_UNKNOWN_PARTITION": "create the topic, or allow this client to",
    "UNKNOWN_TOPIC_OR_PART": "create the topic, or allow this client to",
    "TOPIC_AUTHORIZATION_FAILED": "allow WRITE and DESCRIBE on the topic",
    "_MSG_TIMED_OUT": "the brokers did not confirm in time",
}

RECONNECT_AFTER = (
    "_FATAL",
    "TOPIC_AUTHORIZATION_FAILED",
    "_UNKNOWN_TOPIC",
    "_UNKNOWN_PARTITION",
    "_MSG_TIMED_OUT",  # it may have forgotten its brokers (librdkafka issue 5301)
)
"""A producer may refuse for minutes or forever after these errors, so the next dead letter gets a new one."""


class DeadLetterWriter:
    """Writes dead letters for one owner thread; `poll` returns exactly one answer for each.

    It tries nothing again: the engine decides when.
    """

    def __init__(self, settings: KafkaSettings, topic: str, logger: logging.Logger) -> None:
        self._topic = topic
        self._logger = logger
        self._events = events_of(logger)
        self._connection = connection_settings(settings)
        self._answers: list[DeadLettered] = []
        self._admin: AdminClient | None = None
        self._reconnect_due = False
        self._producer = self._connect()

    def write(self, letter_id: int, record: Record, rule: str, reason: str) -> None:
        """Store one record with its key, value and headers unchanged, and add our headers."""
        # A mapping that fits no record settles them all, which must not happen in silence.
        self._events.warning(
            "record_dead_lettered",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            rule=rule,
            reason=reason,
        )
        if self._reconnect_due:
            self._producer.purge()
            self._producer.poll(0)  # its waiting dead letters are answered as purged
            self._producer = self._connect()
            self._reconnect_due = False
        if self._admin is None:
            self._create_topic()
        try:
            self._producer.produce(
                self._topic,
                key=record.key,
                value=record.value,
                headers=[*record.headers, *_own_headers(record, rule, reason)],
                on_delivery=self._answer_to(letter_id),
            )
        except (BufferError, KafkaException) as error:  # the queue is full; too large; fatal
            cause = error.args[0] if isinstance(error, KafkaException) else None
            self._note(letter_id, cause if isinstance(cause, KafkaError) else QUEUE_FULL)

    def poll(self) -> list[DeadLettered]:
        """Return the answers since the last call, without waiting."""
        self._producer.poll(0)
        answers, self._answers = self._answers, []
        return answers

    def flush(self, seconds_max: float) -> list[DeadLettered]:
        """Wait until every dead letter has an answer or the time is over; return the answers."""
        self._producer.flush(seconds_max)
        return self.poll()

    def close(self, seconds_max: float) -> bool:
        """Send the waiting dead letters, then give up; False where some have no answer."""
        left = self._producer.flush(seconds_max)
        self._producer.purge()
        return left == 0

    def _connect(self) -> Producer:
        try:
            return Producer(
                {**DEFAULTS, **self._connection, "logger": self._logger, "error_cb": self._on_error}
            )
        except KafkaException as error:
            raise ConfigError([Problem(f"dead letters: {error.args[0]}", path="kafka")]) from error

    def _create_topic(self) -> None:
        """Ask for the topic once, without waiting: it may exist, or a broker may create it by itself.

        A refusal needs no handling: if the topic is missing, the answer to every dead letter says so.
        """
        self._admin = AdminClient(self._connection, logger=self._logger)
        self._admin.create_topics(
            [NewTopic(self._topic, num_partitions=1)], request_timeout=CREATE_SECONDS_MAX
        )

    def _on_error(self, error: KafkaError) -> None:
        self._reconnect_due = self._reconnect_due or error.name() in RECONNECT_AFTER

    def _answer_to(self, letter_id: int) -> Callable[[KafkaError | None, object], None]:
        return lambda error, _: self._note(letter_id, error)

    def _note(self, letter_id: int, error: KafkaError | None) -> None:
        if error is None:
            self._answers.append(DeadLettered(letter_id, None))
            return
        name = error.name()
        self._reconnect_due = self._reconnect_due or name in RECONNECT_AFTER
        advice = f" ({ADVICE[name]})" if name in ADVICE else ""
        self._answers.append(DeadLettered(letter_id, f"topic {self._topic}: {name}: {error.str()}{advice}"))


def _own_headers(record: Record, rule: str, reason: str) -> list[tuple[str, bytes | None]]:
    """Return the headers that give the reason and the source of a dead letter (docs/dead-letters.md)."""
    timestamp = None if record.timestamp_ms is None else str(record.timestamp_ms)
    texts = {
        "reason": reason,
        "rule": rule,
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "timestamp": timestamp,
    }
    return [(f"instasent.{name}", None if text is None else text.encode()) for name, text in texts.items()]
