"""The lanes of all contacts: each begins and ends with its contact's deliveries."""

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet

from connector.engine.batches import ReadyQueue
from connector.engine.lanes import GONE, READY, WAITING, Item, Lane


class ContactLanes:
    """Knows every lane by its contact, and puts those that may travel into the ready queue of their kind.

    `queues` are in the order of Kind, which indexes them.
    """

    __slots__ = ("_lanes", "_orphaned", "_queues")

    def __init__(self, queues: Sequence[ReadyQueue]) -> None:
        self._queues = queues
        self._lanes: dict[str, Lane] = {}
        self._orphaned: set[Lane] = set()  # lanes that travelled while partitions were taken away

    def add(self, item: Item, now_ms: int) -> None:
        """Put one delivery at the end of its contact's lane."""
        user_id = item.delivery.user_id
        lane = self._lanes.get(user_id)
        if lane is None:
            lane = self._lanes[user_id] = Lane(user_id, item)
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
                self.back_to_ready((lane,), now_ms)

    def advance(self, lane: Lane, now_ms: int) -> None:
        """Let the items after those just taken out follow; without any, the lane ends."""
        if not lane.fold:
            self._end(lane)
        elif self._orphaned:
            self.back_to_ready((lane,), now_ms)
        else:  # the same without a look for what was taken away
            lane.refold()
            self._queues[lane.kind].push(lane, now_ms)

    def back_to_ready(self, lanes: Collection[Lane], now_ms: int) -> None:
        """Put lanes that travelled or waited into the queues of their next deliveries."""
        for lane in lanes:
            if self.survives(lane):
                lane.refold()
                self._queues[lane.kind].push(lane, now_ms)

    def survives(self, lane: Lane) -> bool:
        """Whether anything is left in a lane once the items of partitions taken away are dropped."""
        if lane in self._orphaned:
            self._orphaned.discard(lane)
            lane.forget_revoked(keep_head=False)
            if not len(lane):
                self._end(lane)
                return False
            lane.refold()
        return lane.state is not GONE

    def forget_revoked(self, on_the_wire: AbstractSet[Lane]) -> None:
        """Drop the items of partitions that are not alive any more, except those that travel.

        A lane on the wire keeps its head until it is answered, and the answer settles nothing then. From here
        on this instance sends no record that the new owner may send too.
        """
        self._orphaned |= on_the_wire
        for lane in list(self._lanes.values()):
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
                self._end(lane)

    def _end(self, lane: Lane) -> None:
        if self._orphaned:
            self._orphaned.discard(lane)
        lane.end()
        del self._lanes[lane.user_id]
