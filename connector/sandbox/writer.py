"""Puts source, transforms and converters together, as a Connect worker does."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from connector.sandbox.formats.connect_json import JsonConverter
from connector.sandbox.formats.converter import Converter, Encoded, Role, Write
from connector.sandbox.formats.plain import simple_header_converter
from connector.sandbox.records.schema import AnySchema, ConnectRecord, Data

Transform: TypeAlias = Callable[[ConnectRecord], ConnectRecord | None]
"""Changes a record, or drops it."""


class SampleRecord(NamedTuple):
    """One record to produce. A null value is a tombstone, a null timestamp is the producer's."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp_ms: int | None = None


class Writer:
    """Writes the records of one connector. Keys and headers are bare JSON and text unless said otherwise."""

    def __init__(
        self,
        value: Converter,
        key: Converter | None = None,
        *,
        header: Converter = simple_header_converter,
        transforms: Sequence[Transform] = (),
    ) -> None:
        self._converters: dict[str, Converter] = {
            "value": value,
            "key": key or JsonConverter(),
            "header": header,
        }
        self._transforms = tuple(transforms)
        self._compiled: dict[tuple[str, str, AnySchema], Write] = {}

    def records(self, records: Iterable[ConnectRecord]) -> Iterator[SampleRecord]:
        """Write records; those that a transform drops are missing."""
        for record in records:
            written = self.record(record)
            if written is not None:
                yield written

    def record(self, record: ConnectRecord) -> SampleRecord | None:
        """Write one record; None where a transform drops it."""
        for transform in self._transforms:
            changed = transform(record)
            if changed is None:
                return None
            record = changed
        topic = record.topic
        key = self._encoded("key", topic, "key", record.key)
        value = self._encoded("value", topic, "value", record.value)
        headers = [
            (name, self._encoded("header", topic, "value", data).data) for name, data in record.headers
        ]
        return SampleRecord(
            topic, key.data, value.data, (*headers, *key.headers, *value.headers), record.timestamp_ms
        )

    def _encoded(self, part: str, topic: str, role: Role, data: Data | None) -> Encoded:
        if data is None:
            return _TOMBSTONE
        schema, value = data
        write = self._compiled.get((part, topic, schema))
        if write is None:
            write = self._compiled[part, topic, schema] = self._converters[part](topic, role, schema)
        return write(value)


_TOMBSTONE = Encoded(None)
