"""The workload's records in every wire format, as the converters of Kafka Connect write them."""

import binascii
from collections.abc import Mapping

import orjson

from connector.sandbox.records.columns import (
    BOOLEAN,
    DATE,
    INT32,
    INT64,
    MICRO_TIMESTAMP,
    STRING,
    decimal,
)
from connector.sandbox.records.connectors import Place
from connector.sandbox.records.schema import ConnectRecord, ConnectSchemaNode, Data, nullable
from connector.sandbox.records.table import CapturedTable
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import SampleRecord, Writer
from tests.bench.workload import TOPIC, record
from tests.imitation.formats import FORMATS

COLUMNS: Mapping[str, ConnectSchemaNode] = {
    "id": INT64,
    **dict.fromkeys(("first_name", "last_name", "email", "phone"), nullable(STRING)),
    "birth_date": nullable(DATE),
    **dict.fromkeys(("plan", "city", "street", "postal_code", "country"), nullable(STRING)),
    "vip": nullable(BOOLEAN),
    **dict.fromkeys(("locale", "source", "notes"), nullable(STRING)),
    "spent": nullable(decimal(2, 10)),
    "visits": nullable(INT32),
    "version": INT64,
    **dict.fromkeys(("created_at", "updated_at"), nullable(MICRO_TIMESTAMP)),
}
"""The table that the workload's records are of."""


class Encoder:
    """Writes the records of `workload.record`, keys too, in one of the sandbox's formats.

    Their schemas are registered in `store` under `bench.public.customers-value` and `-key`.
    """

    def __init__(self, wire_format: str, store: RegistryStore) -> None:
        server, schema, table = TOPIC.split(".")
        self._table = CapturedTable(Place(server, "shop", schema, table), COLUMNS)
        converter = FORMATS[wire_format](store)
        self._writer = Writer(converter, converter)

    def record(self, contact: int, version: int) -> SampleRecord:
        """Write one update, with the headers that Debezium adds to every record."""
        _, value = record(contact, version)
        envelope = orjson.loads(value)
        row = envelope["after"]
        row["spent"] = binascii.a2b_base64(row["spent"])
        data = Data(self._table.envelope_schema, envelope)
        written = self._writer.record(
            ConnectRecord(TOPIC, self._table.key_of(row), data, self._table.context)
        )
        assert written is not None
        return written
