"""The lane of a contact: its deliveries in order, of which only the head may travel (promise 2).

The table `TRANSITIONS` holds the legal changes of a lane's state. Only the methods of `Lane` change it.

Folding rules (`docs/architecture.md`), all of them in `Lane`:

* pending upserts at the head are one delivery, merged field by field, later wins;
* a delete after them absorbs them;
* an event is never folded, and nothing overtakes it. One exception: an event that was refused because its
  contact is missing lets the contact's upsert of another partition pass;
* a fold is instant if any part is, and when a delivery that it cannot absorb waits after it;
* a fold that was rejected is unfolded: its parts travel one by one.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import IntEnum
from typing import Any

from connector.engine.ledger import Entry
from connector.errors import InvariantError
from connector.model import Delete, Delivery, Event, Upsert


class Kind(IntEnum):
    """Deliveries of one kind may share a batch: they go to one endpoint and are processed in one way."""

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
        self.rejected_ms: int | None = None  # when an event was first refused because its contact is missing


class LaneState(IntEnum):
    """Where a lane is."""

    NEW = 0  # made, and in no queue yet
    READY = 1  # in a ready queue
    TRAVELLING = 2  # its head is in a request, or in a batch that waits to be sent again
    WAITING = 3  # its head is an event that waits for its contact
    GONE = 4  # it has no items left; the contact's next delivery gets a new lane


# Reaching a member through its class takes 0.1 µs before Python 3.12, and a record needs a dozen.
INSTANT, QUEUED, DELETE, EVENT = Kind
NEW, READY, TRAVELLING, WAITING, GONE = LaneState

TRANSITIONS: Mapping[LaneState, AbstractSet[LaneState]] = {
    NEW: {READY},
    READY: {
        READY,  # another kind of delivery is at its head now, so it changes queues
        TRAVELLING,
        GONE,  # the partitions of its items were taken away
    },
    TRAVELLING: {
        READY,  # its head is finished, or goes back to wait for company
        TRAVELLING,  # its batch failed and is sent again
        WAITING,
        GONE,
    },
    WAITING: {
        READY,  # its time has come, or its contact has
        GONE,
    },
    GONE: set(),
}
"""Which state may follow which. Anything else is a bug and raises `InvariantError`."""


def _before(state: LaneState) -> tuple[LaneState, ...]:
    """Turn the table around, for one look-up per transition."""
    return tuple(earlier for earlier, later in TRANSITIONS.items() if state in later)


_BEFORE_READY = _before(READY)
_BEFORE_TRAVELLING = _before(TRAVELLING)
_BEFORE_WAITING = _before(WAITING)
_BEFORE_GONE = _before(GONE)


def _kind_of(delivery: Delivery) -> Kind:
    if type(delivery) is Upsert:  # cheaper than isinstance: this is done for every delivery
        return INSTANT if delivery.instant else QUEUED
    return EVENT if type(delivery) is Event else DELETE


class Lane:
    """The deliveries of one contact. Outside of this class `state` is only read."""

    __slots__ = ("_head", "_items", "_open", "fold", "kind", "ready_since_ms", "state", "unfold", "user_id")

    def __init__(self, user_id: str, first: Item) -> None:
        self.user_id = user_id
        self.state: LaneState = NEW
        self.kind = _kind_of(first.delivery)
        self.ready_since_ms = 0
        self.fold = 1  # how many items travel as the next delivery; 0 once all are finished
        self.unfold = 0  # how many items at the head must travel alone
        self._open = self.kind <= QUEUED  # whether an item that is appended may join the fold
        self._items = [first]
        self._head = 0

    # --------------------------------------------------------------------------- transitions

    def ready(self, now_ms: int) -> None:
        """Go into a ready queue."""
        if self.state not in _BEFORE_READY:
            raise self._illegal(READY)
        self.state = READY
        self.ready_since_ms = now_ms

    def travel(self) -> None:
        """Go into a request, or into a batch that is sent again."""
        if self.state not in _BEFORE_TRAVELLING:
            raise self._illegal(TRAVELLING)
        self.state = TRAVELLING

    def wait_for_contact(self) -> None:
        """Hold the event at the head back until its contact exists."""
        if self.state not in _BEFORE_WAITING:
            raise self._illegal(WAITING)
        self.state = WAITING

    def end(self) -> None:
        """Leave the engine: no item is left."""
        if self.state not in _BEFORE_GONE:
            raise self._illegal(GONE)
        self.state = GONE

    def _illegal(self, state: LaneState) -> InvariantError:
        return InvariantError(f"a lane goes from {self.state.name} to {state.name}")

    # --------------------------------------------------------------------------------- items

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
        """Decide again which items travel next: after some were finished, or before a retry."""
        self.fold = 1
        self.kind = _kind_of(self.head.delivery)
        self._open = self.kind <= QUEUED
        index = self._head + 1
        while self._open and index < len(self._items):
            self._extend(self._items[index])
            index += 1

    def _extend(self, item: Item) -> None:
        """Let one more item join an open fold, which begins with an upsert, or close the fold."""
        delivery = item.delivery
        if self.unfold or isinstance(delivery, Event):
            self.kind = INSTANT  # The next item waits for it, and must not wait for the API's queue.
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
            if not isinstance(item.delivery, Upsert):
                raise InvariantError("a fold that is no delete holds something else than upserts")
            merged.update(item.delivery.body)
        return merged

    def bring_contact_forward(self) -> bool:
        """Let an upsert pass the events that were refused because their contact is missing. True if one did.

        Only an upsert of another partition may, because between partitions there is no order to keep. The
        refused event could never be accepted before its contact. The upsert must not be folded yet.
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
        """Take out the items that travelled, because they are finished; the rest has to be refolded."""
        items, end = self._items, self._head + self.fold
        self.unfold = max(0, self.unfold - self.fold)
        if end == len(items):
            self._items = []
            finished = items[self._head :] if self._head else items
            self._head = 0
            self.fold = 0
            return finished
        finished = items[self._head : end]
        self._head = end
        # The list is cut only when half of it is done: so the work per item is constant.
        if end * 2 >= len(items):
            del items[:end]
            self._head = 0
        return finished

    def forget_revoked(self, *, keep_head: bool) -> list[Item]:
        """Drop the items of partitions that are not ours any more, except those that travel."""
        kept = self.travelling() if keep_head else []
        rest = self._items[self._head + len(kept) :]
        dropped = [item for item in rest if item.entry.partition.revoking]
        self._items = kept + [item for item in rest if not item.entry.partition.revoking]
        self._head = 0
        self.unfold = min(self.unfold, len(self._items))
        return dropped
