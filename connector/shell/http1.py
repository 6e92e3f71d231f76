"""One HTTP/1.1 connection as an `httpx` transport.

httpx's own transport costs 730 µs of CPU a request with one connection in its pool, and 3,200 µs with 32,
because it polls each idle socket twice a request; the rest is spent in h11, httpcore and anyio. That would
be a third of all that the connector does for the 100 records of a request. This transport keeps httpx's
interface (`Request`, `Response`, exceptions, timeouts, TLS context) and parses with httptools, the C
parser that uvicorn uses: 100 µs.

It never follows a redirect, reads no proxy variables, decompresses nothing, and resolves the name anew
for each connection (F069).
"""

import asyncio
import ssl
from collections.abc import Mapping
from typing import cast

import httptools
import httpx

IDLE_SECONDS_MAX = 4.0
"""Older idle connections are not used again: Node, for one, closes them after five seconds (F072)."""

HEADER_BYTES_MAX = 64 * 1024
BODY_BYTES_MAX = 4 * 1024 * 1024
"""An answer about 100 items is some 100 KB where each item is repeated in it (F071, S14)."""


class _Exchange:
    """One answer while it arrives; its methods are what httptools calls."""

    def __init__(self, done: asyncio.Future[None]) -> None:
        self.done = done
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: list[bytes] = []
        self.body_bytes = 0
        self.header_bytes = 0
        self.in_body = False
        self.keep_alive = False
        self.parser = httptools.HttpResponseParser(self)

    def on_message_begin(self) -> None:
        if self.done.done():
            raise ValueError("an answer that nobody asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.status = self.parser.get_status_code()
        self.in_body = self.status >= 200

    def on_body(self, part: bytes) -> None:
        self.body_bytes += len(part)
        if self.body_bytes > BODY_BYTES_MAX:
            self.fail(httpx.RemoteProtocolError(f"the answer is larger than {BODY_BYTES_MAX} bytes"))
        else:
            self.body.append(part)

    def on_message_complete(self) -> None:
        if self.status < 200:  # "100 Continue" and the like: the answer itself follows
            self.headers.clear()
        elif not self.done.done():
            self.keep_alive = self.parser.should_keep_alive()
            self.done.set_result(None)

    def feed(self, data: bytes) -> None:
        """Parse what has arrived; a fault of the answer ends up in `done`."""
        if not self.in_body:
            self.header_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.keep_alive = False
            self.fail(httpx.RemoteProtocolError(f"the answer is not HTTP/1.1 ({type(error).__name__})"))
        if not self.in_body and self.header_bytes > HEADER_BYTES_MAX:
            self.fail(httpx.RemoteProtocolError(f"the answer's headers exceed {HEADER_BYTES_MAX} bytes"))

    def end(self, error: Exception | None) -> None:
        """The peer closed. That ends the body only where nothing else announced its end (F066)."""
        names = {name for name, _ in self.headers}
        if error is None and self.in_body and not names & {b"content-length", b"transfer-encoding"}:
            if not self.done.done():
                self.done.set_result(None)
        elif self.status or self.header_bytes:
            self.fail(httpx.RemoteProtocolError("the connection ended in the middle of the answer"))
        else:
            self.fail(httpx.ReadError("the connection ended without an answer"))

    def fail(self, error: httpx.TransportError) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class _Protocol(asyncio.Protocol):
    """Feeds the exchange that is under way, and watches its progress."""

    def __init__(self) -> None:
        self.exchange: _Exchange | None = None
        self.sending = False
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=0)  # so that `sending` is true until all has left

    def pause_writing(self) -> None:
        self.sending = True

    def resume_writing(self) -> None:
        self.sending = False
        self.progressed_at = self._loop.time()

    def data_received(self, data: bytes) -> None:
        if self.exchange is None:  # nobody asked: not a peer to send anything to
            self.transport.abort()
            return
        self.progressed_at = self._loop.time()
        self.exchange.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.exchange is not None:
            self.exchange.end(exc)

    async def ask(self, data: bytes, timeouts: Mapping[str, float | None]) -> _Exchange:
        """Send one request and read its answer."""
        self.exchange = exchange = _Exchange(self._loop.create_future())
        self.progressed_at = self._loop.time()
        try:
            self.transport.write(data)
            self._watch(timeouts, self.transport.get_write_buffer_size())
            await exchange.done
        finally:
            self.exchange = None
            del exchange.parser  # the two refer to each other: nothing is left for the garbage collector
            if self._timer is not None:
                self._timer.cancel()
        return exchange

    def _watch(self, timeouts: Mapping[str, float | None], unsent: int) -> None:
        """Give up where nothing has moved for as long as the timeout of this phase."""
        seconds = timeouts.get("write" if self.sending else "read")
        if seconds is None or self.exchange is None:
            return
        left = self.transport.get_write_buffer_size()
        if left < unsent:
            self.progressed_at = self._loop.time()
        due = self.progressed_at + seconds
        if self._loop.time() < due:
            self._timer = self._loop.call_at(due, self._watch, timeouts, left)
        elif self.sending:
            self.exchange.fail(httpx.WriteTimeout(f"nothing could be sent for {seconds:g} s"))
        else:
            self.exchange.fail(httpx.ReadTimeout(f"nothing was received for {seconds:g} s"))


class Connection(httpx.AsyncBaseTransport):
    """One request at a time over one connection that is kept alive.

    Raises httpx's `ConnectError` and `ConnectTimeout` before anything was sent, its other
    `TransportError`s after. `tls` is used for `https` URLs.
    """

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._protocol: _Protocol | None = None
        self._idle_since = 0.0

    async def connect(self, url: httpx.URL, timeout_seconds: float | None) -> _Protocol:
        """Have a connection that can be written to: the one at hand, or a new one."""
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
                    happy_eyeballs_delay=0.25,  # a dead IPv6 route costs this and not the whole timeout
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout(f"no connection to {url.host} in {timeout_seconds} s") from error
        except OSError as error:  # also refused, unknown host, and every fault of TLS
            raise httpx.ConnectError(f"no connection to {url.host}: {error}") from error
        self._idle_since = loop.time()
        return self._protocol

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry out one request; the answer is whole when this returns."""
        timeouts: Mapping[str, float | None] = request.extensions.get("timeout", {})
        protocol = await self.connect(request.url, timeouts.get("connect"))
        try:
            exchange = await protocol.ask(await _wire(request), timeouts)
        except BaseException:  # also cancelled: whatever the peer still sends belongs to nobody
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


async def _wire(request: httpx.Request) -> bytes:
    """The bytes of a request, in one piece: one system call sends it."""
    lines = [request.method.encode("ascii") + b" " + request.url.raw_path + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in request.headers.raw]
    lines += [b"", b""]
    return b"\r\n".join(lines) + await request.aread()
