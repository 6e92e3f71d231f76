"""Carries out a conversation with one registry over HTTP.

It follows no redirect, reads no proxy variables, unpacks nothing, and gives up on what is too large or takes
too long (S02, S11, S14).
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from connector.model import SchemaAnswer, SchemaVerdict
from connector.registry.conversation import Asking, RegistryReply
from connector.shell.registry.access import Access


@dataclass(frozen=True, slots=True)
class RegistryLimits:
    """How many schemas are asked for at once, and how long and how large the answers may be.

    `request_seconds_max` counts from connecting to the last byte of one answer, `schema_seconds_max` over all
    the answers that one address gives about a schema and what it refers to.
    """

    in_flight_max: int = 4
    connect_seconds_max: float = 5.0
    request_seconds_max: float = 10.0
    schema_seconds_max: float = 30.0
    answer_bytes_max: int = 4 * 1024 * 1024


class _UselessError(Exception):
    """An answer that is not worth reading on; the text says why."""


FAILURES: Sequence[tuple[type[Exception], str]] = (
    # the first that fits counts
    (_UselessError, "{error}"),
    (httpx.ConnectTimeout, "no connection within {limits.connect_seconds_max:g} s"),
    (httpx.TimeoutException, "no whole answer within {limits.request_seconds_max:g} s"),
    (TimeoutError, "not all that the schema refers to came within {limits.schema_seconds_max:g} s"),
    (httpx.ConnectError, "cannot be reached ({cause})"),
    (httpx.NetworkError, "the connection broke ({cause})"),
    (OSError, "the connection broke ({cause})"),  # of TLS; httpx does not wrap all of them
    (httpx.HTTPError, "its answer is not whole HTTP ({kind})"),
)
"""What breaks a conversation off -> how the operator reads it."""


def open_client(access: Access, limits: RegistryLimits) -> httpx.AsyncClient:
    """Make a client for the conversations about one schema."""
    return httpx.AsyncClient(
        headers={
            **access.authorization,
            "Accept": "application/vnd.schemaregistry.v1+json, application/json, */*;q=0.5",
            "Accept-Encoding": "identity",
            "User-Agent": "instasent-connector",
        },
        verify=access.tls,
        follow_redirects=False,
        trust_env=False,
        timeout=httpx.Timeout(limits.request_seconds_max, connect=limits.connect_seconds_max),
    )


async def converse(
    client: httpx.AsyncClient, base: httpx.URL, asking: Asking[SchemaAnswer], limits: RegistryLimits
) -> SchemaAnswer:
    """Hold the conversation with the registry at `base`; where it breaks off, the schema is unavailable."""
    host = base.netloc.decode("ascii")
    try:
        async with asyncio.timeout(limits.schema_seconds_max):
            path = next(asking)
            while True:
                path = asking.send(await _get(client, base, path, limits))
    except StopIteration as end:
        answer: SchemaAnswer = end.value
        return answer._replace(reason=f"{host}: {answer.reason}") if answer.reason else answer
    except (_UselessError, httpx.HTTPError, OSError) as error:
        return SchemaAnswer(SchemaVerdict.UNAVAILABLE, reason=f"{host}: {_words(error, limits)}")


async def _get(
    client: httpx.AsyncClient, base: httpx.URL, path: str, limits: RegistryLimits
) -> RegistryReply:
    url = base.copy_with(raw_path=base.raw_path.rstrip(b"/") + path.encode("ascii"))
    try:
        async with asyncio.timeout(limits.request_seconds_max), client.stream("GET", url) as response:
            return await _read(response, limits.answer_bytes_max)
    except TimeoutError:
        raise httpx.ReadTimeout("a slow drip") from None


async def _read(response: httpx.Response, bytes_max: int) -> RegistryReply:
    headers = dict(response.headers)  # httpx has their names in lower case
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise _UselessError("it compresses its answer, though it was asked not to")
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > bytes_max:
            raise _UselessError(f"its answer is larger than {bytes_max} bytes")
    return RegistryReply(response.status_code, headers, bytes(body))


def _words(error: Exception, limits: RegistryLimits) -> str:
    """Say what went wrong; what a broken answer holds is not quoted."""
    words = next(words for kind, words in FAILURES if isinstance(error, kind))
    return words.format(error=error, kind=type(error).__name__, cause=_cause(error), limits=limits)


def _cause(error: Exception) -> str:
    """Find what the system or TLS said: httpx wraps it in layers that say nothing."""
    said = ""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, ConnectionError) and inner.errno:
            said = os.strerror(inner.errno)  # asyncio puts the address there, which is said already
        elif isinstance(inner, OSError):
            said = inner.strerror or str(inner)
        inner = inner.__cause__ or inner.__context__
    return said or "closed by the other side"
