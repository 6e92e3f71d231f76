"""Rows that come, change and go, and events, at an even rate: the work of an ordinary day."""

import json
import threading
import time
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from connector.sandbox.formats.connect_json import JsonConverter
from connector.sandbox.records.columns import INT32, STRING
from connector.sandbox.records.connectors import Place
from connector.sandbox.records.schema import ConnectRecord, nullable
from connector.sandbox.records.table import CapturedTable
from connector.sandbox.writer import Writer
from tests.chaos.feed import MEMBERS, now_us

TICK_SECONDS = 0.05
FLUSH_SECONDS = 120
LIVING = 5_000
"""So many rows there are; each new one takes the place of the oldest. Every contact is a new one."""

UPDATES = 6
"""Of some living row, for each that comes and each that goes."""

EVENT_EVERY, UNREADABLE_EVERY = 10, 500

COLUMNS = {"id": STRING, "name": nullable(STRING), "note": nullable(STRING), "row_version": nullable(INT32)}

EVENTS = """\
topic: {topic}
format: json
shape: event
event:
  type: visit
  user_id: visitor
  id: visit
  date: at
"""


class Load:
    """Writes `NAME.public.member` and `NAME.visit`, and knows what Instasent must hold in the end."""

    def __init__(self, name: str, bootstrap_servers: str, rate: float) -> None:
        """`rate` is records a second."""
        self._rate = rate
        self._table = CapturedTable(
            Place(server=name, database=name, schema="public", table="member"), COLUMNS
        )
        self._writer = Writer(JsonConverter())
        self.rows_topic, self.events_topic = self._table.topic, f"{name}.visit"
        self.rows: dict[str, dict[str, Any]] = {}
        self._living: deque[str] = deque()
        self._rounds = 0
        self.records = self.events = self.unreadable = 0
        self._failures: list[str] = []
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap_servers,
                "enable.idempotence": True,
                "message.max.bytes": 100_000_000,
                "linger.ms": 20,
                "log_level": 0,
            }
        )
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load")

    @property
    def topics(self) -> tuple[str, str]:
        """Both topics."""
        return self.rows_topic, self.events_topic

    @property
    def mappings(self) -> tuple[str, str]:
        """The topic files."""
        return MEMBERS.format(topic=self.rows_topic), EVENTS.format(topic=self.events_topic)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write nothing more, and wait until the broker has everything."""
        self._ended.set()
        if self._thread.ident:
            self._thread.join()
        self.flush()

    def large(self, size: int, *, taken: bool) -> None:
        """Write one more row of so many bytes; `taken`: it is not too large to be read."""
        name = f"large {self.records}"
        row = {"id": name, "name": name, "note": "x" * size, "row_version": 1}
        if taken:
            self.rows[name] = row
        else:
            self.unreadable += 1
        self._produce(self._table.create(row, now_us()))

    def flush(self) -> None:
        """Wait until the broker has everything."""
        assert self._producer.flush(FLUSH_SECONDS) == 0, "the broker has not confirmed every record"
        assert not self._failures, self._failures[:3]

    # ------------------------------------------------------------------------------ its thread

    def _run(self) -> None:
        begun, before = time.monotonic(), self.records
        while not self._ended.wait(TICK_SECONDS):
            due = before + (time.monotonic() - begun) * self._rate
            while self.records < due and not self._ended.is_set():
                self._round()
            self._producer.poll(0)

    def _round(self) -> None:
        """One row comes, some change, one goes."""
        self._rounds += 1
        number = self._rounds
        self._upsert(f"member-{number}")
        self._living.append(f"member-{number}")
        for step in range(UPDATES):
            self._upsert(self._living[(number * 7919 + step * 104729) % len(self._living)])
        if len(self._living) > LIVING:
            self._produce(self._table.delete(self.rows.pop(self._living.popleft()), now_us()))
        if number % EVENT_EVERY == 0:
            self._event(number)
        if number % UNREADABLE_EVERY == 0:
            self.unreadable += 1
            self._send(self.rows_topic, b'{"id": "nobody"}', b'{"op": "u", "after"')

    def _upsert(self, contact: str) -> None:
        was = self.rows.get(contact)
        row = {
            "id": contact,
            "name": f"name {self.records}",
            "note": "a note, as rows have them" * 8,
            "row_version": 1 if was is None else was["row_version"] + 1,
        }
        self.rows[contact] = row
        self._produce((self._table.create if was is None else self._table.update)(row, now_us()))

    def _event(self, number: int) -> None:
        self.events += 1
        at = datetime.now(UTC).isoformat(timespec="seconds")
        body = {"visit": f"visit-{number}", "visitor": self._living[-1], "at": at}
        self._send(self.events_topic, self._living[-1].encode(), json.dumps(body).encode())

    def _produce(self, records: Iterable[ConnectRecord]) -> None:
        for record in self._writer.records(records):
            self._send(record.topic, record.key, record.value)

    def _send(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        self.records += 1
        self._producer.produce(topic, value, key, on_delivery=self._confirmed)

    def _confirmed(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failures.append(str(error))
