"""The one door: a record goes in, and out comes what to deliver, what rule skips it, or why it cannot be."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from connector.model import AwaitsSchema, Record, Rejection, SchemaArtifact, SchemaRef, Skip, Translated
from connector.translate.decode import framing
from connector.translate.decode.change import Decoded, UndecodableError
from connector.translate.decode.connect_schema import ConnectSchema
from connector.translate.decode.schemas import SchemaNeededError, Schemas
from connector.translate.decode.shapes import is_flattened_topic, read_shape
from connector.translate.decode.wire import Wire
from connector.translate.mapping.apply import Mapping, deliver, deliver_tombstone
from connector.translate.mapping.plan import compile_topic
from connector.translate.mapping.user_id import UnmappableError
from connector.translate.mapping.values import NeedsExactError

MAPPINGS_MAX = 1_000
"""Mappings of one topic, one for each schema that its rows had; with more of them all are made anew."""


class Translator:
    """Translates the records of all topics.

    `counts` counts the fields that were left out although the row has them, under
    `unavailable_values` and `nan_values`; whoever shows it reads it.
    """

    def __init__(self, mappings: Iterable[Mapping], schemas: Schemas | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self._mappings = tuple(mappings)
        self._schemas = schemas or Schemas()
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
            return Rejection("topic", "no topic file is about this topic")
        try:
            return topic.translate(record, self.counts)
        except SchemaNeededError as needed:
            return AwaitsSchema(needed.ref)
        except NeedsExactError:
            return self._translate_exactly(topic, record)
        except UndecodableError as error:
            return Rejection("decode", str(error))
        except UnmappableError as error:
            return error.rejection

    def learn(self, ref: SchemaRef, artifact: SchemaArtifact) -> None:
        """Remember a schema that the registry has delivered; records that await it can be read then."""
        self._schemas.learn(ref, artifact)

    @property
    def formats(self) -> dict[str, Sequence[str]]:
        """The wire formats that were met, by topic."""
        return {name: sorted(topic.value.seen) for name, topic in self._topics.items() if topic is not None}

    def _translate_exactly(self, topic: "_Topic", record: Record) -> Translated:
        """Decode with exact numbers, from this record on: whoever writes decimals as numbers does so always."""
        if topic.exactly:
            return Rejection("decode", "a decimal is held by a binary floating-point number, which rounds it")
        topic.exactly = True
        return self.translate(record)

    def _begin(self, name: str) -> "_Topic | None":
        """Find the topic's mapping, an exact name before a pattern."""
        candidates = [mapping for mapping in self._mappings if mapping.rules.matches(name)]
        candidates.sort(key=lambda mapping: mapping.rules.topic is None)
        self._topics[name] = _Topic(candidates[0], self._schemas) if candidates else None
        return self._topics[name]


class _Topic:
    """One topic: its mapping for each schema that rows or keys had, and what was seen of it.

    `flattened` says what its last change was without doubt; a tombstone does not tell by itself.
    """

    def __init__(self, mapping: Mapping, schemas: Schemas) -> None:
        self.flattened: bool | None = None
        self.exactly = False
        rules = mapping.rules
        # Only a default event id looks at all of a change event.
        lean = rules.event is None or rules.event.id is not None
        self.value = Wire(framing.VALUE, rules.format, schemas, lean=lean)
        self._key = Wire(framing.KEY, rules.format, schemas)
        self._rules = rules
        self._mapping = replace(mapping, decode_key=self._decode_header_key)
        self._mappings: dict[ConnectSchema | None, Mapping] = {}

    def translate(self, record: Record, counts: Counter[str]) -> Translated:
        """Translate one record of this topic.

        Raises:
            UndecodableError: its bytes are not what they should be.
            UnmappableError: a rule cannot be applied to it.
            SchemaNeededError: a schema has to be fetched first.
            NeedsExactError: it has to be decoded with exact numbers.
        """
        data = record.value
        if data is None:
            return self._tombstone(record, counts, has_bytes=False)
        if self.exactly:
            decoded = self.value.decode_exactly(data, record.read_headers)
        else:
            decoded = self.value.decode(data, record.read_headers)
        if decoded[0] is None:
            return self._tombstone(record, counts, has_bytes=True)

        def read_key() -> Decoded:
            return self._read_key(record)

        change = read_shape(decoded, self._rules.shape, read_key, record.read_headers)
        if type(change) is Skip:
            return change
        self.value.check(data, change.operation)
        return deliver(self._mapping_for(change.schema), change, record, read_key, counts)

    def _tombstone(self, record: Record, counts: Counter[str], *, has_bytes: bool) -> Translated:
        flattened = is_flattened_topic(self._rules.shape, self.flattened, has_bytes=has_bytes)
        return deliver_tombstone(
            self._mapping_for(None), record, lambda: self._read_key(record), flattened, counts
        )

    def _read_key(self, record: Record) -> Decoded:
        return self._key.decode_key(record.key, record.read_headers)

    def _decode_header_key(self, data: bytes) -> Decoded:
        return self._key.decode_key(data, lambda: None)

    def _mapping_for(self, schema: ConnectSchema | None) -> Mapping:
        """Return the mapping compiled for rows, or keys, of a schema."""
        try:
            return self._mappings[schema]
        except KeyError:
            pass
        if len(self._mappings) >= MAPPINGS_MAX:
            self._mappings.clear()
        ...
