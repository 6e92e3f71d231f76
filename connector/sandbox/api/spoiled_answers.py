"""Answers on the wire, whole or spoiled, and the access to the connection that spoiling needs."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import ClassVar

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from connector.sandbox.api.faults import Fault, FaultKind
from connector.sandbox.api.ingest_api import ApiReply, json_reply

NEVER_ANSWERED = ApiReply(0)
_TRANSPORT = "sandbox.transport"
_LINGER_NOT = struct.pack("ii", 1, 0)
_MISSING_BYTES = 10
_MAINTENANCE = b"<!doctype html><title>Maintenance</title><h1>We will be back soon</h1>"

_REPLACEMENTS: dict[FaultKind, Callable[[Fault, ApiReply], ApiReply]] = {
    FaultKind.STATUS: lambda fault, _: json_reply(fault.status, {"message": "This failure was asked for."}),
    FaultKind.REDIRECT: lambda _fault, _reply: ApiReply(
        302, b"", {"location": "http://elsewhere.invalid/v1/"}
    ),
    FaultKind.HTML: lambda fault, _: ApiReply(fault.status, _MAINTENANCE, {"content-type": "text/html"}),
    FaultKind.UNREADABLE: lambda _, reply: replace(reply, body=b'{"success": tr'),
    FaultKind.RESET: lambda _fault, _reply: NEVER_ANSWERED,
    FaultKind.LOST: lambda _fault, _reply: NEVER_ANSWERED,
    FaultKind.HANG: lambda _fault, _reply: NEVER_ANSWERED,
}


def replaced(fault: Fault, reply: ApiReply) -> ApiReply:
    """Give what the client gets instead of the reply; what it gets slowly or in part stays as it is."""
    replacement = _REPLACEMENTS.get(fault.kind)
    return replacement(fault, reply) if replacement else reply


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, which lets the application see its connection."""

    def on_message_begin(self) -> None:
        """Put the connection into the scope of the request that begins."""
        super().on_message_begin()
        self.scope["extensions"] = {_TRANSPORT: {"transport": self.transport}}


class RawPath:
    """Routes by the path as it was sent, so that `a%2Fb` is one segment."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        scope["path"] = scope["raw_path"].decode("latin-1")
        await self._app(scope, receive, send)


class SpoiledAnswers:
    """One request's way back to its client."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._transport: asyncio.Transport = scope["extensions"][_TRANSPORT]["transport"]
        self._receive = receive
        self._send = send

    def connected(self) -> bool:
        """Return whether the client is still there."""
        return not self._transport.is_closing()

    async def client_left(self, seconds: float) -> bool:
        """Wait that long; return early, with True, when the client hangs up."""
        try:
            await asyncio.wait_for(self._disconnect(), seconds)
        except TimeoutError:
            return False
        return True

    async def answer(self, reply: ApiReply, fault: Fault | None = None) -> None:
        """Send the reply in the way that the fault wants, or whole."""
        spoil = self._SPOILERS.get(fault.kind) if fault else None
        if fault and spoil:
            await spoil(self, fault, reply)
            return
        await self._start(reply, len(reply.body))
        await self._send({"type": "http.response.body", "body": reply.body})

    async def _start(self, reply: ApiReply, length: int) -> None:
        headers = {**reply.headers, "content-length": str(length)}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": reply.status, "headers": raw})

    async def _disconnect(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _reset(self, _fault: Fault, _reply: ApiReply) -> None:
        """Close with a TCP reset: without lingering, what is closed is reset."""
        connection: socket.socket = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._transport.abort()
        await self._disconnect()

    async def _hang(self, _fault: Fault, _reply: ApiReply) -> None:
        await self._disconnect()

    async def _slow(self, fault: Fault, reply: ApiReply) -> None:
        await self._start(reply, len(reply.body))
        for index in range(len(reply.body)):
            await self._send(
                {"type": "http.response.body", "body": reply.body[index : index + 1], "more_body": True}
            )
            if await self.client_left(fault.seconds):
                return
        await self._send({"type": "http.response.body", "body": b""})

    async def _short(self, _fault: Fault, reply: ApiReply) -> None:
        await self._start(reply, len(reply.body) + _MISSING_BYTES)
        await self._send({"type": "http.response.body", "body": reply.body, "more_body": True})
        self._transport.close()
        await self._disconnect()

    _SPOILERS: ClassVar[dict[FaultKind, Callable[["SpoiledAnswers", Fault, ApiReply], Awaitable[None]]]] = {
        FaultKind.RESET: _reset,
        FaultKind.LOST: _reset,
        FaultKind.HANG: _hang,
        FaultKind.SLOW: _slow,
        FaultKind.SHORT: _short,
    }
