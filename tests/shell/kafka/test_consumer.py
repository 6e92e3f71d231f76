"""The consumer against librdkafka's mock cluster: records, errors, commits."""

import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from confluent_kafka import KafkaError, Producer

from connector.engine import commit_metadata
from connector.engine.events import Committed, OffsetsLost, ReachedEnd
from connector.errors import ConfigError, FatalError
from connector.model import TopicPartition
from connector.sandbox.broker import ApiKey, EmbeddedBroker
from connector.shell.kafka.client_settings import KafkaSettings
from connector.shell.kafka.start_offsets import Start, Subscription
from tests.shell.kafka.kafka_member import TARGET, WAIT_SECONDS_MAX, Member, produce

P0 = TopicPartition("t", 0)
P1 = TopicPartition("t", 1)

NOTE = commit_metadata.write(TARGET, commit_metadata.CommitIdentity(P0, 0, ""), ())
"""The metadata of a commit above which nothing is settled."""


class Refused(NamedTuple):
    """A partition in a commit callback; the client's own class keeps `error` read-only."""

    topic: str
    partition: int
    offset: int
    metadata: str
    error: KafkaError | None


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    """One broker with the topic `t` of two partitions."""
    with EmbeddedBroker() as broker:
        broker.create_topic("t", 2)
        yield broker


def test_every_record_arrives_whole_tombstones_too(broker: EmbeddedBroker) -> None:
    """A null value, an empty value, a null key and repeated or null headers reach the caller (P29, F037)."""
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
    producer.produce(
        "t", key=b"k", value=b"v", partition=0, timestamp=1234, headers=[("a", b"1"), ("a", None)]
    )
    producer.produce("t", key=b"k", value=None, partition=0)
    producer.produce("t", key=None, value=b"", partition=0)
    producer.flush(10)
    with Member(broker, Subscription("t")) as member:
        member.until(lambda: len(member.records) == 3)
        first = member.records[0]
        assert [(r.offset, r.key, r.value) for r in member.records] == [
            (0, b"k", b"v"),
            (1, b"k", None),
            (2, None, b""),
        ]
        assert (first.timestamp_ms, list(first.headers)) == (1234, [("a", b"1"), ("a", None)])
        assert list(member.records[2].headers) == []


def test_the_end_of_each_partition_is_an_event(broker: EmbeddedBroker) -> None:
    """Ends come by `ends` at assignment, by ReachedEnd when read, and cached for the lag (F020)."""
    produce(broker, "t", 3)
    with Member(broker, Subscription("t")) as member:
        member.until(lambda: {ReachedEnd(P0, 3), ReachedEnd(P1, 0)} <= set(member.events))
        assert member.ends == {P0: 3, P1: 0}
        assert member.consumer.ends() == {P0: 3, P1: 0}


def test_a_poll_takes_no_more_than_its_limit(broker: EmbeddedBroker) -> None:
    """`limit` bounds what one turn takes in (promise 7), and nothing between two turns is lost."""
    produce(broker, "t", 25)
    with Member(broker, Subscription("t")) as member:
        taken: list[int] = []
        deadline = time.monotonic() + 20
        while sum(taken) < 25 and time.monotonic() < deadline:
            records = member.consumer.poll_records(10, 0.1, 1.0)
            member.records += records
            taken.append(len(records))
        assert max(taken) == 10
        assert [r.offset for r in member.records] == list(range(25))


def test_a_poll_takes_no_more_bytes_than_asked(broker: EmbeddedBroker) -> None:
    """`bytes_max` ends a turn after the record that exceeds it (promise 7, F086)."""
    produce(broker, "t", 20)
    with Member(broker, Subscription("t")) as member:
        sizes: list[int] = []
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while sum(sizes) < 20 and time.monotonic() < deadline:
            sizes.append(len(member.consumer.poll_records(100, 0.1, 1.0, bytes_max=3)))
        assert sum(sizes) == 20
        assert max(sizes) <= 3


def test_an_exception_in_a_hook_comes_out_of_poll_records(broker: EmbeddedBroker) -> None:
    """It does not pass through librdkafka, where it would take a polled record along (P01, P02, F012)."""
    with Member(broker, Subscription("t")) as member:

        def fail() -> None:
            raise ValueError("a bug in a hook")

        member.on_assigned = fail
        with pytest.raises(ValueError, match="a bug in a hook"):
            member.until(lambda: False)


def test_exceptions_in_callbacks_lose_no_record(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commit callbacks that raise during a load leave every offset seen, in order (P01, P02, F012)."""
    produce(broker, "t", 2000)
    with Member(broker, Subscription("t")) as member:
        member.until(lambda: bool(member.positions))
        failures = 0

        def fail(*_: object) -> None:
            raise ValueError("a bug in a callback")

        monkeypatch.setattr(member.consumer._commits, "answered", fail)
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while len(member.records) < 2000 or failures == 0:
            assert time.monotonic() < deadline, (len(member.records), failures)
            if failures < 20:
                member.consumer.commit(1, {P0: len(member.records)}, {})
            try:
                member.records += member.consumer.poll_records(50, 0.05, 0.5)
            except ValueError:
                failures += 1
                member.consumer._failure = None  # what a careless supervisor would do
        assert [r.offset for r in member.records] == list(range(2000))


def test_a_commit_is_answered_with_its_number(broker: EmbeddedBroker) -> None:
    """Two pending commits have separate answers; a restart begins at the committed offset."""
    produce(broker, "t", 10)
    with Member(broker, Subscription("t")) as member:
        member.until(lambda: len(member.records) == 10)
        member.consumer.commit(7, {P0: 3}, {})
        member.commit(8, {P0: 4, P1: 0})
        assert [e for e in member.events if isinstance(e, Committed)] == [Committed(7, {}), Committed(8, {})]
    with Member(broker, Subscription("t")) as member:
        member.until(lambda: len(member.records) == 6)
        assert member.positions == {P0: 4, P1: 0}


def test_a_refused_commit_names_the_partitions(broker: EmbeddedBroker) -> None:
    """A commit that the broker refuses comes back with an error for each of its partitions (F015, F016)."""
    with Member(broker, Subscription("t")) as member:
        member.until(lambda: bool(member.positions))
        member.until(lambda: not member.consumer._commits._initial)
        broker.push_errors(ApiKey.OFFSET_COMMIT, [KafkaError.GROUP_AUTHORIZATION_FAILED])
        member.commit(1, {P0: 0, P1: 0})
        (committed,) = [e for e in member.events if isinstance(e, Committed)]
        assert set(committed.errors) == {P0, P1}
        assert "GROUP_AUTHORIZATION_FAILED" in committed.errors[P0]


def test_an_answer_may_refuse_a_single_partition(broker: EmbeddedBroker) -> None:
    """Each partition's own error counts, also where the answer as a whole has none (F016)."""
    with Member(broker, Subscription("t")) as member:
        member.until(lambda: not member.consumer._commits._initial and bool(member.positions))
        member.consumer.commit(1, {P0: 1, P1: 2}, {})
        refused = Refused("t", 1, 2, NOTE, KafkaError(KafkaError.OFFSET_METADATA_TOO_LARGE))
        committed = member.consumer._commits.answered(None, [Refused("t", 0, 1, NOTE, None), refused])
        assert committed is not None
        assert (committed.commit_id, set(committed.errors)) == (1, {P1})


def test_an_answer_that_never_came_is_not_waited_for(broker: EmbeddedBroker) -> None:
    """Of equal commits the newest is answered; a different one has its own answer (P06)."""
    with Member(broker, Subscription("t")) as member:
        member.until(lambda: not member.consumer._commits._initial and bool(member.positions))
        for commit_id, offset in ((1, 1), (2, 2), (3, 1)):
            member.consumer.commit(commit_id, {P0: offset}, {})
        commits = member.consumer._commits
        assert commits.answered(None, [Refused("t", 0, 1, "of another", None)]) is None
        assert commits.answered(None, [Refused("t", 0, 1, NOTE, None)]) == Committed(3, {})
        assert commits.answered(None, [Refused("t", 0, 1, NOTE, None)]) is None
        assert commits.answered(None, [Refused("t", 0, 2, NOTE, None)]) == Committed(2, {})


def test_commits_without_an_answer_expire(broker: EmbeddedBroker) -> None:
    """With the brokers away a commit is answered by our deadline; close() is bounded (F014, P06, F091)."""
    produce(broker, "t", 1)
    member = Member(broker, Subscription("t"))
    member.until(lambda: len(member.records) == 1)
    broker.down()
    member.consumer.commit(5, {P0: 1}, {})
    started = time.monotonic()
    while not (expired := member.consumer._commits.expire(300)):
        member.turn()
    assert time.monotonic() - started < 10
    assert [set(answer.errors) for answer in expired] == [{P0}]
    started = time.monotonic()
    member.consumer.close(1.0)
    assert time.monotonic() - started < 6
    broker.up()


def test_the_initial_offsets_are_committed(broker: EmbeddedBroker) -> None:
    """Every partition has a commit from the first assignment on, also the empty ones (F023)."""
    broker.push_errors(ApiKey.OFFSET_COMMIT, [KafkaError.GROUP_AUTHORIZATION_FAILED])  # asked again
    with Member(broker, Subscription("t", start="latest")) as member:
        member.until(lambda: bool(member.positions) and not member.consumer._commits._initial)
        assert member.events.count(Committed(-1, {})) == 0
    produce(broker, "t", 3)
    with Member(broker, Subscription("t", start="latest")) as member:
        member.until(lambda: len(member.records) == 3)
        assert member.positions == {P0: 0, P1: 0}


def test_latest_begins_at_the_end(broker: EmbeddedBroker) -> None:
    """A group without any commit begins where the topic file says."""
    produce(broker, "t", 5)
    with Member(broker, Subscription("t", start="latest")) as member:
        member.until(lambda: bool(member.positions))
        assert member.positions == {P0: 5, P1: 0}


def test_a_partition_that_was_added_begins_at_its_first_record(broker: EmbeddedBroker) -> None:
    """Where the topic has commits, a partition without one is new: its records were never seen (F024)."""
    produce(broker, "t", 5)
    produce(broker, "t", 2, partition=1)
    with Member(broker, Subscription("t")) as member:
        member.until(lambda: bool(member.positions))
        member.commit(1, {P0: 5})
        member.consumer._commits._initial.clear()
    with Member(broker, Subscription("t", start="latest")) as member:
        member.until(lambda: bool(member.positions))
        assert member.positions[P1] == 0


def test_a_topic_is_picked_up_when_it_appears(broker: EmbeddedBroker) -> None:
    """A missing topic is reported once and holds up no other; created later, it is read (F025)."""
    produce(broker, "t", 1)
    settings: KafkaSettings = {"topic.metadata.refresh.interval.ms": 500}
    with Member(broker, Subscription("t"), Subscription("later"), settings=settings) as member:
        member.until(lambda: len(member.records) == 1)
        assert member.consumer.health.missing_topics == {"later"}
        assert set(member.consumer.health.troubles) == {"topic later"}
        broker.create_topic("later", 1)
        produce(broker, "later", 1)
        member.until(lambda: len(member.records) == 2)
        assert member.records[1].topic == "later"
        assert not member.consumer.health.missing_topics
        assert not member.consumer.health.troubles


def test_a_pattern_is_subscribed(broker: EmbeddedBroker) -> None:
    """A pattern reads the topics that match, and no others."""
    broker.create_topic("other")
    produce(broker, "other", 1)
    produce(broker, "t", 1)
    with Member(broker, Subscription("^t.*", start="earliest")) as member:
        member.until(lambda: len(member.records) == 1)
        assert {p.topic for p in member.positions} == {"t"}


def test_an_offset_before_the_log_is_told(broker: EmbeddedBroker) -> None:
    """Retention has passed our commit: the partition stops and names the lost offsets (F021, P15)."""
    produce(broker, "t", 10)
    with Member(broker, Subscription("t")) as member:
        member.until(lambda: len(member.records) == 10)
        member.commit(1, {P0: 2})
    broker.delete_records("t", 0, 6)
    with Member(broker, Subscription("t")) as member:
        member.until(lambda: any(isinstance(e, OffsetsLost) for e in member.events))
        (lost,) = [e for e in member.events if isinstance(e, OffsetsLost)]
        assert lost.partition == P0
        assert "offsets 2 to 5 are gone" in lost.reason
        assert lost.policy == "pause"
        assert not member.records


def test_an_offset_that_nobody_has_been_at_ends_the_process(broker: EmbeddedBroker) -> None:
    """After a corrupt batch the client may fetch a made-up offset, which is no lost offset (F035)."""
    produce(broker, "t", 10)
    with Member(broker, Subscription("t", offsets_lost="latest")) as member:
        member.until(lambda: len(member.records) == 10)
        lost = KafkaError(KafkaError._AUTO_OFFSET_RESET)
        member.consumer._offsets_lost(P0, 10, lost)
        with pytest.raises(FatalError, match=r"t-0: after offset 10 .* corrupt"):
            member.consumer._offsets_lost(P0, int.from_bytes(b'": "2", '), lost)


@pytest.mark.parametrize(("policy", "offsets"), [("earliest", [6, 7, 8, 9]), ("latest", [10])])
def test_a_seek_goes_on_where_the_log_begins_or_ends(
    broker: EmbeddedBroker, policy: Start, offsets: list[int]
) -> None:
    """`offsets_lost: earliest | latest` continues where the operator chose (F021, F022)."""
    produce(broker, "t", 10)
    with Member(broker, Subscription("t")) as member:
        member.until(lambda: bool(member.positions))
        member.commit(1, {P0: 2})
    broker.delete_records("t", 0, 6)
    with Member(broker, Subscription("t", offsets_lost=policy)) as member:
        member.until(lambda: any(isinstance(e, OffsetsLost) and e.policy == policy for e in member.events))
        member.consumer.seek(P0, policy)
        member.until(lambda: member.positions[P0] >= 6)
        produce(broker, "t", 1)
        member.until(lambda: len(member.records) >= len(offsets))
        assert [r.offset for r in member.records][: len(offsets)] == offsets


def test_offsets_that_cannot_be_read_are_asked_for_again(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without committed offsets nothing is assigned; the member joins again until then (F034, P14)."""
    monkeypatch.setattr("connector.shell.kafka.start_offsets.LOOKUP_SECONDS_MAX", 5.3)
    produce(broker, "t", 3)
    broker.push_errors(ApiKey.OFFSET_FETCH, [KafkaError.GROUP_AUTHORIZATION_FAILED] * 6)
    long: KafkaSettings = {
        "session.timeout.ms": 6_000
    }  # it joins again and again, with or without heartbeats
    with Member(broker, Subscription("t"), settings=long) as member:
        member.until(lambda: "group" in member.consumer.health.troubles)
        assert not member.positions
        broker.clear_errors(ApiKey.OFFSET_FETCH)
        member.until(lambda: len(member.records) == 3)
        assert [r.offset for r in member.records] == [0, 1, 2]
        assert not member.consumer.health.troubles


def test_brokers_that_are_away_are_a_cause_until_they_are_back(broker: EmbeddedBroker) -> None:
    """The outage is reported with librdkafka's reason, nothing ends, and it clears (F030, F031)."""
    with Member(broker, Subscription("t")) as member:
        member.until(lambda: bool(member.positions))
        broker.down()
        member.until(lambda: "refused" in member.consumer.health.troubles.get("broker", "").lower())
        broker.up()
        member.until(lambda: not member.consumer.health.troubles)
        produce(broker, "t", 1)
        member.until(lambda: len(member.records) == 1)


def test_brokers_may_come_later_than_the_process(broker: EmbeddedBroker) -> None:
    """A start without brokers waits, says why, and begins when they are there (F030, F031)."""
    produce(broker, "t", 1)
    broker.down()
    with Member(broker, Subscription("t")) as member:
        member.until(lambda: "broker" in member.consumer.health.troubles)
        broker.up()
        member.until(lambda: len(member.records) == 1)
        member.until(lambda: not member.consumer.health.troubles)


def test_a_key_that_librdkafka_refuses_is_a_configuration_error(broker: EmbeddedBroker) -> None:
    """The message names the key, so the process can exit 78 (F098)."""
    with pytest.raises(ConfigError, match=r"no\.such\.key"):
        Member(broker, Subscription("t"), settings={"no.such.key": 1})


def test_a_fatal_error_ends_the_process(broker: EmbeddedBroker) -> None:
    """A fenced member is recognised by the error code, as the error denies being fatal (F009, P08)."""
    settings: KafkaSettings = {"group.instance.id": "one", "session.timeout.ms": 6000}
    with Member(broker, Subscription("t"), settings=settings) as member:
        member.until(lambda: bool(member.positions))
        broker.push_errors(ApiKey.HEARTBEAT, [KafkaError.FENCED_INSTANCE_ID])
        with pytest.raises(FatalError, match=r"FENCED_INSTANCE_ID|_FATAL"):
            member.until(lambda: False)
