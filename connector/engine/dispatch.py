"""What travels and what became of it: lanes → batches → outcomes.

The life of a delivery from top to bottom: `add` puts it into its lane, `fill` lets ready lanes travel,
`answered` turns an answer into finished items; what was not finished stays at the head of its lane.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from heapq import heappop, heappush
from random import Random
from typing import NamedTuple

from connector.engine.batches import Group, ReadyQueue
from connector.engine.endpoints import EndpointState, sooner
from connector.engine.events import Probe, Send
from connector.engine.lanes import DELETE, EMPTY, INSTANT, READY, WAITING, Item, Kind, Lane
from connector.engine.ledger import Partition
from connector.engine.limits import Limits
from connector.engine.outage import Outage
from connector.engine.retries import Backoff
from connector.model import ENDPOINT_OF, Answer, Endpoint, Event, ItemOutcome, OutcomeKind, Verdict

KINDS_OF = {
    Endpoint.CONTACTS: (Kind.INSTANT, Kind.QUEUED),
    Endpoint.DELETE: (Kind.DELETE,),
    Endpoint.EVENTS: (Kind.EVENT,),
}

CONTACT_RETRY_MS = 2_000
"""How long an event that was refused for want of its contact waits before it is tried again."""

NOT_SENT_MS = 100
"""How long a batch waits whose lease had run out: the next poll may say that its partitions are gone."""

ATTEMPTS_BEFORE_SPLIT = 3
"""A batch that keeps failing while its endpoint answers others is cut in half from here on."""


class Batch(NamedTuple):
    """One request that travels."""

    endpoint: EndpointState
    queue: ReadyQueue
    group: Group


class Dispatch:
    """Owns the lanes, the endpoints and the requests in flight.

    `settled(item)` is called once for every item that was accepted, and `refused(item, reason)` for
    every one that must become a dead letter.
    """

    def __init__(
        self,
        limits: Limits,
        random: Random,
        settled: Callable[[Item], None],
        refused: Callable[[Item, str], None],
    ) -> None:
        self._limits = limits
        self._settled = settled
        self._refused = refused
        first_ms, largest_ms = limits.retry_backoff_first_ms, limits.retry_backoff_largest_ms
        self.endpoints = tuple(
            EndpointState(name, KINDS_OF[name], limits, Backoff(first_ms, largest_ms, random))
            for name in Endpoint
        )
        # Looked up once per delivery: a class hashes faster than a member of an enumeration.
        self.endpoint_index = {kind: tuple(Endpoint).index(name) for kind, name in ENDPOINT_OF.items()}
        # In the order of Kind, which indexes it.
        self._queues = tuple(queue for endpoint in self.endpoints for queue in endpoint.queues)
        self.outage = Outage(Backoff(first_ms, largest_ms, random))
        self.lanes: dict[str, Lane] = {}
        self._batches: dict[int, Batch] = {}
        self._last_send_id = 0
        self._turn = 0
        self._send_at_ms: int | None = None  # when the next endpoint that has something to send may send it
        self._doubtful: list[tuple[int, Batch]] = []  # deletes whose 404 waits for a probe
        self._troubled_id = 0  # the newest request that had left when an environment fault was last seen
        self._asked_about = 0  # so many of them came before the probe that is out left
        self._waiting: list[tuple[int, int, Lane]] = []  # lanes whose event waits for its contact
        self._waits = 0
        self._orphaned: set[Lane] = set()  # lanes that travelled while partitions were taken away
        self._remembers = limits.contacts_remembered_max > 0
        self._contacts: OrderedDict[str, None] = OrderedDict()  # accepted ones, newest last

    # ------------------------------------------------------------------------------------ in

    def add(self, item: Item, now_ms: int) -> None:
        """Put one delivery at the end of its contact's lane."""
        user_id = item.delivery.user_id
        lane = self.lanes.get(user_id)
        if lane is None:
            lane = self.lanes[user_id] = Lane(user_id, item)
            self._queues[lane.kind].push(lane, now_ms)
        elif lane.state is READY:
            kind = lane.kind
            lane.append(item)
            if lane.kind is not kind:
                self._queues[kind].count -= 1
                self._queues[lane.kind].push(lane, now_ms)
        else:
            lane.append(item)
            if lane.state is WAITING and lane.bring_contact_forward():
                self._back_to_ready((lane,), now_ms)

    # ----------------------------------------------------------------------------------- out

    def fill(self, now_ms: int) -> Iterator[Send | Probe]:
        """Let everything travel that may."""
        outage = self.outage
        probe_ms = outage.due_ms(now_ms)
        if probe_ms is not None and probe_ms <= now_ms:
            outage.probe_sent()
            self._asked_about = len(self._doubtful)
            yield Probe(now_ms + self._limits.lease_ms)
        self._send_at_ms = None
        if outage.reason is not None:
            return
        self._wake_waiting(now_ms)
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
            # While the group waited, partitions were taken away: other things stand at the heads now.
            self._back_to_ready([lane for lane in group.lanes if lane.kind is not queue.kind], now_ms)
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
        if self._waiting:
            due_ms = sooner(due_ms, self._waiting[0][0])
        if len(self._batches) < self._limits.requests_in_flight_max:
            due_ms = sooner(due_ms, self._send_at_ms)
        return due_ms

    # ------------------------------------------------------------------------------- answers

    def answered(self, send_id: int, answer: Answer, now_ms: int) -> None:
        """Take in what became of one request."""
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
                self._back_to_ready(batch.group.lanes, now_ms)
        elif verdict is Verdict.ENVIRONMENT:
            self._troubled_id = self._last_send_id
            self.outage.began(answer.reason, now_ms)
            self._back_to_ready(batch.group.lanes, now_ms)
        elif verdict is Verdict.GONE_OR_ENVIRONMENT:
            self._doubtful.append((send_id, batch))
            self.outage.want_probe()
        elif verdict is Verdict.NOT_SENT:
            batch.endpoint.calls -= 1
            batch.endpoint.budget.refund()
            self._send_again(batch, batch.group.lanes, now_ms + NOT_SENT_MS, batch.group.attempt)
        else:
            self._failed(batch, answer.reason, now_ms)

    def probed(self, answer: Answer, now_ms: int) -> None:
        """Take in the answer of `GET /stream`: it ends an outage, and tells what a 404 meant."""
        out_before = self.outage.reason is not None
        self.outage.probed(answer.verdict, answer.reason, now_ms)
        if out_before and self.outage.reason is None:
            for endpoint in self.endpoints:
                endpoint.budget.forget()
        if answer.verdict is Verdict.ENVIRONMENT:
            self._troubled_id = self._last_send_id
        doubtful, self._doubtful = self._doubtful[: self._asked_about], self._doubtful[self._asked_about :]
        for send_id, batch in doubtful:
            if answer.verdict is Verdict.ITEMS and send_id > self._troubled_id:
                self._processed(batch, answer, now_ms)  # The contact is gone already: deleted.
            elif answer.verdict in {Verdict.ITEMS, Verdict.ENVIRONMENT}:  # The 404 may have been that fault.
                self._back_to_ready(batch.group.lanes, now_ms)
            else:
                self._failed(batch, answer.reason, now_ms)

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
        if self._remembers:
            self._remember(lane)
        for item in lane.take_out():
            self._settled(item)
        self._advance(lane, now_ms)

    def _remember(self, lane: Lane) -> None:
        """Keep in mind whose contact was accepted lately, for events that are refused.

        A queued upsert that was accepted may still be in the API's queue: it proves nothing yet.
        """
        if lane.kind is DELETE:
            self._contacts.pop(lane.user_id, None)
        elif lane.kind is INSTANT:
            self._contacts[lane.user_id] = None
            self._contacts.move_to_end(lane.user_id)
            if len(self._contacts) > self._limits.contacts_remembered_max:
                self._contacts.popitem(last=False)

    def _rejected(self, lane: Lane, outcome: ItemOutcome, now_ms: int) -> None:
        if lane.fold > 1:
            # Which part of the fold is to blame only shows when they travel one by one.
            lane.unfold = lane.fold
            self._back_to_ready([lane], now_ms)
        elif not self._waits_for_contact(lane, now_ms):
            (item,) = lane.take_out()
            self._refused(item, outcome.reason)
            self._advance(lane, now_ms)
        elif lane.bring_contact_forward():
            self._back_to_ready((lane,), now_ms)
        else:
            lane.state = WAITING
            self._waits += 1
            heappush(self._waiting, (now_ms + CONTACT_RETRY_MS, self._waits, lane))

    def _waits_for_contact(self, lane: Lane, now_ms: int) -> bool:
        item = lane.head
        if not isinstance(item.delivery, Event) or lane.user_id in self._contacts:
            return False
        if item.rejected_ms is None:
            item.rejected_ms = now_ms
        return now_ms - item.rejected_ms < item.delivery.contact_wait_ms

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
        living = [lane for lane in lanes if self._survives(lane)]
        if living:
            batch.queue.push_group(living, due_ms, attempt, batch.endpoint.successes, turn_ms)

    def _advance(self, lane: Lane, now_ms: int) -> None:
        """Let what stands behind finished items follow."""
        if len(lane):
            self._back_to_ready((lane,), now_ms)
        else:
            self._remove(lane)

    def _back_to_ready(self, lanes: Collection[Lane], now_ms: int) -> None:
        for lane in lanes:
            if self._survives(lane):
                lane.refold()
                self._queues[lane.kind].push(lane, now_ms)

    def _survives(self, lane: Lane) -> bool:
        """Whether anything is left in a lane once the items of partitions taken away are dropped."""
        if lane in self._orphaned:
            self._orphaned.discard(lane)
            lane.forget_revoked(keep_head=False)
            if not len(lane):
                self._remove(lane)
                return False
            lane.refold()
        return lane.state is not EMPTY

    def _remove(self, lane: Lane) -> None:
        if self._orphaned:
            self._orphaned.discard(lane)
        lane.state = EMPTY
        del self.lanes[lane.user_id]

    def _wake_waiting(self, now_ms: int) -> None:
        while self._waiting and self._waiting[0][0] <= now_ms:
            lane = heappop(self._waiting)[2]
            if lane.state is WAITING:
                self._back_to_ready([lane], now_ms)

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

    def _unsettled(self) -> list[Batch]:
        return [*self._batches.values(), *(batch for _, batch in self._doubtful)]

    def forget_revoked(self) -> None:
        """Drop what belongs to partitions that are not alive any more, but not what travels.

        What travels keeps its lane until it is answered, and then settles nothing: no overlap from here.
        """
        on_the_wire = {lane for batch in self._unsettled() for lane in batch.group.lanes}
        self._orphaned |= on_the_wire
        for lane in list(self.lanes.values()):
            kind = lane.kind
            if not lane.forget_revoked(keep_head=lane in on_the_wire) or lane in on_the_wire:
                continue
            if len(lane):
                lane.refold()
            if lane.state is READY and (not len(lane) or lane.kind is not kind):
                self._queues[kind].count -= 1
                if len(lane):
                    self._queues[lane.kind].push(lane, lane.ready_since_ms)
            if not len(lane):
                self._remove(lane)
