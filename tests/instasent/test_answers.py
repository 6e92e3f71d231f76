"""Status codes and bodies: the meaning of each answer for its batch."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.instasent.answers import NOT_SENT, STATUS, lost, read, read_probe
from connector.model import ALL_ACCEPTED, Answer, BudgetReading, Endpoint, OutcomeKind, Verdict

CONTACTS, DELETE = Endpoint.CONTACTS, Endpoint.DELETE
ALL_GOOD = b'{"success":true,"entitiesSuccess":2,"entitiesFailures":0}'
ONE_GOOD = b'{"success":true,"entitiesSuccess":1,"accepted":[{"position":0,"item":"u1"}]}'
NOT_A_MAIL = "not a valid email"
ONE_BAD = orjson.dumps(
    {
        "entitiesSuccess": 1,
        "entitiesFailures": 1,
        "errors": [
            {"position": 0, "item": {"_user_id": "u1", "_email": "x"}, "error": f"_email: {NOT_A_MAIL}"}
        ],
    }
)
ALL_BAD = orjson.dumps(
    {
        "entity": {
            "successful": 0,
            "failed": 2,
            "items": [
                {"status": "error", "_user_id": "u1", "errors": {"_email": [NOT_A_MAIL]}},
                {
                    "status": "error",
                    "_user_id": "u2",
                    "errors": {"_phone_mobile": ["too short", "no prefix"]},
                },
            ],
        }
    }
)
LIMITS = {"x-ratelimit-limit": "600", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "60"}


def ask(status: int, body: bytes = b"", endpoint: Endpoint = CONTACTS, **headers: str) -> Answer:
    """Read the answer to a batch of two contacts, or to a deletion."""
    user_ids = ["u1"] if endpoint is DELETE else ["u1", "u2"]
    return read(
        endpoint, user_ids, status, {name.replace("_", "-"): text for name, text in headers.items()}, body, 0
    )


@pytest.mark.parametrize("status", [200, 202])
def test_all_accepted_is_one_shared_answer(status: int) -> None:
    """The usual answer needs no outcome per item."""
    assert ask(status, ALL_GOOD) is ALL_ACCEPTED


def test_partial_success() -> None:
    """F047: the good item is accepted, the bad one rejected with its field and message."""
    answer = ask(202, ONE_BAD)
    assert answer.verdict is Verdict.ITEMS
    assert answer.items is not None
    assert [item.kind for item in answer.items] == [OutcomeKind.REJECTED, OutcomeKind.ACCEPTED]
    assert answer.items[0].reason == "_email: not a valid email"


def test_all_refused() -> None:
    """F055: a 422 is read item by item like a 202."""
    answer = ask(422, ALL_BAD)
    assert answer.items is not None
    assert [item.reason for item in answer.items] == [
        "_email: not a valid email",
        "_phone_mobile: too short, no prefix",
    ]


@pytest.mark.parametrize("body", [b"", b"{}", b'{"message":"no"}', b"<html>", ALL_GOOD])
def test_422_that_blames_nobody_rejects_the_batch(body: bytes) -> None:
    """F051 F055: the engine bisects; success is not inferred from a refusal."""
    assert ask(422, body).verdict is Verdict.BATCH_REJECTED


def test_undecidable_error_rejects_the_batch() -> None:
    """F051: an error that may concern any item is handed to the bisection."""
    answer = ask(202, b'{"entitiesSuccess":1,"entitiesFailures":1,"errors":[{"position":1,"error":"bad"}]}')
    assert answer.verdict is Verdict.BATCH_REJECTED
    assert answer.reason == "HTTP 202: the answer does not say which item is refused: bad"


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        pytest.param(201, Verdict.UNKNOWN, id="F050-201"),
        pytest.param(204, Verdict.UNKNOWN, id="F050-204"),
        pytest.param(206, Verdict.UNKNOWN, id="F050-206"),
        pytest.param(301, Verdict.ENVIRONMENT, id="F060-301"),
        pytest.param(307, Verdict.ENVIRONMENT, id="F060-307"),
        pytest.param(400, Verdict.BATCH_REJECTED, id="F051-400"),
        pytest.param(401, Verdict.ENVIRONMENT, id="F052-401"),
        pytest.param(403, Verdict.ENVIRONMENT, id="F053-403"),
        pytest.param(404, Verdict.ENVIRONMENT, id="F054-404"),
        pytest.param(405, Verdict.ENVIRONMENT, id="405"),
        pytest.param(408, Verdict.TRANSIENT, id="408"),
        pytest.param(409, Verdict.BATCH_REJECTED, id="F055-409"),
        pytest.param(413, Verdict.BATCH_REJECTED, id="F056-413"),
        pytest.param(414, Verdict.BATCH_REJECTED, id="414"),
        pytest.param(415, Verdict.ENVIRONMENT, id="415"),
        pytest.param(425, Verdict.TRANSIENT, id="425"),
        pytest.param(429, Verdict.THROTTLED, id="F057-429"),
        pytest.param(500, Verdict.TRANSIENT, id="F059-500"),
        pytest.param(503, Verdict.TRANSIENT, id="F059-503"),
        pytest.param(599, Verdict.TRANSIENT, id="599"),
        pytest.param(999, Verdict.UNKNOWN, id="999"),
    ],
)
def test_statuses(status: int, verdict: Verdict) -> None:
    """F050-F057 F059 F060: the table, on an answer whose body even claims success."""
    answer = ask(status, ALL_GOOD)
    assert answer.verdict is verdict
    assert answer.reason.startswith(f"HTTP {status}: ")


@pytest.mark.parametrize("status", [200, 202])
@pytest.mark.parametrize(
    "body", [b"", b"  ", b"<html>login</html>", b"{}", b"null", b'{"success":true}', b'{"a":']
)
def test_success_that_says_nothing_is_no_success(status: int, body: bytes) -> None:
    """F049 F050: pages, empty bodies and other JSON are unknown: the batch may have been processed."""
    assert ask(status, body).verdict is Verdict.UNKNOWN


def test_page_is_told_by_its_size() -> None:
    """F049 S08: the operator learns the size of a body that is not JSON, not its content."""
    answer = ask(200, b"<html>Ada Lovelace</html>")
    assert answer.reason.endswith("(a body of 25 bytes that is not JSON)")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_environment_faults_say_what_to_do(status: int) -> None:
    """F052 F053 F054: the reason names the setting to look at."""
    assert "instasent" in ask(status).reason or "token" in ask(status).reason


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, ONE_GOOD, Verdict.ITEMS),
        (202, b'{"entity":{"successful":1,"failed":0,"items":[]}}', Verdict.ITEMS),
        (202, b'{"accepted":[{"position":0,"item":"u1"}]}', Verdict.ITEMS),
        (404, b"", Verdict.GONE_OR_ENVIRONMENT),
        (404, b'{"message":"contact not found"}', Verdict.GONE_OR_ENVIRONMENT),
        (204, b"", Verdict.GONE_OR_ENVIRONMENT),
        (200, b"", Verdict.GONE_OR_ENVIRONMENT),
        (200, b"<html>", Verdict.UNKNOWN),
        (201, b"", Verdict.UNKNOWN),
        (422, ALL_BAD, Verdict.ITEMS),
        (401, b"", Verdict.ENVIRONMENT),
        (500, b"", Verdict.TRANSIENT),
    ],
)
def test_deletions(status: int, body: bytes, verdict: Verdict) -> None:
    """F054 F063: a body that says so, or an absence that a probe must explain."""
    answer = ask(status, body, DELETE)
    assert answer.verdict is verdict
    if verdict is Verdict.ITEMS:
        kinds = {item.kind for item in answer.items or ()}
        assert kinds <= ({OutcomeKind.REJECTED} if status == 422 else {OutcomeKind.ACCEPTED})


@pytest.mark.parametrize("body", [b"", b'"Too many requests"', b'{"message":"slow down"}'])
def test_throttled_waits_for_the_reset(body: bytes) -> None:
    """F057: with a reset the wait is the window's; the body plays no part."""
    answer = read(CONTACTS, ["u1"], 429, {**LIMITS, "retry-after": "1"}, body, 5000)
    assert answer.verdict is Verdict.THROTTLED
    assert answer.budget == BudgetReading(600, 0, 65, 61_000)
    assert answer.retry_after_ms == 61_000


def test_throttled_without_a_budget() -> None:
    """F057: `Retry-After` replaces a missing or senseless reset; without both there is no wait."""
    assert ask(429, retry_after="7").retry_after_ms == 7000
    assert ask(429).retry_after_ms is None
    assert ask(429).budget is None


def test_budget_comes_with_every_answer() -> None:
    """Promise 6: acceptance, refusal and probe carry the budget alike."""
    for answer in (
        read(CONTACTS, ["u1", "u2"], 202, LIMITS, ALL_GOOD, 0),
        read(CONTACTS, ["u1", "u2"], 500, LIMITS, b"", 0),
        read_probe(200, LIMITS, b'{"stream":{}}', 0),
    ):
        assert answer.budget == BudgetReading(600, 0, 60, 61_000)


def test_server_may_ask_for_a_pause() -> None:
    """F059: a 503 with `Retry-After` is waited for."""
    assert ask(503, retry_after="3").retry_after_ms == 3000


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, b'{"organization":{},"project":{},"datasource":{},"stream":{}}', Verdict.ITEMS),
        (200, b"<html>", Verdict.UNKNOWN),
        (200, b"", Verdict.UNKNOWN),
        (200, b"{}", Verdict.UNKNOWN),
        (202, b"{}", Verdict.ENVIRONMENT),
        (302, b"", Verdict.ENVIRONMENT),
        (400, b"", Verdict.ENVIRONMENT),
        (401, b"", Verdict.ENVIRONMENT),
        (403, b"", Verdict.ENVIRONMENT),
        (404, b"", Verdict.ENVIRONMENT),
        (422, b"", Verdict.ENVIRONMENT),
        (429, b"", Verdict.THROTTLED),
        (502, b"", Verdict.TRANSIENT),
    ],
)
def test_probe(status: int, body: bytes, verdict: Verdict) -> None:
    """F052 F054 F063: only the data source's own description heals an environment fault."""
    assert read_probe(status, {}, body, 0).verdict is verdict


def test_answers_that_never_came() -> None:
    """F064 F065 F007: not sent is without effect; sent and not answered may have been processed."""
    assert lost("refused", sent=False).verdict is Verdict.TRANSIENT
    assert lost("reset", sent=True).verdict is Verdict.UNKNOWN
    assert NOT_SENT.verdict is Verdict.NOT_SENT


@given(status=st.integers(100, 999), body=st.binary(max_size=40), endpoint=st.sampled_from(Endpoint))
def test_no_status_makes_junk_accepted(status: int, body: bytes, endpoint: Endpoint) -> None:
    """F049 F050: whatever the status, a body without a report accepts nothing."""
    assert ask(status, body, endpoint).verdict is not Verdict.ITEMS


@given(status=st.sampled_from([*STATUS, 418, 500, 302]), message=st.text(max_size=60))
def test_reasons_are_one_bounded_line(status: int, message: str) -> None:
    """S08: whatever the API says, a reason is one line of bounded length."""
    reason = ask(status, orjson.dumps({"message": message * 50})).reason
    assert len(reason) < 600
    assert "\n" not in reason
