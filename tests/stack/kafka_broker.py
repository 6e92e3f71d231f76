"""A real Apache Kafka broker: a KRaft node, alone or among others, that can be killed and started again."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.stack.jars import Jars
from tests.stack.processes import Process, free_port
from tests.waiting import wait_for

READY_SECONDS = 60
ANSWER_SECONDS = 10
CLUSTER_ID = "c3RhY2stdGVzdHMta2Fma2"  # any 16 bytes in base64 without padding

PROPERTIES = """\
process.roles=broker,controller
node.id={node}
{quorum}
listeners=CONTROLLER://127.0.0.1:{controller},{listeners}
advertised.listeners={listeners}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,{protocols}
log.dirs={data}
default.replication.factor={copies}
min.insync.replicas={copies_in_sync}
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={copies_in_sync}
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={copies_in_sync}
group.initial.rebalance.delay.ms=0
# Members that were killed are forgotten quickly, where the consumer asks for that.
group.min.session.timeout.ms=1000
# A killed broker may register again quickly.
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
{more}"""


class Seat(NamedTuple):
    """A node's place among several: its number from 1, and the ports of all controllers in that order."""

    node: int
    controllers: Sequence[int]

    @property
    def copies(self) -> int:
        """On how many nodes each partition is kept."""
        return min(3, len(self.controllers))

    @property
    def quorum(self) -> str:
        """The line that names the controllers."""
        if len(self.controllers) == 1:
            return f"controller.quorum.bootstrap.servers=127.0.0.1:{self.controllers[0]}"
        voters = [f"{node}@127.0.0.1:{port}" for node, port in enumerate(self.controllers, 1)]
        return f"controller.quorum.voters={','.join(voters)}"


class KafkaBroker:
    """One broker; its address and its data survive `stop`, `kill` and `start`."""

    def __init__(
        self,
        jars: Jars,
        folder: Path,
        *,
        flags: Sequence[str] = (),
        heap: str = "512m",
        seat: Seat | None = None,
        secured: Mapping[str, tuple[int, str]] | None = None,
        more: str = "",
        before: str = "",
    ) -> None:
        """Write the configuration.

        `seat` None is a separate cluster. `secured` are further listeners (name, port and protocol),
        `more` are lines of properties that win over ours. `before` is a line of shell that is
        run before each start.
        """
        port = free_port()
        seat = seat or Seat(1, (free_port(),))
        listeners = {"PLAINTEXT": (port, "PLAINTEXT"), **(secured or {})}
        self.data = folder / "kafka-data"
        properties = folder / "server.properties"
        properties.write_text(
            PROPERTIES.format(
                node=seat.node,
                quorum=seat.quorum,
                copies=seat.copies,
                copies_in_sync=max(1, seat.copies - 1),
                controller=seat.controllers[seat.node - 1],
                listeners=",".join(f"{name}://127.0.0.1:{at}" for name, (at, _) in listeners.items()),
                protocols=",".join(f"{name}:{protocol}" for name, (_, protocol) in listeners.items()),
                data=self.data,
                more=more,
            )
        )
        alone = ("--standalone",) if len(seat.controllers) == 1 else ()
        tool = ("format", *alone, "-t", CLUSTER_ID, "-c", properties)
        form = shlex.join(jars.java("kafka.tools.StorageTool", *tool, heap="128m", flags=flags))
        serve = shlex.join(jars.java("kafka.Kafka", properties, heap=heap, flags=flags))
        formatted = shlex.quote(str(self.data / "meta.properties"))
        script = f"{before or ':'}; [ -e {formatted} ] || {form} && exec {serve}"
        self.bootstrap_servers = f"127.0.0.1:{port}"
        self.process = Process("Kafka", ["sh", "-c", script], folder / "kafka.log")

    def start(self) -> None:
        """Start the broker without waiting for it."""
        self.process.start()

    def await_ready(self) -> None:
        """Wait until the broker answers and can hold a topic."""
        wait_for(self._answers, READY_SECONDS, "Kafka", self.process)

    def stop(self) -> None:
        """Stop the broker in good order."""
        self.process.stop()

    def kill(self) -> None:
        """Stop the broker without warning."""
        self.process.kill()

    def create_topic(self, name: str, partitions: int = 1) -> None:
        """Create one topic and wait for it."""
        admin = self._admin()  # must live as long as its answers are awaited
        [created] = admin.create_topics([NewTopic(name, partitions)]).values()
        created.result()

    def committed(self, group: str, topic: str, partitions: int) -> int:
        """Return how many records of `topic` a group has committed."""
        asked = [TopicPartition(topic, number) for number in range(partitions)]
        consumer = Consumer({"bootstrap.servers": self.bootstrap_servers, "group.id": group})

        def ask() -> list[TopicPartition] | None:
            try:
                return consumer.committed(asked, timeout=ANSWER_SECONDS)
            except KafkaException:  # the group's coordinator is being made, with the first group of all
                return None

        try:
            answers = wait_for(ask, READY_SECONDS, f"the offsets of {group}", self.process)
        finally:
            consumer.close()
        return sum(max(0, answer.offset) for answer in answers)  # negative: never committed

    def written(self, topic: str, partitions: int) -> int:
        """Return how many offsets of `topic` are taken, over all its partitions."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap_servers, "group.id": "ends"})
        try:
            return sum(
                consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=ANSWER_SECONDS)[1]
                for number in range(partitions)
            )
        finally:
            consumer.close()

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 0})

    def _answers(self) -> bool:
        # A client of its own for each question: one that met a closed port backs off before it asks again.
        try:
            return bool(self._admin().list_topics(timeout=1).brokers)
        except KafkaException:
            return False
