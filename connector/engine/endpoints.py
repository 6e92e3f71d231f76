"""One endpoint of the API: its ready queues, its budget, its backoff, its counters."""

from typing import NamedTuple

from connector.engine.batches import Group, ReadyQueue
from connector.engine.budget import Budget
from connector.engine.lanes import Kind
from connector.engine.limits import Limits
from connector.engine.retries import Backoff
from connector.engine.snapshot import EndpointStatus
from connector.errors import InvariantError
from connector.model import Endpoint


class EndpointState:
    """Everything that is known of one endpoint."""

    __slots__ = (
        "_in_flight_max",
        "_turn",
        "backoff",
        "budget",
        "calls",
        "failure",
        "in_flight",
        "items",
        "limited",
        "name",
        "queues",
        "successes",
    )

    def __init__(self, name: Endpoint, kinds: tuple[Kind, ...], limits: Limits, backoff: Backoff) -> None:
        self.name = name
        self.queues = tuple(
            ReadyQueue(kind, limits.batch_items_max, limits.batch_bytes_max, limits.linger_ms)
            for kind in kinds
        )
        self.budget = Budget()
        self.backoff = backoff
        self.failure = ""  # why the last request failed, while the endpoint is in backoff
        self.in_flight = 0
        self.calls = 0
        self.items = 0
        self.limited = 0
        self.successes = 0
        self._in_flight_max = limits.endpoint_requests_max
        self._turn = 0

    def send_at_ms(self, now_ms: int) -> int | None:
        """When the next request may leave; None while that depends on an answer or an arrival."""
        if self.in_flight >= self._in_flight_max:
            return None
        if self.in_flight and (self.backoff.failures or not self.budget.known(now_ms)):
            return None  # One request finds out how the endpoint is.
        due_ms: int | None = None
        wanted = 0
        for queue in self.queues:
            queue_due_ms = queue.due_ms()
            if queue_due_ms is not None:
                wanted += queue.calls_wanted
                due_ms = sooner(due_ms, queue_due_ms)
        if due_ms is None:
            return None
        return max(due_ms, self.backoff.until_ms, self.budget.ready_at_ms(now_ms, wanted))

    def next_queue(self, now_ms: int) -> ReadyQueue:
        """Choose among the queues that are due in turn, so that neither kind starves the other."""
        for _ in self.queues:
            self._turn = (self._turn + 1) % len(self.queues)
            queue = self.queues[self._turn]
            due_ms = queue.due_ms()
            if due_ms is not None and due_ms <= now_ms:
                return queue
        raise InvariantError("no queue is due")

    def succeeded(self, items: int) -> None:
        """Count one processed request."""
        self.successes += 1
        self.items += items
        self.failure = ""
        self.backoff.succeeded()

    def failed(self, reason: str, now_ms: int) -> int:
        """Count one failed request; returns when to try again."""
        self.failure = reason
        return self.backoff.failed(now_ms)

    def status(self, now_ms: int) -> EndpointStatus:
        """Describe the endpoint for `/api/status`."""
        resets_in_ms = self.budget.resets_in_ms(now_ms)
        return EndpointStatus(
            name=self.name,
            calls=self.calls,
            items=self.items,
            limited=self.limited,
            budget_limit=self.budget.limit,
            budget_remaining=self.budget.remaining,
            budget_reset=None if resets_in_ms is None else -(-resets_in_ms // 1000),
        )


class Batch(NamedTuple):
    """One request that travels."""

    endpoint: EndpointState
    queue: ReadyQueue
    group: Group


def sooner(one: int | None, other: int | None) -> int | None:
    """Return the earlier of two times, either of which may be never."""
    if one is None or (other is not None and other < one):
        return other
    return one
