"""How bytes say which schema wrote them: in front of the body, or in headers (debezium-events.md 7)."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from connector.sandbox.formats.converter import Role
from connector.sandbox.registry.store import Registered

_BINARY = b"BINARY"


class Frame(NamedTuple):
    """The prefix and the headers of each body of one schema."""

    prefix: bytes = b""
    headers: tuple[tuple[str, bytes], ...] = ()


def _short(number: int) -> bytes:
    return number.to_bytes(4, "big")


def _long(number: int) -> bytes:
    return number.to_bytes(8, "big")


def _apicurio(role: Role, **headers: bytes) -> Frame:
    named = {**headers, "encoding": _BINARY}
    return Frame(b"", tuple((f"apicurio.{role}.{name}", value) for name, value in named.items()))


def _artifact(known: Registered, role: Role) -> Frame:
    return _apicurio(
        role,
        contentHash=known.content_hash.encode(),
        groupId=b"default",
        artifactId=known.subject.encode(),
        version=str(known.version).encode(),
    )


Framing: TypeAlias = Callable[[Registered, Role], Frame]

FRAMINGS: Mapping[str, Framing] = {
    "confluent": lambda known, _: Frame(b"\x00" + _short(known.id)),
    "confluent-guid": lambda known, _: Frame(b"\x01" + known.guid.bytes),
    "confluent-header": lambda known, role: Frame(
        b"", ((f"__{role}_schema_id", b"\x01" + known.guid.bytes),)
    ),
    "confluent-header-id": lambda known, role: Frame(
        b"", ((f"__{role}_schema_id", b"\x00" + _short(known.id)),)
    ),
    "apicurio-4": lambda known, _: Frame(b"\x00" + _short(known.content_id)),
    "apicurio-4-global": lambda known, _: Frame(b"\x00" + _short(known.global_id)),
    "apicurio-8": lambda known, _: Frame(b"\x00" + _long(known.global_id)),
    "apicurio-header": lambda known, role: _apicurio(role, globalId=_long(known.global_id)),
    "apicurio-header-content": lambda known, role: _apicurio(role, contentId=_long(known.content_id)),
    "apicurio-header-artifact": _artifact,
}
"""`confluent` is version 0, `confluent-guid` version 1. Apicurio's defaults are not written out."""
