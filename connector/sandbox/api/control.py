"""The sandbox's own controls for tests and curious users, outside the API."""

import time
from dataclasses import fields
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connector.sandbox.api.behaviour import Behaviour
from connector.sandbox.api.faults import Fault, Faults
from connector.sandbox.api.ingest_api import IngestApi
from connector.sandbox.api.received import Received

_FAULT = TypeAdapter(Fault)
_BEHAVIOUR = TypeAdapter(Behaviour)


class Control:
    """The `/sandbox/*` endpoints. They ask for no token and are exempt from faults and limits."""

    def __init__(self, api: IngestApi, faults: Faults) -> None:
        self._api = api
        self._faults = faults

    def routes(self) -> list[BaseRoute]:
        """Give the routes below `/sandbox`."""
        return [
            Route("/ledger", self._ledger, methods=["GET"]),
            Route("/contacts", self._contacts, methods=["GET"]),
            Route("/events", self._events, methods=["GET"]),
            Route("/faults", self._arm, methods=["POST"]),
            Route("/faults", self._heal, methods=["DELETE"]),
            Route("/behaviour", self._change, methods=["PATCH"]),
            Route("/runs", self._new_run, methods=["POST"]),
            Route("/reset", self._reset, methods=["POST"]),
        ]

    async def _ledger(self, _request: Request) -> Response:
        """Sum up what was received."""
        return _json(self._api.read(Received.report, time.time()))

    async def _contacts(self, _request: Request) -> Response:
        """Give the attributes of every contact, by user id."""
        return _json(self._api.read(Received.present, time.time()))

    async def _events(self, _request: Request) -> Response:
        """Give every event, by event id."""
        return _json(self._api.read(lambda ledger: dict(ledger.events), time.time()))

    async def _arm(self, request: Request) -> Response:
        """Arm one fault: the fields of `Fault` as JSON."""
        asked = await _fields_of(Fault, request)
        if isinstance(asked, Response):
            return asked
        try:
            fault = _FAULT.validate_python(asked)
        except ValidationError as error:
            return _refusal(error)
        self._faults.arm(fault, time.time())
        return _json({"armed": fault})

    async def _heal(self, _request: Request) -> Response:
        """Clear all faults."""
        self._faults.clear()
        return _json({"armed": None})

    async def _change(self, request: Request) -> Response:
        """Change switches: some fields of `Behaviour` as JSON."""
        asked = await _fields_of(Behaviour, request)
        if isinstance(asked, Response):
            return asked
        now = self._api.behaviour
        standing = {switch.name: getattr(now, switch.name) for switch in fields(Behaviour)}
        try:
            changed = _BEHAVIOUR.validate_python({**standing, **asked})
        except ValidationError as error:
            return _refusal(error)
        self._api.change(**{name: getattr(changed, name) for name in asked})
        return _json({"changed": sorted(asked)})

    async def _new_run(self, _request: Request) -> Response:
        """Announce that a client begins again (see the ledger's definition of a run)."""
        self._api.new_run()
        return _json({"run": "begun"})

    async def _reset(self, _request: Request) -> Response:
        """Forget everything that was received, and all faults."""
        self._faults.clear()
        self._api.reset()
        return _json({"ledger": "empty"})


async def _fields_of(kind: type[Fault | Behaviour], request: Request) -> dict[str, Any] | Response:
    """Read a JSON object that holds nothing but fields of `kind`."""
    names = {known.name for known in fields(kind)}
    try:
        asked = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        asked = None
    if not isinstance(asked, dict) or not asked.keys() <= names:
        return _json(
            {"message": f"The body must be a JSON object with these keys only: {sorted(names)}"}, 400
        )
    return asked


def _refusal(error: ValidationError) -> Response:
    return _json({"message": str(error)}, 400)


def _json(body: object, status: int = 200) -> Response:
    return Response(orjson.dumps(body, default=list), status, media_type="application/json")
