"""The metadata of commits through the mock cluster: when it is used, and when it must be ignored."""

from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import pytest
from confluent_kafka import Consumer as Client
from confluent_kafka import KafkaError
from confluent_kafka import TopicPartition as ClientPartition

from connector.engine import commit_metadata
from connector.engine.events import Committed
from connector.engine.settled_ranges import Runs
from connector.errors import FatalError
from connector.model import TopicPartition
from connector.sandbox.broker import ApiKey, EmbeddedBroker
from connector.shell.kafka.committed_offsets import CommittedOffset as Held
from connector.shell.kafka.committed_offsets import CommittedOffsets, MetadataUnprovenError
from connector.shell.kafka.start_offsets import Subscription
from tests.shell.kafka.kafka_member import TARGET, Member, produce

P0 = TopicPartition("t", 0)
P1 = TopicPartition("t", 1)
T = Subscription("t")
SETTLED: dict[TopicPartition, Runs] = {P0: [(3, 5), (8, 10)]}
MANY: Runs = [(offset, offset + 1) for offset in range(3, 2_003, 2)]


@dataclass
class Ids:
    """Knows topic ids, which the mock cluster does not have."""

    known: dict[str, str] = field(default_factory=lambda: {"t": "id of t"})
    changed: list[str] = field(default_factory=list)

    def ask(self, topics: Collection[str]) -> dict[str, str]:
        """Answer immediately."""
        return {topic: self.known[topic] for topic in topics if topic in self.known}

    def recreated(self, topics: AbstractSet[str]) -> list[str]:
        """Return the topics that a test has named, once."""
        changed, self.changed = [topic for topic in self.changed if topic in topics], []
        return changed


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    """One broker with the topic `t` of two partitions, ten records in the first."""
    with EmbeddedBroker() as broker:
        broker.create_topic("t", 2)
        produce(broker, "t", 10)
        yield broker


def leave(broker: EmbeddedBroker, offset: int, settled: dict[TopicPartition, Runs]) -> None:
    """A member commits for partition 0 and goes."""
    with Member(broker, T, ids=Ids()) as member:
        member.until(lambda: bool(member.positions))
        member.commit(1, {P0: offset}, settled)


def metadata(broker: EmbeddedBroker, *texts: str, offset: int = 2) -> str:
    """Return the group's offset for partition 0, after a commit with this text where one is given.

    A commit without being a member is refused once the group has had one.
    """
    client = Client({"bootstrap.servers": broker.bootstrap_servers, "group.id": "g", "log_level": 0})
    for text in texts:
        client.commit(offsets=[ClientPartition("t", 0, offset, text)], asynchronous=False)
    [held] = client.committed([ClientPartition("t", 0)], timeout=10)
    client.close()
    return held.metadata or ""


def found(broker: EmbeddedBroker, target: str = TARGET) -> tuple[dict[TopicPartition, int], object]:
    """The start of the next member, and the settled offsets above it."""
    with Member(broker, T, target=target, ids=Ids()) as member:
        member.until(lambda: P0 in member.positions)
        return member.positions, member.settled


def test_the_next_member_knows_what_was_settled(broker: EmbeddedBroker) -> None:
    """It comes with the assignment, for the partitions that have it (F017, F088)."""
    leave(broker, 2, SETTLED)
    assert found(broker) == ({P0: 2, P1: 0}, SETTLED)


def test_every_commit_says_whose_it_is(broker: EmbeddedBroker) -> None:
    """Also the first one of a group, which the engine does not know of (F023, F094)."""
    with Member(broker, T) as member:
        member.until(lambda: bool(member.positions) and not member.consumer._commits._initial)
    assert commit_metadata.target_in(metadata(broker)) == TARGET


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AQAAAXq0WYg=",
        "written by hand",
        "instasent.2.abcdefgh.12345678.AAAA",  # of a version that is to come
        f"instasent.1.{TARGET}.12345678.5A",  # with a seal that is none
    ],
)
def test_metadata_that_is_not_ours_says_nothing(broker: EmbeddedBroker, text: str) -> None:
    """Another tool's, another version's, or damaged: reading begins at the offset as ever (F095)."""
    metadata(broker, text)
    assert found(broker)[0][P0] == 2
    assert found(broker)[1] == {}


def test_metadata_does_not_outlive_its_offset(broker: EmbeddedBroker) -> None:
    """A tool that moves the offset and keeps the metadata makes us read everything after it."""
    text = commit_metadata.write(TARGET, commit_metadata.CommitIdentity(P0, 2, "id of t"), SETTLED[P0])
    metadata(broker, text, offset=1)
    assert found(broker)[0][P0] == 1
    assert found(broker)[1] == {}


def test_records_that_the_log_does_not_hold_are_not_settled(broker: EmbeddedBroker) -> None:
    """A log that ends before them has lost records; later records at these offsets are new (F022)."""
    leave(broker, 2, {P0: [(3, 11)]})
    assert found(broker)[1] == {}


def reads(ids: Ids, text: str) -> dict[TopicPartition, Runs]:
    """Return the settled offsets for this text at offset 2 of a log that ends at 10."""
    return CommittedOffsets(TARGET, ids).read({P0: Held(2, text)}, {P0: 10})


def test_a_topic_that_was_made_anew_holds_nothing_settled() -> None:
    """Between the commit and the next assignment, unseen by any instance (F026)."""
    text = CommittedOffsets(TARGET, Ids()).write(P0, 2, SETTLED[P0])
    assert reads(Ids(), text) == SETTLED
    assert reads(Ids({"t": "another"}), text) == {}


def test_nothing_is_said_of_a_topic_whose_id_is_not_known() -> None:
    """Its metadata could belong to an older topic of the same name (F026)."""
    text = CommittedOffsets(TARGET, Ids({})).write(P0, 2, SETTLED[P0])
    assert commit_metadata.target_in(text) == TARGET
    assert not commit_metadata.claims(text)


def test_nothing_is_said_of_a_topic_that_was_made_anew() -> None:
    """The settled offsets belong to the older topic, until the next assignment (F026)."""
    ids = Ids(changed=["t"])
    held = CommittedOffsets(TARGET, ids)
    assert held.recreated({"t", "u"}) == ["t"]
    assert not commit_metadata.claims(held.write(P0, 2, SETTLED[P0]))
    held.read({P0: Held(0, "")}, {})
    assert commit_metadata.claims(held.write(P0, 2, SETTLED[P0]))


def test_where_it_cannot_be_decided_nothing_may_be_read() -> None:
    """Without the topic's id or the log's end the metadata cannot be verified (F022, F026).

    An instance that ignored it would deliver older states again. The next instance, which accepts it, would
    leave out the newer ones (found by the simulation, seed 128651).
    """
    text = CommittedOffsets(TARGET, Ids()).write(P0, 2, SETTLED[P0])
    with pytest.raises(MetadataUnprovenError, match="t-0"):
        CommittedOffsets(TARGET, Ids()).read({P0: Held(2, text)}, {})
    with pytest.raises(MetadataUnprovenError, match="t-0"):
        reads(Ids({}), text)


def test_a_group_serves_one_data_source(broker: EmbeddedBroker) -> None:
    """A deployment with the same group and another data source does not start, and says what to do (F094)."""
    leave(broker, 2, SETTLED)
    held = metadata(broker)
    other = commit_metadata.target_of("shop", "orders")
    with pytest.raises(FatalError, match=r"t-0: .* another data source.*group\.id.*reset-offsets"):
        found(broker, other)
    assert metadata(broker) == held


def test_a_broker_that_takes_less_metadata(broker: EmbeddedBroker) -> None:
    """After a refusal it is a quarter as long, down to nothing; the offset always gets through (F015)."""
    lengths = []
    with Member(broker, T, ids=Ids()) as member:
        member.until(lambda: bool(member.positions) and not member.consumer._commits._initial)
        for number in range(1, 5):
            member.commit(number, {P0: 2}, {P0: MANY})
            lengths.append(len(metadata(broker)))
            broker.push_errors(ApiKey.OFFSET_COMMIT, [KafkaError.OFFSET_METADATA_TOO_LARGE])
            member.commit(100 + number, {P0: 1}, {P0: MANY})
        refused = [e for e in member.events if isinstance(e, Committed) and e.errors]
        member.commit(9, {P0: 2}, {P0: MANY})
    assert "OFFSET_METADATA_TOO_LARGE" in refused[0].errors[P0]
    assert [commit.commit_id for commit in refused] == [101, 102, 103, 104]
    assert lengths[0] < commit_metadata.CHARS_MAX
    assert [length <= most for length, most in zip(lengths[1:], (1_000, 250, 62), strict=True)] == [True] * 3
    assert (found(broker)[0][P0], metadata(broker)) == (2, "")
