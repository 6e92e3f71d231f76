"""Several real Kafka brokers that are one cluster, each of which can be killed and started by itself."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from confluent_kafka import Consumer, KafkaException
from confluent_kafka import TopicPartition as ClientPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions

from connector.model import TopicPartition
from tests.stack.jars import Jars
from tests.stack.kafka_broker import READY_SECONDS, KafkaBroker, Seat
from tests.stack.processes import free_port
from tests.stack.servers import SHORT_LIFE
from tests.waiting import wait_for

HEAP = "320m"
ANSWER_SECONDS = 3.0

SHORT_SESSIONS = """\
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.session.timeout.ms=1500
group.consumer.min.heartbeat.interval.ms=100
group.consumer.heartbeat.interval.ms=300
"""

REBALANCED = re.compile(r"(Stabilized group|Computed a new target assignment for epoch)")
"""A coordinator's log lines for each rebalance: of a classic group, and of a KIP-848 one."""


class Cluster:
    """Nodes that are both broker and controller; of three copies of a topic one may be missing."""

    def __init__(self, jars: Jars, folder: Path, nodes: int) -> None:
        controllers = [free_port() for _ in range(nodes)]
        self.brokers = []
        for node in range(1, nodes + 1):
            place = folder / f"broker-{node}"
            place.mkdir()
            seat = Seat(node, controllers)
            self.brokers.append(
                KafkaBroker(jars, place, flags=SHORT_LIFE, heap=HEAP, seat=seat, more=SHORT_SESSIONS)
            )
        self.bootstrap_servers = ",".join(broker.bootstrap_servers for broker in self.brokers)
        self._down: int | None = None

    def start(self) -> None:
        """Start all nodes and wait until each sees all the others."""
        for broker in self.brokers:
            broker.start()
        for broker in self.brokers:
            wait_for(partial(self._complete, broker), READY_SECONDS, "all brokers", broker.process)

    def kill(self, node: int) -> None:
        """Kill one node, after the one that was killed before is back."""
        self.await_complete()
        self._down = node
        self.brokers[node].kill()

    def restart(self) -> None:
        """Start the node that was killed, without waiting for it."""
        if self._down is not None:
            self.brokers[self._down].start()

    def await_complete(self) -> None:
        """Wait until every node is there and holds every copy that it should."""
        if self._down is not None:
            broker = self.brokers[self._down]
            wait_for(partial(self._complete, broker), READY_SECONDS, "the killed broker", broker.process)
            wait_for(self._in_sync, READY_SECONDS, "all copies in sync", broker.process)
            self._down = None

    def heal(self) -> None:
        """Have all nodes, also after a round that ended with one away."""
        if self._down is not None and self.brokers[self._down].process.child.poll() is not None:
            self.restart()
        self.await_complete()

    def close(self) -> None:
        """End everything."""
        for broker in self.brokers:
            broker.kill()

    def create_topic(self, name: str, partitions: int) -> None:
        """Create one topic and wait for it."""
        self.brokers[0].create_topic(name, partitions)

    def admin(self) -> AdminClient:
        """Give a client for administration."""
        return AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 0})

    def add_partition(self, topic: str, partitions: int) -> None:
        """Give a topic so many partitions instead of fewer."""
        admin = self.admin()
        [added] = admin.create_partitions([NewPartitions(topic, partitions)]).values()
        added.result()

    def delete_topics(self, topics: Sequence[str]) -> None:
        """Delete topics that are no longer needed."""
        admin = self.admin()
        for deleted in admin.delete_topics(list(topics)).values():
            deleted.result()

    def rebalances(self) -> Counter[str]:
        """Count the rebalances of every group, by what the coordinators logged."""
        counts: Counter[str] = Counter()
        for broker in self.brokers:
            with broker.process.log.open(errors="replace") as log:
                for line in log:
                    if REBALANCED.search(line):
                        named = re.search(r"(?:\[GroupId |group )([\w.-]+)", line)
                        counts[named[1] if named else ""] += 1
        return counts

    def _complete(self, broker: KafkaBroker) -> bool:
        try:
            admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
            return len(admin.list_topics(timeout=1).brokers) == len(self.brokers)
        except KafkaException:
            return False

    def _in_sync(self) -> bool:
        try:
            told = self.admin().list_topics(timeout=ANSWER_SECONDS)
        except KafkaException:
            return False
        partitions = [p for topic in told.topics.values() for p in topic.partitions.values()]
        whole = all(len(p.isrs) == len(p.replicas) for p in partitions)
        return whole and len(told.brokers) == len(self.brokers)


class Offsets:
    """Asks for what a group has committed, without being its member."""

    def __init__(self, cluster: Cluster, group: str) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": cluster.bootstrap_servers, "group.id": group, "log_level": 0}
        )

    def committed(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int] | None:
        """Return the committed offsets, 0 where there is none; None while no broker answers."""
        asked = [ClientPartition(*partition) for partition in partitions]
        try:
            answers = self._consumer.committed(asked, timeout=ANSWER_SECONDS)
        except KafkaException:
            return None
        if any(answer.error is not None for answer in answers):
            return None
        return {TopicPartition(a.topic, a.partition): max(0, a.offset) for a in answers}

    def close(self) -> None:
        """Give the client back."""
        self._consumer.close()


@contextmanager
def cluster_running(jars: Jars, folder: Path, nodes: int) -> Iterator[Cluster]:
    """Run a cluster."""
    cluster = Cluster(jars, folder, nodes)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()
