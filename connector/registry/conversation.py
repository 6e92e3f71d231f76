"""What a conversation with a registry is made of: paths out, replies in, a value at the end.

A conversation is a generator, so that what is asked next can depend on what was answered while nothing here
knows how an answer travels. Reasons are for the operator; they hold no address, no body and no value of a
record.
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
    """There is no schema to be had: why, and whether asking elsewhere or later may help."""

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
        """Say where the schema is that a record names."""

    def read(self, path: str) -> Asking[FetchedSchema]:
        """Read the schema at a path."""


@dataclass(frozen=True, slots=True)
class Absence:
    """How one registry says that it does not hold something.

    `is_said_by` reads a refusal. `home` is a path that every registry of that kind answers with JSON: where a
    refusal says nothing, it tells a registry that does not know the question from a wrong address.
    """

    home: str
    is_said_by: Callable[[RegistryReply], bool]


REFUSALS = frozenset({400, 404, 414, 422})
"""What a registry answers where it holds no such thing, or does not understand what it was asked for."""

STATUS: Mapping[int, str] = {
    401: "answered 401; check `username` and `password`, `token` or the certificate of `schema_registry`",
    403: "answered 403; the credentials of `schema_registry` must be allowed to read schemas",
    429: "answered 429, too many requests",
}
"""What a status means for the operator; it says nothing about the schema."""


def ask(path: str, absence: Absence) -> Asking[RegistryReply]:
    """Ask for what the registry may hold, and return the reply that has it (status 200).

    Raises:
        SchemaNotFoundError: UNKNOWN where it is certain that a registry answered, else UNAVAILABLE.
    """
    return (yield from judge((yield path), absence))


def judge(reply: RegistryReply, absence: Absence) -> Asking[RegistryReply]:
    """Return a reply with status 200; where another one does not say what it means, ask on.

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
        "`schema_registry`, and what stands before it",
    )


def unknown(reason: str) -> SchemaNotFoundError:
    """The registry has no such schema, or could not have one."""
    return SchemaNotFoundError(SchemaVerdict.UNKNOWN, reason)


def unreadable(what: str) -> SchemaNotFoundError:
    """Something that is no answer of a registry."""
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
    """Check an id: others than a registry gives would be read as something else than an id (S01).

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
        raise unknown("it is named by what no address can hold")
    try:
        return quote(name, safe="")
    except UnicodeEncodeError:
        raise unknown("it is named by what no address can hold") from None


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
