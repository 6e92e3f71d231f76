"""Events that were refused because their contact is missing: they are tried again for `contact_wait`."""

from collections import OrderedDict
from collections.abc import Iterator
from heapq import heappop, heappush

from connector.engine.lanes import DELETE, INSTANT, WAITING, Lane
from connector.model import Event

CONTACT_RETRY_MS = 2_000
"""How long an event that was refused because its contact is missing waits before it is tried again."""


class WaitingEvents:
    """The lanes whose head waits, and the contacts that were accepted lately.

    The event of a contact that the API has accepted has another fault: it does not wait.
    """

    __slots__ = ("_contacts", "_contacts_max", "_count", "_lanes")

    def __init__(self, contacts_max: int) -> None:
        self._contacts_max = contacts_max
        self._contacts: OrderedDict[str, None] = OrderedDict()  # the newest last
        self._lanes: list[tuple[int, int, Lane]] = []  # a heap: due time, a number, the lane
        self._count = 0

    def accepted(self, lane: Lane) -> None:
        """Take in that the API has accepted the head of a lane.

        A queued upsert that was accepted may still be in the API's queue, so it proves nothing yet.
        """
        if not self._contacts_max:
            return
        if lane.kind is DELETE:
            self._contacts.pop(lane.user_id, None)
        elif lane.kind is INSTANT:
            self._contacts[lane.user_id] = None
            self._contacts.move_to_end(lane.user_id)
            if len(self._contacts) > self._contacts_max:
                self._contacts.popitem(last=False)

    def may_wait(self, lane: Lane, now_ms: int) -> bool:
        """Whether the refused head of a lane is an event that has time left to wait for its contact."""
        item = lane.head
        if not isinstance(item.delivery, Event) or lane.user_id in self._contacts:
            return False
        refused_ms = now_ms if item.rejected_ms is None else item.rejected_ms
        return now_ms - refused_ms < item.delivery.contact_wait_ms

    def refused(self, lane: Lane, now_ms: int) -> None:
        """Note when the event at the head of a lane was refused for the first time."""
        if lane.head.rejected_ms is None:
            lane.head.rejected_ms = now_ms

    def hold(self, lane: Lane, now_ms: int) -> None:
        """Keep a lane until its event is tried again."""
        lane.wait_for_contact()
        self._count += 1
        heappush(self._lanes, (now_ms + CONTACT_RETRY_MS, self._count, lane))

    def due_ms(self) -> int | None:
        """When `due` has something to give; None while nothing waits."""
        return self._lanes[0][0] if self._lanes else None

    def due(self, now_ms: int) -> Iterator[Lane]:
        """Give the lanes whose event is to be tried again now. Lanes that have left since are passed over."""
        while self._lanes and self._lanes[0][0] <= now_ms:
            lane = heappop(self._lanes)[2]
            if lane.state is WAITING:
                yield lane
