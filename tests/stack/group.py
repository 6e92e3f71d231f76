"""One consumer group on the real broker: a topic of versioned contacts, and instances that read it."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions

from connector.sandbox.api.api_server import SandboxApi
from connector.sandbox.api.behaviour import Behaviour
from connector.sandbox.api.faults import FaultKind
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.service import Service, amend
from tests.waiting import wait_for

SECONDS = 30
ANSWER_SECONDS = 0.05  # so that requests travel at every moment

MAPPING = """\
topic: {topic}
format: json
shape: envelope
{more}contact:
  user_id: id
  attributes:
    row_version: row_version
"""

PAUSE_SECONDS = 0.05  # between two writes of a load

Settings = Mapping[str, str | int | None]


def change_of(contact: str, version: int) -> bytes:
    """Return the value of a record as Debezium writes it."""
    row = {"id": contact, "row_version": version}
    source = {"version": "3.6.1.Final", "connector": "mysql"}
    return json.dumps({"op": "u", "before": None, "after": row, "source": source}).encode()


def key_of(contact: str) -> bytes:
    """Return the key of a record."""
    return json.dumps({"id": contact}).encode()


class Instance(Service):
    """One member of the group; its client settings are changed by `kafka`, None takes one away."""

    def __init__(self, number: int, group: "Group", kafka: Settings, delivery: Settings) -> None:
        folder = group.folder / str(number)
        folder.mkdir()
        super().__init__(group.topic, folder, group.kafka, group.sandbox, group.mapping)
        self._group = group
        amend(self.config, kafka=kafka, delivery=delivery)

    def start(self) -> None:
        """Start with a token that no other instance uses: the ledger judges order per run."""
        token = self._group.next_token()
        self._token.write_text(token)
        self.process.start()

    def catch_up(self) -> int:
        """Run with `--until-caught-up` and return the exit code."""
        self._token.write_text(self._group.next_token())
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "connector",
            "run",
            "--until-caught-up",
            "-c",
            self.config,
        ]
        return subprocess.run(command, timeout=SECONDS, check=False, capture_output=True).returncode

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self.process.child.send_signal(number)

    def held(self) -> set[int]:
        """Return the numbers of the partitions that it holds; empty while it does not answer."""
        if not self._ok("/healthz"):
            return set()
        return {partition["partition"] for partition in self.status()["partitions"]}

    def log(self) -> str:
        """Return everything it has logged."""
        return self.process.log.read_text()


class Group:
    """The topic has the group's name. Contacts are numbers; every record is a version of one."""

    def __init__(
        self, name: str, folder: Path, kafka: KafkaBroker, sandbox: SandboxApi, *, partitions: int, more: str
    ) -> None:
        self.topic = name
        self.folder = folder
        self.kafka = kafka
        self.sandbox = sandbox
        self.mapping = MAPPING.format(topic=name, more=more)
        self.versions: dict[str, int] = {}
        self.instances: list[Instance] = []
        self._tokens = 0
        self.partitions = partitions
        connection: dict[str, str | int | float | bool] = {
            "bootstrap.servers": kafka.bootstrap_servers,
            "log_level": 0,
        }
        self.producer = Producer(connection)
        self.admin = AdminClient(connection)
        self.create_topic()

    def instance(self, kafka: Settings | None = None, delivery: Settings | None = None) -> Instance:
        """Make one more member; it is not started."""
        instance = Instance(len(self.instances), self, kafka or {}, delivery or {})
        self.instances.append(instance)
        return instance

    def create_topic(self) -> None:
        """Create the topic, as soon as one of its name is gone."""

        def created() -> bool:
            try:
                self.kafka.create_topic(self.topic, self.partitions)
            except KafkaException:
                return False
            return True

        wait_for(created, SECONDS, f"the topic {self.topic}")

    def delete_topic(self) -> None:
        """Delete the topic."""
        [deleted] = self.admin.delete_topics([self.topic]).values()
        deleted.result()

    def add_partition(self) -> None:
        """Give the topic one more partition."""
        self.partitions += 1
        [added] = self.admin.create_partitions([NewPartitions(self.topic, self.partitions)]).values()
        added.result()
        # A producer that knows only the old ones would refuse to write to it for minutes.
        self.producer = Producer({"bootstrap.servers": self.kafka.bootstrap_servers, "log_level": 0})

    def next_token(self) -> str:
        """Make one more token valid."""
        self._tokens += 1
        token = f"token-{self._tokens}"
        self.sandbox.change(tokens=self.sandbox.behaviour.tokens | {token})
        return token

    def change(self, contacts: range, *, partition: int = -1) -> None:
        """Write one more version of each contact, and wait until the broker has them."""
        for contact in map(str, contacts):
            version = self.versions[contact] = self.versions.get(contact, 0) + 1
            self.producer.produce(self.topic, change_of(contact, version), key_of(contact), partition)
        assert self.producer.flush(SECONDS) == 0

    @contextmanager
    def load(self, contacts: range) -> Iterator[None]:
        """Change these contacts again and again."""
        ended = threading.Event()

        def write() -> None:
            while not ended.wait(PAUSE_SECONDS):
                self.change(contacts)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            yield
        finally:
            ended.set()
            writer.join()

    def delivered(self) -> dict[str, int]:
        """Return the version of each contact that the API holds."""
        return self.sandbox.read(
            lambda ledger: {
                user: c.attributes["row_version"] for user, c in ledger.contacts.items() if c.present
            }
        )

    def await_delivered(self, seconds: float = SECONDS) -> None:
        """Wait until the API holds the newest version of every contact."""
        wait_for(lambda: self.delivered() == self.versions, seconds, f"every contact of {self.topic}")

    def await_held(self, *instances: Instance, seconds: float = SECONDS) -> None:
        """Wait until these instances hold all partitions together, and each of them some."""

        def shared() -> bool:
            held = [instance.held() for instance in instances]
            return all(held) and sorted(n for one in held for n in one) == list(range(self.partitions))

        wait_for(shared, seconds, f"an assignment of {self.topic}", *[one.process for one in instances])

    def assert_in_order(self) -> None:
        """Nothing was out of order, doubled up or refused."""
        report = self.sandbox.report()
        assert (report["order_violations"], report["overlaps"], report["behind"]) == (0, 0, 0)
        assert report["rejected_items"] == 0

    def committed(self) -> int:
        """Return how many records the group has committed."""
        return self.kafka.committed(self.topic, self.topic, self.partitions)

    def await_committed(self) -> None:
        """Wait until the group has committed every record."""
        written = sum(self.versions.values())
        wait_for(lambda: self.committed() == written, SECONDS, f"the commit of {written} records")

    def close(self) -> None:
        """End what still runs."""
        for instance in self.instances:
            instance.close()


@contextmanager
def group(
    name: str, folder: Path, kafka: KafkaBroker, *, partitions: int = 4, more: str = ""
) -> Iterator[Group]:
    """Give a topic and a group of this name, and a sandbox API that answers after a while."""
    with SandboxApi(Behaviour(limit=None)) as sandbox:
        sandbox.inject(FaultKind.LATENCY, seconds=ANSWER_SECONDS)
        world = Group(name, folder, kafka, sandbox, partitions=partitions, more=more)
        try:
            yield world
        finally:
            world.close()
