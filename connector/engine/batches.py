"""Which lanes share the next request: full batches first, partial ones after `linger_ms`.

A lane waits in the ready queue of its kind. A batch that failed comes back as a *group*: the same lanes in a
request that no other lane shares. So whatever spoiled it spoils no other delivery.
"""

from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from connector.engine.lanes import DELETE, READY, Kind, Lane
from connector.errors import InvariantError


class Group(NamedTuple):
    """Lanes that travel together, not before `due_ms`.

    `attempt` counts how often they failed. `successes` is how often their endpoint had answered well by
    then: it separates a bad batch from a bad endpoint. `sent_before` marks lanes that are sent again.

    Of two groups the one of the earlier turn goes first, and of one turn the newest. So a search for a bad
    item goes deep before it goes wide: every few calls settle something, and a restart undoes little.
    """

    turn_ms: int
    order: int
    due_ms: int
    lanes: Sequence[Lane]
    attempt: int
    successes: int
    sent_before: bool


class ReadyQueue:
    """The lanes of one kind that may travel, oldest first, and the groups to be sent again."""

    __slots__ = ("_bytes_max", "_groups", "_lanes", "_order", "count", "items_max", "kind", "linger_ms")

    def __init__(self, kind: Kind, items_max: int, bytes_max: int, linger_ms: int) -> None:
        self.kind = kind
        self._bytes_max = bytes_max
        # A delete is a request of its own: it has nothing to wait for.
        self.items_max = 1 if kind is DELETE else items_max
        self.linger_ms = 0 if kind is DELETE else linger_ms
        self.count = 0  # lanes that are ready now
        # May hold lanes that have left since: cheaper than taking them from the middle.
        self._lanes: deque[tuple[Lane, int]] = deque()
        self._groups: list[Group] = []
        self._order = 0

    def push(self, lane: Lane, now_ms: int) -> None:
        """Add a lane that has become ready."""
        lane.ready(now_ms)
        self.count += 1
        self._lanes.append((lane, now_ms))

    def push_group(
        self, lanes: Sequence[Lane], due_ms: int, attempt: int, successes: int, turn_ms: int | None = None
    ) -> None:
        """Add lanes that are sent again as one batch. Only a group that is due has an earlier turn."""
        for lane in lanes:
            lane.travel()
        self._order -= 1
        turn_ms = due_ms if turn_ms is None else turn_ms
        heappush(self._groups, Group(turn_ms, self._order, due_ms, lanes, attempt, successes, True))

    @property
    def calls_wanted(self) -> int:
        """Count the requests that it takes to send everything that is ready."""
        return len(self._groups) + -(-self.count // self.items_max)

    def due_ms(self) -> int | None:
        """When the next batch is due, None while nothing is ready."""
        due = self._groups[0].due_ms if self._groups else None
        if not self.count:
            return due
        if self.count >= self.items_max:
            return 0
        lingered = self._oldest_ms() + self.linger_ms
        return lingered if due is None or lingered < due else due

    def take(self, now_ms: int) -> Group:
        """Take the lanes that travel next. Call it only when `due_ms` has come."""
        if (
            self._groups
            and self._groups[0].due_ms <= now_ms
            and not self._waits_since(self._groups[0].due_ms)
        ):
            return heappop(self._groups)
        batch: list[Lane] = []
        lanes, kind = self._lanes, self.kind
        size = 0
        while lanes and len(batch) < self.items_max and size < self._bytes_max:
            lane, since_ms = lanes.popleft()
            # As `_holds`, without the call.
            if lane.state is READY and lane.ready_since_ms == since_ms and lane.kind is kind:
                lane.travel()
                batch.append(lane)
                size += lane.size
        if not batch:
            raise InvariantError("take without a due batch")
        self.count -= len(batch)
        return Group(now_ms, 0, now_ms, batch, 0, 0, False)

    def _waits_since(self, due_ms: int) -> bool:
        """Whether lanes were to travel before a group that is due since `due_ms`.

        A batch that fails again and again must not go first each time: the others would never travel.
        """
        return bool(self.count) and self._oldest_ms() + self.linger_ms <= due_ms

    def _oldest_ms(self) -> int:
        lanes = self._lanes
        while not self._holds(*lanes[0]):
            lanes.popleft()
        return lanes[0][1]

    def _holds(self, lane: Lane, since_ms: int) -> bool:
        return lane.state is READY and lane.kind is self.kind and lane.ready_since_ms == since_ms
