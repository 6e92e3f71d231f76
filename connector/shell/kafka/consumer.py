"""The Kafka consumer: one thread owns it, and it turns every message into a record or an event.

It polls one message at a time and never consumes batches. No callback raises (P01-P04, P09). A tombstone is a
message like any other (P29). Only explicit offsets are committed.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, KafkaError, KafkaException
from confluent_kafka import Consumer as Client
from confluent_kafka import TopicPartition as ClientPartition

from connector.engine.events import Assigned, Committed, OffsetsLost, ReachedEnd
from connector.engine.settled_ranges import Runs
from connector.errors import ConfigError, FatalError, Problem
from connector.model import Record, TopicPartition
from connector.shell.clock import Clock
from connector.shell.kafka import client_settings, start_offsets
from connector.shell.kafka.committed_offsets import CommittedOffsets, MetadataUnprovenError
from connector.shell.kafka.errors_table import CORRUPT, KafkaErrorMeaning, meaning_of, text_of
from connector.shell.kafka.health import GROUP, KafkaHealth
from connector.shell.kafka.interfaces import Message, RebalanceHooks
from connector.shell.kafka.offset_commits import OffsetCommits
from connector.shell.kafka.start_offsets import Subscription

BYTES_MAX = 16 * 1024 * 1024
"""The most bytes that one `poll_records` returns; only its last record may exceed it."""

ConsumerEvent = ReachedEnd | OffsetsLost | Committed
"""The events of `take_events`; assignments go to the hooks immediately."""

CLOCK_EVERY = 64
"""How many records `poll_records` takes between two readings of the clock."""


class Consumer:
    """One member of the group. Every method but `close` belongs to the thread that calls `poll_records`.

    `committed_offsets` writes and reads the metadata of its commits.

    Raises:
        ConfigError: librdkafka refuses a key of `kafka:`.
    """

    def __init__(
        self,
        settings: client_settings.KafkaSettings,
        subscriptions: Sequence[Subscription],
        hooks: RebalanceHooks,
        clock: Clock,
        logger: logging.Logger,
        committed_offsets: CommittedOffsets,
    ) -> None:
        merged = client_settings.consumer_settings(settings)
        self._incremental = client_settings.rebalances_incrementally(merged)
        self._subscriptions = tuple(subscriptions)
        self._hooks = hooks
        self._clock = clock
        self._logger = logger
        self._assigned: set[TopicPartition] = set()
        self._furthest: dict[TopicPartition, int] = {}  # the start, then the last end that was read
        self._records: list[Record] = []
        self._events: list[ConsumerEvent] = []
        self._failure: Exception | None = None
        self._seeks: dict[TopicPartition, start_offsets.Start] = {}
        self._rejoin = False
        self._closing = False
        try:
            self._client = Client(
                {
                    **merged,
                    "error_cb": self._guarded(self._on_error),
                    "on_commit": self._guarded(self._on_commit),
                    "logger": logger,
                }
            )
        except KafkaException as error:
            raise ConfigError([Problem(str(error.args[0]), path="kafka")]) from error
        self._poll = cast("Callable[[float], Message | None]", self._client.poll)
        self._committed_offsets = committed_offsets
        self._commits = OffsetCommits(self._client, clock, committed_offsets)
        self.health = KafkaHealth(
            self._client, settings, [s.topic for s in subscriptions if not s.is_pattern], clock, logger
        )
        self._subscribe()

    # ------------------------------------------------------------------------------------ reading

    def poll_records(
        self, limit: int, timeout_s: float, seconds_max: float, bytes_max: int = BYTES_MAX
    ) -> list[Record]:
        """Wait for a record, then take those at hand: at most `limit` records, for at most `seconds_max`.

        It also ends after the record whose value takes the sum of their sizes to `bytes_max`. Call
        `take_events` afterwards: its events come after these records.

        Raises:
            FatalError: waiting cannot heal it; the offsets are untouched.
            Exception: a hook raised it (F012), and the process must end.
        """
        self.health.check(idle=not self._assigned)
        for topic in self._committed_offsets.recreated({partition.topic for partition in self._assigned}):
            self._recreated(topic)
        self._carry_out_seeks()
        if self._rejoin:
            self._subscribe_again()
        monotonic_ms = self._clock.monotonic_ms
        until_ms = monotonic_ms() + int(seconds_max * 1000)
        records, poll, size = self._records, self._poll, 0
        message = poll(timeout_s)
        while message is not None:  # never by truth: a tombstone is falsy (P29)
            error = message.error()
            if error is None:
                kind, timestamp_ms = message.timestamp()
                value = message.value()
                size += 0 if value is None else len(value)
                records.append(
                    Record(
                        message.topic(),
                        message.partition(),
                        message.offset(),
                        message.key(),
                        value,
                        None if kind == TIMESTAMP_NOT_AVAILABLE else timestamp_ms,
                        message.headers,
                    )
                )
            else:
                self._handle_error(error, message)
            count = len(records)
            if (
                count >= limit
                or size >= bytes_max
                or (count % CLOCK_EVERY == 0 and monotonic_ms() >= until_ms)
            ):
                break
            message = poll(0)
        self._raise_failure()
        self._commits.ask_initial()
        self._records = []
        return records

    def take_events(self) -> list[ConsumerEvent]:
        """Return the events since the last call, in their order."""
        events, self._events = self._events, []
        return events

    def _handle_error(self, error: KafkaError, message: Message) -> None:
        """Turn a message error into an event, a cause for `/readyz`, or the end of the process."""
        meaning = meaning_of(error)
        if meaning is KafkaErrorMeaning.END:
            partition = TopicPartition(message.topic(), message.partition())
            self._furthest[partition] = message.offset()
            self._events.append(ReachedEnd(partition, message.offset()))
        elif meaning is KafkaErrorMeaning.OFFSETS_LOST:
            self._offsets_lost(TopicPartition(message.topic(), message.partition()), message.offset(), error)
        elif meaning is KafkaErrorMeaning.TOPIC:
            self.health.topic_trouble(message.topic(), error)
        elif meaning is KafkaErrorMeaning.ACCESS:
            self.health.trouble(GROUP, text_of(error))
        elif meaning is KafkaErrorMeaning.PASSING:
            self.health.client_error(error)
        else:
            where = f"{message.topic()}-{message.partition()}: " if message.topic() else ""
            raise FatalError("kafka", f"Kafka: {where}{text_of(error)}")

    def _offsets_lost(self, partition: TopicPartition, offset: int, error: KafkaError) -> None:
        """Report that the log no longer holds our offset (F021, F022, F027), and which records are gone."""
        policy = start_offsets.subscription_of(self._subscriptions, partition.topic).offsets_lost
        reason = f"{partition}: offset {offset} is not in the log"
        try:
            low, high = start_offsets.watermarks(self._client, partition)
        except KafkaException:
            reason = f"{reason}: {error.str()}"
        else:
            self._check_position(partition, offset, high)
            gone = f"offsets {offset} to {low - 1} are gone" if offset < low else "the log ends before it"
            reason = f"{reason}, which holds {low} to {high - 1}: {gone}"
        self._events.append(OffsetsLost(partition, reason, policy))

    def _check_position(self, partition: TopicPartition, offset: int, end: int) -> None:
        """Refuse an offset that neither this consumer nor the log has ever reached (F035).

        After a batch with a wrong checksum, librdkafka 2.16 continues at the wrong byte. It reads text as an
        offset and fetches from there. If the partition is paused meanwhile, the checksum error is lost.
        """
        [position] = self._client.position([ClientPartition(*partition)])
        if offset > max(self._furthest.get(partition, 0), position.offset, end):
            text = f"{partition}: after offset {position.offset} the client continues at a wrong offset"
            raise FatalError("kafka", f"Kafka: {text} ({CORRUPT})")

    def _recreated(self, topic: str) -> None:
        """Report that our offsets name other records of this topic now (F026)."""
        policy = start_offsets.subscription_of(self._subscriptions, topic).offsets_lost
        reason = f"the topic {topic} was deleted and created again: its offsets name other records now"
        ours = [partition for partition in self._assigned if partition.topic == topic]
        self._events.extend(OffsetsLost(partition, reason, policy) for partition in ours)

    # --------------------------------------------------------------------------------- committing

    def commit(
        self,
        commit_id: int,
        offsets: Mapping[TopicPartition, int],
        settled: Mapping[TopicPartition, Runs],
    ) -> None:
        """Ask for a commit of explicit offsets; `Committed(commit_id, …)` comes by `take_events`.

        The `settled` offsets above them are stored in the commit's metadata for the next assignment.
        """
        refused = self._commits.ask(commit_id, offsets, settled)
        if refused is not None:
            self._events.append(refused)

    def confirm_commits(self, timeout_s: float) -> None:
        """Inside `revoked`: answer the commits from the offsets that the broker holds.

        A `poll` is impossible there. Inside a callback it makes the client abort the process at the next
        callback (assertion `cs != NULL` in `CallState_get`, confluent-kafka 2.16).
        """
        self._events.extend(self._commits.confirm(timeout_s))

    def _on_commit(self, error: KafkaError | None, partitions: Sequence[ClientPartition] | None) -> None:
        if error is None:
            self.health.healthy(GROUP)
        committed = self._commits.answered(error, partitions)
        if committed is not None:
            self._events.append(committed)

    # ------------------------------------------------------------------------------ flow and state

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        """Stop fetching those of the partitions that are ours; prefetched records are fetched again later."""
        self._client.pause([ClientPartition(*p) for p in partitions if p in self._assigned])

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        """Fetch those of the partitions that are ours again."""
        self._client.resume([ClientPartition(*p) for p in partitions if p in self._assigned])

    def seek(self, partition: TopicPartition, where: start_offsets.Start) -> None:
        """Continue at the beginning or the end of a log that has lost our offset.

        librdkafka refuses to seek in such a partition (error _STATE). So the new offset is committed and the
        member joins the group again. The next `poll_records` then calls the hooks as in any rebalance.
        """
        self._seeks[partition] = where

    def _carry_out_seeks(self) -> None:
        for partition, where in list(self._seeks.items()):
            try:
                low, high = start_offsets.watermarks(self._client, partition)
            except KafkaException:
                return  # the brokers are away: try again in the next turn
            del self._seeks[partition]
            self._commits.begin({partition: low if where == "earliest" else high})
            self._rejoin = True

    @property
    def assigned(self) -> frozenset[TopicPartition]:
        """The partitions that are ours."""
        return frozenset(self._assigned)

    def ends(self) -> dict[TopicPartition, int]:
        """Return the last known ends of our logs, without asking the broker."""
        ends = {}
        for partition in self._assigned:
            _, high = self._client.get_watermark_offsets(ClientPartition(*partition), cached=True)
            if high >= 0:
                ends[partition] = high
        return ends

    def close(self, seconds_max: float) -> bool:
        """Leave the group; False where librdkafka hangs (P06, P07), and only `os._exit` helps (F091).

        Call it after draining and committing. No hook is called from then on.
        """
        self._closing = True
        helper = threading.Thread(target=self._client.close, name="kafka-close", daemon=True)
        helper.start()
        helper.join(seconds_max)
        return not helper.is_alive()

    # --------------------------------------------------------------------------------- rebalancing

    def _subscribe(self) -> None:
        self._client.subscribe(
            [s.topic for s in self._subscriptions],
            on_assign=self._guarded(self._on_assign),
            on_revoke=self._guarded(self._on_revoke),
            on_lost=self._guarded(self._on_lost),  # P16: without it a lost partition looks revoked
        )

    def _subscribe_again(self) -> None:
        """Leave and join again: only then librdkafka asks again where an assignment begins."""
        self._rejoin = False
        self._commits.ask_initial()
        self._client.unsubscribe()
        self._subscribe()

    def _on_assign(self, _: Client, partitions: Sequence[ClientPartition]) -> None:
        if self._closing:
            return
        new = [TopicPartition(p.topic, p.partition) for p in partitions]
        try:
            start = start_offsets.look_up(self._client, self._subscriptions, new, self._committed_offsets)
        except (KafkaException, MetadataUnprovenError) as error:
            # Without offsets nothing may be read. An empty assignment keeps librdkafka from choosing some.
            self.health.trouble(GROUP, f"committed offsets cannot be read: {error.args[0]}")
            self._client_assign([])
            self._rejoin = True
            return
        except FatalError:
            self._client_assign([])
            raise
        self.health.healthy(GROUP)
        self._begin(start)

    def _begin(self, start: start_offsets.StartOffsets) -> None:
        """Read from the explicit positions, and call the runner's hook."""
        positions = start.positions
        self._client_assign([ClientPartition(p.topic, p.partition, o) for p, o in positions.items()])
        self._assigned.update(positions)
        self._furthest.update(positions)
        self.resume(list(positions))  # P11: a pause survives revoke and assign in librdkafka
        self._commits.begin(start.initial)
        for topic in {p.topic for p in positions}:
            self.health.topic_found(topic)
        self._hooks.assigned(Assigned(positions, start.ends, start.settled))

    def _on_revoke(self, _: Client, partitions: Sequence[ClientPartition]) -> None:
        ours = self._ours(partitions)
        if not self._closing:
            self._hooks.revoked(ours)
        self._drop(ours)

    def _on_lost(self, _: Client, partitions: Sequence[ClientPartition]) -> None:
        ours = self._ours(partitions)
        if not self._closing:
            # Reported until the next assignment: a broker may hang without any other sign.
            self.health.trouble(GROUP, "our partitions were taken away; joining the group again")
            self._hooks.lost(ours)
        self._drop(ours)

    def _ours(self, partitions: Sequence[ClientPartition]) -> list[TopicPartition]:
        """Keep the partitions that we hold; librdkafka may name others (P18)."""
        named = (TopicPartition(p.topic, p.partition) for p in partitions)
        return [partition for partition in named if partition in self._assigned]

    def _drop(self, partitions: Sequence[TopicPartition]) -> None:
        """Stop reading partitions and forget their polled records; their next owner reads them again."""
        gone = set(partitions)
        self._assigned -= gone
        self._commits.forget(partitions)
        self._records[:] = [r for r in self._records if TopicPartition(r.topic, r.partition) not in gone]
        self._events = [e for e in self._events if isinstance(e, Committed) or e.partition not in gone]
        if self._incremental:
            self._client.incremental_unassign([ClientPartition(*p) for p in partitions])
        else:
            self._client.unassign()

    def _client_assign(self, partitions: list[ClientPartition]) -> None:
        if self._incremental:
            self._client.incremental_assign(partitions)
        else:
            self._client.assign(partitions)

    # ----------------------------------------------------------------------------------- callbacks

    def _on_error(self, error: KafkaError) -> None:
        """Take an error of the client: fatal ones end the process, all others are information (P08)."""
        if error.name() == "_FATAL":
            raise FatalError("kafka", f"Kafka: {text_of(error)}")
        self.health.client_error(error)

    def _guarded(self, callback: Callable[..., None]) -> Callable[..., None]:
        """Keep exceptions away from librdkafka: one from a callback destroys a polled record (P01)."""

        def run(*arguments: object) -> None:
            try:
                callback(*arguments)
            except Exception as failure:  # noqa: BLE001 - a border: `poll_records` raises it again (F012)
                self._failure = self._failure or failure

        return run

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure
