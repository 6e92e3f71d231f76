"""The entrance: a record becomes deliveries, a skip with its rule, or a rejection with its reason."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from connector.model import AwaitsSchema, Record, Rejection, SchemaArtifact, SchemaRef, Skip, Translated
from connector.translate.debezium.shapes import is_flattened_topic, read_shape
from connector.translate.formats import framing
from connector.translate.formats.connect_schema import ConnectSchema
from connector.translate.formats.decoded import Decoded, DecodeError
from connector.translate.formats.payload import PayloadReader
from connector.translate.formats.schema_store import AwaitSchemaError, SchemaStore
from connector.translate.mapping import deliver
from connector.translate.mapping.compiler import compile_topic
from connector.translate.mapping.fast_path import FastPath
from connector.translate.mapping.user_id import MappingError
from connector.translate.values.unusable import NeedsExactError

MAPPINGS_MAX = 1_000
"""Mappings kept per topic, one for each schema of its rows; beyond it all are compiled again."""


class Translator:
    """Translates the records of all topics.

    `counts` counts the fields that were left out although the row has them, under
    `unavailable_values` and `nan_values`; the metrics read it.
    """

    def __init__(self, mappings: Iterable[deliver.Mapping], schemas: SchemaStore | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self._mappings = tuple(mappings)
        self._schemas = schemas or SchemaStore()
        self._topics: dict[str, _Topic | None] = {}

    def translate(self, record: Record) -> Translated:
        """Translate one record. Never raises, whatever the record holds; deliveries are never empty.

        The reason of a `Rejection` names rule and column, and holds no value of the record (S08).
        """
        try:
            topic = self._topics[record.topic]
        except KeyError:
            topic = self._begin(record.topic)
        if topic is None:
            return Rejection("topic", "no topic file covers this topic")
        try:
            return topic.translate(record, self.counts)
        except NeedsExactError:
            return self._translate_exactly(topic, record)
        except AwaitSchemaError as needed:
            return AwaitsSchema(needed.ref)
        except DecodeError as error:
            return Rejection("decode", str(error))
        except MappingError as error:
            return error.rejection

    def learn(self, ref: SchemaRef, artifact: SchemaArtifact) -> None:
        """Remember a schema that the registry has delivered; records that await it can be read then."""
        self._schemas.learn(ref, artifact)

    @property
    def formats(self) -> Mapping[str, Sequence[str]]:
        """The wire formats seen so far, by topic."""
        return {name: sorted(topic.value.seen) for name, topic in self._topics.items() if topic is not None}

    @property
    def truncates(self) -> Mapping[str, tuple[int, int]]:
        """Partition and offset of the first `TRUNCATE` of each topic."""
        return {
            name: topic.truncate
            for name, topic in self._topics.items()
            if topic is not None and topic.truncate is not None
        }

    def _translate_exactly(self, topic: "_Topic", record: Record) -> Translated:
        """Translate a record whose decoding has rounded a decimal."""
        try:
            return topic.translate(record, self.counts, exactly=True)
        except NeedsExactError:
            return Rejection("decode", "a decimal arrived as a binary floating-point number, which rounds it")
        except AwaitSchemaError as needed:
            return AwaitsSchema(needed.ref)
        except DecodeError as error:
            return Rejection("decode", str(error))
        except MappingError as error:
            return error.rejection

    def _begin(self, name: str) -> "_Topic | None":
        """Find the topic's mapping, an exact name before a pattern, and remember it."""
        candidates = [mapping for mapping in self._mappings if mapping.rules.matches(name)]
        candidates.sort(key=lambda mapping: mapping.rules.topic is None)
        self._topics[name] = _Topic(candidates[0], self._schemas) if candidates else None
        return self._topics[name]


class _Topic:
    """One topic: its mapping for each schema of its rows, and facts from its records."""

    def __init__(self, mapping: deliver.Mapping, schemas: SchemaStore) -> None:
        rules = mapping.rules
        self.value = PayloadReader(framing.VALUE, rules.format, schemas, _columns_of_changes(mapping))
        self.truncate: tuple[int, int] | None = None
        self._key = PayloadReader(framing.KEY, "auto", schemas)
        self._rules = rules
        self._shape = rules.shape
        self._mapping = mapping
        self._mappings: dict[ConnectSchema, deliver.Mapping] = {}  # by the schema of the row
        self._fast_paths: dict[ConnectSchema | None, FastPath | None] = {}  # by the schema of the value
        # Bound once: making a method of each costs as much as a look-up, for every record.
        self._decode, self._decode_exactly = self.value.decode, self.value.decode_exactly
        self._read_key, self._decode_key = self._key_of_record, self._key_of_header
        self._record: Record
        self._flattened: bool | None = None  # the shape of its last change; a tombstone does not show it

    def translate(self, record: Record, counts: Counter[str], *, exactly: bool = False) -> Translated:
        """Translate one record of this topic; `exactly` decodes the numbers of JSON with all their digits.

        Raises:
            DecodeError: its bytes cannot be decoded.
            MappingError: a rule cannot be applied to it.
            AwaitSchemaError: a schema has to be fetched first.
            NeedsExactError: it has to be decoded exactly.
        """
        data = record.value
        read_headers = record.read_headers
        self._record = record
        if data is None:
            return self._tombstone(record, counts, has_bytes=False)
        decoded = (self._decode_exactly if exactly else self._decode)(data, read_headers)
        value, schema = decoded
        if value is None:
            return self._tombstone(record, counts, has_bytes=True)
        if type(value) is dict:
            try:
                fast_path = self._fast_paths[schema]
            except KeyError:
                fast_path = self._fast_path_for(schema)
            upsert = None if fast_path is None else fast_path.upsert(value, counts)
            if upsert is not None:
                self._flattened = False
                return [upsert]
        change = read_shape(decoded, self._shape, self._read_key, read_headers)
        if isinstance(change, Skip):
            if change.rule == "truncate" and self.truncate is None:
                self.truncate = (record.partition, record.offset)
            return change
        self._flattened = not change.enveloped
        if change.operation is None:
            self.value.check(data)
        mapping = self._mapping if change.schema is None else self._mapping_for(change.schema)
        return deliver.deliver(mapping, change, record, self._read_key, self._decode_key, counts)

    def _tombstone(self, record: Record, counts: Counter[str], *, has_bytes: bool) -> Translated:
        flattened = is_flattened_topic(self._shape, self._flattened, has_bytes=has_bytes)
        return deliver.deliver_tombstone(
            self._mapping, record, self._read_key, self._decode_key, flattened, counts
        )

    def _key_of_record(self) -> Decoded:
        """Decode the key of the current record; most records do not need it."""
        return self._key.decode_key(self._record.key, self._record.read_headers)

    def _key_of_header(self, data: bytes) -> Decoded:
        """Decode a key that a header holds; its schema is never in another header."""
        return self._key.decode_key(data, lambda: None)

    def _fast_path_for(self, schema: ConnectSchema | None) -> FastPath | None:
        """Find the fast path of values of one schema, compiled for the row in them."""
        row = None if schema is None else schema.fields.get("after")
        mapping = self._mapping if row is None else self._mapping_for(row)
        if len(self._fast_paths) >= MAPPINGS_MAX:
            self._fast_paths.clear()
        self._fast_paths[schema] = mapping.fast_path
        return mapping.fast_path

    def _mapping_for(self, schema: ConnectSchema) -> deliver.Mapping:
        try:
            return self._mappings[schema]
        except KeyError:
            pass
        if len(self._mappings) >= MAPPINGS_MAX:
            self._mappings.clear()
        self._mappings[schema] = compile_topic(self._rules, schema)
        return self._mappings[schema]


def _columns_of_changes(mapping: deliver.Mapping) -> frozenset[str] | None:
    """Return the columns that the mapping reads from change events; None where it needs all.

    A default event id needs the complete change event. An outbox row is a message of unknown form. Under
    `shape: event` a record that looks like a change event is not one.
    """
    rules = mapping.rules
    default_id = rules.event is not None and rules.event.id is None
    return None if default_id or rules.shape in ("outbox", "event") else mapping.columns
