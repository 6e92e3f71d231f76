"""The meaning of one HTTP answer; the only reader of status codes (`ingest-api.md 3`, `ingest-api.md 8`).

A status alone never makes an item accepted: that takes a body which says so.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson

from connector.instasent.item_outcomes import AmbiguousReport, outcomes, parse
from connector.instasent.rate_limit_headers import read_budget, read_retry_after
from connector.instasent.reasons import describe
from connector.model import ALL_ACCEPTED, Answer, Endpoint, OutcomeKind, Verdict


class StatusMeaning(NamedTuple):
    """The meaning of a status alone, and what the operator can do about it."""

    verdict: Verdict
    text: str


_REDIRECT = StatusMeaning(
    Verdict.ENVIRONMENT,
    "a redirect, which is never followed; check instasent.base_url and any proxy before it",
)
_REFUSED = StatusMeaning(
    Verdict.ENVIRONMENT,
    "a refusal that concerns no record; check instasent.base_url and any proxy before it",
)
_SERVER_FAULT = StatusMeaning(Verdict.TRANSIENT, "a fault of the server")
_UNDOCUMENTED = StatusMeaning(Verdict.UNKNOWN, "a status that the API does not document")
_GONE_OR_ENVIRONMENT = StatusMeaning(
    Verdict.GONE_OR_ENVIRONMENT, "the contact, or the project or data source, does not exist"
)

STATUS: Mapping[int, StatusMeaning] = {
    # 200 is here beside the documented 202: with `_sync` it may come (`ingest-api.md 10.2`).
    200: StatusMeaning(Verdict.ITEMS, "an answer that does not say which items were accepted"),
    202: StatusMeaning(Verdict.ITEMS, "an answer that does not say which items were accepted"),
    422: StatusMeaning(Verdict.ITEMS, "every item is invalid"),
    400: StatusMeaning(Verdict.BATCH_REJECTED, "malformed"),
    409: StatusMeaning(Verdict.BATCH_REJECTED, "a conflict"),
    413: StatusMeaning(Verdict.BATCH_REJECTED, "too large"),
    414: StatusMeaning(Verdict.BATCH_REJECTED, "the contact's id is too long"),
    401: StatusMeaning(
        Verdict.ENVIRONMENT, "the token is missing, malformed or revoked; set instasent.token or its file"
    ),
    403: StatusMeaning(
        Verdict.ENVIRONMENT, "the token may not do this; give it the scope, or use the data source's token"
    ),
    404: StatusMeaning(
        Verdict.ENVIRONMENT,
        "the project or data source is unknown, or the token may not write there; "
        "check instasent.project, instasent.datasource and instasent.base_url",
    ),
    408: StatusMeaning(Verdict.TRANSIENT, "the server gave up waiting for the request"),
    425: StatusMeaning(Verdict.TRANSIENT, "the server was not ready"),
    429: StatusMeaning(Verdict.THROTTLED, "the rate limit is used up"),
}

NOT_SENT = Answer(Verdict.NOT_SENT, "the lease on the partitions had run out")

_PROBE_KEYS = frozenset({"organization", "project", "datasource", "stream"})


def read(
    endpoint: Endpoint,
    user_ids: Sequence[str],
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    wall_ms: int,
) -> Answer:
    """Read the answer to one batch.

    `user_ids` are the contacts in the order in which they were sent, each once. `headers` have lower-case
    names. `wall_ms` is the wall clock at arrival, for answers without a `Date`.
    """
    meaning = _meaning(status)
    if meaning.verdict is Verdict.ITEMS:
        answer = _read_items(status, meaning, user_ids, body)
    else:
        answer = Answer(meaning.verdict, _reason(status, meaning, body))
    if endpoint is Endpoint.DELETE:
        answer = _read_delete(status, body, answer)
    return _with_limits(answer, headers, wall_ms)


def read_probe(status: int, headers: Mapping[str, str], body: bytes, wall_ms: int) -> Answer:
    """Read the answer to `GET /stream`: ITEMS where the data source described itself (E1)."""
    meaning = _meaning(status)
    if status == 200:
        known = isinstance(fields := _json(body), dict) and not _PROBE_KEYS.isdisjoint(fields)
        answer = ALL_ACCEPTED if known else Answer(Verdict.UNKNOWN, _reason(status, _UNDOCUMENTED, body))
    elif meaning.verdict in {Verdict.BATCH_REJECTED, Verdict.ITEMS}:  # there is no batch to reject
        answer = Answer(Verdict.ENVIRONMENT, _reason(status, _REFUSED, body))
    else:
        answer = Answer(meaning.verdict, _reason(status, meaning, body))
    return _with_limits(answer, headers, wall_ms)


def lost(reason: str, sent: bool) -> Answer:
    """Replace an answer that never came. The request had no effect or, if `sent`, maybe one (F064, F065)."""
    return Answer(Verdict.UNKNOWN if sent else Verdict.TRANSIENT, reason)


def _meaning(status: int) -> StatusMeaning:
    """Look a status up. A status that is not listed never rejects a record: a 4xx waits for the operator."""
    known = STATUS.get(status)
    if known is not None:
        return known
    return {3: _REDIRECT, 4: _REFUSED, 5: _SERVER_FAULT}.get(status // 100, _UNDOCUMENTED)


def _read_items(status: int, meaning: StatusMeaning, user_ids: Sequence[str], body: bytes) -> Answer:
    report = parse(body)
    if report is None:
        verdict = Verdict.BATCH_REJECTED if status == 422 else Verdict.UNKNOWN
        return Answer(verdict, _reason(status, meaning, body))
    try:
        items = outcomes(report, user_ids)
    except AmbiguousReport as undecided:
        return Answer(
            Verdict.BATCH_REJECTED,
            f"HTTP {status}: the answer does not say which item is refused: {undecided}",
        )
    if status == 422 and not any(item.kind is OutcomeKind.REJECTED for item in items or ()):
        return Answer(Verdict.BATCH_REJECTED, f"HTTP 422: {meaning.text}, yet none is listed as refused")
    return ALL_ACCEPTED if items is None else Answer(Verdict.ITEMS, items=items)


def _read_delete(status: int, body: bytes, answer: Answer) -> Answer:
    """Read the special cases of a deletion (`ingest-api.md 5.3`).

    404 may mean the contact or the data source. Success without a body is not documented, and the status of
    E4 is not either; 204 would be HTTP's usual one. So it counts once a probe has shown that the data source
    answers.
    """
    if status == 404:
        return Answer(Verdict.GONE_OR_ENVIRONMENT, _reason(status, _GONE_OR_ENVIRONMENT, body))
    if status in {200, 202, 204} and not body.strip():
        return Answer(Verdict.GONE_OR_ENVIRONMENT, f"HTTP {status}: success without a body")
    return answer


def _with_limits(answer: Answer, headers: Mapping[str, str], wall_ms: int) -> Answer:
    budget = read_budget(headers, wall_ms)
    retry_after_ms = read_retry_after(headers, wall_ms) if "retry-after" in headers else None
    if answer.verdict is Verdict.THROTTLED and budget is not None:
        retry_after_ms = budget.reset_in_ms
    if budget is None and retry_after_ms is None:
        return answer
    return Answer(answer.verdict, answer.reason, answer.items, budget, retry_after_ms)


def _reason(status: int, meaning: StatusMeaning, body: bytes) -> str:
    """Join the status, its meaning and the body's message; of a body that is not JSON, its size (F049)."""
    said = _json(body)
    if said is None and body.strip():
        detail = f" (a body of {len(body)} bytes that is not JSON)"
    else:
        detail = f" ({text})" if (text := describe(said)) else ""
    return f"HTTP {status}: {meaning.text}{detail}"


def _json(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
