"""Brokers that have once left themselves out of their answer: librdkafka never finds them again by itself.

librdkafka issue 5301; brokers answer so while they start or stop (F028).
"""

import logging
from collections.abc import Iterator
from typing import NoReturn

import pytest

from connector.engine.events import DeadLettered
from connector.errors import FatalError
from connector.model import Record
from connector.shell.clock import Clock
from connector.shell.kafka import dead_letter_writer, health
from connector.shell.kafka.client_settings import KafkaSettings
from connector.shell.kafka.dead_letter_writer import DeadLetterWriter
from connector.shell.kafka.start_offsets import Subscription
from connector.shell.kafka.topic_ids import TopicIds
from tests.shell.kafka.kafka_member import Member
from tests.stack.forgetful import Forgetful
from tests.stack.jars import Jars
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.servers import SHORT_LIFE, running
from tests.waiting import wait_for

pytestmark = pytest.mark.stack

SECONDS = 30
T = Subscription("t")
EAGER_TO_KNOW: KafkaSettings = {"topic.metadata.refresh.interval.ms": 300, "reconnect.backoff.max.ms": 500}
FORGOTTEN_SURELY = 8
"""So often a client has to get over it: one time in three it has forgotten its brokers then."""

LOGGER = logging.getLogger("tests.forgotten")


@pytest.fixture(scope="module")
def _proxied(
    stack_jars: Jars, endings: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Forgetful]:
    del endings
    with Forgetful() as proxy:
        folder = tmp_path_factory.mktemp("forgetful")
        more = f"advertised.listeners=PLAINTEXT://{proxy.bootstrap_servers}"
        kafka = KafkaBroker(stack_jars, folder, flags=SHORT_LIFE, more=more)
        proxy.target_port = int(kafka.bootstrap_servers.split(":")[1])
        with running(kafka):
            kafka.create_topic("t")
            kafka.create_topic("dead")
            yield proxy


@pytest.fixture
def brokers(_proxied: Forgetful, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forgetful]:
    """One broker with the topics `t` and `dead`; what takes half a minute takes seconds here."""
    monkeypatch.setattr(health, "CHECK_MS", 500)
    monkeypatch.setattr(health, "IDLE_CHECK_MS", 500)
    monkeypatch.setattr(health, "COMPARE_MS", 500)
    monkeypatch.setattr(health, "FORGOTTEN_MS", 3_000)
    yield _proxied
    _proxied.back()


def forget(brokers: Forgetful, member: Member) -> NoReturn:
    """Let the brokers leave themselves out and be gone, and come back, until the member has forgotten them.

    Whether it does is a matter of microseconds: one time in three.
    """
    while True:
        member.until(lambda: health.BROKER not in member.consumer.health.troubles)
        brokers.forgetful = True
        member.until(lambda: health.BROKER in member.consumer.health.troubles)
        brokers.back()


def test_a_consumer_that_has_forgotten_its_brokers_ends(brokers: Forgetful) -> None:
    """The process ends with the reason, for only a new client finds them again; it does, and goes on."""
    with Member(brokers, T, settings=EAGER_TO_KNOW) as member:
        member.until(lambda: bool(member.consumer.assigned))
        with pytest.raises(FatalError, match="has forgotten its brokers, and a new client reaches them"):
            forget(brokers, member)
        assert not member.consumer.assigned
    with Member(brokers, T, settings=EAGER_TO_KNOW) as again:
        again.until(lambda: bool(again.consumer.assigned))


def test_one_that_holds_no_partition_notices_it_too(brokers: Forgetful) -> None:
    """It notices by itself; otherwise it would be missing when it is needed."""
    none = Subscription("nothing-yet")
    with (
        Member(brokers, none, settings=EAGER_TO_KNOW) as idle,
        pytest.raises(FatalError, match="has forgotten its brokers"),
    ):
        forget(brokers, idle)


def test_brokers_that_are_away_are_waited_for(brokers: Forgetful, monkeypatch: pytest.MonkeyPatch) -> None:
    """No client reaches them: that is an outage, and passes by itself (F028)."""
    monkeypatch.setattr(health, "FORGOTTEN_MS", 500)
    with Member(brokers, T, settings=EAGER_TO_KNOW) as member:
        member.until(lambda: bool(member.consumer.assigned))
        brokers.away = True
        member.until(lambda: member.rebalances[-1][0] == "lost")
        member.until(lambda: health.BROKER in member.consumer.health.troubles)
        monkeypatch.setattr(health, "FORGOTTEN_MS", 10_000)  # it may come back later than a new client
        brokers.back()
        member.until(lambda: not member.consumer.health.troubles and bool(member.consumer.assigned))


def test_the_ids_of_topics_are_asked_for_anew(brokers: Forgetful) -> None:
    """Without them nothing could be read where something is settled above the offset (F026)."""
    ids = TopicIds({"bootstrap.servers": brokers.bootstrap_servers}, Clock(), LOGGER)
    known = ids.ask({"t"})
    assert known
    for _ in range(FORGOTTEN_SURELY):
        brokers.forgetful = True
        wait_for(lambda: not ids.ask({"t"}), SECONDS, "an admin client without brokers")
        brokers.back()
        assert wait_for(lambda: ids.ask({"t"}), SECONDS, "the ids again") == known


def test_dead_letters_find_their_way_again(brokers: Forgetful, monkeypatch: pytest.MonkeyPatch) -> None:
    """The failed dead letter is reported, as the engine tries it again; the next one arrives (F081)."""
    monkeypatch.setitem(dead_letter_writer.DEFAULTS, "delivery.timeout.ms", 2_000)
    record = Record("t", 0, 42, None, b"value", None, lambda: None)
    for _ in range(FORGOTTEN_SURELY):
        brokers.forgetful = True
        letters = DeadLetterWriter({"bootstrap.servers": brokers.bootstrap_servers}, "dead", LOGGER)
        letters.write(1, record, "decode", "not JSON")
        [told] = letters.flush(SECONDS)
        assert told.error is not None
        assert "_MSG_TIMED_OUT" in told.error
        brokers.back()
        letters.write(2, record, "decode", "not JSON")
        assert letters.flush(SECONDS) == [DeadLettered(2, None)]
        assert letters.close(5)
