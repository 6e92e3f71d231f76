"""Every wire format of keys and values: `FORMATS` has one entry for each (debezium-events.md 7).

The demo needs three of them, which are in `connector/sandbox/formats/`; the others are here.
"""

from collections.abc import Callable, Mapping

from connector.sandbox.formats.avro import AvroConverter
from connector.sandbox.formats.connect_json import JsonConverter
from connector.sandbox.formats.converter import Converter
from connector.sandbox.formats.plain import bytes_converter, string_converter
from connector.sandbox.formats.schema_framing import FRAMINGS
from connector.sandbox.registry.store import RegistryStore
from tests.imitation.apicurio_json import ApicurioJsonConverter
from tests.imitation.json_schema_converter import JsonSchemaConverter


def _avro(framing: str) -> Callable[[RegistryStore], Converter]:
    return lambda store: AvroConverter(store, framing)


def _json_schema(framing: str) -> Callable[[RegistryStore], Converter]:
    return lambda store: JsonSchemaConverter(store, framing)


FORMATS: Mapping[str, Callable[[RegistryStore], Converter]] = {
    "json": lambda _: JsonConverter(),
    "json-embedded": lambda _: JsonConverter(schemas=True),
    **{f"avro-{framing}": _avro(framing) for framing in FRAMINGS},
    "avro-referring": lambda store: AvroConverter(store, apart=True),
    **{f"json-schema-{name}": _json_schema(name) for name in FRAMINGS if name.startswith("confluent")},
    "apicurio-json": ApicurioJsonConverter,
    "apicurio-json-framed": lambda store: ApicurioJsonConverter(store, framed=True),
    "string": lambda _: string_converter,
    "bytes": lambda _: bytes_converter,
}
"""Name → the converter over a store of schemas. `string` and `bytes` write the value unchanged."""
