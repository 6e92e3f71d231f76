"""The simulated Instasent: bytes in, bytes out, in both documented shapes (ingest-api.md 3).

It keeps two views of a contact. `contacts` is the accepted state; the final state is judged by it.
`unqueued_ms` is when the API's own queue has applied it; events and deletes meet that one.
"""

from collections import Counter
from collections.abc import Sequence
from email.utils import formatdate
from functools import lru_cache
from random import Random
from typing import Any, NamedTuple
from urllib.parse import unquote

import orjson

from connector.instasent.requests import HttpRequest
from tests.simulation.rows import BAD, WALL_MS
from tests.simulation.scenario import Traits

STREAM = "/v1/project/shop/datasource/crm/stream"
CONTACTS, DELETES, EVENTS = "contacts", "delete", "events"

ACCEPTED, REFUSED, UNTOLD = range(3)

HTML = b"<!doctype html><title>Maintenance</title>"


_RESERVED = frozenset("/?# ")


class Call(NamedTuple):
    """One request as the API reads it. A delete has one contact and no items."""

    endpoint: str
    sync: bool
    contacts: list[str]
    items: list[dict[str, Any]]
    size: int


class Reply(NamedTuple):
    """One answer: what goes on the wire, and what an honest reader learns of each item from it.

    `done` says what the API has really done with each item. `whole` marks a refusal of the whole batch.
    """

    status: int
    body: bytes
    headers: dict[str, str]
    told: Sequence[int]
    done: Sequence[bool]
    whole: bool = False


class UnsafeRequestError(Exception):
    """A request line is not `METHOD /fixed/prefix/<one segment>` (I8)."""


def read_call(request: HttpRequest) -> Call:
    """Read a request line and its body as a server does."""
    target, body = request.target, request.body
    if request.method == "POST" and body is not None:
        items: list[dict[str, Any]] = orjson.loads(body)
        contacts = [item["_user_id"] for item in items]
        if target == f"{STREAM}/events":
            return Call(EVENTS, False, contacts, items, len(body))
        if target in {f"{STREAM}/contacts", f"{STREAM}/contacts?_sync"}:
            return Call(CONTACTS, target.endswith("?_sync"), contacts, items, len(body))
    if request.method == "DELETE" and body is None and target.startswith(f"{STREAM}/contacts/"):
        segment = target[len(STREAM) + 10 :]
        if segment and segment not in {".", ".."} and _RESERVED.isdisjoint(segment):
            return Call(DELETES, True, [unquote(segment)], [], 0)
    raise UnsafeRequestError(f"{request.method} {target}")


@lru_cache(maxsize=256)
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


class Api:
    """Processes requests at the moment they arrive."""

    def __init__(self, traits: Traits, rng: Random) -> None:
        self.traits = traits
        self._rng = rng
        self.item_busy = 0.0
        self.trouble: str | None = None
        self.stuck: str | None = None  # a contact about which nothing is processed
        self.contacts: dict[str, dict[str, Any]] = {}
        self.unqueued_ms: dict[str, int] = {}
        self.events: dict[str, str] = {}
        self.limited = 0
        self._calls: Counter[tuple[str, int]] = Counter()

    def strangers(self, calls: int, now_ms: int) -> None:
        """Another client uses calls of every endpoint."""
        for endpoint in (CONTACTS, DELETES, EVENTS):
            self._calls[endpoint, self._window(now_ms)] += calls

    def probe(self, now_ms: int) -> Reply:
        """Answer `GET /stream` (E1)."""
        refusal = self._refusal((), now_ms)
        return refusal or Reply(200, b'{"project":{},"datasource":{}}', self._headers(None, now_ms), (), ())

    def write(self, call: Call, now_ms: int) -> Reply:
        """Process one write."""
        refusal = self._refusal(call.contacts, now_ms)
        if refusal is not None:
            return refusal
        if call.size > self.traits.body_bytes_max and len(call.items) > 1:
            # A proxy in front: it counts no call, and says nothing of the budget.
            return self.nothing_done(413, call.contacts, now_ms, whole=True)
        limit = self.traits.calls_per_window
        if limit is not None:
            used = self._calls[call.endpoint, self._window(now_ms)]
            self._calls[call.endpoint, self._window(now_ms)] += 1
            if used >= limit:
                self.limited += 1
                return self.nothing_done(429, call.contacts, now_ms, body=b"", endpoint=call.endpoint)
        headers = self._headers(call.endpoint, now_ms)
        if call.endpoint == DELETES:
            return self._delete(call, headers, now_ms)
        return self._items(call, headers, now_ms)

    def nothing_done(
        self,
        status: int,
        contacts: Sequence[str],
        now_ms: int,
        *,
        body: bytes = b'{"message":"no"}',
        whole: bool = False,
        endpoint: str | None = None,
    ) -> Reply:
        """Refuse a request: it changes nothing."""
        count = len(contacts)
        headers = self._headers(endpoint, now_ms)
        return Reply(status, body, headers, [UNTOLD] * count, [False] * count, whole)

    # ---------------------------------------------------------------------------- the inside

    def _refusal(self, contacts: Sequence[str], now_ms: int) -> Reply | None:
        trouble = self.trouble
        if self.stuck in contacts:
            return self.nothing_done(503, contacts, now_ms)
        if trouble is None:
            return None
        if trouble == "captive portal":
            return self.nothing_done(200, contacts, now_ms, body=HTML)
        status = {"token revoked": 401 + 2 * (now_ms % 2), "datasource gone": 404}.get(trouble, 503)
        return self.nothing_done(status, contacts, now_ms)

    def _window(self, now_ms: int) -> int:
        return (WALL_MS + now_ms) // (self.traits.window_s * 1000)

    def _headers(self, endpoint: str | None, now_ms: int) -> dict[str, str]:
        limit = self.traits.calls_per_window
        headers = {}
        if self.traits.says_date:
            headers["date"] = _date((WALL_MS + now_ms) // 1000)
        if limit is not None and endpoint is not None:
            window = self._window(now_ms)
            headers["x-ratelimit-limit"] = str(limit)
            headers["x-ratelimit-remaining"] = str(max(0, limit - self._calls[endpoint, window]))
            headers["x-ratelimit-reset"] = self._reset((window + 1) * self.traits.window_s, now_ms)
        return headers

    def _reset(self, at_s: int, now_ms: int) -> str:
        """Say when the window ends, in one of the forms that gateways use (F057)."""
        now_s = (WALL_MS + now_ms) // 1000
        forms = {"milliseconds": at_s * 1000, "duration": at_s - now_s, "past": now_s - 100, "text": "soon"}
        return str(forms.get(self.traits.reset_form, at_s))

    def _delete(self, call: Call, headers: dict[str, str], now_ms: int) -> Reply:
        (contact,) = call.contacts
        known = self.unqueued_ms.get(contact, now_ms + 1) <= now_ms
        self.contacts.pop(contact, None)
        self.unqueued_ms.pop(contact, None)
        if not known:
            return Reply(404, b'{"message":"not found"}', headers, [UNTOLD], [True])
        if self.traits.empty_deletes:
            return Reply(204, b"", headers, [UNTOLD], [True])
        return Reply(200, self._body([contact], [ACCEPTED], ()), headers, [ACCEPTED], [True])

    def _items(self, call: Call, headers: dict[str, str], now_ms: int) -> Reply:
        refuses = self._refuses_upsert if call.endpoint == CONTACTS else self._refuses_event
        refused = [refuses(item, now_ms) for item in call.items]
        count = len(call.items)
        if self.traits.whole_batch and True in refused:
            return self.nothing_done(400, call.contacts, now_ms, whole=True, endpoint=call.endpoint)
        told = [REFUSED if no else ACCEPTED for no in refused]
        if self.item_busy:
            for index in range(count):
                if told[index] == ACCEPTED and self._rng.random() < self.item_busy:
                    told[index] = UNTOLD
        for outcome, item in zip(told, call.items, strict=True):
            if outcome == ACCEPTED:
                self._apply(call, item, now_ms)
        failed = self.traits.all_failed_422 and REFUSED in told and ACCEPTED not in told
        body = self._body(call.items, told, ())
        return Reply(422 if failed else 202, body, headers, told, [one == ACCEPTED for one in told])

    def _refuses_upsert(self, item: dict[str, Any], _now_ms: int) -> bool:
        return BAD in item.values()

    def _refuses_event(self, item: dict[str, Any], now_ms: int) -> bool:
        if self.traits.strict_events and self.unqueued_ms.get(item["_user_id"], now_ms + 1) > now_ms:
            return True
        return "p" in item["_event_parameters"]

    def _apply(self, call: Call, item: dict[str, Any], now_ms: int) -> None:
        contact = item["_user_id"]
        if call.endpoint == EVENTS:
            self.events.setdefault(item["_event_id"], item["_event_parameters"]["n"])
            return
        self.contacts.setdefault(contact, {}).update(item)
        ready_ms = now_ms if call.sync else now_ms + self.traits.queue_ms
        self.unqueued_ms[contact] = min(self.unqueued_ms.get(contact, ready_ms), ready_ms)

    def _body(self, items: Sequence[Any], told: Sequence[int], order: Sequence[int]) -> bytes:
        """Write an answer of the drawn shape, in an order of its own where one is given."""
        indices = order or range(len(items))
        if self.traits.shape == "B":
            entries = [_entry_b(items[index], told[index]) for index in indices if told[index] != UNTOLD]
            counts = {"successful": told.count(ACCEPTED), "failed": told.count(REFUSED)}
            return orjson.dumps({"entity": {**counts, "items": entries}})
        base = self.traits.position_base
        accepted = [{"position": i + base, "item": items[i]} for i in indices if told[i] == ACCEPTED]
        errors = [
            {"position": i + base, "item": items[i], "error": "is not valid"}
            for i in indices
            if told[i] == REFUSED
        ]
        counts = {"entitiesSuccess": told.count(ACCEPTED), "entitiesFailures": told.count(REFUSED)}
        return orjson.dumps({"success": not errors, **counts, "accepted": accepted, "errors": errors})

    # -------------------------------------------------------------- answers that are not as they should be

    def left_out(self, call: Call, reply: Reply, rng: Random) -> Reply:
        """Say nothing of some items that were processed."""
        told = [UNTOLD if one == ACCEPTED and rng.random() < 0.5 else one for one in reply.told]
        return reply._replace(told=told, body=self._body(call.items, told, ()))

    def disordered(self, call: Call, reply: Reply, rng: Random) -> Reply:
        """Name the items in another order, and some of them twice."""
        order = list(range(len(call.items)))
        rng.shuffle(order)
        order += order[:1]
        return reply._replace(body=self._body(call.items, reply.told, order))

    def stranger(self, call: Call, reply: Reply) -> Reply:
        """Refuse an item beside those that were sent: the answer says nothing of ours for certain."""
        other = {"_user_id": "p9-9"}
        told = [*reply.told, REFUSED]
        body = self._body([*call.items, other], told, ())
        return reply._replace(body=body, told=[UNTOLD] * len(reply.told))


def _entry_b(item: Any, told: int) -> dict[str, Any]:
    contact = item["_user_id"] if isinstance(item, dict) else item
    if told == ACCEPTED:
        return {"status": "success", "_user_id": contact}
    return {"status": "error", "_user_id": contact, "errors": {"a": ["is not valid"]}}
