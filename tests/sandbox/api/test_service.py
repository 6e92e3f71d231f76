"""The API's rules, call by call, without a socket."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from connector.sandbox.api.behaviour import AnswerShape, Behaviour, UnknownContact
from connector.sandbox.api.ingest_api import ApiReply, Call, IngestApi
from connector.sandbox.api.received import Received

TOKEN = "sandbox-token"
STREAM = Call("stream", "sandbox", "customers", TOKEN)
CONTACTS = replace(STREAM, endpoint="contacts", sync=True)
EVENTS = replace(STREAM, endpoint="events")
DELETE = replace(STREAM, endpoint="delete", subject="7")
ADA = {"_user_id": "7", "_first_name": "Ada", "_email": "ada@example.com"}
ORDER = {
    "_user_id": "7",
    "_event_id": "o1",
    "_event_type": "purchase",
    "_event_date": "2026-01-02T03:04:05.678Z",
    "_event_parameters": {"amount": 12.5},
}


def make(**switches: Any) -> IngestApi:
    """Make an API with some switches set."""
    return IngestApi(Behaviour(**switches))


def send(api: IngestApi, call: Call, *items: object, now: float = 0.0) -> tuple[int, Any]:
    """Send items to an endpoint; give the status and the body as JSON."""
    reply: ApiReply = api.handle(replace(call, body=list(items)) if items else call, now)
    return reply.status, orjson.loads(reply.body) if reply.body else None


def test_a_contact_is_created_updated_read_and_deleted() -> None:
    """E2, E3 and E4 act on one contact, which merges and at last is gone (ingest-api.md 5)."""
    api = make()
    assert send(api, CONTACTS, ADA)[0] == 202
    assert send(api, CONTACTS, {"_user_id": "7", "_email": None})[0] == 202
    read = replace(STREAM, endpoint="contact", subject="7")
    assert send(api, read)[1]["contact"]["contactData"] == {**ADA, "_email": None}
    assert send(api, DELETE)[0] == 200
    assert send(api, read)[1]["contact"]["deleted"] is True
    assert send(api, replace(read, subject="8"))[0] == 404


@pytest.mark.parametrize(("base", "positions"), [(0, [0, 2]), (1, [1, 3])])
def test_the_receipt_tells_accepted_from_refused(base: int, positions: list[int]) -> None:
    """Shape A numbers the items from the chosen base and says why one was refused (ingest-api.md 3.1)."""
    api = make(position_base=base)
    status, body = send(api, CONTACTS, ADA, {"_user_id": "8", "_email": "nonsense"}, {**ADA, "_user_id": "9"})
    assert status == 202
    assert [entry["position"] for entry in body["accepted"]] == positions
    assert [(entry["position"], entry["item"]["_user_id"]) for entry in body["errors"]] == [(base + 1, "8")]
    assert "email" in body["errors"][0]["error"]
    assert (body["success"], body["entitiesSuccess"], body["entitiesFailures"]) == (False, 2, 1)
    assert api.read(Received.present, 0).keys() == {"7", "9"}


def test_the_entity_shape_lists_both_outcomes() -> None:
    """Shape B mixes both outcomes by user id, errors by field (ingest-api.md 3.2)."""
    _, body = send(make(shape=AnswerShape.ENTITY), CONTACTS, ADA, {"_user_id": "8", "_email": "nonsense"})
    entity = body["entity"]
    assert (entity["successful"], entity["failed"]) == (1, 1)
    assert [(item["status"], item["_user_id"]) for item in entity["items"]] == [
        ("success", "7"),
        ("error", "8"),
    ]
    assert list(entity["items"][1]["errors"]) == ["_email"]


def test_a_watch_sees_every_call_with_its_status() -> None:
    """In their order, the refused ones too."""
    seen: list[tuple[str, int]] = []
    api = make(watch=lambda call, status: seen.append((call.endpoint, status)))
    send(api, CONTACTS, ADA)
    send(api, replace(CONTACTS, token="revoked"), ADA)
    assert seen == [("contacts", 202), ("contacts", 401)]


@pytest.mark.parametrize("shape", list(AnswerShape))
def test_a_batch_of_refused_items_answers_422(shape: AnswerShape) -> None:
    """All items refused: 422 and the body of a partial success, by a switch (ingest-api.md 10.2)."""
    bad = {"_user_id": ""}
    assert send(make(shape=shape), CONTACTS, bad)[0] == 422
    assert send(make(shape=shape, all_rejected_status=202), CONTACTS, bad)[0] == 202


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"_user_id": ""},
        {"_user_id": 7},
        {"_user_id": "7", "_first_name": 3},
        {"_user_id": "7", "_email": "a@b"},
        {"_user_id": "7", "_email": "a b@c.es"},
    ],
)
def test_a_bad_contact_is_refused(item: dict[str, Any]) -> None:
    """A missing, empty or wrongly typed id, a text that is none and a bad address fail their item."""
    assert send(make(), CONTACTS, item, {"_user_id": "8"})[1]["entitiesFailures"] == 1


@pytest.mark.parametrize(
    "change",
    [
        {"_event_id": ""},
        {"_event_id": 3},
        {"_event_type": None},
        {"_event_type": "unknown"},
        {"_event_date": "2026-01-02"},
        {"_event_parameters": []},
        {"_user_id": None},
    ],
)
def test_a_bad_event_is_refused(change: dict[str, Any]) -> None:
    """Missing ids and types, an unlisted type, a date without time and parameters that are no object fail."""
    api = make(event_types=frozenset({"purchase"}))
    send(api, CONTACTS, ADA)
    assert send(api, EVENTS, {**ORDER, **change})[0] == 422
    assert send(api, EVENTS, ORDER)[0] == 202


@pytest.mark.parametrize(
    "body", [None, {}, "x", [], [1], [ADA, None], [{"_user_id": str(n)} for n in range(101)]]
)
def test_a_malformed_batch_is_refused_whole(body: object) -> None:
    """No JSON, no array, no objects, nothing at all or more than 100 items: 400 with a message."""
    api = make()
    reply = api.handle(replace(CONTACTS, body=body), 0)
    assert reply.status == 400
    assert orjson.loads(reply.body)["message"]
    assert not api.read(Received.present, 0)


def test_a_hundred_items_fit() -> None:
    """Exactly 100 items are taken (ingest-api.md 2)."""
    assert send(make(), CONTACTS, *({"_user_id": str(n)} for n in range(100)))[1]["entitiesSuccess"] == 100


def test_a_poisoned_batch_is_refused_without_a_culprit() -> None:
    """With the marker in any item the whole batch gets 400 and nothing is stored (F051)."""
    api = make(poison_attribute="poison")
    assert send(api, CONTACTS, ADA, {"_user_id": "8", "poison": 1})[0] == 400
    assert not api.read(Received.present, 0)


def test_an_item_can_be_refused_by_a_rule_of_the_test() -> None:
    """`refuse` decides about items of both writes."""
    api = make(refuse=lambda item: item["_user_id"] == "8")
    assert send(api, CONTACTS, ADA, {"_user_id": "8"})[1]["entitiesFailures"] == 1


def test_the_door_is_checked_first() -> None:
    """A revoked token gets 401, an unknown project or data source 404, with a message (F052 to F054)."""
    api = make()
    assert send(api, replace(STREAM, token="other"))[0] == 401
    assert send(api, replace(STREAM, project="other"))[0] == 404
    assert send(api, replace(STREAM, datasource="other"))[0] == 404
    api.change(tokens=frozenset({"new"}))
    assert send(api, STREAM)[0] == 401
    assert send(api, replace(STREAM, token="new"))[0] == 200


def test_each_endpoint_has_its_own_window() -> None:
    """The first call opens a window; refused calls count; 429 has headers and no body; it ends (F057)."""
    api = make(limit=2, window_seconds=60)
    assert [send(api, STREAM, now=1000.7)[0] for _ in range(2)] == [200, 200]
    reply = api.handle(STREAM, 1059.9)
    assert (reply.status, reply.body) == (429, b"")
    assert reply.headers == {
        "x-ratelimit-limit": "2",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "1060",
    }
    assert api.handle(STREAM, 1060.5).status == 429
    assert api.handle(CONTACTS, 1060.5).status == 400
    assert api.handle(STREAM, 1060.8).headers["x-ratelimit-remaining"] == "1"


def test_limits_can_differ_or_be_absent() -> None:
    """One endpoint may have another limit; without any limit there are no headers."""
    api = make(limit=None, limits={"delete": 1})
    assert not any(name.startswith("x-ratelimit") for name in api.handle(STREAM, 0).headers)
    assert [api.handle(DELETE, 0).status for _ in range(2)] == [200, 429]


def test_a_queued_write_is_applied_later_than_an_instant_one() -> None:
    """Without `_sync` an upsert waits, and an instant one overtakes it: the documented hazard (F062)."""
    api = make(queue_seconds=5)
    queued = replace(CONTACTS, sync=False)
    send(api, queued, {"_user_id": "7", "row_version": 1}, now=0)
    assert not api.read(Received.present, 4.9)
    send(api, CONTACTS, {"_user_id": "7", "row_version": 2}, now=4.9)
    assert api.read(Received.present, 5)["7"]["row_version"] == 1
    assert api.read(Received.report, 5)["overtaken"] == 1


def test_the_queue_keeps_its_order_and_is_quick_by_default() -> None:
    """By default a queued write is there when anybody looks, in the order of the requests."""
    api = make()
    queued = replace(CONTACTS, sync=False)
    for version in (1, 2, 3):
        send(api, queued, {"_user_id": "7", "row_version": version}, now=1)
    assert api.read(Received.present, 1)["7"]["row_version"] == 3


def test_a_dry_run_stores_nothing() -> None:
    """With `_dryRun` items are judged and nothing is kept."""
    api = make()
    assert send(api, replace(CONTACTS, dry_run=True), ADA)[1]["dryRun"] is True
    assert not api.read(Received.present, 0)
    send(api, CONTACTS, ADA)
    assert send(api, replace(EVENTS, dry_run=True), ORDER)[0] == 202
    assert api.read(Received.report, 0)["events"]["accepted"] == 0


def test_an_event_is_taken_once() -> None:
    """A repeated `_event_id` is answered as a success and adds nothing (ingest-api.md 9)."""
    api = make()
    send(api, CONTACTS, ADA)
    assert [send(api, EVENTS, ORDER)[0] for _ in range(2)] == [202, 202]
    assert api.read(Received.report, 0)["events"] == {"accepted": 1, "duplicates": 1, "parked": 0}


@pytest.mark.parametrize(
    ("policy", "status", "accepted"),
    [(UnknownContact.REJECT, 422, 0), (UnknownContact.ACCEPT, 202, 1), (UnknownContact.PARK, 202, 0)],
)
def test_an_event_of_an_unknown_contact(policy: UnknownContact, status: int, accepted: int) -> None:
    """It is refused, taken or parked, as the switch says (ingest-api.md 10.4)."""
    api = make(unknown_contact=policy)
    assert send(api, EVENTS, ORDER)[0] == status
    assert api.read(Received.report, 0)["events"]["accepted"] == accepted


def test_deleting_an_unknown_contact() -> None:
    """It succeeds or answers 404, as the switch says (ingest-api.md 10.3; F054, F063)."""
    assert send(make(), DELETE)[1]["accepted"] == [{"position": 0, "item": "7"}]
    assert send(make(unknown_delete_status=404), DELETE)[0] == 404


def test_the_data_source_describes_itself() -> None:
    """E1 has the keys that clients look for, E6 to E8 have `specs`, E9 its counters (ingest-api.md 4, 7)."""
    api = make()
    send(api, CONTACTS, ADA)
    assert send(api, STREAM)[1].keys() >= {"organization", "project", "datasource", "stream", "token"}
    assert send(api, STREAM)[1]["datasource"]["receivedContacts"] == 1
    uids = [spec["uid"] for spec in send(api, replace(STREAM, endpoint="attributes"))[1]["specs"]]
    assert "_user_id" in uids
    types = [spec["uid"] for spec in send(api, replace(STREAM, endpoint="event-types"))[1]["specs"]]
    assert "purchase" in types
    parameters = replace(STREAM, endpoint="event-parameters")
    assert send(api, parameters)[1]["specs"] == []
    specs = send(api, replace(parameters, subject="purchase"))[1]["specs"]
    assert "amount" in [spec["parameter"] for spec in specs]
    assert send(api, replace(parameters, subject="nothing"))[0] == 404
    assert send(api, replace(STREAM, endpoint="stats"))[1]["contacts"] == {"total": 1, "errored": 0}


def test_a_reset_forgets_what_was_received() -> None:
    """After a reset the ledger and the windows are new and the switches stay."""
    api = make(limit=1)
    send(api, CONTACTS, ADA)
    api.reset()
    assert not api.read(Received.present, 0)
    assert send(api, CONTACTS, ADA)[0] == 202
