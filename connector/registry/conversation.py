"""The parts of a conversation with a registry: paths go out, replies come in, a value ends it.

A conversation is a generator. So the next question can depend on the last answer, and no code here knows how
an answer travels. Reasons are for the operator; they hold no address, no body and no value of a record.
"""

import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar
from urllib.parse import quote

import orjson

from connector.model import SchemaRef, SchemaVerdict

T = TypeVar("T")

NAME_CHARS_MAX = 512
"""Longer names of groups, artifacts and subjects are not asked for; Apicurio 3 allows as many."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class RegistryReply(NamedTuple):
    """One HTTP answer. The names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Asking: TypeAlias = Generator[str, RegistryReply, T]
"""Yields targets below the registry's base address (`/schemas/ids/42`) and takes the replies to them."""


class SchemaNotFoundError(Exception):
    """The schema cannot be had. `verdict` says whether asking again may help, `reason` says why."""

    def __init__(self, verdict: SchemaVerdict, reason: str) -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason


class SchemaReference(NamedTuple):
    """A schema that another one refers to: where it is, and how the operator knows it."""

    path: str
    name: str


class FetchedSchema(NamedTuple):
    """One schema as a registry holds it."""

    text: str
    type: str
    references: tuple[SchemaReference, ...] = ()


class Language(Protocol):
    """One registry's API. Both methods raise SchemaNotFoundError."""

    def path(self, ref: SchemaRef) -> str:
        """Return the path of the schema that a record names."""

    def read(self, path: str) -> Asking[FetchedSchema]:
        """Read the schema at a path."""


@dataclass(frozen=True, slots=True)
class Absence:
    """How one registry says that it does not hold something.

    `is_said_by` reads a refusal. `home` is a path that every registry of that kind answers with JSON. Where a
    refusal says nothing, `home` separates a registry that lacks the path from a wrong address.
    """

    home: str
    is_said_by: Callable[[RegistryReply], bool]


REFUSALS = frozenset({400, 404, 414, 422})
"""The statuses of a registry that holds no such schema, or that does not understand the question."""

STATUS: Mapping[int, str] = {
    401: "answered 401; check `username` and `password`, `token` or the certificate of `schema_registry`",
    403: "answered 403; the credentials of `schema_registry` must be allowed to read schemas",
    429: "answered 429, too many requests",
}
"""Texts for the operator, by status; these statuses say nothing about the schema."""


def ask(path: str, absence: Absence) -> Asking[RegistryReply]:
    """Ask for a path, and return the reply that holds its content (status 200).

    Raises:
        SchemaNotFoundError: UNKNOWN where a registry certainly answered, otherwise UNAVAILABLE.
    """
    return (yield from judge((yield path), absence))


def judge(reply: RegistryReply, absence: Absence) -> Asking[RegistryReply]:
    """Return a reply with status 200; where another status is not clear, ask on.

    Raises:
        SchemaNotFoundError: as `ask`.
    """
    if reply.status == 200:
        if _is_a_page(reply):
            raise unreadable("a web page")
        return reply
    if reply.status not in REFUSALS:
        raise SchemaNotFoundError(SchemaVerdict.UNAVAILABLE, _words(reply.status))
    if absence.is_said_by(reply):
        raise unknown("there is no such schema")
    home = yield absence.home
    if home.status == 200 and isinstance(parse(home.body), (dict, list)):
        raise unknown(f"it does not look schemas up in this way (answered {reply.status})")
    raise SchemaNotFoundError(
        SchemaVerdict.UNAVAILABLE,
        f"answered {reply.status}, and not as this registry does; check `type` and `url` of "
        "`schema_registry`, and any proxy before it",
    )


def unknown(reason: str) -> SchemaNotFoundError:
    """Make the error of a schema that the registry does not have, or could not have."""
    return SchemaNotFoundError(SchemaVerdict.UNKNOWN, reason)


def unreadable(what: str) -> SchemaNotFoundError:
    """Make the error of an answer that no registry gives."""
    return SchemaNotFoundError(
        SchemaVerdict.UNAVAILABLE,
        f"answered with {what} instead of a schema; check `type` and `url` of `schema_registry`",
    )


def parse(body: bytes) -> Any:
    """Return the JSON value of a body, None where it is not JSON."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def number(text: str, largest: int) -> str:
    """Check an id. Any other text would be read as something else than an id (S01).

    Raises:
        SchemaNotFoundError: it is not a number from 0 to `largest`.
    """
    if not re.fullmatch(r"[0-9]{1,19}", text) or int(text) > largest:
        raise unknown("no registry gives such an id")
    return text


def segment(name: str) -> str:
    """Percent-encode a whole path segment (S01).

    Raises:
        SchemaNotFoundError: no segment can hold the name.
    """
    blank = not name.strip() or name in {".", ".."}
    if blank or len(name) > NAME_CHARS_MAX or _CONTROL.search(name):
        raise unknown("no address can hold its name")
    try:
        return quote(name, safe="")
    except UnicodeEncodeError:
        raise unknown("no address can hold its name") from None


def _is_a_page(reply: RegistryReply) -> bool:
    """Whether a proxy or a console answered: no schema that a record can need begins like HTML."""
    return "html" in reply.headers.get("content-type", "").lower() or reply.body.lstrip()[:1] == b"<"


def _words(status: int) -> str:
    if 300 <= status < 400:
        return (
            f"answered {status}, a redirect, which is not followed; write the address that it leads to "
            "in `schema_registry.url`"
        )
    if status >= 500:
        return f"answered {status}, a fault of the server"
    return STATUS.get(status, f"answered {status}, which says nothing about the schema")
