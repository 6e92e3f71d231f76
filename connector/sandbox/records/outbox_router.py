"""The outbox pattern: a table of events, and the router that makes records of them (debezium-events.md 5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import orjson

from connector.sandbox.records.columns import JSON, STRING, UUID
from connector.sandbox.records.inferred import infer
from connector.sandbox.records.schema import ConnectRecord, ConnectSchemaNode, Data, Row, nullable, struct

Placement: TypeAlias = Literal["header", "envelope"]

_TO_MS = {
    "io.debezium.time.Timestamp": 1,
    "io.debezium.time.MicroTimestamp": 1_000,
    "io.debezium.time.NanoTimestamp": 1_000_000,
}


def outbox_columns(payload: ConnectSchemaNode = JSON) -> dict[str, ConnectSchemaNode]:
    """Give the columns of an outbox table as Debezium's documentation has them."""
    return {
        "id": UUID,
        "aggregatetype": STRING,
        "aggregateid": STRING,
        "type": STRING,
        "payload": nullable(payload),
    }


@dataclass(slots=True, eq=False)
class Route:
    """The transform. Updates, deletes and tombstones of outbox rows are dropped, other records pass.

    `placed` holds (column, header or envelope, alias), in the words of
    `table.fields.additional.placement`; one in the envelope makes the value a struct around the payload.
    """

    expand_json: bool = False
    placed: tuple[tuple[str, Placement, str], ...] = (("type", "header", "eventType"),)
    topic: str = "outbox.event.{}"
    timestamp_column: str = ""
    tombstone_on_empty: bool = False
    _enveloped: dict[tuple[ConnectSchemaNode, ConnectSchemaNode | None], ConnectSchemaNode] = field(
        default_factory=dict
    )

    def __call__(self, record: ConnectRecord) -> ConnectRecord | None:
        """Transform one record; None drops it."""
        if record.value is None:
            return None
        envelope, event = record.value
        if not isinstance(envelope, ConnectSchemaNode) or not envelope.name.endswith(".Envelope"):
            return record
        if event["op"] not in ("c", "r"):
            return None
        schema, row = envelope.fields["after"], event["after"]
        headers = [("id", Data(schema.fields["id"], row["id"]))]
        headers += [
            (alias, Data(schema.fields[column], row.get(column)))
            for column, placement, alias in self.placed
            if placement == "header"
        ]
        return ConnectRecord(
            self.topic.format(row["aggregatetype"]),
            Data(schema.fields["aggregateid"], row["aggregateid"]),
            self._value(schema, row),
            (*record.headers, *headers),
            self._timestamp_ms(schema, event),
        )

    def _value(self, schema: ConnectSchemaNode, row: Row) -> Data | None:
        payload = row.get("payload")
        if self.tombstone_on_empty and (payload is None or not payload.strip()):
            return None
        data = Data(schema.fields["payload"], payload)
        if self.expand_json and isinstance(payload, str) and payload.startswith(("{", "[")):
            data = infer(orjson.loads(payload), "payload")
        beside = {alias: column for column, placement, alias in self.placed if placement == "envelope"}
        if not beside:
            return data
        members = {alias: row.get(column) for alias, column in beside.items()}
        around = self._envelope(schema, data, beside, row["aggregatetype"])
        return Data(around, {"payload": data.value, **members})

    def _envelope(
        self, schema: ConnectSchemaNode, payload: Data, beside: Mapping[str, str], route: str
    ) -> ConnectSchemaNode:
        """Give the schema of a struct around the payload, named as the router does."""
        inner = payload.schema if isinstance(payload.schema, ConnectSchemaNode) else None
        known = self._enveloped.get((schema, inner))
        if known is None:
            prefix, _, last = schema.name.rpartition(".")
            members = {alias: schema.fields[column] for alias, column in beside.items()}
            fields = {"payload": inner or nullable(STRING), **members}
            known = self._enveloped[schema, inner] = struct(f"{prefix}.{route}.{last}", fields)
        return known

    def _timestamp_ms(self, schema: ConnectSchemaNode, event: Row) -> int:
        at = event["after"].get(self.timestamp_column)
        if at is None:
            handled: int = event["ts_ms"]
            return handled
        return int(at) // _TO_MS[schema.fields[self.timestamp_column].name]
