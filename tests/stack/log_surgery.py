"""Changes of a log that no client hears of: other settings, records and bytes that vanish or change."""

from collections.abc import Callable
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource

from tests.stack.kafka_broker import KafkaBroker
from tests.waiting import wait_for

READ_SECONDS = 30


def configure(broker: KafkaBroker, topic: str, **config: int | str) -> None:
    """Change settings of a topic, their dots written as underscores."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
    entries = [
        ConfigEntry(name.replace("_", "."), str(value), incremental_operation=AlterConfigOpType.SET)
        for name, value in config.items()
    ]
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=entries)
    [changed] = admin.incremental_alter_configs([resource]).values()
    changed.result()


def delete_records(broker: KafkaBroker, topic: str, before: int) -> None:
    """Take the records of partition 0 before an offset away, as retention does."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
    [deleted] = admin.delete_records([TopicPartition(topic, 0, before)]).values()
    deleted.result()


def bounds(broker: KafkaBroker, topic: str) -> tuple[int, int]:
    """Return the first and the next offset of partition 0, as soon as its leader is there."""
    client = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": "bounds"})

    def ask() -> tuple[int, int] | None:
        try:
            return client.get_watermark_offsets(TopicPartition(topic, 0), timeout=READ_SECONDS)
        except KafkaException:  # a broker that has just started may not lead it yet
            return None

    try:
        return wait_for(ask, READ_SECONDS, f"the bounds of {topic}")
    finally:
        client.close()


def offsets(broker: KafkaBroker, topic: str) -> list[int]:
    """Return the offsets that partition 0 still holds."""
    client = Consumer(
        {"bootstrap.servers": broker.bootstrap_servers, "group.id": "offsets", "enable.partition.eof": True}
    )
    client.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    found: list[int] = []
    try:
        while True:
            message = client.poll(READ_SECONDS)
            assert message is not None
            error = message.error()
            if error is not None:
                assert error.code() == KafkaError._PARTITION_EOF
                return found
            found.append(message.offset() or 0)
    finally:
        client.close()


def segment(broker: KafkaBroker, topic: str) -> Path:
    """Return the file of the newest records of partition 0."""
    return max((broker.data / f"{topic}-0").glob("*.log"))


def while_down(broker: KafkaBroker, change: Callable[[], object], end: Callable[[KafkaBroker], None]) -> None:
    """End the broker, change its files, start it again."""
    end(broker)
    change()
    broker.start()
    broker.await_ready()


def replace(file: Path, old: bytes, new: bytes) -> None:
    """Replace bytes by others of the same length in their last place."""
    content = file.read_bytes()
    at = content.rindex(old)
    assert len(old) == len(new)
    file.write_bytes(content[:at] + new + content[at + len(new) :])
