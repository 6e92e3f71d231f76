"""The Starlette application: paths in, faults met, answers out."""

import time
from collections import deque
from threading import Lock
from typing import NamedTuple
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from connector.sandbox.api.faults import Fault, FaultKind, Faults
from connector.sandbox.api.ingest_api import ApiReply, json_reply
from connector.sandbox.api.spoiled_answers import NEVER_ANSWERED, RawPath, SpoiledAnswers, replaced
from connector.sandbox.registry.registry_answers import APIS, RegistryRoute
from connector.sandbox.registry.store import RegistryStore

_NOTHING = RegistryStore()
_REQUESTS_KEPT = 10_000


class RegistryRequest(NamedTuple):
    """One answered request; status 0 is one that a fault left without an answer."""

    endpoint: str
    path: str
    status: int


class Desk:
    """The state that all endpoints share. Used from any thread."""

    def __init__(self, store: RegistryStore, faults: Faults) -> None:
        self.store = store
        self.faults = faults
        self.authorizations: frozenset[str] = frozenset()
        self._lock = Lock()
        self._requests: deque[RegistryRequest] = deque(maxlen=_REQUESTS_KEPT)

    def answered(self, request: RegistryRequest) -> None:
        """Keep what was asked."""
        with self._lock:
            self._requests.append(request)

    def requests(self) -> list[RegistryRequest]:
        """Give the latest requests, oldest first."""
        with self._lock:
            return list(self._requests)


def make_app(desk: Desk) -> Starlette:
    """Make the application that serves both APIs."""
    routes = [
        Route(base + endpoint.path, _Exchange(desk, endpoint), methods=["GET"])
        for base, endpoints in APIS.items()
        for endpoint in endpoints
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(RawPath)],
        exception_handlers={HTTPException: _unknown_path},
    )


async def _unknown_path(_request: Request, error: Exception) -> Response:
    """Answer a path or method that there is not; either registry's client finds its own words in it."""
    if not isinstance(error, HTTPException):
        raise error
    body = {"error_code": error.status_code, "message": error.detail, "name": "NotFoundException"}
    return JSONResponse(body, error.status_code)


class _Exchange:
    """One endpoint: checks who asks, meets the faults, answers."""

    def __init__(self, desk: Desk, endpoint: RegistryRoute) -> None:
        self._desk = desk
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, wire = Request(scope, receive), SpoiledAnswers(scope, receive, send)
        faults = self._desk.faults.meet(self._endpoint.name, time.time())
        spoiling = next((fault for fault in faults if fault.kind is not FaultKind.LATENCY), None)
        reply = NEVER_ANSWERED
        if not await _left(wire, faults):
            reply = self._reply(request, spoiling)
        self._desk.answered(RegistryRequest(self._endpoint.name, request.url.path, reply.status))
        if wire.connected():
            await wire.answer(reply, spoiling)

    def _reply(self, request: Request, spoiling: Fault | None) -> ApiReply:
        """Answer. The fault of a status 404 is that nothing is registered yet, in the API's own words."""
        allowed = self._desk.authorizations
        if allowed and request.headers.get("authorization") not in allowed:
            return json_reply(401, {"error_code": 401, "message": "Unauthorized"})
        nothing_yet = spoiling is not None and spoiling.kind is FaultKind.STATUS and spoiling.status == 404
        params = {name: unquote(value) for name, value in request.path_params.items()}
        reply = self._endpoint.answer(_NOTHING if nothing_yet else self._desk.store, params)
        return reply if spoiling is None or nothing_yet else replaced(spoiling, reply)


async def _left(wire: SpoiledAnswers, faults: tuple[Fault, ...]) -> bool:
    """Wait out the latencies; return whether the client hung up meanwhile."""
    for fault in faults:
        if fault.kind is FaultKind.LATENCY and await wire.client_left(fault.seconds):
            return True
    return False
