"""Requests: targets, bodies, and ids that may never reach a path."""

from urllib.parse import quote, unquote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.instasent.requests import HttpRequest, Requests
from connector.model import Endpoint

STREAM = "/v1/project/p-1/datasource/d-1/stream"
REQUESTS = Requests("https://api.instasent.com/v1", "p-1", "d-1")


@pytest.mark.parametrize(
    ("endpoint", "sync", "method", "target"),
    [
        (Endpoint.CONTACTS, False, "POST", f"{STREAM}/contacts"),
        (Endpoint.CONTACTS, True, "POST", f"{STREAM}/contacts?_sync"),
        (Endpoint.EVENTS, False, "POST", f"{STREAM}/events"),
        (Endpoint.DELETE, False, "DELETE", f"{STREAM}/contacts/7"),
    ],
)
def test_each_endpoint_has_its_request(endpoint: Endpoint, sync: bool, method: str, target: str) -> None:
    """Method and target are those of `ingest-api.md 2`; `_sync` has no value."""
    request = REQUESTS.batch(endpoint, ["7"], [{"_user_id": "7"}], sync)
    assert (request.method, request.target) == (method, target)


def test_probe() -> None:
    """The probe asks for the stream itself."""
    assert REQUESTS.probe() == HttpRequest("GET", STREAM)


def test_bodies_are_one_json_array() -> None:
    """Items travel as an array in their order, exact numbers (as fragments) with the digits they have."""
    bodies = [{"_user_id": "1", "total": orjson.Fragment(b"12345678901234567890.10")}, {"_user_id": "2"}]
    request = REQUESTS.upsert(bodies, sync=False)
    assert request.body == b'[{"_user_id":"1","total":12345678901234567890.10},{"_user_id":"2"}]'


def test_one_item_is_an_array_too() -> None:
    """A single event is sent as an array (`ingest-api.md 2`)."""
    assert REQUESTS.events([{"_user_id": "1"}]).body == b'[{"_user_id":"1"}]'


def test_delete_carries_one_contact() -> None:
    """A batch of deletions with more than one contact is a broken invariant."""
    with pytest.raises(ValueError, match="unpack"):
        REQUESTS.batch(Endpoint.DELETE, ["1", "2"], [], sync=False)


@pytest.mark.parametrize(
    "user_id", ["", " ", "\t", ".", "..", "a\r\nb", "a\x00", "\x7f", "a\x85", "\ud800", "a\udfff"]
)
def test_ids_that_no_segment_can_hold(user_id: str) -> None:
    """F039 S01: such ids are refused before a request exists, and the text does not quote them."""
    with pytest.raises(ValueError, match="not a path segment") as refused:
        REQUESTS.delete(user_id)
    assert refused.value.__context__ is None or refused.value.__suppress_context__


@pytest.mark.parametrize("project", ["", ".", "..", "a\nb"])
def test_project_must_be_a_segment(project: str) -> None:
    """S02: a configured project cannot bend the path either."""
    with pytest.raises(ValueError, match="segment"):
        Requests("https://api.instasent.com/v1", project, "d-1")


def test_configured_parts_are_encoded() -> None:
    """A slash in the data source's id stays within its segment; a slash after the base is dropped."""
    requests = Requests("http://localhost:8080/", "p", "a/b")
    assert requests.probe().target == "/project/p/datasource/a%2Fb/stream"


def once(text: str) -> str:
    """Percent-encode every character that needs it."""
    return quote(text, safe="")


SPELLINGS = st.sampled_from([str, once, lambda text: once(once(text)), lambda text: once(text).lower()])
HOSTILE = st.text(st.sampled_from("./\\%2eEfF5?#;&=+ @:\u2025\u2215ñ\r\n\x00"), max_size=12)


@given(text=st.one_of(HOSTILE, st.text(max_size=40)), spell=SPELLINGS)
def test_every_target_is_the_prefix_and_one_segment(text: str, spell: object) -> None:
    """S01 I8: whatever the id, in four spellings, the path gets one non-empty, non-dot segment or nothing."""
    assert callable(spell)
    try:
        user_id = spell(text)
    except UnicodeEncodeError:
        user_id = text
    try:
        target = REQUESTS.delete(user_id).target
    except ValueError:
        return
    prefix, _, segment = target.rpartition("/")
    assert prefix == f"{STREAM}/contacts"
    assert segment not in {"", ".", ".."}
    assert not set(segment) & set("?#\\ \r\n\x00")
    assert unquote(segment) == user_id
    assert target.isascii()
