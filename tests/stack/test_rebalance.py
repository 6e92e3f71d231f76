"""A real broker takes commits in the middle of a rebalance; the embedded one refuses some of them."""

import pytest

from connector.engine.events import Committed
from connector.model import TopicPartition
from connector.shell.kafka.client_settings import KafkaSettings
from connector.shell.kafka.start_offsets import Subscription
from tests.shell.kafka.kafka_member import Member, produce
from tests.stack.kafka_broker import KafkaBroker

pytestmark = pytest.mark.stack

TOPIC = "moves"
ALL = frozenset(TopicPartition(TOPIC, number) for number in range(4))
GROUP: KafkaSettings = {"group.id": TOPIC, "session.timeout.ms": 6_000}


def test_the_hook_commits_before_the_partitions_move(kafka: KafkaBroker) -> None:
    """The next owner begins where `revoked` commits, and nothing aborts (F002).

    Like the engine, the hook asks again where the broker was too slow to answer.
    """
    kafka.create_topic(TOPIC, 4)
    for number in range(4):
        produce(kafka, TOPIC, 5, partition=number)
    answers: dict[int, Committed] = {}
    topic = Subscription(TOPIC)
    with Member(kafka, topic, settings=GROUP) as first:

        def commit() -> None:
            gone = first.rebalances[-1][1]
            for commit_id in range(1, 20):
                first.consumer.commit(commit_id, dict.fromkeys(gone, 5), {})
                while commit_id not in answers:
                    first.consumer.confirm_commits(1.0)
                    events = first.consumer.take_events()
                    answers.update({e.commit_id: e for e in events if isinstance(e, Committed)})
                if not answers[commit_id].errors:
                    return

        first.on_revoked = commit
        first.until(lambda: len(first.records) == 20)
        with Member(kafka, topic, settings=GROUP) as second:
            first.until(
                lambda: (
                    len(first.consumer.assigned) == len(second.consumer.assigned) == 2
                    and first.consumer.assigned | second.consumer.assigned == ALL
                ),
                second,
            )
            assert not answers[max(answers)].errors
            assert set(second.positions.values()) == {5}
            assert not second.records
