"""Debezium's `ExtractNewRecordState`: change events become rows (debezium-events.md 4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, TypeAlias

from connector.sandbox.records.columns import STRING
from connector.sandbox.records.schema import ConnectRecord, ConnectSchemaNode, Data, Row, nullable

DeleteMode: TypeAlias = Literal[
    "drop", "tombstone", "rewrite", "rewrite-with-tombstone", "delete-to-tombstone"
]
"""The values of `delete.tombstone.handling.mode`; `tombstone` is Debezium's default."""

DELETED = "__deleted"
REWRITES: frozenset[DeleteMode] = frozenset({"rewrite", "rewrite-with-tombstone"})

_PARENTS = {
    # what a bare name means: a member of the transaction or of the event itself; all others are the source's
    **dict.fromkeys(("id", "total_order", "data_collection_order"), "transaction"),
    **dict.fromkeys(("op", "ts_ms", "ts_us", "ts_ns"), ""),
}


class _Reference(NamedTuple):
    """One entry of `add.fields` or `add.headers`: where it is taken from, and its new name."""

    parent: str
    member: str
    name: str

    def schema(self, envelope: ConnectSchemaNode) -> ConnectSchemaNode | None:
        """Give its schema in the row; None where the event has no such member."""
        parent = envelope.fields[self.parent] if self.parent else envelope
        found = parent.fields.get(self.member) or envelope.fields.get(self.member)
        return found and nullable(found)

    def value(self, event: Row) -> Any:
        """Give its value; a member that is not set stays null, whatever its default."""
        parent = event.get(self.parent) if self.parent else event
        return None if parent is None else parent.get(self.member, event.get(self.member))


class _Plan(NamedTuple):
    """The parts that all events of one schema share."""

    schema: ConnectSchemaNode
    fields: tuple[_Reference, ...]
    headers: tuple[tuple[_Reference, ConnectSchemaNode], ...]


@dataclass(slots=True, eq=False)
class Flatten:
    """The transform. Records that are no change events pass as they are.

    `add_fields` and `add_headers` are entries as in `op`, `source.ts_ms`, `lsn:position`.
    """

    deletes: DeleteMode = "tombstone"
    add_fields: tuple[str, ...] = ()
    add_headers: tuple[str, ...] = ()
    prefix: str = "__"
    _plans: dict[ConnectSchemaNode, _Plan] = field(default_factory=dict)

    def __call__(self, record: ConnectRecord) -> ConnectRecord | None:
        """Transform one record; None drops it."""
        if record.value is None:
            return self._tombstone(record)
        envelope, event = record.value
        if not isinstance(envelope, ConnectSchemaNode) or not envelope.name.endswith(".Envelope"):
            return record
        plan = self._plans.get(envelope) or self._plans.setdefault(envelope, self._plan(envelope))
        added = tuple((ref.name, Data(schema, ref.value(event))) for ref, schema in plan.headers)
        record = record._replace(headers=(*record.headers, *added))
        if event["after"] is not None:
            return record._replace(value=self._row(plan, event["after"], event, "false"))
        return None if event["before"] is None else self._deleted(record, envelope, plan)

    def _tombstone(self, record: ConnectRecord) -> ConnectRecord | None:
        if self.deletes != "rewrite-with-tombstone":
            return None
        names = [ref.name for ref in _references(self.add_headers, self.prefix) if ref.member == "op"]
        return record._replace(headers=(*record.headers, *((name, Data(STRING, "d")) for name in names)))

    def _deleted(
        self, record: ConnectRecord, envelope: ConnectSchemaNode, plan: _Plan
    ) -> ConnectRecord | None:
        if self.deletes in REWRITES:
            event = record.value.value if record.value else {}
            return record._replace(value=self._row(plan, event["before"], event, "true"))
        left = {
            "drop": None,
            "tombstone": record._replace(value=Data(envelope.fields["after"], None)),
            "delete-to-tombstone": record._replace(value=None),
        }
        return left[self.deletes]

    def _row(self, plan: _Plan, row: Row, event: Row, deleted: str) -> Data:
        mark = {DELETED: deleted} if self.deletes in REWRITES else {}
        return Data(plan.schema, {**row, **mark, **{ref.name: ref.value(event) for ref in plan.fields}})

    def _plan(self, envelope: ConnectSchemaNode) -> _Plan:
        fields = [(ref, ref.schema(envelope)) for ref in _references(self.add_fields, self.prefix)]
        headers = [(ref, ref.schema(envelope)) for ref in _references(self.add_headers, self.prefix)]
        row = envelope.fields["after"]
        mark = {DELETED: nullable(STRING)} if self.deletes in REWRITES else {}
        added = {**mark, **{ref.name: schema for ref, schema in fields if schema}}
        # An added field needs a new schema of the row, and that one is not optional.
        schema = replace(row, optional=False, fields={**row.fields, **added}) if added else row
        return _Plan(
            schema,
            tuple(ref for ref, known in fields if known),
            tuple((ref, known) for ref, known in headers if known),
        )


def added_fields(
    entries: Iterable[str], prefix: str, envelope: ConnectSchemaNode, event: Row
) -> dict[str, Data]:
    """Give what `add.fields` adds to the row of an event; what the event has not is left out."""
    known = [(ref, ref.schema(envelope)) for ref in _references(entries, prefix)]
    return {ref.name: Data(schema, ref.value(event)) for ref, schema in known if schema}


def _references(entries: Iterable[str], prefix: str) -> Iterable[_Reference]:
    for entry in entries:
        path, _, alias = entry.partition(":")
        parent, dot, member = path.rpartition(".")
        bare = member if not dot else f"{parent}_{member}"
        yield _Reference(parent if dot else _PARENTS.get(member, "source"), member, prefix + (alias or bare))


FLATTENED: Mapping[str, DeleteMode] = {
    f"flattened-{mode}": mode
    for mode in ("drop", "tombstone", "rewrite", "rewrite-with-tombstone", "delete-to-tombstone")
}
