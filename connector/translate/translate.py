"""The one door: a record goes in, and out comes what to deliver, what rule skips it, or why it cannot be."""

from collections import Counter
from collections.abc import Iterable

from connector.model import Record, Rejection, SchemaArtifact, SchemaRef, Skip, Translated
from connector.translate.decode.change import UndecodableError
from connector.translate.decode.shapes import read_shape
from connector.translate.mapping.apply import Mapping, deliver, deliver_tombstone
from connector.translate.mapping.user_id import UnmappableError


class Translator:
    """Translates the records of all topics.

    `counts` counts the fields that were left out although the row has them, under
    `unavailable_values` and `nan_values`; whoever shows it reads it.
    """

    def __init__(self, mappings: Iterable[Mapping]) -> None:
        self.counts: Counter[str] = Counter()
        self._mappings = tuple(mappings)
        self._by_topic: dict[str, Mapping | None] = {}

    def translate(self, record: Record) -> Translated:
        """Translate one record. Never raises, whatever the record holds; deliveries are never empty.

        The reason of a `Rejection` names rule and column, and holds no value of the record (S08).
        """
        topic = record.topic
        mapping = self._by_topic[topic] if topic in self._by_topic else self._find(topic)
        if mapping is None:
            return Rejection("topic", "no topic file is about this topic")
        value = record.value
        try:
            decoded = None if value is None else mapping.decoder.decode(value)
            if decoded is None or value is None:
                return deliver_tombstone(mapping, record)
            change = read_shape(decoded, mapping.rules.shape, record.key)
            if isinstance(change, Skip):
                return change
            if change.operation is None:
                mapping.decoder.check(value)
            return deliver(mapping, change, record, self.counts)
        except UndecodableError as error:
            return Rejection("decode", str(error))
        except UnmappableError as error:
            return error.rejection

    def learn(self, ref: SchemaRef, artifact: SchemaArtifact) -> None:
        """Take in a schema that a record waits for."""

    def _find(self, topic: str) -> Mapping | None:
        """Find the topic's mapping, an exact name before a pattern, and remember it."""
        candidates = [mapping for mapping in self._mappings if mapping.rules.matches(topic)]
        candidates.sort(key=lambda mapping: mapping.rules.topic is None)
        self._by_topic[topic] = candidates[0] if candidates else None
        return self._by_topic[topic]
