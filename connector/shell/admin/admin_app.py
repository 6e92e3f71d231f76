"""The five routes of the admin server."""

from pathlib import Path

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from connector.engine.snapshot import State
from connector.shell.admin.board import TURN_MS_MAX, StatusBoard
from connector.shell.admin.metrics import registry_of
from connector.shell.admin.status import status_of

PAGE = Path(__file__).with_name("status.html")
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def create_app(board: StatusBoard) -> Starlette:
    """Make the application; every answer shows the state of the board at that moment."""
    registry = registry_of(board)
    page = PAGE.read_text(encoding="utf-8")

    async def health(_: Request) -> Response:
        idle_ms = board.idle_ms
        alive = idle_ms <= TURN_MS_MAX
        return _json({"alive": alive, "loop_idle_ms": idle_ms}, 200 if alive else 503)

    async def ready(_: Request) -> Response:
        causes = dict(board.causes)
        state = board.snapshot.state
        if state is not State.RUNNING and not causes:
            causes["service"] = board.snapshot.cause or state.value
        return _json({"ready": not causes, "state": state, "causes": causes}, 503 if causes else 200)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    async def status(_: Request) -> Response:
        return _json(status_of(board), 200)

    async def index(_: Request) -> Response:
        return HTMLResponse(page, headers=PAGE_HEADERS)

    return Starlette(
        routes=[
            Route("/healthz", health),
            Route("/readyz", ready),
            Route("/metrics", metrics),
            Route("/api/status", status),
            Route("/", index),
        ]
    )


def _json(body: object, status: int) -> Response:
    return Response(
        orjson.dumps(body), status, headers={"Cache-Control": "no-store"}, media_type="application/json"
    )
