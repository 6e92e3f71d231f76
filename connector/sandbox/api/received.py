"""The proof: everything the sandbox accepted and applied, and whether it came in order.

**Runs.** A client that was killed, or got its partitions back, may send old work again. So order is
judged within a *run*: one bearer token between two announcements (`new_run`). Give every process its
own token, or announce a run after each kill and before each restart.

**Order of upserts.** Where the body carries the version attribute (an integer that grows with every
change of the row), a version that is accepted is one of

* *replayed*: it was accepted before for this contact (a retry, a redelivery). A version lower than another
  run's highest may be replayed too. It is then the first of its contact in this run, or higher than all
  before it. After a kill, folding may group redelivered records differently, so a version may arrive for the
  first time although a higher one is known;
* *a violation*: it arrives for the first time although this very run has had a higher one accepted;
* otherwise *progress*. Versions that never arrive were folded.

A client that keeps the order of each contact has no violation, killed or not; one that swaps two
requests has one. Without a kill or a rebalance, `replayed` counts answers that were lost.
The end is judged apart: `behind` counts contacts whose state is older than the highest version
accepted. A delete forgets the versions of its contact: a new row may begin at 1 again. Whether a
delete came in its place shows in the final states only; compare them with the source.

**Order of events.** Events are never folded, and a repeated id is discarded. So a new event is a violation,
in any run, where its sequence is lower than one accepted before for its contact.

**Overlap.** Two requests in progress at once that carry the same contact.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

REQUESTS_KEPT = 20_000
OVERLAPS_KEPT = 1_000

Connected: TypeAlias = Callable[[], bool]


class RequestLine(NamedTuple):
    """One answered request; `at` in seconds of the wall clock. Status 0: never answered."""

    at: float
    endpoint: str
    items: int
    sync: bool
    status: int


class Overlap(NamedTuple):
    """Two requests in progress at once that carry the same contact, by who sent them."""

    user_id: str
    older: str
    newer: str


@dataclass(slots=True)
class Contact:
    """The state of one contact; neither present nor deleted until its first upsert is applied."""

    attributes: dict[str, Any] = field(default_factory=dict)
    present: bool = False
    deleted: bool = False
    upserts: int = 0
    version: int | None = None
    highest: int | None = None
    highest_by_run: dict[str, int] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    event_sequence: int | None = None


class Received:
    """Counts and final states. Acceptance judges order; application changes states.

    The two differ where the API queues: `overtaken` counts queued upserts that were applied after a newer
    instant one. The API causes that, not the client.
    """

    def __init__(self, version_attribute: str = "row_version", sequence_parameter: str = "sequence") -> None:
        self._version_attribute = version_attribute
        self._sequence_parameter = sequence_parameter
        self._run = 0
        self._in_progress: dict[str, list[tuple[Connected, str]]] = {}
        self.contacts: dict[str, Contact] = {}
        self.events: dict[str, dict[str, Any]] = {}
        self.parked: dict[str, list[dict[str, Any]]] = {}
        self.requests: deque[RequestLine] = deque(maxlen=REQUESTS_KEPT)
        self.overlaps: deque[Overlap] = deque(maxlen=OVERLAPS_KEPT)
        self.counts: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.items: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()

    # ------------------------------------------------------------------------------ requests

    def new_run(self) -> None:
        """Say that a client begins again: what it sent before may come once more."""
        self._run += 1

    def enter(self, user_ids: Iterable[str], connected: Connected, client: str = "") -> None:
        """A request that carries these contacts begins; `leave` must follow.

        `connected` says whether its client is still there: a client that has hung up overlaps no other.
        """
        for user_id in user_ids:
            others = self._in_progress.setdefault(user_id, [])
            met = [older for still_there, older in others if still_there()]
            self.counts["overlaps"] += bool(met)
            self.overlaps.extend(Overlap(user_id, older, client) for older in met)
            others.append((connected, client))

    def leave(self, user_ids: Iterable[str], connected: Connected) -> None:
        """A request that `enter` announced has been answered, or its client has hung up."""
        for user_id in user_ids:
            others = self._in_progress[user_id]
            del others[next(n for n, (other, _) in enumerate(others) if other == connected)]
            if not others:
                del self._in_progress[user_id]

    def answered(self, line: RequestLine) -> None:
        """Log one request."""
        self.requests.append(line)
        self.calls[line.endpoint] += 1
        self.items[line.endpoint] += line.items
        self.statuses[line.status] += 1

    # ------------------------------------------------------------------------------- upserts

    def accept_upsert(self, client: str, body: Mapping[str, Any]) -> None:
        """Judge the order of one upsert; `client` identifies the client."""
        self.counts["upserts"] += 1
        version = body.get(self._version_attribute)
        if not isinstance(version, int):
            return
        contact = self._contact(body["_user_id"])
        run = f"{self._run} {client}"
        highest_here = contact.highest_by_run.get(run)
        if version in contact.seen:
            self.counts["replayed"] += 1
        elif highest_here is not None and version < highest_here:
            self.counts["order_violations"] += 1
        elif contact.highest is not None and version < contact.highest:
            self.counts["replayed"] += 1
        contact.seen.add(version)
        contact.highest_by_run[run] = max(version, highest_here or version)
        contact.highest = max(version, contact.highest or version)

    def apply_upsert(self, body: Mapping[str, Any], *, queued: bool) -> None:
        """Merge one upsert into its contact; a deleted one begins again (ingest-api.md 9)."""
        contact = self._contact(body["_user_id"])
        contact.present, contact.deleted = True, False
        version = body.get(self._version_attribute)
        if isinstance(version, int):
            if queued and contact.version is not None and version < contact.version:
                self.counts["overtaken"] += 1
            contact.version = version
        contact.attributes.update(body)
        contact.upserts += 1
        for event in self.parked.pop(body["_user_id"], ()):
            self.events[event["_event_id"]] = event

    # ------------------------------------------------------------------------------- deletes

    def knows(self, user_id: str) -> bool:
        """Return whether the data source holds this contact now; it does not hold a deleted one."""
        contact = self.contacts.get(user_id)
        return contact is not None and contact.present

    def delete(self, user_id: str) -> bool:
        """Delete one contact; return whether there was one."""
        known = self.knows(user_id)
        self.counts["deletes" if known else "deletes_of_unknown"] += 1
        if user_id in self.contacts:
            self.contacts[user_id] = Contact(deleted=True)
        return known

    # -------------------------------------------------------------------------------- events

    def is_duplicate(self, body: Mapping[str, Any]) -> bool:
        """Count an event id, and return whether it was taken before; one id must mean one event."""
        known = self.events.get(body["_event_id"])
        if known is None:
            parked = self.parked.get(body["_user_id"], ())
            known = next((event for event in parked if event["_event_id"] == body["_event_id"]), None)
        if known is None:
            return False
        self.counts["duplicate_events"] += 1
        self.counts["conflicting_events"] += known != body
        return True

    def accept_event(self, body: dict[str, Any], *, park: bool) -> None:
        """Take one new event and judge its order; a parked one waits for its contact."""
        sequence = body.get("_event_parameters", {}).get(self._sequence_parameter)
        if isinstance(sequence, int):
            contact = self._contact(body["_user_id"])
            if contact.event_sequence is not None and sequence < contact.event_sequence:
                self.counts["event_order_violations"] += 1
            contact.event_sequence = max(sequence, contact.event_sequence or sequence)
        if park:
            self.parked.setdefault(body["_user_id"], []).append(body)
        else:
            self.events[body["_event_id"]] = body

    def _contact(self, user_id: str) -> Contact:
        return self.contacts.setdefault(user_id, Contact())

    # -------------------------------------------------------------------------------- report

    def present(self) -> dict[str, dict[str, Any]]:
        """Give the attributes of every contact that the data source holds, by user id."""
        return {
            user_id: dict(contact.attributes) for user_id, contact in self.contacts.items() if contact.present
        }

    def report(self) -> dict[str, Any]:
        """Sum up, as JSON values; every count that must be 0 is at the top level."""
        present = [contact for contact in self.contacts.values() if contact.present]
        return {
            "order_violations": self.counts["order_violations"] + self.counts["event_order_violations"],
            "overlaps": self.counts["overlaps"],
            "behind": sum(contact.version != contact.highest for contact in present),
            "conflicting_events": self.counts["conflicting_events"],
            "overtaken": self.counts["overtaken"],
            "replayed": self.counts["replayed"],
            "contacts": {
                "present": len(present),
                "deleted": sum(contact.deleted for contact in self.contacts.values()),
            },
            "upserts": self.counts["upserts"],
            "deletes": self.counts["deletes"],
            "deletes_of_unknown": self.counts["deletes_of_unknown"],
            "events": {
                "accepted": len(self.events),
                "duplicates": self.counts["duplicate_events"],
                "parked": sum(len(events) for events in self.parked.values()),
            },
            "rejected_items": self.counts["rejected_items"],
            "calls": dict(self.calls),
            "items": dict(self.items),
            "statuses": {str(status): count for status, count in self.statuses.items()},
        }
