"""The properties that `kafka:` may hold."""

import pytest
from confluent_kafka import Consumer, KafkaException

from connector.settings.kafka_options import ALLOWED, FIXED, REFUSED, SECRETS, faults

GOOD = {"bootstrap.servers": "b", "group.id": "g"}


def test_every_allowed_property_is_known_to_the_client() -> None:
    """The installed librdkafka takes each name of the table, so no start fails on one of them (S13)."""
    unknown = []
    for name in ALLOWED:
        try:
            Consumer({"group.id": "g", "log_level": 0, name: "x"}).close()
        except KafkaException as error:
            if "No such configuration property" in str(error):
                unknown.append(name)
    assert unknown == []


def test_the_tables_do_not_contradict_each_other() -> None:
    """A property is either allowed or refused."""
    assert not ALLOWED & REFUSED.keys()
    assert {*SECRETS, *FIXED} <= ALLOWED


@pytest.mark.parametrize(
    "name",
    [
        "enable.auto.commit",
        "enable.auto.offset.store",
        "auto.commit.interval.ms",
        "auto.offset.reset",
        "plugin.library.paths",
        "enable.partition.eof",
        "test.mock.num.brokers",
        "rebalance_cb",
        "debug",
        "acks",
    ],
)
def test_what_the_promises_rest_on_cannot_be_set(name: str) -> None:
    """Commit, reset, plugin, callback and producer properties are refused, with what to do (S13, F098)."""
    ((key, message, hint),) = faults({**GOOD, name: "x"})
    assert (key, message, hint) == (name, "cannot be set", REFUSED[name])


@pytest.mark.parametrize(
    ("options", "key", "words"),
    [
        ({"group.id": "g"}, "bootstrap.servers", "required"),
        ({**GOOD, "group.id": ""}, "group.id", "required"),
        ({**GOOD, "sesion.timeout.ms": 1}, "sesion.timeout.ms", "`session.timeout.ms`"),
        ({**GOOD, "isolation.level": "read_uncommitted"}, "isolation.level", "read_committed"),
        (
            {**GOOD, "enable.ssl.certificate.verification": False},
            "enable.ssl.certificate.verification",
            "ssl.ca.location",
        ),
        ({**GOOD, "max.poll.interval.ms": "soon"}, "max.poll.interval.ms", "milliseconds"),
        ({**GOOD, "sasl.username": "u"}, "sasl.username", "SASL_SSL"),
    ],
)
def test_faults_name_the_key_and_say_what_to_do(options: dict[str, str], key: str, words: str) -> None:
    """Typos, missing keys and useless or dangerous values are found before any connection (S11, F098)."""
    ((found, message, hint),) = faults(options)
    assert found == key
    assert words in f"{message} {hint}"


def test_security_passes_through() -> None:
    """A realistic SASL and TLS setup has no faults."""
    options = {
        **GOOD,
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "u",
        "ssl.ca.location": "/ca.pem",
        "isolation.level": "read_committed",
        "enable.ssl.certificate.verification": True,
        "max.poll.interval.ms": "300000",
    }
    assert list(faults(options)) == []
