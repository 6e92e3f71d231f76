"""Deliveries → one HTTP request.

The path is the riskiest place for record data (S01). An id that a server or a library could read as another
path never leaves, whatever checks came before.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import orjson

from connector.model import Endpoint

_SEGMENT = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._~%-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request of the API. `target` is the path with its query, in ASCII, below the host."""

    method: str
    target: str
    body: bytes | None = None


class Requests:
    """Builds the requests for one data source.

    `base_url` is `instasent.base_url`: only its path is used here, the host is used by the sender.
    Raises ValueError where `project` or `datasource` cannot be a path segment.
    """

    def __init__(self, base_url: str, project: str, datasource: str) -> None:
        root = urlsplit(base_url).path.rstrip("/")
        stream = f"{root}/project/{_segment(project)}/datasource/{_segment(datasource)}/stream"
        self._contacts = f"{stream}/contacts"
        self._contacts_sync = (
            f"{stream}/contacts?_sync"  # without a value, as in the vendor's node (`ingest-api.md 2`)
        )
        self._contact = f"{stream}/contacts/"
        self._events = f"{stream}/events"
        self._probe = HttpRequest("GET", stream)

    def batch(
        self, endpoint: Endpoint, user_ids: Sequence[str], bodies: Sequence[object], sync: bool
    ) -> HttpRequest:
        """The request for one batch. A delete carries exactly one contact; its `bodies` are not read."""
        if endpoint is Endpoint.CONTACTS:
            return self.upsert(bodies, sync)
        if endpoint is Endpoint.EVENTS:
            return self.events(bodies)
        (user_id,) = user_ids
        return self.delete(user_id)

    def upsert(self, bodies: Sequence[object], sync: bool) -> HttpRequest:
        """Create or update 1 to 100 contacts; processed during the request where `sync` (E2)."""
        target = self._contacts_sync if sync else self._contacts
        return HttpRequest("POST", target, orjson.dumps(bodies))

    def events(self, bodies: Sequence[object]) -> HttpRequest:
        """Record 1 to 100 events (E5)."""
        return HttpRequest("POST", self._events, orjson.dumps(bodies))

    def delete(self, user_id: str) -> HttpRequest:
        """Delete one contact (E4).

        Raises ValueError for an id that cannot be a path segment. `translate` refuses such ids first, so
        here it is a broken invariant.
        """
        target = self._contact + _segment(user_id)
        if not target.startswith(self._contact) or not _SEGMENT.fullmatch(target, len(self._contact)):
            raise ValueError("the path of a deletion is not the data source's prefix and one segment")
        return HttpRequest("DELETE", target)

    def probe(self) -> HttpRequest:
        """Ask for the data source's own description (E1)."""
        return self._probe


def _segment(text: str) -> str:
    """Percent-encode a whole path segment; ValueError (without the value) where none can hold it."""
    if not text.strip() or text in {".", ".."} or _CONTROL.search(text):
        raise ValueError("empty, blank, '.', '..' or with control characters: not a path segment")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair: not a path segment") from None
