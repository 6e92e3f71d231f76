"""The source: a thread that changes rows and writes domain events, as Debezium and a service would."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from confluent_kafka import OFFSET_INVALID, KafkaError, Message, Producer

from connector.model import TopicPartition
from connector.sandbox.formats.connect_json import JsonConverter
from connector.sandbox.records.columns import INT32, STRING
from connector.sandbox.records.connectors import Place
from connector.sandbox.records.schema import ConnectRecord, nullable
from connector.sandbox.records.table import CapturedTable
from connector.sandbox.writer import Writer
from tests.chaos.reference_model import Kind, Log, ReferenceModel, Written

CONTACTS = 1500
VISITORS = 300
PARTITIONS = {"member": 6, "visit": 3}
PARTITIONS_MAX = 9
TICK_SECONDS = 0.02
RECORDS_PER_TICK = 4
BURST_RECORDS = 600
UNREADABLE = 0.006
UNKNOWN_OFFSETS = (-1, OFFSET_INVALID)
FLUSH_SECONDS = 120

COLUMNS = {"id": STRING, "name": nullable(STRING), "row_version": nullable(INT32)}

MEMBERS = """\
topic: {topic}
format: json
contact:
  user_id: id
  attributes:
    _first_name: name
    row_version: row_version
"""

VISITS = """\
topic: {topic}
format: json
shape: event
event:
  type: visit
  user_id: visitor
  id: visit
  date: at
  parameters:
    sequence: sequence
"""


class Feed:
    """Writes the topics of one group: `NAME.public.member` and `NAME.visit`.

    The changes come from the seed; their times, and so their neighbours in the log, do not.
    """

    def __init__(self, name: str, bootstrap_servers: str, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeats its draws
        self.log = Log()
        place = Place(server=name, database=name, schema="public", table="member")
        self._table = CapturedTable(place, COLUMNS)
        self._writer = Writer(JsonConverter())
        self.members, self.visits = self._table.topic, f"{name}.visit"
        self.partitions = {self.members: PARTITIONS["member"], self.visits: PARTITIONS["visit"]}
        self._visitors: dict[str, tuple[TopicPartition, list[str]]] = {}
        self._bootstrap_servers = bootstrap_servers
        self._producer = self._connect()
        self._failures: list[str] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed")
        self._asked = 0

    @property
    def mappings(self) -> tuple[str, str]:
        """The topic files."""
        return MEMBERS.format(topic=self.members), VISITS.format(topic=self.visits)

    def places(self) -> list[TopicPartition]:
        """Return the partitions that there are."""
        return [
            TopicPartition(topic, number)
            for topic, count in self.partitions.items()
            for number in range(count)
        ]

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def abandon(self) -> None:
        """Write nothing more."""
        self._ended.set()
        if self._thread.ident:
            self._thread.join()

    def stop(self) -> None:
        """Write nothing more, and wait until the broker has everything."""
        self.abandon()
        assert self._producer.flush(FLUSH_SECONDS) == 0, "the broker has not confirmed every record"
        assert not self._failures, self._failures[:3]

    def burst(self) -> None:
        """Write many records at once: a backlog."""
        for _ in range(BURST_RECORDS):
            self._one()

    def pulse(self) -> dict[str, int]:
        """Change one contact in every partition of rows; returns the number of each change."""
        with self._lock:
            steps = {}
            for number in range(self.partitions[self.members]):
                contact = f"pulse-{number}"
                self._upsert(contact, self._story(contact, TopicPartition(self.members, number)))
                steps[contact] = self.log.stories[contact].steps
            return steps

    def grown(self, topic: str) -> None:
        """Use one more partition of a topic, for contacts that are new."""
        with self._lock:
            self.partitions[topic] += 1
            assert self._producer.flush(FLUSH_SECONDS) == 0
            # One that knows only the old ones would refuse to write to it for minutes.
            self._producer = self._connect()

    # ------------------------------------------------------------------------------- its thread

    def _run(self) -> None:
        while not self._ended.wait(TICK_SECONDS):
            for _ in range(RECORDS_PER_TICK):
                self._one()
            with self._lock:  # two threads that poll together may hear of two records in the wrong order
                self._producer.poll(0)

    def _one(self) -> None:
        with self._lock:
            drawn = self._random.random()
            if drawn < UNREADABLE:
                self._unreadable()
            elif drawn < 0.25:
                self._visit()
            else:
                self._member(drawn)

    def _member(self, drawn: float) -> None:
        contact = self._name(self._random.randrange(CONTACTS))
        story = self._story(contact)
        if story.row is None or drawn < 0.9:
            self._upsert(contact, story)
        elif drawn < 0.98:
            row = story.delete()
            self._produce(
                self._table.delete(row, now_us()),
                story.partition,
                [Written(Kind.DELETE, contact, story.steps), Written(Kind.NOTHING, contact)],
            )
        else:
            self._change_key(contact, story)

    def _upsert(self, contact: str, story: ReferenceModel) -> None:
        was = story.row
        row = story.change({"id": contact, "name": f"name {self._random.randrange(10**6)}"})
        write: Callable[..., tuple[ConnectRecord, ...]] = (
            self._table.create if was is None else self._table.update
        )
        self._produce(write(row, now_us()), story.partition, [Written(Kind.UPSERT, contact, story.steps)])

    def _change_key(self, contact: str, story: ReferenceModel) -> None:
        """The contact goes on under another name, which is new."""
        renamed = f"{contact} as {len(self.log.stories)}"
        other = self._story(renamed, story.partition)
        before = story.delete()
        after = other.change({"id": renamed, "name": before["name"]})
        self._produce(
            self._table.change_key(before, after, now_us()),
            story.partition,
            [
                Written(Kind.DELETE, contact, story.steps),
                Written(Kind.NOTHING, contact),
                Written(Kind.UPSERT, renamed, other.steps),
            ],
        )

    def _visit(self) -> None:
        visitor = f"visitor {self._random.randrange(VISITORS)}"
        if visitor not in self._visitors:
            self._visitors[visitor] = (self._anywhere(self.visits), [])
        partition, visits = self._visitors[visitor]
        event = f"{visitor}/{len(visits) + 1}"
        visits.append(event)
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.log.events[event] = {
            "_user_id": visitor,
            "_event_id": event,
            "_event_type": "visit",
            "_event_date": at,
            "_event_parameters": {"sequence": len(visits)},
        }
        body = {"visit": event, "visitor": visitor, "at": at, "sequence": len(visits)}
        self._send(partition, visitor.encode(), json.dumps(body).encode(), Written(Kind.EVENT, event))

    def _unreadable(self) -> None:
        written = Written(Kind.UNREADABLE, "")
        self._send(self._anywhere(self.members), b'{"id": "nobody"}', b'{"op": "u", "after"', written)

    # ---------------------------------------------------------------------------------- writing

    def _story(self, contact: str, partition: TopicPartition | None = None) -> ReferenceModel:
        if contact not in self.log.stories:
            self.log.stories[contact] = ReferenceModel(partition or self._anywhere(self.members))
        return self.log.stories[contact]

    def _anywhere(self, topic: str) -> TopicPartition:
        return TopicPartition(topic, self._random.randrange(self.partitions[topic]))

    @staticmethod
    def _name(number: int) -> str:
        """Every tenth contact has a name that must be escaped in a URL."""
        return f"../{number}?é#%2F/." if number % 10 == 0 else f"contact-{number}"

    def _produce(
        self, records: Iterable[ConnectRecord], partition: TopicPartition, written: list[Written]
    ) -> None:
        for record, what in zip(self._writer.records(records), written, strict=True):
            self._send(partition, record.key, record.value, what, record.headers)

    def _send(
        self,
        partition: TopicPartition,
        key: bytes | None,
        value: bytes | None,
        written: Written,
        headers: Sequence[tuple[str, bytes | None]] = (),
    ) -> None:
        self._producer.produce(
            partition.topic,
            value,
            key,
            partition.partition,
            on_delivery=lambda error, message: self._confirmed(error, message, partition, written),
            headers=list(headers),
        )

    def _confirmed(
        self, error: KafkaError | None, message: Message, partition: TopicPartition, written: Written
    ) -> None:
        records = self.log.records.setdefault(partition, [])
        # A batch that was stored although its answer was lost has no known offsets: they are the next ones.
        offset = message.offset()
        if error is not None or offset not in (None, *UNKNOWN_OFFSETS, len(records)):
            self._failures.append(f"{partition}, offset {offset} behind {len(records)} records: {error}")
        records.append(written)

    def _connect(self) -> Producer:
        return Producer(
            {
                "bootstrap.servers": self._bootstrap_servers,
                "enable.idempotence": True,
                "delivery.timeout.ms": FLUSH_SECONDS * 1000,
                "topic.metadata.propagation.max.ms": 60_000,
                "log_level": 0,
            }
        )


def now_us() -> int:
    """Return the time as Debezium writes it."""
    return time.time_ns() // 1000
