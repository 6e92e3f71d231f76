"""One HTTP/1.1 connection as an `httpx` transport.

It is ours because it knows exactly whether a request was sent. Its caller checks the lease between connect
and write, one deadline limits the whole request, and no DELETE is sent again silently. Speed is not the
reason: only httpx's own transport is slow (docs/decisions/0011-http-connections.md). It polls each idle
socket twice a request, and h11, httpcore and anyio take the rest.

This transport keeps httpx's interface: `Request`, `Response`, exceptions, timeouts, TLS context. It parses
with httptools, the C parser of uvicorn.

It never follows a redirect, reads no proxy variables and decompresses nothing. It resolves the name again for
each connection (F069).
"""

import asyncio
import math
import ssl
from collections.abc import Mapping
from typing import TypeAlias, cast

import httptools
import httpx

IDLE_SECONDS_MAX = 4.0
"""A connection that was idle for longer is not used again: Node, for one, closes it after 5 s (F072)."""

ANSWER_BYTES_MAX = 4 * 1024 * 1024
"""The limit for all bytes received for one request: interim answers, headers, framing, body and trailers. An
answer that repeats its 100 items has about 100 KB (F071, S14)."""

HEADERS_MAX = 256
READ_BYTES_MAX = 256 * 1024

Timeouts: TypeAlias = Mapping[str, float | None]
"""In seconds, as httpx writes them: `connect`, `read`, `write`; and `total`, to the last byte."""


class _Exchange:
    """One answer while it arrives; httptools calls its `on_` methods."""

    def __init__(self, done: asyncio.Future[None]) -> None:
        self.done = done
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: list[bytes] = []
        self.received = 0
        self.keep_alive = False
        self.parser = httptools.HttpResponseParser(self)

    def on_message_begin(self) -> None:
        if self.done.done():
            raise ValueError("an answer without a request")

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self.headers) == HEADERS_MAX:
            self.fail(httpx.RemoteProtocolError(f"the answer has more than {HEADERS_MAX} headers"))
            raise ValueError("too many headers")
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.status = self.parser.get_status_code()

    def on_body(self, part: bytes) -> None:
        self.body.append(part)

    def on_message_complete(self) -> None:
        if self.status < 200:  # "100 Continue" and the like: the answer itself follows
            self.headers.clear()
        elif not self.done.done():
            self.keep_alive = self.parser.should_keep_alive()
            self.done.set_result(None)

    def feed(self, data: memoryview) -> None:
        """Parse the received bytes; a fault of the answer becomes the exception of `done`."""
        self.received += len(data)
        if self.received > ANSWER_BYTES_MAX:
            self.fail(httpx.RemoteProtocolError(f"the answer is larger than {ANSWER_BYTES_MAX} bytes"))
            return
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.keep_alive = False
            self.fail(httpx.RemoteProtocolError(f"the answer is not HTTP/1.1 ({type(error).__name__})"))

    def end(self, error: Exception | None) -> None:
        """Handle the peer's close, which ends the body only where no header announced its end (F066)."""
        names = {name for name, _ in self.headers}
        if error is None and self.status >= 200 and not names & {b"content-length", b"transfer-encoding"}:
            if not self.done.done():
                self.done.set_result(None)
        elif self.received:
            self.fail(httpx.RemoteProtocolError("the connection ended in the middle of the answer"))
        else:
            self.fail(httpx.ReadError("the connection ended without an answer"))

    def fail(self, error: httpx.TransportError) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class _Protocol(asyncio.BufferedProtocol):
    """Feeds the current exchange, and watches its progress."""

    def __init__(self) -> None:
        self.exchange: _Exchange | None = None
        self.sending = False
        self._loop = asyncio.get_running_loop()
        self._buffer = memoryview(bytearray(READ_BYTES_MAX))
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(
            high=0
        )  # so that `sending` is true until the last byte has left

    def pause_writing(self) -> None:
        self.sending = True

    def resume_writing(self) -> None:
        self.sending = False
        self._progressed_at = self._loop.time()

    def get_buffer(self, _sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self.exchange is None:  # an answer without a request: drop this peer
            self.transport.abort()
            return
        self._progressed_at = self._loop.time()
        self.exchange.feed(self._buffer[:nbytes])

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.exchange is not None:
            self.exchange.end(exc)

    async def ask(self, data: bytes, timeouts: Timeouts, began: float | None) -> _Exchange:
        """Send one request and read its answer."""
        self.exchange = exchange = _Exchange(self._loop.create_future())
        self._timeouts = timeouts
        self._progressed_at = self._loop.time()
        self._began = self._progressed_at if began is None else began
        try:
            self.transport.write(data)
            self._unsent = self.transport.get_write_buffer_size()
            if self._timer is None:
                self._watch()
            await exchange.done
        finally:
            self.exchange = None
            del exchange.parser  # breaks the reference cycle, so the garbage collector has no work
        return exchange

    def _watch(self) -> None:
        """Give up where no byte has moved for the timeout of this phase, or `total` is over.

        The timer outlives its exchange and serves the next one, so no exchange has to set it. The price: a
        timeout that is shorter than those of the previous exchange may be noticed late.
        """
        self._timer = None
        if self.exchange is None:
            return
        now = self._loop.time()
        left = self.transport.get_write_buffer_size()
        if left < self._unsent:
            self._unsent = left
            self._progressed_at = now
        seconds = self._timeouts.get("write" if self.sending else "read") or math.inf
        total = self._timeouts.get("total") or math.inf
        due = min(self._progressed_at + seconds, self._began + total)
        if now < due:
            self._timer = self._loop.call_at(due, self._watch)
        elif now >= self._began + total:
            self.exchange.fail(httpx.ReadTimeout(f"no whole answer within {total:g} s"))
        elif self.sending:
            self.exchange.fail(httpx.WriteTimeout(f"nothing could be sent for {seconds:g} s"))
        else:
            self.exchange.fail(httpx.ReadTimeout(f"nothing was received for {seconds:g} s"))


class Connection(httpx.AsyncBaseTransport):
    """One request at a time over one connection that is kept alive.

    It raises httpx's `ConnectError` and `ConnectTimeout` before a byte was sent, and its other
    `TransportError`s after. `tls` applies to `https` URLs. Besides httpx's `timeout`, a request may have the
    extension `began`: the loop's time from which `total` counts. Without it, `total` counts from sending.
    """

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._protocol: _Protocol | None = None
        self._idle_since = 0.0

    async def connect(self, url: httpx.URL, timeout_seconds: float | None) -> _Protocol:
        """Return a connection that is ready to write to: the present one, or a new one."""
        loop = asyncio.get_running_loop()
        if self._protocol is not None:
            fresh = loop.time() - self._idle_since < IDLE_SECONDS_MAX
            if fresh and not self._protocol.transport.is_closing():
                return self._protocol
            await self.aclose()
        secure = url.scheme == "https"
        try:
            async with asyncio.timeout(timeout_seconds):
                _, self._protocol = await loop.create_connection(
                    _Protocol,
                    url.host,
                    url.port or (443 if secure else 80),
                    ssl=self._tls if secure else None,
                    happy_eyeballs_delay=0.25,  # a dead IPv6 route costs this instead of the timeout
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout(f"no connection to {url.host} in {timeout_seconds} s") from error
        except OSError as error:  # also refused, unknown host, and every TLS fault
            raise httpx.ConnectError(f"no connection to {url.host}: {error}") from error
        self._idle_since = loop.time()
        return self._protocol

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry out one request and return its complete answer."""
        timeouts: Timeouts = request.extensions.get("timeout", {})
        protocol = await self.connect(request.url, timeouts.get("connect"))
        try:
            exchange = await protocol.ask(
                await _request_bytes(request), timeouts, request.extensions.get("began")
            )
        except BaseException:  # also cancelled: no request may read what the peer still sends
            await self.aclose()
            raise
        self._idle_since = asyncio.get_running_loop().time()
        if protocol.sending or not exchange.keep_alive:
            await self.aclose()
        body = b"".join(exchange.body)
        return httpx.Response(exchange.status, headers=exchange.headers, stream=httpx.ByteStream(body))

    async def aclose(self) -> None:
        """Drop the connection; the next request opens another."""
        if self._protocol is not None:
            self._protocol.transport.abort()
            self._protocol = None


async def _request_bytes(request: httpx.Request) -> bytes:
    """Return the bytes of a request in one piece, so that one system call sends them."""
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [b"%s: %s" % header for header in request.headers.raw]
    head = b"\r\n".join(lines)
    if head.count(b"\n") + head.count(b"\r") != 2 * len(lines) - 2:
        raise httpx.LocalProtocolError("a header of the request holds a line break")
    stream = cast("httpx.AsyncByteStream", request.stream)
    return b"".join([head, b"\r\n\r\n", *[part async for part in stream]])
