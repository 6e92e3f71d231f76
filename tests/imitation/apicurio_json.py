"""Apicurio's JSON converter: the id of a Connect schema beside the payload, or in front of it."""

from dataclasses import dataclass
from typing import Any

import orjson

from connector.sandbox.formats.connect_json import JsonConverter, schema_json
from connector.sandbox.formats.converter import Encoded, Role, Write
from connector.sandbox.formats.schema_framing import FRAMINGS
from connector.sandbox.records.schema import AnySchema, ConnectSchemaNode
from connector.sandbox.registry.store import RegistryStore


@dataclass(frozen=True, slots=True)
class ApicurioJsonConverter:
    """`framed` is its compact form; the other is `{"schemaId": 12, "payload": …}` (debezium-events.md 7)."""

    store: RegistryStore
    framed: bool = False

    def __call__(self, topic: str, role: Role, schema: AnySchema) -> Write:
        """Register the schema and compile.

        Raises:
            TypeError: there is no schema.
        """
        if not isinstance(schema, ConnectSchemaNode):
            raise TypeError("Apicurio's JSON needs a schema")
        payload = JsonConverter()(topic, role, schema)
        text = orjson.dumps(schema_json(schema)).decode()
        known = self.store.register(f"{topic}-{role}", text, "KCONNECT")
        if self.framed:
            before, behind = FRAMINGS["apicurio-4"](known, role).prefix, b""
        else:
            before, behind = b'{"schemaId":%d,"payload":' % known.content_id, b"}"

        def write(value: Any) -> Encoded:
            return Encoded(before + (payload(value).data or b"null") + behind)

        return write
