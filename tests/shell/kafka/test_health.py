"""Troubles on Kafka's side are reported as long as they last."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from confluent_kafka import Consumer, KafkaError

from connector.errors import FatalError
from connector.sandbox.broker import EmbeddedBroker
from connector.shell.clock import Clock
from connector.shell.kafka import health as health_module
from connector.shell.kafka.client_settings import KafkaSettings
from connector.shell.kafka.health import BROKER, CHECK_MS, FORGOTTEN_MS, KafkaHealth, may_read


class Later(Clock):
    """A clock on which a check is due whenever it is looked at."""

    def __init__(self) -> None:
        self._now_ms = 0

    def monotonic_ms(self) -> int:
        """Return a time after the next check."""
        self._now_ms += CHECK_MS
        return self._now_ms


@contextmanager
def health() -> Iterator[KafkaHealth]:
    """Give the health of a client whose cluster has the topic `t`."""
    with EmbeddedBroker() as broker:
        broker.create_topic("t")
        settings: KafkaSettings = {"bootstrap.servers": broker.bootstrap_servers, "log_level": 0}
        client = Consumer({**settings, "group.id": "g"})
        yield KafkaHealth(client, settings, ["t"], Later(), logging.getLogger("tests.kafka"))
        client.close()


@contextmanager
def cut_off(broker: EmbeddedBroker) -> Iterator[KafkaHealth]:
    """Give the health of a client that does not reach the brokers, which new ones would find."""
    client = Consumer({"bootstrap.servers": "127.0.0.1:1", "group.id": "g", "log_level": 0})
    settings: KafkaSettings = {"bootstrap.servers": broker.bootstrap_servers, "log_level": 0}
    yield KafkaHealth(client, settings, ["t"], Later(), logging.getLogger("tests.kafka"))
    client.close()


def checks(health: KafkaHealth, count: int) -> None:
    """Look so often, a few seconds apart, at a client that holds no partition."""
    for _ in range(count):
        health.check(idle=True)


def test_a_client_that_new_ones_outdo_for_half_a_minute_is_beyond_help(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It has forgotten its brokers (librdkafka issue 5301): only a new process finds them again (F028)."""
    monkeypatch.setattr(health_module, "CHECK_SECONDS_MAX", 0.3)
    soonest = FORGOTTEN_MS // CHECK_MS
    with EmbeddedBroker() as broker, cut_off(broker) as health:
        checks(health, soonest)
        assert set(health.troubles) == {BROKER}
        with pytest.raises(FatalError, match="forgotten its brokers, and a new client reaches them"):
            checks(health, soonest)


def test_brokers_that_nobody_reaches_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outage is no fault of the client, however long it lasts; nor is a moment without brokers."""
    monkeypatch.setattr(health_module, "CHECK_SECONDS_MAX", 0.3)
    with EmbeddedBroker() as broker, cut_off(broker) as health:
        for _ in range(2):
            checks(health, FORGOTTEN_MS // CHECK_MS)
            broker.down()
            checks(health, FORGOTTEN_MS // CHECK_MS)
            broker.up()
        assert set(health.troubles) == {BROKER}


@pytest.mark.parametrize("error", [KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_AUTHORIZATION_FAILED])
def test_where_the_broker_tells_no_rights_a_listed_topic_is_fine(error: int) -> None:
    """A broker that does not answer about rights, as the embedded one, is believed by its list (F025)."""
    with health() as kafka:
        kafka.topic_trouble("t", KafkaError(error))
        assert set(kafka.troubles) == {"topic t"}
        kafka.check()
        assert not kafka.troubles
        assert not kafka.missing_topics


@pytest.mark.parametrize(
    ("operations", "may"), [(["READ", "DESCRIBE"], True), (["DESCRIBE"], False), ([], True), (None, True)]
)
def test_reading_is_refused_where_it_is_not_among_the_operations(
    operations: list[str] | None, may: bool
) -> None:
    """A topic that we may only describe is listed without an error, and cannot be read (F034)."""
    named = None if operations is None else [SimpleNamespace(name=name) for name in operations]
    assert may_read(SimpleNamespace(authorized_operations=named)) is may
