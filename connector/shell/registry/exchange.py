"""Carries out a conversation with one registry over HTTP.

It follows no redirect, reads no proxy variables and decompresses nothing. It gives up on answers that are too
large or too slow (S02, S11, S14).
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
    """How many schemas are in flight, and how long and how large the answers may be.

    `request_seconds_max` counts from connecting to the last byte of one answer. `schema_seconds_max` counts
    over all answers of one address about a schema and its references.
    """

    in_flight_max: int = 4
    connect_seconds_max: float = 5.0
    request_seconds_max: float = 10.0
    schema_seconds_max: float = 30.0
    answer_bytes_max: int = 4 * 1024 * 1024


class _UnusableAnswerError(Exception):
    """The rest of the answer is not worth reading; the text says why."""


FAILURES: Sequence[tuple[type[Exception], str]] = (
    # the first match counts
    (_UnusableAnswerError, "{error}"),
    (httpx.ConnectTimeout, "no connection within {limits.connect_seconds_max:g} s"),
    (httpx.TimeoutException, "no whole answer within {limits.request_seconds_max:g} s"),
    (TimeoutError, "the schema and its references did not arrive within {limits.schema_seconds_max:g} s"),
    (httpx.ConnectError, "cannot be reached ({cause})"),
    (httpx.NetworkError, "the connection broke ({cause})"),
    (OSError, "the connection broke ({cause})"),  # of TLS; httpx does not wrap all of them
    (httpx.HTTPError, "its answer is not whole HTTP ({kind})"),
)
"""The failure that ends a conversation -> its text for the operator."""


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
    """Hold the conversation with the registry at `base`; where it fails, the schema is unavailable."""
    host = base.netloc.decode("ascii")
    try:
        async with asyncio.timeout(limits.schema_seconds_max):
            path = next(asking)
            while True:
                path = asking.send(await _get(client, base, path, limits))
    except StopIteration as end:
        answer: SchemaAnswer = end.value
        return answer._replace(reason=f"{host}: {answer.reason}") if answer.reason else answer
    except (_UnusableAnswerError, httpx.HTTPError, OSError) as error:
        return SchemaAnswer(SchemaVerdict.UNAVAILABLE, reason=f"{host}: {_describe(error, limits)}")


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
        raise _UnusableAnswerError("it compresses its answer although the request forbids that")
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > bytes_max:
            raise _UnusableAnswerError(f"its answer is larger than {bytes_max} bytes")
    return RegistryReply(response.status_code, headers, bytes(body))


def _describe(error: Exception, limits: RegistryLimits) -> str:
    """Describe the failure, without a quotation from the answer."""
    text = next(text for kind, text in FAILURES if isinstance(error, kind))
    return text.format(error=error, kind=type(error).__name__, cause=_cause(error), limits=limits)


def _cause(error: Exception) -> str:
    """Find the cause that the system or TLS gave; httpx wraps it in layers without information."""
    cause = ""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, ConnectionError) and inner.errno:
            cause = os.strerror(inner.errno)  # asyncio adds the address, which the text has already
        elif isinstance(inner, OSError):
            cause = inner.strerror or str(inner)
        inner = inner.__cause__ or inner.__context__
    return cause or "closed by the other side"
