"""A TCP proxy that misbehaves: what a network does to the requests and answers that pass through it."""

import asyncio
import random
import re
import threading
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.stack.processes import free_port

READ_BYTES = 65536
START_SECONDS = 10
DRIP_SECONDS = 0.002
SAFE = re.compile(
    rb"(?:GET /v1/project/[\w-]+/datasource/[\w-]+/stream"
    rb"|POST /v1/project/[\w-]+/datasource/[\w-]+/stream/(?:contacts|events)(?:\?_sync(?:=\w*)?)?"
    rb"|DELETE /v1/project/[\w-]+/datasource/[\w-]+/stream/contacts/(?!\.\.?(?:\?|$| ))"
    rb"(?:[\w.~-]|%[0-9A-F]{2})+(?:\?_sync(?:=\w*)?)?)"
    rb" HTTP/1\.1\r\n"
)
"""Every request line that the connector may ever write (S01: a contact's id is one escaped segment)."""


class Weather(StrEnum):
    """The network's behaviour towards a connection."""

    CLEAR = "clear"
    RESET_REQUEST = "request cut off"  # reset after some bytes of a request
    RESET_ANSWER = "answer cut off"  # reset after some bytes of an answer
    HALF_ANSWER = "half an answer"  # closed in good order in the middle of an answer
    DRIP = "slow drip"  # the answer comes byte by byte
    BLACK_HOLE = "black hole"  # nothing passes any more, and neither side hears of it
    REFUSE = "refused"  # nothing listens


CUTS = frozenset({Weather.RESET_REQUEST, Weather.RESET_ANSWER, Weather.HALF_ANSWER})
ON_ANSWERS = (Weather.RESET_ANSWER, Weather.HALF_ANSWER, Weather.DRIP, Weather.BLACK_HOLE)


@dataclass(frozen=True, slots=True)
class Conditions:
    """The network from now on: each connection that carries something meets `weather` so often."""

    weather: Weather = Weather.CLEAR
    probability: float = 1.0
    delay_seconds: tuple[float, float] = (0.0, 0.0)
    """How long every piece takes in either direction, drawn between the two."""


class Proxy:
    """Listens on a port of its own from construction on, as a context manager; usable from any thread.

    It never delivers a request whose client no longer waits. When one side ends, so does the other; the data
    between them is dropped.
    """

    def __init__(self, target: str, seed: int = 0) -> None:
        """`target` is scheme, host and port of the server."""
        address = urlsplit(target)
        self._host, self._port = address.hostname or "", address.port or 0
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.conditions = Conditions()
        self.unsafe: list[bytes] = []
        """First lines of requests that the connector must never write."""
        self.met: Counter[Weather] = Counter()
        """How often a connection met which weather."""
        self._random = random.Random(seed)  # noqa: S311 - repeats its draws
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._passages: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._refuse())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def change(self, conditions: Conditions) -> None:
        """Let the network be so from now on, for open connections too."""
        was, self.conditions = self.conditions.weather, conditions
        if conditions.weather is Weather.REFUSE:
            self._run(self._refuse())
        elif was is Weather.REFUSE:
            self._run(self._listen())
        elif was is Weather.BLACK_HOLE:
            self._run(self._hang_up())  # what was swallowed never comes

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(START_SECONDS)

    # ------------------------------------------------------------------------- on the loop's thread

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._hang_up()

    async def _hang_up(self) -> None:
        for passage in self._passages:
            passage.cancel()
        await asyncio.gather(*self._passages, return_exceptions=True)

    async def _accept(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passages.add(task)
        try:
            with suppress(OSError, asyncio.CancelledError):  # one of the two is gone
                await self._carry(client, to_client)
        finally:
            self._passages.discard(task)
            to_client.transport.abort()

    async def _carry(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(self._host, self._port)
        passage = _Passage(self, client, server, to_client, to_server)
        try:
            await passage.carry()
        finally:
            # The server first: what it has not read yet must not be done once the client has heard.
            to_server.transport.abort()

    def draw(self, *suitable: Weather) -> Weather:
        """Decide what happens to a connection that is about to carry a piece in one direction."""
        conditions = self.conditions
        if conditions.weather not in suitable or self._random.random() >= conditions.probability:
            return Weather.CLEAR
        self.met[conditions.weather] += 1
        return conditions.weather

    async def delay(self) -> None:
        """Let a piece travel."""
        seconds = self._random.uniform(*self.conditions.delay_seconds)
        if seconds:
            await asyncio.sleep(seconds)

    def cut(self, data: bytes) -> int:
        """Choose where a piece is cut off."""
        return self._random.randrange(len(data))


class _Passage:
    """One client's connection, and the connection to the server for it."""

    def __init__(
        self,
        proxy: Proxy,
        client: asyncio.StreamReader,
        server: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        to_server: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._client, self._server = client, server
        self._to_client, self._to_server = to_client, to_server
        self._answered = True  # what the client says next begins a request

    async def carry(self) -> None:
        """Carry both ways until either side is gone."""
        ways = [asyncio.create_task(self._requests()), asyncio.create_task(self._answers())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _requests(self) -> None:
        while data := await self._client.read(READ_BYTES):
            if self._answered:
                self._answered = False
                if SAFE.match(data) is None:
                    self._proxy.unsafe.append(data.split(b"\r\n", 1)[0])
            await self._proxy.delay()
            if self._client.at_eof() or self._client.exception() is not None:
                return
            weather = self._proxy.draw(Weather.RESET_REQUEST, Weather.BLACK_HOLE)
            if weather is Weather.BLACK_HOLE:
                await _swallow(self._client)
            elif await _pass(data, self._to_server, cut=self._cut(data, weather)):
                continue
            return

    async def _answers(self) -> None:
        while data := await self._server.read(READ_BYTES):
            self._answered = True
            await self._proxy.delay()
            weather = self._proxy.draw(*ON_ANSWERS)
            if weather is Weather.BLACK_HOLE:
                await _swallow(self._server)
            elif weather is Weather.DRIP:
                for n in range(len(data)):
                    await _pass(data[n : n + 1], self._to_client)
                    await asyncio.sleep(DRIP_SECONDS)
                continue
            elif await _pass(data, self._to_client, cut=self._cut(data, weather)):
                continue
            if weather is Weather.HALF_ANSWER:
                self._to_client.write_eof()
                await asyncio.sleep(DRIP_SECONDS)
            return

    def _cut(self, data: bytes, weather: Weather) -> int | None:
        return self._proxy.cut(data) if weather in CUTS else None


async def _pass(data: bytes, to: asyncio.StreamWriter, cut: int | None = None) -> bool:
    """Carry a piece, or what comes before `cut`; return whether all of it went."""
    to.write(data[:cut])
    await to.drain()
    return cut is None


async def _swallow(reader: asyncio.StreamReader) -> None:
    """Let what comes vanish, until its sender hangs up."""
    while await reader.read(READ_BYTES):
        pass
