"""The API itself: one call and the time in, one reply out. No socket is touched here."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any, ClassVar, TypeVar

import orjson

from connector.sandbox.api import catalogue
from connector.sandbox.api.behaviour import Behaviour, UnknownContact
from connector.sandbox.api.checks import check_contact, check_event
from connector.sandbox.api.received import Connected, Received, RequestLine
from connector.sandbox.api.windows import Windows
from connector.sandbox.api.write_answers import Judged, write_answer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read. `subject` is the last path segment, decoded: a user id or an event type."""

    endpoint: str
    project: str
    datasource: str
    token: str
    subject: str = ""
    sync: bool = False
    dry_run: bool = False
    body: object = None
    """The body as JSON; None where it is none."""

    @property
    def items(self) -> list[Any]:
        """The items of a write; none where the body is no array."""
        return self.body if isinstance(self.body, list) else []

    @property
    def user_ids(self) -> frozenset[str]:
        """The contacts that this request changes."""
        if self.endpoint == "delete":
            return frozenset((self.subject,))
        ids = (item.get("_user_id") for item in self.items if isinstance(item, dict))
        return frozenset(user_id for user_id in ids if isinstance(user_id, str))


@dataclass(frozen=True, slots=True)
class ApiReply:
    """One answer, as it goes on the wire."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class _RefusedError(Exception):
    """Ends a call with this answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.reply = json_reply(status, {"message": message})


def json_reply(status: int, body: object) -> ApiReply:
    """Make a JSON answer."""
    return ApiReply(status, orjson.dumps(body), {"content-type": "application/json"})


class IngestApi:
    """The state of one data source. Times are seconds of the wall clock. Safe from any thread."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._lock = RLock()
        self._behaviour = behaviour
        self._queue: deque[tuple[float, Mapping[str, Any]]] = deque()
        self.reset()

    @property
    def behaviour(self) -> Behaviour:
        """The current switches."""
        return self._behaviour

    def change(self, **switches: Any) -> None:
        """Change some switches of the behaviour; a wrong name is a TypeError."""
        with self._lock:
            self._behaviour = replace(self._behaviour, **switches)

    def reset(self) -> None:
        """Forget everything that was received; the behaviour stays."""
        with self._lock:
            self._queue.clear()
            self._windows = Windows()
            self._ledger = Received(self._behaviour.version_attribute, self._behaviour.sequence_parameter)

    def read(self, question: Callable[[Received], T], now: float) -> T:
        """Ask the ledger something, after every queued write was applied whose time has come.

        The answer must not hold on to parts of the ledger: they change.
        """
        with self._lock:
            self._settle(now)
            return question(self._ledger)

    def new_run(self) -> None:
        """Announce that a client begins again (see the ledger's definition of a run)."""
        with self._lock:
            self._ledger.new_run()

    @contextmanager
    def in_progress(
        self, user_ids: Collection[str], connected: Connected, client: str = ""
    ) -> Iterator[None]:
        """Say that a request which changes these contacts is in progress, for the ledger's overlaps."""
        with self._lock:
            self._ledger.enter(user_ids, connected, client)
            ledger = self._ledger
        try:
            yield
        finally:
            with self._lock:
                ledger.leave(user_ids, connected)

    def answered(self, line: RequestLine) -> None:
        """Log one request."""
        with self._lock:
            self._ledger.answered(line)

    def handle(self, call: Call, now: float) -> ApiReply:
        """Process one call."""
        with self._lock:
            self._settle(now)
            headers: Mapping[str, str] = {}
            try:
                self._authorise(call)
                headers, allowed = self._charge(call, now)
                reply = self.OPERATIONS[call.endpoint](self, call, now) if allowed else ApiReply(429)
            except _RefusedError as refused:
                reply = refused.reply
            if self._behaviour.watch is not None:
                self._behaviour.watch(call, reply.status)
            return replace(reply, headers={**reply.headers, **headers})

    def _settle(self, now: float) -> None:
        while self._queue and self._queue[0][0] <= now:
            self._ledger.apply_upsert(self._queue.popleft()[1], queued=True)

    def _authorise(self, call: Call) -> None:
        if call.token not in self._behaviour.tokens:
            raise _RefusedError(401, "The token is missing, malformed or revoked.")
        if (call.project, call.datasource) != (self._behaviour.project, self._behaviour.datasource):
            raise _RefusedError(404, "The project or the data source does not exist.")

    def _charge(self, call: Call, now: float) -> tuple[Mapping[str, str], bool]:
        limit = self._behaviour.limits.get(call.endpoint, self._behaviour.limit)
        if limit is None:
            return {}, True
        charge = self._windows.charge(call.endpoint, limit, self._behaviour.window_seconds, now)
        return charge.headers, charge.allowed

    # -------------------------------------------------------------------------------- writes

    def _upsert(self, call: Call, now: float) -> ApiReply:
        judged = [Judged(item, self._refusal(item) or check_contact(item)) for item in self._batch(call)]
        if not call.dry_run:
            for item in (one.item for one in judged if not one.complaints):
                self._ledger.accept_upsert(call.token, item)
                if call.sync:
                    self._ledger.apply_upsert(item, queued=False)
                else:
                    self._queue.append((now + self._behaviour.queue_seconds, item))
        return self._written(judged, call)

    def _create_events(self, call: Call, _now: float) -> ApiReply:
        return self._written([Judged(item, self._take_event(item, call)) for item in self._batch(call)], call)

    def _take_event(self, item: dict[str, Any], call: Call) -> dict[str, list[str]]:
        """Take one event, or return what is wrong with it."""
        complaints = self._refusal(item) or check_event(item, self._behaviour.event_types)
        if complaints or (not call.dry_run and self._ledger.is_duplicate(item)):
            return complaints
        policy = self._behaviour.unknown_contact
        known = self._ledger.knows(item["_user_id"])
        if not known and policy is UnknownContact.REJECT:
            return {"_user_id": ["This contact does not exist."]}
        if not call.dry_run:
            self._ledger.accept_event(item, park=not known and policy is UnknownContact.PARK)
        return {}

    def _delete(self, call: Call, _now: float) -> ApiReply:
        if not self._ledger.delete(call.subject) and self._behaviour.unknown_delete_status == 404:
            raise _RefusedError(404, "The contact does not exist.")
        return json_reply(200, write_answer([Judged(call.subject, {})], self._behaviour, 200, dry_run=False))

    def _batch(self, call: Call) -> list[dict[str, Any]]:
        """Give the items of a write, or refuse the whole request (ingest-api.md 2)."""
        if not isinstance(call.body, list) or not all(isinstance(item, dict) for item in call.items):
            raise _RefusedError(400, "The body must be a JSON array of objects.")
        if not 1 <= len(call.items) <= self._behaviour.items_max:
            raise _RefusedError(400, f"The body must hold 1 to {self._behaviour.items_max} items.")
        if any(self._behaviour.poison_attribute in item for item in call.items):
            raise _RefusedError(400, "The request is malformed.")
        return call.items

    def _refusal(self, item: Mapping[str, Any]) -> dict[str, list[str]]:
        refused = self._behaviour.refuse is not None and self._behaviour.refuse(item)
        return {"_": ["This item is refused."]} if refused else {}

    def _written(self, judged: list[Judged], call: Call) -> ApiReply:
        rejected = sum(bool(one.complaints) for one in judged)
        self._ledger.counts["rejected_items"] += rejected
        status = self._behaviour.all_rejected_status if rejected == len(judged) else 202
        return json_reply(status, write_answer(judged, self._behaviour, status, dry_run=call.dry_run))

    # --------------------------------------------------------------------------------- reads

    def _stream(self, _call: Call, _now: float) -> ApiReply:
        return json_reply(200, catalogue.stream(self._behaviour, self._received()))

    def _stats(self, _call: Call, _now: float) -> ApiReply:
        contacts = {"total": len(self._ledger.present()), "errored": 0}
        source = catalogue.datasource(self._behaviour, self._received())
        return json_reply(200, {"contacts": contacts, "datasource": source})

    def _received(self) -> dict[str, int]:
        return {
            "receivedContacts": self._ledger.counts["upserts"],
            "receivedEvents": len(self._ledger.events),
        }

    def _read_contact(self, call: Call, _now: float) -> ApiReply:
        contact = self._ledger.contacts.get(call.subject)
        if contact is None or not (contact.present or contact.deleted):
            raise _RefusedError(404, "The contact does not exist.")
        return json_reply(
            200,
            {"contact": {"id": call.subject, "deleted": contact.deleted, "contactData": contact.attributes}},
        )

    def _attributes(self, _call: Call, _now: float) -> ApiReply:
        return json_reply(200, catalogue.attribute_specs())

    def _event_types(self, _call: Call, _now: float) -> ApiReply:
        return json_reply(200, catalogue.event_specs())

    def _event_parameters(self, call: Call, _now: float) -> ApiReply:
        specs = catalogue.parameter_specs(call.subject)
        if specs is None:
            raise _RefusedError(404, "The event type does not exist.")
        return json_reply(200, specs)

    # Endpoint → what answers it. Each has a budget of its own.
    OPERATIONS: ClassVar[dict[str, Callable[["IngestApi", Call, float], ApiReply]]] = {
        "stream": _stream,
        "contacts": _upsert,
        "contact": _read_contact,
        "delete": _delete,
        "events": _create_events,
        "attributes": _attributes,
        "event-types": _event_types,
        "event-parameters": _event_parameters,
        "stats": _stats,
    }
