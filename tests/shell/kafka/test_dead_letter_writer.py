"""The dead-letter writer against the mock cluster."""

import logging
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaError
from structlog.testing import capture_logs

from connector.engine.events import DeadLettered
from connector.errors import ConfigError
from connector.model import Headers, Record
from connector.sandbox.broker import ApiKey, EmbeddedBroker
from connector.shell.kafka import dead_letter_writer
from connector.shell.kafka.client_settings import KafkaSettings
from connector.shell.kafka.dead_letter_writer import DeadLetterWriter
from connector.shell.kafka.start_offsets import Subscription
from tests.shell.kafka.kafka_member import Member

LOGGER = logging.getLogger("tests.dead_letters")


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    """One broker with the dead-letter topic."""
    with EmbeddedBroker() as broker:
        broker.create_topic("dead")
        yield broker


def writer(broker: EmbeddedBroker, topic: str = "dead") -> DeadLetterWriter:
    """Make a writer from a consumer's settings, group keys and all."""
    settings: KafkaSettings = {
        "bootstrap.servers": broker.bootstrap_servers,
        "group.id": "g",
        "session.timeout.ms": 6000,
    }
    return DeadLetterWriter(settings, topic, LOGGER)


def record(value: bytes | None, headers: Headers | None = None, timestamp_ms: int | None = 5) -> Record:
    """Make a record from the topic `t`."""
    return Record("t", 3, 42, b"\x00\xff", value, timestamp_ms, lambda: headers)


def test_a_letter_is_the_record_byte_for_byte(broker: EmbeddedBroker) -> None:
    """Key, null value and repeated and null headers stay as they are; ours follow (F036, F037)."""
    headers = [("a", b"1"), ("a", b"\xff\x00"), ("b", None)]
    letters = writer(broker)
    letters.write(1, record(None, headers), "decode", "not JSON at byte 4")
    letters.write(2, record(b"", None, None), "contact.user_id", "missing: ñ")
    assert letters.flush(10) == [DeadLettered(1, None), DeadLettered(2, None)]
    assert letters.close(5)
    with Member(broker, Subscription("dead")) as member:
        member.until(lambda: len(member.records) == 2)
        first, second = member.records
    assert (first.key, first.value) == (b"\x00\xff", None)
    assert list(first.headers) == [
        *headers,
        ("instasent.reason", b"not JSON at byte 4"),
        ("instasent.rule", b"decode"),
        ("instasent.topic", b"t"),
        ("instasent.partition", b"3"),
        ("instasent.offset", b"42"),
        ("instasent.timestamp", b"5"),
    ]
    assert second.value == b""
    assert next(iter(second.headers)) == ("instasent.reason", "missing: ñ".encode())
    assert list(second.headers)[-1] == ("instasent.timestamp", None)


def test_a_letter_is_said_in_the_log_without_its_values(broker: EmbeddedBroker) -> None:
    """The event names record, rule and reason, and no value of the record (S08)."""
    letters = writer(broker)
    with capture_logs() as lines:
        letters.write(1, record(b"Ada"), "contact.user_id", "the user id is blank")
    assert letters.flush(10) == [DeadLettered(1, None)]
    assert lines == [
        {
            "event": "record_dead_lettered",
            "log_level": "warning",
            "topic": "t",
            "partition": 3,
            "offset": 42,
            "rule": "contact.user_id",
            "reason": "the user id is blank",
        }
    ]


def test_a_refused_letter_is_told_with_its_cause(broker: EmbeddedBroker) -> None:
    """An authorisation error of the broker names the topic and what to do (F081, F082)."""
    letters = writer(broker)
    broker.push_errors(ApiKey.PRODUCE, [KafkaError.TOPIC_AUTHORIZATION_FAILED])
    letters.write(1, record(b"v"), "decode", "bad")
    (refused,) = letters.flush(10)
    assert refused.letter_id == 1
    assert refused.error is not None
    assert "topic dead: TOPIC_AUTHORIZATION_FAILED" in refused.error
    assert "allow WRITE" in refused.error
    letters.write(2, record(b"v"), "decode", "bad")
    assert letters.flush(10) == [DeadLettered(2, None)]


def test_a_letter_of_a_megabyte_is_stored(broker: EmbeddedBroker) -> None:
    """The client's default limit of 1,000,000 bytes does not apply (F041, F082)."""
    letters = writer(broker)
    letters.write(1, record(b"x" * 3_000_000), "decode", "bad")
    assert letters.flush(10) == [DeadLettered(1, None)]


def test_a_letter_beyond_every_limit_is_told(broker: EmbeddedBroker) -> None:
    """An immediate refusal of the client is an answer like any other (F082)."""
    letters = writer(broker)
    letters.write(1, record(b"x" * 100_000_001), "decode", "bad")
    (refused,) = letters.poll()
    assert refused.error is not None
    assert "MSG_SIZE_TOO_LARGE" in refused.error


def test_brokers_that_are_away_are_told(broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The delivery timeout answers a letter that no broker confirms; close() is bounded (F030, F081)."""
    monkeypatch.setitem(dead_letter_writer.DEFAULTS, "delivery.timeout.ms", 1500)
    letters = writer(broker)
    broker.down()
    letters.write(1, record(b"v"), "decode", "bad")
    (refused,) = letters.flush(20)
    assert refused.error is not None
    assert "_MSG_TIMED_OUT" in refused.error
    letters.write(2, record(b"v"), "decode", "bad")
    started = time.monotonic()
    assert not letters.close(0.2)
    assert time.monotonic() - started < 5


def test_a_bad_property_is_a_configuration_error() -> None:
    """The process can exit 78 instead of starting without dead letters (F098)."""
    with pytest.raises(ConfigError, match=r"security\.protocol"):
        DeadLetterWriter({"security.protocol": "carrier-pigeon"}, "dead", LOGGER)
