"""The simulated Instasent: the state of every contact, the events, and a window of calls per endpoint."""

from collections import Counter
from random import Random

from connector.engine.events import Send
from connector.model import Answer, BudgetReading, Endpoint, ItemOutcome, OutcomeKind, Verdict
from tests.simulation.scenario import BAD, Faults, Scenario

ACCEPTED = ItemOutcome(OutcomeKind.ACCEPTED)
RETRY = ItemOutcome(OutcomeKind.RETRY)


class Api:
    """Applies requests at the moment they arrive."""

    def __init__(self, scenario: Scenario, rng: Random) -> None:
        self._scenario = scenario
        self._rng = rng
        self.faults: Faults = scenario.faults
        self.contacts: dict[str, dict[str, object]] = {}
        self.events: Counter[str] = Counter()
        self.limited = 0
        self._calls: Counter[tuple[Endpoint, int]] = Counter()

    def refuses(self, now_ms: int) -> bool:
        """Whether the token is revoked now."""
        return any(start <= now_ms < end for start, end in self._scenario.refusals)

    def stranger_calls(self, now_ms: int) -> None:
        """Somebody else uses calls of every endpoint."""
        for endpoint in Endpoint:
            self._calls[endpoint, self._window(now_ms)] += self._rng.randint(1, 10)

    def request(self, send: Send, now_ms: int) -> Answer:
        """Apply one request; the budget of the answer still counts from `now_ms`."""
        if self.refuses(now_ms):
            # A data source that is gone looks to a delete like a contact that is gone (F054).
            gone = send.endpoint is Endpoint.DELETE and now_ms % 2 == 0
            return Answer(Verdict.GONE_OR_ENVIRONMENT if gone else Verdict.ENVIRONMENT, "refused")
        limit = self._scenario.calls_per_window
        window = self._window(now_ms)
        if limit is not None:
            if self._calls[send.endpoint, window] >= limit:
                self.limited += 1
                budget = self._reading(limit, 0, now_ms)
                return Answer(Verdict.THROTTLED, "limited", budget=budget, retry_after_ms=budget.reset_in_ms)
            self._calls[send.endpoint, window] += 1
        if self._rng.random() < self.faults.server:
            if self._rng.random() < 0.5:
                self._apply(send)
            return Answer(Verdict.TRANSIENT, "HTTP 500")
        answer = self._apply(send)
        if limit is None:
            return answer
        remaining = limit - self._calls[send.endpoint, window]
        return Answer(answer.verdict, answer.reason, answer.items, self._reading(limit, remaining, now_ms))

    def _window(self, now_ms: int) -> int:
        return now_ms // (self._scenario.window_s * 1000)

    def _reading(self, limit: int, remaining: int, now_ms: int) -> BudgetReading:
        reset_s = (self._window(now_ms) + 1) * self._scenario.window_s
        return BudgetReading(limit, max(0, remaining), reset_s, reset_s * 1000 - now_ms + 1000)

    def _apply(self, send: Send) -> Answer:
        if send.endpoint is Endpoint.DELETE:
            known = self.contacts.pop(send.user_ids[0], None) is not None
            return Answer(Verdict.ITEMS if known else Verdict.GONE_OR_ENVIRONMENT)
        if self._scenario.whole_batch and any(self._rejects(send.endpoint, body) for body in send.bodies):
            return Answer(Verdict.BATCH_REJECTED, "HTTP 400")
        items = tuple(self._item(send.endpoint, body) for body in send.bodies)
        return Answer(Verdict.ITEMS, items=None if all(item is ACCEPTED for item in items) else items)

    def _rejects(self, endpoint: Endpoint, body: object) -> bool:
        assert isinstance(body, dict)
        if endpoint is Endpoint.CONTACTS:
            return BAD in body.values()
        unknown = self._scenario.strict_events and body["_user_id"] not in self.contacts
        return unknown or bool(body["_event_parameters"])

    def _item(self, endpoint: Endpoint, body: object) -> ItemOutcome:
        assert isinstance(body, dict)
        if self._rejects(endpoint, body):
            return ItemOutcome(OutcomeKind.REJECTED, "invalid")
        if self._rng.random() < self.faults.item_retry:
            return RETRY
        if endpoint is Endpoint.CONTACTS:
            self.contacts.setdefault(body["_user_id"], {}).update(body)
        else:
            self.events[body["_event_id"]] += 1
        return ACCEPTED
