"""Decides which deliveries travel, and learns from the answers what became of them.

The life of a delivery: `lanes.add` puts it into its lane, `fill` lets ready lanes travel, and `answered`
turns an answer into finished items. Items that are not finished stay at the head of their lane.
"""

from collections.abc import Collection, Iterator, Sequence
from random import Random
from typing import NamedTuple

from connector.engine.contact_lanes import ContactLanes
from connector.engine.doubtful_deletes import DoubtfulDeletes, Fate
from connector.engine.endpoints import Batch, EndpointState, sooner
from connector.engine.events import Probe, Send
from connector.engine.lanes import DELETE, INSTANT, Item, Kind, Lane
from connector.engine.ledger import Partition
from connector.engine.limits import Limits
from connector.engine.outage import Outage
from connector.engine.retries import Backoff
from connector.engine.waiting_events import WaitingEvents
from connector.model import ENDPOINT_OF, Answer, Endpoint, ItemOutcome, OutcomeKind, Verdict

KINDS_OF = {
    Endpoint.CONTACTS: (Kind.INSTANT, Kind.QUEUED),
    Endpoint.DELETE: (Kind.DELETE,),
    Endpoint.EVENTS: (Kind.EVENT,),
}

NOT_SENT_MS = 100
"""How long a batch waits whose lease had run out: the next poll may say that its partitions are gone."""

ATTEMPTS_BEFORE_SPLIT = 3
"""A batch that keeps failing while its endpoint answers others is cut in half from here on."""


class Finished(NamedTuple):
    """The items that one answer has finished.

    Of the refused ones, each with the reason, the record must become a dead letter.
    """

    accepted: Sequence[Item]
    refused: Sequence[tuple[Item, str]]


class Dispatch:
    """Owns the endpoints and the requests in flight, and composes the parts that decide about deliveries."""

    def __init__(self, limits: Limits, random: Random) -> None:
        self._limits = limits
        first_ms, largest_ms = limits.retry_backoff_first_ms, limits.retry_backoff_largest_ms
        self.endpoints = tuple(
            EndpointState(name, KINDS_OF[name], limits, Backoff(first_ms, largest_ms, random))
            for name in Endpoint
        )
        # Looked up once per delivery: a class hashes faster than a member of an enumeration.
        self.endpoint_index = {kind: tuple(Endpoint).index(name) for kind, name in ENDPOINT_OF.items()}
        self.lanes = ContactLanes([queue for endpoint in self.endpoints for queue in endpoint.queues])
        self.outage = Outage(Backoff(first_ms, largest_ms, random))
        self._waiting = WaitingEvents(limits.contacts_remembered_max)
        self._doubtful = DoubtfulDeletes()
        self._batches: dict[int, Batch] = {}
        self._last_send_id = 0
        self._turn = 0
        self._send_at_ms: int | None = None  # when the next endpoint that has something to send may send it
        self._accepted_items: list[Item] = []
        self._refused_items: list[tuple[Item, str]] = []

    # ----------------------------------------------------------------------------------- out

    def fill(self, now_ms: int) -> Iterator[Send | Probe]:
        """Let everything travel that may."""
        outage = self.outage
        probe_ms = outage.due_ms(now_ms)
        if probe_ms is not None and probe_ms <= now_ms:
            outage.probe_sent()
            self._doubtful.probe_sent()
            yield Probe(now_ms + self._limits.lease_ms)
        self._send_at_ms = None
        if outage.reason is not None:
            return
        for lane in self._waiting.due(now_ms):
            self.lanes.back_to_ready((lane,), now_ms)
        idle = 0
        while idle < len(self.endpoints) and len(self._batches) < self._limits.requests_in_flight_max:
            # In turn, so that two busy endpoints do not keep the third from its share.
            self._turn = (self._turn + 1) % len(self.endpoints)
            endpoint = self.endpoints[self._turn]
            at_ms = endpoint.send_at_ms(now_ms)
            if at_ms is None or at_ms > now_ms:
                idle += 1
                self._send_at_ms = sooner(self._send_at_ms, at_ms)
                continue
            idle = 0
            self._send_at_ms = None
            send = self._send(endpoint, now_ms)
            if send is not None:
                yield send

    def _send(self, endpoint: EndpointState, now_ms: int) -> Send | None:
        queue = endpoint.next_queue(now_ms)
        group = queue.take(now_ms)
        lanes = group.lanes
        if group.sent_before:
            lanes = [lane for lane in lanes if lane.kind is queue.kind and len(lane)]
        if len(lanes) < len(group.lanes):
            # While the group waited, partitions were taken away: the heads of its lanes have changed.
            self.lanes.back_to_ready([lane for lane in group.lanes if lane.kind is not queue.kind], now_ms)
            if not lanes:
                return None
            group = group._replace(lanes=lanes)
        endpoint.budget.spend(now_ms)
        endpoint.in_flight += 1
        endpoint.calls += 1
        self._last_send_id += 1
        self._batches[self._last_send_id] = Batch(endpoint, queue, group)
        return Send(
            send_id=self._last_send_id,
            endpoint=endpoint.name,
            sync=queue.kind is INSTANT,
            user_ids=[lane.user_id for lane in lanes],
            bodies=[] if queue.kind is DELETE else [lane.body() for lane in lanes],
            not_after_ms=now_ms + self._limits.lease_ms,
        )

    def next_wakeup_ms(self, now_ms: int) -> int | None:
        """When `fill`, which has just been called, has something to do again; None without another event."""
        due_ms = self.outage.due_ms(now_ms)
        if self.outage.reason is not None:
            return due_ms
        due_ms = sooner(due_ms, self._waiting.due_ms())
        if len(self._batches) < self._limits.requests_in_flight_max:
            due_ms = sooner(due_ms, self._send_at_ms)
        return due_ms

    # ------------------------------------------------------------------------------- answers

    def answered(self, send_id: int, answer: Answer, now_ms: int) -> Finished:
        """Take in the answer to one request."""
        batch = self._batches.pop(send_id)
        batch.endpoint.in_flight -= 1
        verdict = answer.verdict
        if answer.budget is not None or verdict is Verdict.ITEMS:
            batch.endpoint.budget.learn(answer.budget, now_ms, batch.endpoint.in_flight)
        if verdict is Verdict.ITEMS:
            self._processed(batch, answer, now_ms)
        elif verdict is Verdict.BATCH_REJECTED:
            self._batch_rejected(batch, answer.reason, now_ms)
        elif verdict is Verdict.THROTTLED:
            batch.endpoint.limited += 1
            until_ms = batch.endpoint.failed(answer.reason, now_ms)
            batch.endpoint.budget.block(max(until_ms, now_ms + (answer.retry_after_ms or 0)))
            if batch.group.sent_before:  # Half of a batch that was refused: it must not grow whole again.
                self._send_again(batch, batch.group.lanes, until_ms, batch.group.attempt)
            else:
                self.lanes.back_to_ready(batch.group.lanes, now_ms)
        elif verdict is Verdict.ENVIRONMENT:
            self._doubtful.fault_seen(self._last_send_id)
            self.outage.began(answer.reason, now_ms)
            self.lanes.back_to_ready(batch.group.lanes, now_ms)
        elif verdict is Verdict.GONE_OR_ENVIRONMENT:
            self._doubtful.add(send_id, batch)
            self.outage.want_probe()
        elif verdict is Verdict.NOT_SENT:
            batch.endpoint.calls -= 1
            batch.endpoint.budget.refund()
            self._send_again(batch, batch.group.lanes, now_ms + NOT_SENT_MS, batch.group.attempt)
        else:
            self._failed(batch, answer.reason, now_ms)
        return self._finished()

    def probed(self, answer: Answer, now_ms: int) -> Finished:
        """Take in the answer of `GET /stream`: it ends an outage, and decides about doubtful deletes."""
        out_before = self.outage.reason is not None
        self.outage.probed(answer.verdict, answer.reason, now_ms)
        if out_before and self.outage.reason is None:
            for endpoint in self.endpoints:
                endpoint.budget.forget()
        if answer.verdict is Verdict.ENVIRONMENT:
            self._doubtful.fault_seen(self._last_send_id)
        for batch, fate in self._doubtful.probed(answer.verdict):
            if fate is Fate.DELETED:
                self._processed(batch, answer, now_ms)
            elif fate is Fate.AGAIN:
                self.lanes.back_to_ready(batch.group.lanes, now_ms)
            else:
                self._failed(batch, answer.reason, now_ms)
        return self._finished()

    def _finished(self) -> Finished:
        finished = Finished(self._accepted_items, self._refused_items)
        self._accepted_items, self._refused_items = [], []
        return finished

    def _processed(self, batch: Batch, answer: Answer, now_ms: int) -> None:
        lanes, items = batch.group.lanes, answer.items
        if items is not None and all(item.kind is OutcomeKind.RETRY for item in items):
            self._failed(batch, "the answer mentions none of the items", now_ms)
            return
        batch.endpoint.succeeded(len(lanes))
        self.outage.delivered()
        if items is None:
            for lane in lanes:
                self._accepted(lane, now_ms)
            return
        retry = []
        for lane, outcome in zip(lanes, items, strict=True):
            if outcome.kind is OutcomeKind.ACCEPTED:
                self._accepted(lane, now_ms)
            elif outcome.kind is OutcomeKind.REJECTED:
                self._rejected(lane, outcome, now_ms)
            else:
                retry.append(lane)
        if retry:
            due_ms = batch.endpoint.failed("the answer leaves items out", now_ms)
            self._send_again(batch, retry, due_ms, batch.group.attempt + 1)

    def _accepted(self, lane: Lane, now_ms: int) -> None:
        self._waiting.accepted(lane)
        self._accepted_items += lane.take_out()
        self.lanes.advance(lane, now_ms)

    def _rejected(self, lane: Lane, outcome: ItemOutcome, now_ms: int) -> None:
        if lane.fold > 1:
            # Which part of the fold is to blame only shows when they travel one by one.
            lane.unfold = lane.fold
            self.lanes.back_to_ready((lane,), now_ms)
        elif not self._waiting.may_wait(lane, now_ms):
            (item,) = lane.take_out()
            self._refused_items.append((item, outcome.reason))
            self.lanes.advance(lane, now_ms)
        else:
            self._waiting.refused(lane, now_ms)
            if lane.bring_contact_forward():
                self.lanes.back_to_ready((lane,), now_ms)
            else:
                self._waiting.hold(lane, now_ms)

    def _batch_rejected(self, batch: Batch, reason: str, now_ms: int) -> None:
        lanes = batch.group.lanes
        batch.endpoint.succeeded(0)
        if len(lanes) == 1:
            self._rejected(lanes[0], ItemOutcome(OutcomeKind.REJECTED, reason), now_ms)
        else:
            self._split(batch, now_ms, 0, batch.group.turn_ms)

    def _failed(self, batch: Batch, reason: str, now_ms: int) -> None:
        endpoint, group = batch.endpoint, batch.group
        others_succeeded = endpoint.successes > group.successes
        due_ms = endpoint.failed(reason, now_ms)
        attempt = group.attempt + 1
        if attempt > ATTEMPTS_BEFORE_SPLIT and others_succeeded and len(group.lanes) > 1:
            self._split(batch, due_ms, attempt)
        else:
            self._send_again(batch, group.lanes, due_ms, attempt)

    def _split(self, batch: Batch, due_ms: int, attempt: int, turn_ms: int | None = None) -> None:
        lanes, middle = batch.group.lanes, len(batch.group.lanes) // 2
        for half in (lanes[middle:], lanes[:middle]):  # Of one turn the newest goes first.
            self._send_again(batch, half, due_ms, attempt, turn_ms)

    def _send_again(
        self, batch: Batch, lanes: Sequence[Lane], due_ms: int, attempt: int, turn_ms: int | None = None
    ) -> None:
        living = [lane for lane in lanes if self.lanes.survives(lane)]
        if living:
            batch.queue.push_group(living, due_ms, attempt, batch.endpoint.successes, turn_ms)

    # --------------------------------------------------------------------------- rebalancing

    @property
    def requests_in_flight(self) -> int:
        """Requests that were sent and not answered."""
        return len(self._batches)

    def travels_for(self, partitions: Collection[Partition]) -> bool:
        """Whether a request that carries a record of these partitions, in any life of theirs, travels."""
        names = {partition.name for partition in partitions}
        return any(
            item.entry.partition.name in names
            for batch in self._unsettled()
            for lane in batch.group.lanes
            for item in lane.travelling()
        )

    def forget_revoked(self) -> None:
        """Drop the items of partitions that are not alive any more, except those that travel."""
        self.lanes.forget_revoked({lane for batch in self._unsettled() for lane in batch.group.lanes})

    def _unsettled(self) -> list[Batch]:
        return [*self._batches.values(), *self._doubtful]
