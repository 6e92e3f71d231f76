"""Reads topics without a group: it assigns, seeks and reads up to an end, and never commits.

Commands that look at a topic use it. It polls one message at a time (P01, P04). Its memory is librdkafka's
bounded prefetch, and for `LastRecords` these records.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Literal, NamedTuple, Self, TypeAlias, TypeVar, cast

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, KafkaError, KafkaException
from confluent_kafka import Consumer as Client
from confluent_kafka import TopicPartition as ClientPartition

from connector.errors import ConfigError, ConnectorError, FatalError, Problem
from connector.model import Record, TopicPartition
from connector.shell.kafka.client_settings import KafkaSettings, reader_settings
from connector.shell.kafka.errors_table import KafkaErrorMeaning, meaning_of, text_of
from connector.shell.kafka.interfaces import Message

ANSWER_SECONDS_MAX = 10.0
"""How long one question to the brokers may take."""

POLL_SECONDS = 0.2
CLOSE_SECONDS_MAX = 5.0
STEP_BACK = 4
"""`LastRecords` looks this many times further back when gaps have left it too few records."""

_Answer = TypeVar("_Answer")


class AtOffset(NamedTuple):
    """Begin at this offset of each partition, or at the nearest one that the log holds."""

    offset: int


class AtTime(NamedTuple):
    """Begin at the first record whose timestamp is not earlier, in milliseconds since 1970."""

    timestamp_ms: int


class LastRecords(NamedTuple):
    """Read the last records of each partition; offsets without a record do not count."""

    records: int


ReadFrom: TypeAlias = Literal["earliest", "latest"] | AtOffset | AtTime | LastRecords


class Watermarks(NamedTuple):
    """The first offset of a log and the next one to be written; transactions that are open come after it."""

    low: int
    high: int


class ReadError(ConnectorError):
    """The brokers refuse or do not answer; the text is for the operator."""


class ReadDeadlineError(ReadError):
    """The time is over. `unread` holds, of each partition that is not read to its end, the next offset."""

    def __init__(self, message: str, unread: Mapping[TopicPartition, int]) -> None:
        super().__init__(message)
        self.unread = dict(unread)


class TopicReader:
    """Belongs to one thread; close it, or use it in a `with` block.

    Raises:
        ConfigError: librdkafka refuses a key of `kafka:`.
    """

    def __init__(self, settings: KafkaSettings, logger: logging.Logger) -> None:
        self._reading: object = None  # of the newest `read`; None after `close`
        self._connection_error = ""
        self._refusal: KafkaError | None = None
        try:
            self._client = Client({**reader_settings(settings), "error_cb": self._on_error, "logger": logger})
        except KafkaException as error:
            raise ConfigError([Problem(str(error.args[0]), path="kafka")]) from error
        self._poll = cast("Callable[[float], Message | None]", self._client.poll)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self, seconds_max: float = CLOSE_SECONDS_MAX) -> bool:
        """Close the client; False where it needs longer than `seconds_max` (P07)."""
        self._reading = None
        helper = threading.Thread(target=self._client.close, name="reader-close", daemon=True)
        helper.start()
        helper.join(seconds_max)
        return not helper.is_alive()

    # ------------------------------------------------------------------------------------- questions

    def topics(self) -> dict[str, int]:
        """Return the number of partitions of every topic that the client may describe.

        Raises:
            ReadError: the brokers do not answer.
        """
        # All topics: a broker may create a topic that a client asks for by name.
        listed = self._ask("the list of topics", lambda: self._client.list_topics(timeout=ANSWER_SECONDS_MAX))
        return {name: len(topic.partitions) for name, topic in sorted(listed.topics.items())}

    def partitions(self, topic: str) -> list[TopicPartition]:
        """Return the partitions of a topic.

        Raises:
            ReadError: the topic does not exist, the client may not describe it, or no broker answers.
        """
        count = self.topics().get(topic, 0)
        if not count:
            raise ReadError(f"topic {topic}: it does not exist, or this client may not DESCRIBE it")
        return [TopicPartition(topic, number) for number in range(count)]

    def watermarks(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, Watermarks]:
        """Return where the logs begin and end now.

        Raises:
            ReadError: a broker refuses or does not answer.
        """
        return {partition: self._watermarks(partition) for partition in partitions}

    # --------------------------------------------------------------------------------------- reading

    def read(
        self,
        partitions: Sequence[TopicPartition],
        start: ReadFrom = "earliest",
        ends: Mapping[TopicPartition, int] | None = None,
        seconds_max: float = 60.0,
    ) -> Iterator[Record]:
        """Yield the records from `start` up to `ends`, each partition in its order.

        `ends` are exclusive, by default the high watermarks at this moment. An end also counts as reached
        where compaction or control records leave no record before it. Records that retention deletes
        meanwhile are left out. Do not continue an older `read` after a newer one has begun.

        Raises:
            ReadError: the brokers refuse a topic or the login.
            ReadDeadlineError: the ends are not reached within `seconds_max`.
            FatalError: reading on is impossible, such as at a corrupt batch (F035).
        """
        deadline = time.monotonic() + seconds_max
        marks = self.watermarks(partitions)
        until = {p: marks[p].high if ends is None else ends[p] for p in partitions}
        if isinstance(start, LastRecords):
            for partition in partitions:
                yield from self._read_last(partition, marks[partition].low, until[partition], start, deadline)
            return
        yield from self._read(self._positions(marks, until, start), until, deadline)

    def _read_last(
        self, partition: TopicPartition, low: int, end: int, wanted: LastRecords, deadline: float
    ) -> Iterator[Record]:
        """Look further and further back until there are enough records, or the log has no more."""
        span = wanted.records
        while True:
            begin = max(low, end - span)
            found = deque(self._read({partition: begin}, {partition: end}, deadline), maxlen=wanted.records)
            if len(found) == wanted.records or begin == low:
                yield from found
                return
            span *= STEP_BACK

    def _positions(
        self, marks: Mapping[TopicPartition, Watermarks], ends: Mapping[TopicPartition, int], start: ReadFrom
    ) -> dict[TopicPartition, int]:
        match start:
            case "earliest":
                return {partition: mark.low for partition, mark in marks.items()}
            case "latest":
                return {partition: mark.high for partition, mark in marks.items()}
            case AtOffset(offset):
                return {partition: max(mark.low, offset) for partition, mark in marks.items()}
            case AtTime(timestamp_ms):
                asked = [ClientPartition(*partition, timestamp_ms) for partition in marks]
                answers = self._ask(
                    "the offsets at that time",
                    lambda: self._client.offsets_for_times(asked, timeout=ANSWER_SECONDS_MAX),
                )
                found = {TopicPartition(a.topic, a.partition): a.offset for a in answers if a.error is None}
                for answer in answers:
                    if answer.error is not None:
                        raise ReadError(f"{answer.topic}-{answer.partition}: {text_of(answer.error)}")
                # Negative: no record is as new as that.
                return {p: found[p] if found[p] >= 0 else ends[p] for p in marks}
        raise AssertionError(f"not a start: {start}")

    def _read(
        self, positions: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int], deadline: float
    ) -> Iterator[Record]:
        unread = {p: offset for p, offset in positions.items() if offset < ends[p]}
        if not unread:
            return
        self._reading = this = object()
        self._assign(unread)
        try:
            while unread:
                self._raise_refusal()
                left = deadline - time.monotonic()
                if left <= 0:
                    raise ReadDeadlineError(self._deadline_text(unread, ends), unread)
                message = self._poll(min(left, POLL_SECONDS))
                if message is None:  # never by truth: a tombstone is falsy (P29)
                    continue
                error = message.error()
                if error is not None:
                    self._heard(error, message, unread, ends)
                    continue
                partition, offset = TopicPartition(message.topic(), message.partition()), message.offset()
                if partition not in unread:
                    continue
                if offset < ends[partition]:
                    yield _record_of(message)
                self._advance(partition, offset + 1, unread, ends)
        finally:
            if self._reading is this:  # neither closed nor overtaken by another `read`
                self._client.unassign()

    def _assign(self, positions: Mapping[TopicPartition, int]) -> None:
        self._client.assign([ClientPartition(*partition, offset) for partition, offset in positions.items()])
        self._client.resume([ClientPartition(*partition) for partition in positions])  # P11

    def _advance(
        self,
        partition: TopicPartition,
        offset: int,
        unread: dict[TopicPartition, int],
        ends: Mapping[TopicPartition, int],
    ) -> None:
        """Note the next offset; a partition that has reached its end is fetched no further."""
        unread[partition] = offset
        if offset >= ends[partition]:
            del unread[partition]
            self._client.pause([ClientPartition(*partition)])

    def _heard(
        self,
        error: KafkaError,
        message: Message,
        unread: dict[TopicPartition, int],
        ends: Mapping[TopicPartition, int],
    ) -> None:
        meaning = meaning_of(error)
        if meaning in (KafkaErrorMeaning.ACCESS, KafkaErrorMeaning.PASSING):
            self._on_error(error)
            return
        partition = TopicPartition(message.topic(), message.partition())
        if meaning is KafkaErrorMeaning.TOPIC:
            raise ReadError(f"topic {partition.topic}: {text_of(error)}")
        if meaning is KafkaErrorMeaning.FATAL:
            where = f"{partition}: " if partition.topic else ""
            raise FatalError("kafka", f"Kafka: {where}{text_of(error)}")
        if partition not in unread:
            return
        if meaning is KafkaErrorMeaning.END:
            self._advance(partition, max(unread[partition], message.offset()), unread, ends)
            return
        # The log no longer holds our offset. Such a partition cannot be sought, only assigned again.
        low = self._watermarks(partition).low
        if low <= unread[partition]:
            raise ReadError(f"{partition}: offset {unread[partition]} is not in the log: {error.str()}")
        self._advance(partition, low, unread, ends)
        self._assign(unread)

    # ---------------------------------------------------------------------------------------- errors

    def _watermarks(self, partition: TopicPartition) -> Watermarks:
        asked = ClientPartition(*partition)
        answer = self._ask(
            f"the end of {partition}",
            lambda: self._client.get_watermark_offsets(asked, timeout=ANSWER_SECONDS_MAX),
        )
        if answer is None:
            raise ReadError(f"the end of {partition}: no answer within {ANSWER_SECONDS_MAX:.0f} s")
        return Watermarks(*answer)

    def _ask(self, subject: str, question: Callable[[], _Answer]) -> _Answer:
        try:
            return question()
        except KafkaException as failure:
            error = failure.args[0]
            text = text_of(error) if isinstance(error, KafkaError) else str(error)
            self._poll(0)  # only a poll serves the error callback, which knows the cause
            self._raise_refusal()
            raise ReadError(f"{subject}: {self._connection_error or text}") from failure

    def _on_error(self, error: KafkaError) -> None:
        """Remember an error of the connection. The group's are of no concern: nothing joins it."""
        if error.name() == "GROUP_AUTHORIZATION_FAILED":
            return
        if meaning_of(error) is KafkaErrorMeaning.ACCESS:
            self._refusal = error
        elif error.name() in ("_TRANSPORT", "_RESOLVE"):
            self._connection_error = error.str()

    def _raise_refusal(self) -> None:
        if self._refusal is not None:
            raise ReadError(text_of(self._refusal))

    def _deadline_text(self, unread: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]) -> str:
        places = ", ".join(f"{p} at {offset} of {ends[p]}" for p, offset in sorted(unread.items()))
        cause = f" ({self._connection_error})" if self._connection_error else ""
        return f"the time is over before the end of {places}{cause}"


def _record_of(message: Message) -> Record:
    kind, timestamp_ms = message.timestamp()
    return Record(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        None if kind == TIMESTAMP_NOT_AVAILABLE else timestamp_ms,
        message.headers,
    )
