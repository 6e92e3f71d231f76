"""The encodings of one outbox payload: by column type, router option and converter (debezium-events.md 5)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from connector.sandbox.records.columns import BYTES, JSON
from connector.sandbox.records.outbox_router import Route
from connector.sandbox.records.schema import ConnectSchemaNode


class OutboxForm(NamedTuple):
    """One way in which an outbox topic holds its payloads: column, router option, value converter."""

    payload: ConnectSchemaNode
    expand_json: bool
    value_format: str

    def cell(self, body: Mapping[str, Any]) -> str | bytes:
        """Give what the column holds of an event."""
        text = orjson.dumps(body)
        return text if self.payload is BYTES else text.decode()

    def route(self, **options: Any) -> Route:
        """Give the router with this form's option."""
        return Route(expand_json=self.expand_json, **options)


OUTBOX_FORMS: Mapping[str, OutboxForm] = {
    "json text twice encoded": OutboxForm(JSON, False, "json"),
    "json text with its schema": OutboxForm(JSON, False, "json-embedded"),
    "json text": OutboxForm(JSON, False, "string"),
    "expanded": OutboxForm(JSON, True, "json"),
    "expanded, avro": OutboxForm(JSON, True, "avro-confluent"),
    "bytes": OutboxForm(BYTES, False, "bytes"),
    "bytes as base64": OutboxForm(BYTES, False, "json"),
    "json text in avro": OutboxForm(JSON, False, "avro-confluent"),
}
"""The eight rows of debezium-events.md 5; `value_format` is a name in `tests/imitation/formats.py`."""
