"""Answers on the wire, whole or spoiled, and the access to the connection that spoiling needs."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import ClassVar

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from connector.sandbox.api.faults import Fault, FaultKind
from connector.sandbox.api.service import Reply, json_reply

NEVER_ANSWERED = 0
_TRANSPORT = "sandbox.transport"
_LINGER_NOT = struct.pack("ii", 1, 0)
_MISSING_BYTES = 10
_MAINTENANCE = b"<!doctype html><title>Maintenance</title><h1>We will be back soon</h1>"


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, which lets the application see its connection."""

    def on_message_begin(self) -> None:
        """Put the connection into the scope of the request that begins."""
        super().on_message_begin()
        self.scope["extensions"] = {_TRANSPORT: {"transport": self.transport}}


class Wire:
    """One request's way back to its client."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._transport: asyncio.Transport = scope["extensions"][_TRANSPORT]["transport"]
        self._receive = receive
        self._send = send

    async def client_left(self, seconds: float | None) -> bool:
        """Wait that long, or for ever; tell at once when the client has hung up."""
        try:
            await asyncio.wait_for(self._disconnect(), seconds)
        except TimeoutError:
            return False
        return True

    async def answer(self, reply: Reply) -> int:
        """Send the whole reply; give its status."""
        await self._start(reply, len(reply.body))
        await self._send({"type": "http.response.body", "body": reply.body})
        return reply.status

    async def spoil(self, fault: Fault, reply: Reply) -> int:
        """Send what the fault makes of the reply; give the status that was sent."""
        return await self._SPOILERS[fault.kind](self, fault, reply)

    async def _start(self, reply: Reply, length: int) -> None:
        headers = {**reply.headers, "content-length": str(length)}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": reply.status, "headers": raw})

    async def _disconnect(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _status(self, fault: Fault, _reply: Reply) -> int:
        return await self.answer(json_reply(fault.status, {"message": "This failure was asked for."}))

    async def _redirect(self, _fault: Fault, _reply: Reply) -> int:
        return await self.answer(Reply(302, b"", {"location": "http://elsewhere.invalid/v1/"}))

    async def _html(self, fault: Fault, _reply: Reply) -> int:
        return await self.answer(Reply(fault.status, _MAINTENANCE, {"content-type": "text/html"}))

    async def _unreadable(self, _fault: Fault, reply: Reply) -> int:
        return await self.answer(Reply(reply.status, b'{"success": tr', reply.headers))

    async def _reset(self, _fault: Fault, _reply: Reply) -> int:
        """Close with a TCP reset: without lingering, what is closed is reset."""
        connection: socket.socket = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._transport.abort()
        await self._disconnect()
        return NEVER_ANSWERED

    async def _hang(self, _fault: Fault, _reply: Reply) -> int:
        await self._disconnect()
        return NEVER_ANSWERED

    async def _slow(self, fault: Fault, reply: Reply) -> int:
        await self._start(reply, len(reply.body))
        for index in range(len(reply.body)):
            await self._send(
                {"type": "http.response.body", "body": reply.body[index : index + 1], "more_body": True}
            )
            if await self.client_left(fault.seconds):
                return reply.status
        await self._send({"type": "http.response.body", "body": b""})
        return reply.status

    async def _short(self, _fault: Fault, reply: Reply) -> int:
        await self._start(reply, len(reply.body) + _MISSING_BYTES)
        await self._send({"type": "http.response.body", "body": reply.body, "more_body": True})
        self._transport.close()
        await self._disconnect()
        return reply.status

    _SPOILERS: ClassVar[dict[FaultKind, Callable[["Wire", Fault, Reply], Awaitable[int]]]] = {
        FaultKind.STATUS: _status,
        FaultKind.REDIRECT: _redirect,
        FaultKind.HTML: _html,
        FaultKind.RESET: _reset,
        FaultKind.LOST: _reset,
        FaultKind.HANG: _hang,
        FaultKind.SLOW: _slow,
        FaultKind.SHORT: _short,
        FaultKind.UNREADABLE: _unreadable,
    }
