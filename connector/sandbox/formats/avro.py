"""The Avro converters of Confluent and Apicurio, and plain Avro producers beside them."""

import io
from dataclasses import dataclass, field
from typing import Any

import fastavro
import orjson

from connector.sandbox.formats.avro_schema import AvroSchema, avro_style
from connector.sandbox.formats.converter import Encoded, Role, Write
from connector.sandbox.formats.schema_framing import FRAMINGS
from connector.sandbox.formats.values import Encode, Style, compile_value
from connector.sandbox.records.schema import AnySchema, ConnectSchemaNode, NativeSchema
from connector.sandbox.registry.store import RegisteredReference, RegistryStore


@dataclass(frozen=True, slots=True)
class AvroConverter:
    """Writes a null as Kafka's null, whatever its schema. `apart` registers nested records by themselves."""

    store: RegistryStore
    framing: str = "confluent"
    apart: bool = False
    style: Style = field(default_factory=avro_style)

    def __call__(self, topic: str, role: Role, schema: AnySchema) -> Write:
        """Register the schema and compile.

        Raises:
            TypeError: there is no schema.
        """
        subject = f"{topic}-{role}"
        encode: Encode | None = None
        if isinstance(schema, ConnectSchemaNode):
            encode = compile_value(schema, self.style)
            tree: Any = without_logical_types(AvroSchema(schema).tree)
            made = AvroSchema(schema, apart=self.apart)
            text, references = made.text, register_parts(self.store, made)
        elif isinstance(schema, NativeSchema):
            tree, text, references = orjson.loads(schema.text), schema.text, ()
        else:
            raise TypeError("Avro needs a schema")
        known = self.store.register(subject, text, "AVRO", references)
        prefix, headers = FRAMINGS[self.framing](known, role)
        is_bytes = tree == "bytes" or (isinstance(tree, dict) and tree["type"] == "bytes")
        if is_bytes and self.framing.startswith("confluent"):
            # Confluent's serializer leaves Avro's length out (debezium-events.md 7), Apicurio's does not.
            return lambda value: Encoded(None if value is None else prefix + value, headers)
        parsed = fastavro.parse_schema(tree)

        def write(value: Any) -> Encoded:
            if value is None:
                return Encoded(None)
            out = io.BytesIO()
            out.write(prefix)
            fastavro.schemaless_writer(out, parsed, value if encode is None else encode(value))
            return Encoded(out.getvalue(), headers)

        return write


def register_parts(store: RegistryStore, made: AvroSchema) -> tuple[RegisteredReference, ...]:
    """Register the records that a schema refers to; give the references of the schema itself."""
    known: dict[str, RegisteredReference] = {}
    for name, part in made.parts.items():
        text = orjson.dumps(part).decode()
        registered = store.register(name, text, "AVRO", _mentioned(text, known))
        known[name] = RegisteredReference(name, registered.subject, registered.version)
    return _mentioned(made.text, known)


def _mentioned(text: str, known: dict[str, RegisteredReference]) -> tuple[RegisteredReference, ...]:
    return tuple(reference for name, reference in known.items() if f'"{name}"' in text)


def without_logical_types(schema: Any) -> Any:
    """Give a schema for which fastavro writes integers and bytes as they are."""
    if isinstance(schema, dict):
        return {
            name: without_logical_types(member) for name, member in schema.items() if name != "logicalType"
        }
    return [without_logical_types(member) for member in schema] if isinstance(schema, list) else schema
