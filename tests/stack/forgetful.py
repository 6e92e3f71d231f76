"""A broker that leaves itself out of its last answer before it is gone, as real ones do now and then.

It is between the clients and a real broker, and has its address. Once it is forgetful, the next
answer to Metadata names topics and no broker, and is the last one that anybody gets (librdkafka issue 5301).
"""

import asyncio
import threading
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.stack.processes import free_port

METADATA = 3
FLEXIBLE = 9
"""From this version on lengths are varints: the only form that is read here."""

NO_BROKERS = b"\x01"
SECONDS = 10


class Forgetful:
    """A proxy for Kafka's protocol on a port of its own; a context manager, usable from any thread."""

    def __init__(self) -> None:
        self.port = free_port()
        self.bootstrap_servers = f"127.0.0.1:{self.port}"
        self.target_port = 0
        self.forgetful = False
        self.away = False
        """No client gets an answer; a connected one is cut off with its next request."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="forgetful", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def back(self) -> None:
        """Be a broker like any other again."""
        self.forgetful = self.away = False

    # ------------------------------------------------------------------------- on the loop's thread

    async def _listen(self) -> None:
        await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def _accept(self, client: StreamReader, to_client: StreamWriter) -> None:
        if self.away:
            to_client.close()
            return
        try:
            broker, to_broker = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:  # it is down
            to_client.close()
            return
        asked: dict[bytes, int] = {}  # correlation id of a request for metadata → its version
        ways = [self._requests(client, to_broker, asked), self._answers(broker, to_client, asked)]
        tasks = [self._loop.create_task(way) for way in ways]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        to_client.close()
        to_broker.close()

    async def _requests(self, client: StreamReader, to_broker: StreamWriter, asked: dict[bytes, int]) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                request = await _frame(client)
                if self.away:
                    return
                if int.from_bytes(request[:2]) == METADATA:
                    asked[request[4:8]] = int.from_bytes(request[2:4])
                await _send(to_broker, request)

    async def _answers(self, broker: StreamReader, to_client: StreamWriter, asked: dict[bytes, int]) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                answer = await _frame(broker)
                version = asked.pop(answer[:4], None)
                if version is not None and self.forgetful:
                    assert version >= FLEXIBLE
                    self.away = True
                    await _send(to_client, without_brokers(answer))
                    return
                await _send(to_client, answer)


async def _frame(stream: StreamReader) -> bytes:
    return await stream.readexactly(int.from_bytes(await stream.readexactly(4)))


async def _send(stream: StreamWriter, frame: bytes) -> None:
    stream.write(len(frame).to_bytes(4) + frame)
    await stream.drain()


def without_brokers(answer: bytes) -> bytes:
    """Take the brokers out of an answer: correlation id, tags, throttle time, brokers, and the rest."""
    start = 4 + 1 + 4
    count, at = _varint(answer, start)
    for _ in range(count - 1):
        at += 4  # the node's id
        at = _after_string(answer, at)  # its host
        at += 4  # its port
        at = _after_string(answer, at)  # its rack, or null
        tags, at = _varint(answer, at)
        assert tags == 0
    return answer[:start] + NO_BROKERS + answer[at:]


def _after_string(data: bytes, at: int) -> int:
    length, at = _varint(data, at)
    return at + max(0, length - 1)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
