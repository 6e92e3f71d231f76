"""Reading what Debezium wrote: records as lines, and the schemas that they name."""

import base64
from collections.abc import Iterator
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from tests.stack.kafka_broker import KafkaBroker

SECONDS = 30


def read_all(kafka: KafkaBroker) -> Iterator[Message]:
    """Read all topics but Kafka's own, topic by topic, from beginning to end."""
    consumer = Consumer(
        {"bootstrap.servers": kafka.bootstrap_servers, "group.id": "capture", "enable.auto.commit": False}
    )
    try:
        topics = consumer.list_topics(timeout=SECONDS).topics
        for topic in sorted(topics):
            if topic != "__consumer_offsets":
                for partition in sorted(topics[topic].partitions):
                    yield from _read(consumer, TopicPartition(topic, partition, OFFSET_BEGINNING))
    finally:
        consumer.close()


def _read(consumer: Consumer, start: TopicPartition) -> Iterator[Message]:
    _, end = consumer.get_watermark_offsets(start, timeout=SECONDS)
    consumer.assign([start])
    position = 0
    while position < end:
        message = consumer.poll(SECONDS)
        if message is None or message.error():
            raise RuntimeError(f"{start} could not be read to offset {end}")
        position = (message.offset() or 0) + 1
        yield message


def line(message: Message) -> dict[str, Any]:
    """Return one record as it is stored: bytes in base64, null as null."""
    return {
        "topic": message.topic(),
        "partition": message.partition(),
        "offset": message.offset(),
        "timestamp": message.timestamp(),
        "key": _text(message.key()),
        "value": _text(message.value()),
        "headers": [[name, _text(value)] for name, value in headers(message)],
    }


def headers(message: Message) -> list[tuple[str, str | bytes | None]]:
    """Return the headers in their order."""
    found = message.headers()
    return list(found.items() if isinstance(found, dict) else found or ())


def _text(value: str | bytes | None) -> str | None:
    if value is None:
        return None
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()
