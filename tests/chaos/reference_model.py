"""The written records and the expected final state: the model that everything is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from connector.model import TopicPartition


class Kind(Enum):
    """The effect that a record asks for."""

    UPSERT = "upsert"
    DELETE = "delete"
    NOTHING = "nothing"  # the tombstone after a delete
    EVENT = "event"
    UNREADABLE = "unreadable"  # must become a dead letter


class Written(NamedTuple):
    """One record: of which contact it is the `step`-th change, or of which event it is the only record."""

    kind: Kind
    subject: str
    step: int = 0


@dataclass(slots=True)
class ReferenceModel:
    """The changes of one contact, counted from 1 over deletes and re-creations; an upsert carries its number.

    All of them are in one partition, so that they have an order.
    """

    partition: TopicPartition
    steps: int = 0
    deletes: list[int] = field(default_factory=list)
    row: dict[str, Any] | None = None
    """The row as it is; None where it is deleted."""

    def change(self, row: dict[str, Any]) -> dict[str, Any]:
        """Let the row be this from now on; returns it with its version."""
        self.steps += 1
        self.row = row | {"row_version": self.steps}
        return self.row

    def delete(self) -> dict[str, Any]:
        """Delete the row; returns what it was."""
        assert self.row is not None
        self.steps += 1
        self.deletes.append(self.steps)
        row, self.row = self.row, None
        return row


class Log:
    """Everything that was written. Filled by the thread that writes; read by any."""

    def __init__(self) -> None:
        self.stories: dict[str, ReferenceModel] = {}
        self.events: dict[str, Mapping[str, Any]] = {}
        """The events that Instasent must hold, by id."""
        self.records: dict[TopicPartition, list[Written]] = {}
        """Every record that the broker has confirmed; its place in the list is its offset."""

    def contacts(self) -> dict[str, dict[str, Any]]:
        """Return the contacts that Instasent must hold, by user id."""
        return {
            contact: {
                "_user_id": contact,
                "_first_name": story.row["name"],
                "row_version": story.row["row_version"],
            }
            for contact, story in self.stories.items()
            if story.row is not None
        }

    def unreadable(self) -> set[tuple[TopicPartition, int]]:
        """Return the places of the records that must be dead letters."""
        return {
            (partition, offset)
            for partition, records in self.records.items()
            for offset, written in enumerate(records)
            if written.kind is Kind.UNREADABLE
        }

    def count(self) -> int:
        """Return how many records the broker has confirmed."""
        return sum(len(records) for records in self.records.values())
