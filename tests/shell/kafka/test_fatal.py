"""Permanent refusals of a coordinator of the new protocol, against the embedded broker."""

from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaError

from connector.errors import FatalError
from connector.sandbox.broker import ApiKey, EmbeddedBroker
from connector.shell.kafka.client_settings import KafkaSettings
from connector.shell.kafka.start_offsets import Subscription
from tests.shell.kafka.kafka_member import Member

KIP_848: KafkaSettings = {"group.protocol": "consumer"}


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    """Run an empty cluster."""
    with EmbeddedBroker() as cluster:
        cluster.create_topic("t")
        yield cluster


@pytest.mark.parametrize(
    "code",
    [KafkaError.INVALID_REQUEST, KafkaError.UNSUPPORTED_ASSIGNOR, KafkaError.GROUP_ID_NOT_FOUND],
)
def test_a_fatal_heartbeat_of_the_new_protocol_ends_the_process(broker: EmbeddedBroker, code: int) -> None:
    """A permanent refusal of KIP-848's coordinator is fatal; the consumer does not wait (F010, P08)."""
    with Member(broker, Subscription("t"), settings=KIP_848, base={}) as member:
        member.until(lambda: bool(member.positions))
        broker.push_errors(ApiKey.CONSUMER_GROUP_HEARTBEAT, [code])
        with pytest.raises(FatalError, match="_FATAL"):
            member.until(lambda: False)
