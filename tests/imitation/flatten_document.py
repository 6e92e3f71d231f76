"""Debezium's `ExtractNewDocumentState`: MongoDB's change events become typed rows (debezium-events.md 4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from connector.sandbox.records.columns import BYTES, INT64, SEMANTIC, STRING
from connector.sandbox.records.flatten import DELETED, REWRITES, DeleteMode, added_fields
from connector.sandbox.records.inferred import DOCUMENT, infer
from connector.sandbox.records.schema import AnySchema, ConnectRecord, ConnectSchemaNode, Data, Row, nullable
from tests.imitation.extended_json import (
    Binary,
    Date,
    Decimal128,
    Long,
    ObjectId,
    Timestamp,
    read,
)

_DATE = nullable(SEMANTIC["org.apache.kafka.connect.data.Timestamp"])

_RULES = DOCUMENT._replace(
    leaves={
        **DOCUMENT.leaves,
        **dict.fromkeys((ObjectId, Decimal128), nullable(STRING)),
        Long: nullable(INT64),
        **dict.fromkeys((Date, Timestamp), _DATE),
        Binary: nullable(BYTES),
    }
)

_PLAIN: Mapping[type, Callable[[Any], Any]] = {
    ObjectId: lambda value: value.text,
    Decimal128: lambda value: value.text,
    Long: lambda value: value.number,
    Date: lambda value: value.at_ms,
    Timestamp: lambda value: value.seconds * 1000,
    Binary: lambda value: value.data,
}


@dataclass(frozen=True, slots=True)
class FlattenDocument:
    """The transform. Records that are no change events pass as they are.

    In the rewriting modes `__deleted` is a boolean, unlike that of relational connectors, and a delete has no
    other member unless the collection keeps pre-images.
    """

    deletes: DeleteMode = "tombstone"
    add_fields: tuple[str, ...] = ()
    prefix: str = "__"

    def __call__(self, record: ConnectRecord) -> ConnectRecord | None:
        """Transform one record; None drops it."""
        key = record.key and _typed({"id": read(record.key.value["id"])}, "")
        if record.value is None:
            keeps = self.deletes == "rewrite-with-tombstone"
            return record._replace(key=key) if keeps else None
        envelope, event = record.value
        if not isinstance(envelope, ConnectSchemaNode) or not envelope.name.endswith(".Envelope"):
            return record
        deleted = event["after"] is None and event["updateDescription"] is None
        if deleted and self.deletes == "drop":
            return None
        document = self._document(event, key, deleted=deleted)
        if document is None:
            return record._replace(key=key, value=None)
        added = added_fields(self.add_fields, self.prefix, envelope, event)
        row = _typed(document, envelope.name.removesuffix(".Envelope"), added)
        return record._replace(key=key, value=row)

    def _document(self, event: Row, key: Data | None, *, deleted: bool) -> Any:
        """Give the members of the row; None is a tombstone."""
        rewrites = self.deletes in REWRITES
        mark = {DELETED: deleted} if rewrites else {}
        if event["after"] is not None:
            return {**read(event["after"]), **mark}
        if deleted:
            before = event["before"]
            return {**(read(before) if before else {}), **mark} if rewrites else None
        updated = event["updateDescription"]["updatedFields"]
        identifier = {"_id": key.value["id"]} if key else {}
        return {**(read(updated) if updated else {}), **identifier, **mark}


def _typed(document: Any, name: str, added: Mapping[str, Data] | None = None) -> Data:
    """Give a document as a struct that is not optional, with more members after its own."""
    data = infer(document, name, _RULES)
    more = added or {}
    schemas = tuple((member, each.schema) for member, each in more.items())
    values = {member: each.value for member, each in more.items()}
    return Data(_extended(data.schema, schemas), {**_plain(data.value), **values})


@cache
def _extended(schema: AnySchema, added: tuple[tuple[str, AnySchema], ...]) -> AnySchema:
    """Give the same schema for the same members, so that converters compile it once."""
    if not isinstance(schema, ConnectSchemaNode):
        return schema
    fields = {name: known for name, known in added if isinstance(known, ConnectSchemaNode)}
    return replace(schema, optional=False, fields={**schema.fields, **fields})


def _plain(value: Any) -> Any:
    if type(value) is dict:
        return {name: _plain(member) for name, member in value.items()}
    if type(value) is list:
        return [_plain(item) for item in value]
    convert = _PLAIN.get(type(value))
    return convert(value) if convert else value
