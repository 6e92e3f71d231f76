"""Holds a conversation with a registry that is a table: target → reply."""

from collections.abc import Mapping
from typing import Any

import orjson

from connector.model import SchemaAnswer, SchemaRef
from connector.registry.conversation import Language, RegistryReply
from connector.registry.references import fetch

JSON = {"content-type": "application/json"}


def reply(body: Any, status: int = 200, **headers: str) -> RegistryReply:
    """Give a reply; a body that is not bytes becomes JSON."""
    written = body if isinstance(body, bytes) else orjson.dumps(body)
    return RegistryReply(
        status, {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}, written
    )


def hold(
    language: Language, ref: SchemaRef, replies: Mapping[str, RegistryReply], otherwise: RegistryReply
) -> tuple[SchemaAnswer, list[str]]:
    """Return the answer to a question, and the paths asked for."""
    asking = fetch(language, ref)
    asked: list[str] = []
    try:
        path = next(asking)
        while True:
            asked.append(path)
            path = asking.send(replies.get(path, otherwise))
    except StopIteration as end:
        return end.value, asked
