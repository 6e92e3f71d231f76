"""The settings for librdkafka, and the meaning of its errors."""

from confluent_kafka import KafkaError

from connector.shell.kafka.client_settings import (
    KafkaSettings,
    connection_settings,
    consumer_settings,
    lease_ms,
    rebalances_incrementally,
)
from connector.shell.kafka.errors_table import ADVICE, MEANINGS, KafkaErrorMeaning, meaning_of


def test_the_user_may_not_move_offsets() -> None:
    """Commit and reset keys are ours, whatever the file says; tuning keys are the user's (P14, P30, F098)."""
    user: KafkaSettings = {
        "enable.auto.commit": True,
        "auto.offset.reset": "latest",
        "queued.max.messages.kbytes": 1,
    }
    merged = consumer_settings(user)
    assert merged["enable.auto.commit"] is False
    assert merged["enable.auto.offset.store"] is False
    assert merged["auto.offset.reset"] == "error"
    assert merged["queued.max.messages.kbytes"] == 1
    assert merged["fetch.queue.backoff.ms"] == 5


def test_what_is_fetched_ahead_is_bounded_and_checked() -> None:
    """Prefetch, checksums and keep-alive are not left to the client's defaults (F086, P22, P25)."""
    merged = consumer_settings({})
    assert merged["queued.max.messages.kbytes"] == 16_384
    assert merged["check.crcs"] is True
    assert merged["socket.keepalive.enable"] is True


def test_the_new_protocol_gets_no_classic_keys() -> None:
    """Our default assignor is left out under KIP-848, where librdkafka refuses it (P19)."""
    merged = consumer_settings({"group.protocol": "consumer"})
    assert "partition.assignment.strategy" not in merged
    assert rebalances_incrementally(merged)
    assert rebalances_incrementally(consumer_settings({}))
    assert not rebalances_incrementally(consumer_settings({"partition.assignment.strategy": "range"}))


def test_the_lease_ends_before_the_session_can() -> None:
    """A request may leave only while the partitions are surely ours (F007).

    The session counts from a heartbeat that may be three seconds old, and a stall of a second goes unnoticed.
    So two thirds of a session of 6 s would be too long (found by the simulation). Under KIP-848 the session
    is unknown. An instance that slept through a short one delivered its queue (found by chaos), so we do not
    assume 45 s.
    """
    assert lease_ms(consumer_settings({"group.protocol": "consumer"})) == 5_000
    assert lease_ms(consumer_settings({})) == 30_000
    assert lease_ms(consumer_settings({"session.timeout.ms": "6000"})) == 2_000
    assert lease_ms(consumer_settings({"session.timeout.ms": 6000, "heartbeat.interval.ms": 500})) == 4_000
    assert lease_ms(consumer_settings({"session.timeout.ms": 1000, "heartbeat.interval.ms": 300})) == 166


def test_a_producer_has_the_connection_and_no_group() -> None:
    """Security and addresses are shared, and the keys of the consumer are left out."""
    user: KafkaSettings = {
        "bootstrap.servers": "b:9092",
        "security.protocol": "sasl_ssl",
        "sasl.password": "p",
        "ssl.ca.location": "/ca",
        "group.id": "g",
        "session.timeout.ms": 6000,
        "fetch.min.bytes": 1,
    }
    assert set(connection_settings(user)) == {
        "bootstrap.servers",
        "security.protocol",
        "sasl.password",
        "ssl.ca.location",
    }


def test_the_error_table_names_real_errors() -> None:
    """Every name in the table exists in the installed client, none twice (P27)."""
    assert [name for name in MEANINGS if not hasattr(KafkaError, name)] == []
    assert set(ADVICE) <= set(MEANINGS)


def test_an_unknown_error_is_fatal() -> None:
    """An unknown error ends the process instead of being skipped (P27)."""
    assert meaning_of(KafkaError(KafkaError.INVALID_VOTER_KEY)) is KafkaErrorMeaning.FATAL
    assert meaning_of(KafkaError(KafkaError._PARTITION_EOF)) is KafkaErrorMeaning.END
