"""The Starlette application: paths in, calls to the API, answers out."""

import time
from contextlib import suppress
from urllib.parse import unquote

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from connector.sandbox.api.control import Control
from connector.sandbox.api.faults import PROCESSED, Fault, FaultKind, Faults
from connector.sandbox.api.ingest_api import ApiReply, Call, IngestApi
from connector.sandbox.api.received import RequestLine
from connector.sandbox.api.spoiled_answers import NEVER_ANSWERED, RawPath, SpoiledAnswers, replaced

_DATASOURCE = "/v1/project/{project}/datasource/{datasource}"

# Endpoint, method, path below the data source (ingest-api.md 2: E1 to E9). E8 is also asked
# without an event type, with and without the slash (ingest-api.md 7).
_PATHS = (
    ("stream", "GET", "/stream"),
    ("contacts", "POST", "/stream/contacts"),
    ("contact", "GET", "/stream/contacts/{subject}"),
    ("delete", "DELETE", "/stream/contacts/{subject}"),
    ("events", "POST", "/stream/events"),
    ("attributes", "GET", "/stream/specs/attributes"),
    ("event-types", "GET", "/stream/specs/events"),
    ("event-parameters", "GET", "/stream/specs/event-parameters/{subject}"),
    ("event-parameters", "GET", "/stream/specs/event-parameters/"),
    ("event-parameters", "GET", "/stream/specs/event-parameters"),
    ("stats", "GET", "/stats"),
)


def make_app(api: IngestApi, faults: Faults) -> Starlette:
    """Make the application: the API under `/v1`, its controls under `/sandbox`."""
    routes: list[BaseRoute] = [
        Route(_DATASOURCE + path, _Exchange(api, faults, endpoint), methods=[method])
        for endpoint, method, path in _PATHS
    ]
    routes.append(Mount("/sandbox", routes=Control(api, faults).routes()))
    app = Starlette(
        routes=routes,
        middleware=[Middleware(RawPath)],
        exception_handlers={HTTPException: _http_error},
    )
    # `DELETE …/contacts/` is a contact without a name, not another spelling of `…/contacts`.
    app.router.redirect_slashes = False
    return app


class _Exchange:
    """One endpoint: reads the request, meets the faults, answers."""

    def __init__(self, api: IngestApi, faults: Faults, endpoint: str) -> None:
        self._api = api
        self._faults = faults
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        with suppress(ClientDisconnect):
            call = _read_call(self._endpoint, request, await request.body())
            await self._attend(call, SpoiledAnswers(scope, receive, send))

    async def _attend(self, call: Call, wire: SpoiledAnswers) -> None:
        arrived = time.time()
        with self._api.in_progress(call.user_ids, wire.connected, call.token):
            faults = self._faults.meet(call.endpoint, arrived)
            spoiling = next((fault for fault in faults if fault.kind is not FaultKind.LATENCY), None)
            reply = await self._reply(call, wire, faults, spoiling)
            # Logged before it is sent: who has the answer finds it in the ledger.
            self._api.answered(
                RequestLine(arrived, call.endpoint, max(1, len(call.items)), call.sync, reply.status)
            )
            if wire.connected():
                await wire.answer(reply, spoiling)

    async def _reply(
        self, call: Call, wire: SpoiledAnswers, faults: tuple[Fault, ...], spoiling: Fault | None
    ) -> ApiReply:
        """Wait out the latencies and process the call, unless a fault keeps it from being processed."""
        for fault in faults:
            if fault is not spoiling and await wire.client_left(fault.seconds):
                return NEVER_ANSWERED
        if spoiling is None:
            return self._api.handle(call, time.time())
        processed = spoiling.kind in PROCESSED
        return replaced(spoiling, self._api.handle(call, time.time()) if processed else NEVER_ANSWERED)


def _read_call(endpoint: str, request: Request, body: bytes) -> Call:
    """Read a request. `_sync` is on in any spelling, even empty (ingest-api.md 2)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        parsed = None
    return Call(
        endpoint=endpoint,
        project=unquote(request.path_params["project"]),
        datasource=unquote(request.path_params["datasource"]),
        token=token if scheme.lower() == "bearer" else "",
        subject=unquote(request.path_params.get("subject", "")),
        sync="_sync" in request.query_params,
        dry_run="_dryRun" in request.query_params,
        body=parsed,
    )


async def _http_error(_request: Request, error: Exception) -> Response:
    """Answer an unknown path or method as the API answers its own refusals."""
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"message": error.detail}, error.status_code)
