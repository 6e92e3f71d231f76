"""What the loop needs of a schema registry, and the one there is where none is configured."""

from queue import SimpleQueue
from typing import Protocol

from connector.model import SchemaAnswer, SchemaRef, SchemaVerdict

NONE_CONFIGURED = "none is configured; write schema_registry.url"


class SchemaRegistry(Protocol):
    """Asks for schemas on a thread of its own: one answer in `results` for each `fetch`."""

    @property
    def results(self) -> SimpleQueue[tuple[SchemaRef, SchemaAnswer]]:
        """The answers, for one reader."""

    def fetch(self, ref: SchemaRef) -> None:
        """Ask for one schema; returns at once."""


class NoRegistry:
    """Answers that there is none: what would need a registry waits and shows, it is not lost."""

    def __init__(self) -> None:
        self.results: SimpleQueue[tuple[SchemaRef, SchemaAnswer]] = SimpleQueue()

    def fetch(self, ref: SchemaRef) -> None:
        """Answer at once."""
        self.results.put((ref, SchemaAnswer(SchemaVerdict.UNAVAILABLE, reason=NONE_CONFIGURED)))
