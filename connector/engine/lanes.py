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
from connector.model import Delete, Delivery, Event, Upsert


class Kind(IntEnum):
    """What may share a batch: one endpoint, and for upserts one way of processing."""

    INSTANT = 0
    QUEUED = 1
    DELETE = 2
    EVENT = 3


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
    WAITING = 2  # its head waits for its contact
    EMPTY = 3


# Reaching a member through its class takes 0.1 µs before Python 3.12, and a record needs a dozen.
INSTANT, QUEUED, DELETE, EVENT = Kind
READY, TRAVELLING, WAITING, EMPTY = LaneState


def _kind_of(delivery: Delivery) -> Kind:
    if isinstance(delivery, Upsert):
        return INSTANT if delivery.instant else QUEUED
    return EVENT if isinstance(delivery, Event) else DELETE


class Lane:
    """The deliveries of one contact."""

    __slots__ = ("_head", "_items", "_open", "fold", "kind", "ready_since_ms", "state", "unfold", "user_id")

    def __init__(self, user_id: str, first: Item) -> None:
        self.user_id = user_id
        self.state = EMPTY
        self.kind = _kind_of(first.delivery)
        self.ready_since_ms = 0
        self.fold = 1  # how many items travel as the next delivery
        self.unfold = 0  # how many items at the head must travel alone
        self._open = isinstance(first.delivery, Upsert)  # whether an item that is appended may join the fold
        self._items = [first]
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

    @property
    def size(self) -> int:
        """Bytes of the newest record of the fold: about what the merged delivery takes."""
        return self._items[self._head + self.fold - 1].entry.size

    def append(self, item: Item) -> None:
        """Add the newest item; the fold of a lane that does not travel takes it in if it can."""
        self._items.append(item)
        if self._open and self.state is not TRAVELLING:
            self._extend(item)

    def refold(self) -> None:
        """Decide anew what travels next: after something was finished, or before a retry."""
        delivery = self.head.delivery
        self.fold = 1
        self._open = isinstance(delivery, Upsert)
        self.kind = _kind_of(delivery)
        index = self._head + 1
        while self._open and index < len(self._items):
            self._extend(self._items[index])
            index += 1

    def _extend(self, item: Item) -> None:
        """Let one more item join an open fold, which begins with an upsert, or close the fold."""
        delivery = item.delivery
        if self.unfold or isinstance(delivery, Event):
            self.kind = INSTANT  # What stands behind it waits, and is not to wait for the API's queue.
            self._open = False
            return
        self.fold += 1
        if isinstance(delivery, Delete):
            self.kind = DELETE
            self._open = False
        elif delivery.instant:
            self.kind = INSTANT

    def travelling(self) -> list[Item]:
        """The items that the next delivery carries, oldest first."""
        return self._items[self._head : self._head + self.fold]

    def body(self) -> dict[str, Any] | None:
        """The next delivery as it is sent; None for a delete."""
        last = self._items[self._head + self.fold - 1].delivery
        if isinstance(last, Delete):
            return None
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

    def take_out(self) -> list[Item]:
        """Take out what travelled, because it is finished; whatever is left has to be refolded."""
        items, end = self._items, self._head + self.fold
        self.unfold = max(0, self.unfold - self.fold)
        if end == len(items):
            self._items = []
            finished = items[self._head :] if self._head else items
            self._head = 0
            return finished
        finished = items[self._head : end]
        self._head = end
        # Cutting the list only when half of it is done keeps the work per item constant.
        if end * 2 >= len(items):
            del items[:end]
            self._head = 0
        return finished

    def forget_revoked(self, *, keep_head: bool) -> list[Item]:
        """Drop the items of partitions that are not ours any more, but not what travels."""
        kept = self.travelling() if keep_head else []
        rest = self._items[self._head + len(kept) :]
        dropped = [item for item in rest if item.entry.partition.revoking]
        self._items = kept + [item for item in rest if not item.entry.partition.revoking]
        self._head = 0
        self.unfold = min(self.unfold, len(self._items))
        return dropped
