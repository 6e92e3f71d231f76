"""The registry's content. Used from any thread."""

import hashlib
import uuid
from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple

_GUIDS = uuid.UUID("5f0ab2b1-4f4e-4b53-9a8b-9c2f2f6b3a10")


class RegisteredReference(NamedTuple):
    """A schema that another one refers to: the name it is called by, and where it is."""

    name: str
    subject: str
    version: int


class Registered(NamedTuple):
    """One version of one subject (Confluent) or artifact (Apicurio)."""

    subject: str
    version: int
    content_id: int
    global_id: int
    guid: uuid.UUID
    content_hash: str
    text: str
    type: str
    references: tuple[RegisteredReference, ...]

    @property
    def id(self) -> int:
        """Confluent's id; as in Apicurio's ccompat it belongs to the content."""
        return self.content_id


class RegistryStore:
    """The schemas. Equal content has one content id and one guid, whatever its subjects.

    Ids count from `first_id`, global ids from a number far from it, so that to take one for the other finds
    nothing.
    """

    def __init__(self, first_id: int = 1, first_global_id: int = 1_000_001) -> None:
        self._lock = Lock()
        self._first_id = first_id
        self._first_global_id = first_global_id
        self._contents: dict[tuple[str, str, tuple[RegisteredReference, ...]], int] = {}
        self._versions: dict[str, list[Registered]] = {}
        self._all: list[Registered] = []

    def register(
        self, subject: str, text: str, kind: str = "AVRO", references: Sequence[RegisteredReference] = ()
    ) -> Registered:
        """Register a schema (AVRO, JSON or KCONNECT) under a subject. A known schema keeps its id."""
        content = (text, kind, tuple(references))
        with self._lock:
            content_id = self._contents.setdefault(content, self._first_id + len(self._contents))
            versions = self._versions.setdefault(subject, [])
            for known in versions:
                if known.content_id == content_id:
                    return known
            known = Registered(
                subject=subject,
                version=len(versions) + 1,
                content_id=content_id,
                global_id=self._first_global_id + len(self._all),
                guid=uuid.uuid5(_GUIDS, repr(content)),
                content_hash=hashlib.sha256(text.encode()).hexdigest(),
                text=text,
                type=kind,
                references=content[2],
            )
            versions.append(known)
            self._all.append(known)
            return known

    def find(self, **what: object) -> Registered | None:
        """Give the first version whose fields are these (`content_id=3`); None where there is none."""
        with self._lock:
            return next(
                (
                    known
                    for known in self._all
                    if all(getattr(known, name) == value for name, value in what.items())
                ),
                None,
            )

    def versions(self, subject: str) -> list[Registered]:
        """Give a subject's versions, oldest first; empty where it is unknown."""
        with self._lock:
            return list(self._versions.get(subject, ()))

    def subjects(self) -> list[str]:
        """Name all subjects."""
        with self._lock:
            return sorted(self._versions)
