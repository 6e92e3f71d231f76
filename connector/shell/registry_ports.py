"""What the loop needs of a schema registry."""

from queue import SimpleQueue
from typing import Protocol

from connector.model import SchemaAnswer, SchemaRef


class SchemaRegistry(Protocol):
    """Asks for schemas on a thread of its own: one answer in `results` for each `fetch`."""

    @property
    def results(self) -> SimpleQueue[tuple[SchemaRef, SchemaAnswer]]:
        """The answers, for one reader."""

    def fetch(self, ref: SchemaRef) -> None:
        """Ask for one schema; returns at once."""
