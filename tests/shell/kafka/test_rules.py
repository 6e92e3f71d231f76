"""How librdkafka may be used here: the source avoids the pitfalls of docs/reference/faults.md."""

import ast
import logging
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import confluent_kafka
import pytest

from connector.engine.events import ReachedEnd
from connector.errors import ConfigError
from connector.model import TopicPartition
from connector.sandbox.broker import EmbeddedBroker
from connector.shell.kafka.client_settings import KafkaSettings
from connector.shell.kafka.dead_letter_writer import DeadLetterWriter
from connector.shell.kafka.start_offsets import Subscription
from tests.shell.kafka.kafka_member import Member, produce

ROOT = Path(__file__).parents[3]
SERVICE = [
    source
    for source in sorted((ROOT / "connector").rglob("*.py"))
    if "sandbox" not in source.parts and "demo" not in source.parts
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


def test_only_the_owner_reaches_the_consumer() -> None:
    """Every call waits for the running poll: one thread owns the consumer, others hand events in (P09).

    Its three users run on the thread `engine`; other threads call `Runner.post`.
    """
    users = {
        source.stem
        for source in SERVICE
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "consumer"
    }
    assert users == {"runner", "periodic_checks", "service"}


def test_losses_have_a_callback_of_their_own() -> None:
    """Without `on_lost` a lost partition is reported as revoked, and would be committed (P16)."""
    [(_, subscribe)] = calls("subscribe")
    assert {"on_assign", "on_revoke", "on_lost"} == set(options(subscribe))


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


def test_an_authority_that_is_not_there() -> None:
    """The path of an authority is explicit; one that is wrong ends the start with 78 (P24, F032, S11)."""
    settings: KafkaSettings = {"security.protocol": "ssl", "ssl.ca.location": "/no/such/ca.pem"}
    with pytest.raises(ConfigError, match=r"ssl\.ca\.location"):
        DeadLetterWriter(settings, "letters", logging.getLogger("tests.kafka"))


def test_a_leader_that_changes_is_followed() -> None:
    """Fetches and commits continue at the new leader, without a trouble for the operator (F029)."""
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
