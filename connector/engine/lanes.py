"""The lane of a contact: its deliveries in order, of which only the head may travel (promise 2).

Folding rules (design, section 7), all of them in `Lane`:

* pending upserts at the head are one delivery, merged field by field, later wins;
* a delete behind them absorbs them;
* an event is never folded, and nothing overtakes it, but one that was refused for want of its
  contact lets the contact's upsert of another partition pass;
* a fold is instant if any part is, and when something that it cannot absorb stands behind it;
* a fold that was rejected is unfolded: its parts travel one by one.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import Any

from connector.engine.ledger import Entry
from connector.model import Delete, Delivery, Endpoint, Event, Upsert


class Kind(IntEnum):
    """What may share a batch: one endpoint, and for upserts one way of processing."""

    INSTANT = 0
    QUEUED = 1
    DELETE = 2
    EVENT = 3


ENDPOINT_OF = {
    Kind.INSTANT: Endpoint.CONTACTS,
    Kind.QUEUED: Endpoint.CONTACTS,
    Kind.DELETE: Endpoint.DELETE,
    Kind.EVENT: Endpoint.EVENTS,
}


class Item:
    """One delivery in a lane, with the ledger entry of its record."""

    __slots__ = ("delivery", "entry", "rejected_ms")

    def __init__(self, delivery: Delivery, entry: Entry) -> None:
        self.delivery = delivery
        self.entry = entry
        self.rejected_ms: int | None = None  # when an event was first refused for want of its contact


class LaneState(IntEnum):
    """Where a lane is."""

    READY = 0  # in a ready queue
    TRAVELLING = 1  # its head is in a request, or in a batch that waits to be sent again
    WAITING = 2  # its head waits for its contact, or its first delivery is being added
    EMPTY = 3


class Lane:
    """The deliveries of one contact."""

    __slots__ = ("_head", "_items", "_open", "fold", "kind", "ready_since_ms", "state", "unfold", "user_id")

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.state = LaneState.EMPTY
        self.kind = Kind.INSTANT
        self.ready_since_ms = 0
        self.fold = 0  # how many items travel as the next delivery
        self.unfold = 0  # how many items at the head must travel alone
        self._open = False  # whether an item that is appended may join the fold
        self._items: list[Item] = []
        self._head = 0

    def __len__(self) -> int:
        """Count the items that are not finished."""
        return len(self._items) - self._head

    def __iter__(self) -> Iterator[Item]:
        """Go through the items in order."""
        return iter(self._items[self._head :])

    @property
    def head(self) -> Item:
        """The oldest item."""
        return self._items[self._head]

    def append(self, item: Item) -> None:
        """Add the newest item; the fold of a lane that does not travel takes it in if it can."""
        self._items.append(item)
        if self.state is not LaneState.TRAVELLING and (self._open or len(self) == 1):
            self._extend(item)

    def refold(self) -> None:
        """Decide anew what travels next: after something was finished, or before a retry."""
        self.fold = 0
        self._open = False
        for index in range(self._head, len(self._items)):
            self._extend(self._items[index])
            if not self._open:
                break

    def _extend(self, item: Item) -> None:
        """Let one more item join the fold, or close the fold."""
        delivery = item.delivery
        if not self.fold:
            self.fold = 1
            if type(delivery) is Upsert:
                self.kind = Kind.INSTANT if delivery.instant else Kind.QUEUED
                # What must travel alone still has to look at what stands behind it.
                self._open = True
            else:
                self.kind = Kind.EVENT if type(delivery) is Event else Kind.DELETE
                self._open = False
            return
        if self.unfold or type(delivery) is Event:
            self.kind = Kind.INSTANT
            self._open = False
            return
        self.fold += 1
        if type(delivery) is Delete:
            self.kind = Kind.DELETE
            self._open = False
        elif type(delivery) is Upsert and delivery.instant:
            self.kind = Kind.INSTANT

    def travelling(self) -> list[Item]:
        """The items that the next delivery carries, oldest first."""
        return self._items[self._head : self._head + self.fold]

    def body(self) -> dict[str, Any] | None:
        """The next delivery as it is sent; None for a delete."""
        last = self._items[self._head + self.fold - 1].delivery
        if type(last) is Delete:
            return None
        assert not isinstance(last, Delete)
        if self.fold == 1:
            return last.body
        merged: dict[str, Any] = {}
        for item in self.travelling():
            assert isinstance(item.delivery, Upsert)
            merged.update(item.delivery.body)
        return merged

    def bring_contact_forward(self) -> bool:
        """Let an upsert pass the events that were refused for want of their contact; tells if it did.

        Only an upsert of another partition: between partitions there is no order to keep, and the
        refused event could never be accepted before its contact. It must not be folded yet.
        """
        for index in range(self._head, len(self._items)):
            item = self._items[index]
            if isinstance(item.delivery, Upsert):
                passed = self._items[self._head : index]
                if any(event.entry.partition is item.entry.partition for event in passed):
                    return False
                self._items.insert(self._head, self._items.pop(index))
                return True
            if not isinstance(item.delivery, Event):
                return False
        return False

    def finish(self, count: int) -> None:
        """Take the oldest `count` items out: each is settled, dead-lettered or forgotten."""
        self._head += count
        self.unfold = max(0, self.unfold - count)
        assert self._head <= len(self._items)
        # Cutting the list only when half of it is done keeps the work per item constant.
        if self._head * 2 >= len(self._items):
            del self._items[: self._head]
            self._head = 0

    def forget_revoked(self, *, keep_head: bool) -> list[Item]:
        """Drop the items of partitions that are not ours any more, but not what travels."""
        kept = self.travelling() if keep_head else []
        rest = self._items[self._head + len(kept) :]
        dropped = [item for item in rest if item.entry.partition.revoking]
        self._items = kept + [item for item in rest if not item.entry.partition.revoking]
        self._head = 0
        self.unfold = min(self.unfold, len(self._items))
        return dropped
