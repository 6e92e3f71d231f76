"""How librdkafka may be used here: what its pitfalls forbid stands nowhere in the source (faults, part c)."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import confluent_kafka
import pytest
from confluent_kafka import KafkaError

from connector.engine.events import ReachedEnd
from connector.errors import ConfigError, FatalError
from connector.model import TopicPartition
from connector.sandbox.broker import ApiKey, EmbeddedBroker
from connector.shell.kafka_settings import KafkaSettings, consumer_settings
from connector.shell.kafka_start import Subscription
from tests.shell.kafka_member import Member, produce

KIP848: KafkaSettings = {"group.protocol": "consumer", "log_level": 0}
ROOT = Path(__file__).parents[2]
SERVICE = [
    source
    for source in sorted((ROOT / "connector").rglob("*.py"))
    if "sandbox" not in source.parts and "demo" not in source.name
]


def calls(method: str) -> Iterator[tuple[str, ast.Call]]:
    """Give every call of a method of this name in the service's source, with its file."""
    for source in SERVICE:
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == method:
                yield source.stem, node


def options(call: ast.Call) -> dict[str | None, str]:
    """Return the named arguments of a call as they are written."""
    return {argument.arg: ast.unparse(argument.value) for argument in call.keywords}


def test_records_are_polled_one_at_a_time() -> None:
    """A batch is lost to an exception and hears no signal, an AIOConsumer drops it (P04, P10, P13)."""
    assert list(calls("consume")) == []
    assert [source.name for source in SERVICE if "AIO" in source.read_text("utf-8")] == []


def test_every_commit_is_explicit_and_asynchronous() -> None:
    """One without offsets commits past lost records, one that waits blocks for ever (P03, P05, P20)."""
    to_the_client = [call for file, call in calls("commit") if file == "kafka_commits"]
    assert [options(call) for call in to_the_client] == [{"offsets": "partitions", "asynchronous": "True"}]
    assert list(calls("store_offsets")) == []


def test_only_the_owner_reaches_the_consumer() -> None:
    """Every call waits for the running poll: one thread owns the consumer, others hand events in (P09).

    The three that know it run on the thread `engine`; what is called from elsewhere is `tell`.
    """
    users = {
        source.stem
        for source in SERVICE
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "consumer"
    }
    assert users == {"runner", "reporter", "service"}


def test_losses_have_a_callback_of_their_own() -> None:
    """Without `on_lost` a lost partition is told as revoked, and a commit for it is tempting (P16)."""
    [(_, subscribe)] = calls("subscribe")
    assert {"on_assign", "on_revoke", "on_lost"} == set(options(subscribe))


def test_no_client_lives_through_a_fork() -> None:
    """Nothing in the service makes a process (P28)."""
    text = "\n".join(source.read_text("utf-8") for source in SERVICE)
    assert (
        re.findall(r"\bos\.fork|\bmultiprocessing\b|\bsubprocess\b|\bos\.spawn|\bos\.posix_spawn", text) == []
    )


def test_the_client_is_new_enough() -> None:
    """The floor is above the versions that lose records, crash in `close` or need polling for tokens.

    2.13.2 mends positions, 2.13 refreshes tokens by itself, 2.14.2 closes without a crash (P13, P19, P23,
    P26, S19).
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    [client] = [name for name in project["dependencies"] if name.startswith("confluent-kafka")]
    [floor] = re.findall(r">=([\d.]+)", client)
    assert tuple(map(int, floor.split("."))) >= (2, 15)
    assert confluent_kafka.libversion()[1] >= 0x020F0000


def test_unsafe_defaults_are_not_kept() -> None:
    """Checksums, keep-alive, a bounded queue and no automatic commits (P14, P22, P25, P30)."""
    settings = consumer_settings({})
    assert settings["check.crcs"] is True
    assert settings["socket.keepalive.enable"] is True
    assert settings["queued.max.messages.kbytes"] == 16384
    assert settings["enable.auto.commit"] is False
    assert settings["enable.auto.offset.store"] is False


def test_an_authority_that_is_not_there() -> None:
    """The path of an authority is explicit; one that is wrong ends the start with 78 (P24, F032, S11)."""
    settings = {"security.protocol": "ssl", "ssl.ca.location": "/no/such/ca.pem"}
    with EmbeddedBroker() as broker, pytest.raises(ConfigError, match=r"ssl\.ca\.location"):
        Member(broker, Subscription("t"), settings=settings)


@pytest.mark.parametrize("name", ["INVALID_REQUEST", "UNSUPPORTED_ASSIGNOR", "GROUP_ID_NOT_FOUND"])
def test_a_group_that_refuses_us_for_good(name: str) -> None:
    """Under KIP-848 a refused heartbeat comes without a revoke, and ends the process (F010, P08)."""
    with EmbeddedBroker() as broker:
        broker.create_topic("t")
        with Member(broker, Subscription("t"), settings=KIP848, base={}) as member:
            member.until(lambda: bool(member.positions))
            broker.push_errors(ApiKey.CONSUMER_GROUP_HEARTBEAT, [getattr(KafkaError, name)] * 3)
            with pytest.raises(FatalError, match="_FATAL"):
                member.until(lambda: False)
            assert [what for what, _ in member.rebalances] == ["assigned"]


def test_a_leader_that_changes_is_followed() -> None:
    """Fetches and commits go on where the leader is, without a word to the operator (F029)."""
    p0 = TopicPartition("t", 0)
    with EmbeddedBroker(brokers=2) as broker:
        broker.create_topic("t")
        broker.set_leader("t", 0, 1)
        produce(broker, "t", 10)
        with Member(broker, Subscription("t")) as member:
            member.until(lambda: len(member.records) == 10)
            broker.set_leader("t", 0, 2)
            produce(broker, "t", 10)
            member.until(lambda: len(member.records) == 20)
            member.commit(1, {p0: 20})
            broker.set_leader("t", 0, 1)
            produce(broker, "t", 5)
            member.until(lambda: ReachedEnd(p0, 25) in member.events)
            member.commit(2, {p0: 25})
            assert [record.offset for record in member.records] == list(range(25))
            assert not member.consumer.health.troubles
