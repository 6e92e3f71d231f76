"""A captured collection: its changes as Debezium's MongoDB connector writes them (debezium-events.md 2.3)."""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.sandbox.records.columns import INT32, INT64, JSON, STRING, array_of
from connector.sandbox.records.connectors import HANDLED_AFTER_US, TRANSACTION, Place
from connector.sandbox.records.schema import ConnectRecord, Data, Row, nullable, struct
from connector.sandbox.records.table import Records, context_headers
from tests.imitation.connectors import MONGODB
from tests.imitation.extended_json import Mode, write

_CHANGE_STREAM = "io.debezium.connector.mongodb.changestream."
_TRUNCATED = struct(f"{_CHANGE_STREAM}truncatedarray", {"field": STRING, "size": INT32}, 1)
_UPDATE_DESCRIPTION = nullable(
    struct(
        f"{_CHANGE_STREAM}updatedescription",
        {
            "removedFields": nullable(array_of(STRING)),
            "updatedFields": nullable(JSON),
            "truncatedArrays": nullable(array_of(_TRUNCATED)),
        },
        1,
    )
)

Document = dict[str, Any]
"""A document with `_id`; values as in `extended_json`."""


class Collection:
    """One collection. Times are microseconds since 1970.

    `mode` spells documents; keys and updated fields are always relaxed. `tombstones` False leaves a delete
    without its tombstone.
    """

    def __init__(self, place: Place, *, mode: Mode = "strict", tombstones: bool = True) -> None:
        self.topic = MONGODB.topic_of(place)
        self._place = place
        self._mode: Mode = mode
        self._tombstones = tombstones
        self._changes = 0
        self.context = context_headers(place.server, MONGODB)
        self.key_schema = struct(f"{self.topic}.Key", {"id": STRING})
        self.envelope_schema = struct(
            f"{self.topic}.Envelope",
            {
                "before": nullable(JSON),
                "after": nullable(JSON),
                "updateDescription": _UPDATE_DESCRIPTION,
                "source": MONGODB.source,
                "op": nullable(STRING),
                "ts_ms": nullable(INT64),
                "transaction": TRANSACTION,
            },
        )

    def read(self, document: Document, at_us: int, snapshot: str = "true") -> Records:
        """Give the record of a document that a snapshot read."""
        return (self._event("r", document["_id"], at_us, after=document, snapshot=snapshot),)

    def create(self, document: Document, at_us: int) -> Records:
        """Give the record of an insert."""
        return (self._event("c", document["_id"], at_us, after=document),)

    def update(
        self,
        identifier: Any,
        at_us: int,
        *,
        after: Document | None = None,
        before: Document | None = None,
        updated: Document | None = None,
        removed: Sequence[str] | None = None,
        truncated: Mapping[str, int] | None = None,
    ) -> Records:
        """Give the record of an update; what is in it depends on `capture.mode`.

        `after` is the document as it was looked up later, `before` its pre-image, the rest is what changed.
        """
        description = {
            "removedFields": None if removed is None else list(removed),
            "updatedFields": None if updated is None else write(updated, "relaxed"),
            "truncatedArrays": truncated and [{"field": f, "size": size} for f, size in truncated.items()],
        }
        return (self._event("u", identifier, at_us, after=after, before=before, description=description),)

    def delete(self, identifier: Any, at_us: int, before: Document | None = None) -> Records:
        """Give the records of a delete: the delete and its tombstone."""
        deleted = self._event("d", identifier, at_us, before=before)
        return (deleted, deleted._replace(value=None)) if self._tombstones else (deleted,)

    def _event(
        self,
        op: str,
        identifier: Any,
        at_us: int,
        *,
        before: Document | None = None,
        after: Document | None = None,
        description: Row | None = None,
        snapshot: str | None = None,
    ) -> ConnectRecord:
        self._changes += 1
        value = {
            "before": before and write(before, self._mode),
            "after": after and write(after, self._mode),
            "updateDescription": description,
            "source": MONGODB.source_of(self._place, self._changes, at_us, snapshot),
            "op": op,
            "ts_ms": (at_us + HANDLED_AFTER_US) // 1000,
            "transaction": None,
        }
        key = Data(self.key_schema, {"id": write(identifier, "relaxed")})
        return ConnectRecord(self.topic, key, Data(self.envelope_schema, value), self.context)
