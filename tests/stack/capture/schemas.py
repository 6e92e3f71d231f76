"""The schemas that captured records name, as the registry returns them."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
from confluent_kafka import Message

from tests.stack.capture.records import headers
from tests.stack.registry import Registry

ENDPOINTS = {"globalId": "globalIds", "contentId": "contentIds"}
BEFORE = {
    # framing -> the kind of the id after the first byte, and its bytes
    "confluent": ("id", 4),
    "8 bytes": ("globalId", 8),
}


def named(message: Message, framing: str) -> Iterator[tuple[str, int]]:
    """Yield kind and id of each schema that a record of a connector with this framing names."""
    if framing == "headers":
        yield from _in_headers(message)
    for part in (message.key(), message.value()):
        if part and framing in BEFORE:
            kind, length = BEFORE[framing]
            yield kind, int.from_bytes(part[1 : 1 + length], "big")
        elif part and framing == "pretty":
            yield "globalId", int(json.loads(part)["schemaId"])


def _in_headers(message: Message) -> Iterator[tuple[str, int]]:
    for name, value in headers(message):
        kind = name.rpartition(".")[2]
        if name.startswith("apicurio.") and kind in ENDPOINTS and isinstance(value, bytes):
            yield kind, int.from_bytes(value, "big")


class Schemas:
    """Collects schemas once each; texts that several share are stored once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._http = httpx.Client(timeout=10)
        self._texts: dict[str, int] = {}
        self._known: dict[str, dict[str, Any]] = {}

    def add(self, kind: str, number: int, artifact_type: str) -> None:
        """Ask the registry for one schema; its type is known from the converter that wrote it."""
        known = self._known.setdefault(kind, {})
        if str(number) not in known:
            ask = self._confluent if kind == "id" else self._native
            known[str(number)] = {"type": artifact_type, **ask(kind, number)}

    def document(self) -> dict[str, Any]:
        """Return `texts` and, by kind and id, type, and text and references as places in `texts`."""
        return {"texts": list(self._texts), **self._known}

    def _confluent(self, _kind: str, number: int) -> dict[str, Any]:
        answer = self._get(f"{self._registry.confluent}/schemas/ids/{number}").json()
        references: dict[int, None] = {}
        self._follow(answer["references"], references)
        return {"text": self._place(answer["schema"]), "references": list(references)}

    def _follow(self, named: list[dict[str, Any]], into: dict[int, None]) -> None:
        for reference in named:
            path = f"/subjects/{reference['subject']}/versions/{reference['version']}"
            answer = self._get(f"{self._registry.confluent}{path}").json()
            self._follow(answer.get("references", []), into)
            into[self._place(answer["schema"])] = None

    def _native(self, kind: str, number: int) -> dict[str, Any]:
        path = f"{self._registry.native}/ids/{ENDPOINTS[kind]}/{number}"
        text = self._get(path).text
        references = self._get(f"{path}/references").json()
        if references:
            raise RuntimeError(f"{path} refers to other schemas, which nothing here follows: {references}")
        return {"text": self._place(text), "references": []}

    def _place(self, text: str) -> int:
        return self._texts.setdefault(text, len(self._texts))

    def _get(self, address: str) -> httpx.Response:
        return self._http.get(address).raise_for_status()
