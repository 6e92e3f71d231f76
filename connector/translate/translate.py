"""The one door: a record goes in, and out comes what to deliver, what rule skips it, or why it cannot be."""

from collections import Counter
from collections.abc import Iterable
from functools import partial

from connector.model import Record, Rejection, Skip, Translated
from connector.translate.decode.change import Decoded, UndecodableError
from connector.translate.decode.keys import decode_key
from connector.translate.decode.shapes import is_flattened_topic, read_shape
from connector.translate.mapping.apply import Mapping, deliver, deliver_tombstone
from connector.translate.mapping.user_id import UnmappableError

_NO_VALUE = Decoded(None)


class Translator:
    """Translates the records of all topics.

    `counts` counts the fields that were left out although the row has them, under
    `unavailable_values` and `nan_values`; whoever shows it reads it.
    """

    def __init__(self, mappings: Iterable[Mapping]) -> None:
        self.counts: Counter[str] = Counter()
        self._mappings = tuple(mappings)
        self._by_topic: dict[str, Mapping | None] = {}
        self._flattened: dict[str, bool] = {}

    def translate(self, record: Record) -> Translated:
        """Translate one record. Never raises, whatever the record holds; deliveries are never empty.

        The reason of a `Rejection` names rule and column, and holds no value of the record (S08).
        """
        topic = record.topic
        mapping = self._by_topic[topic] if topic in self._by_topic else self._find(topic)
        if mapping is None:
            return Rejection("topic", "no topic file is about this topic")
        value = record.value
        read_key = partial(decode_key, record.key)
        try:
            decoded = _NO_VALUE if value is None else _decode(mapping, value)
            if decoded.value is None:
                seen = self._flattened.get(topic)
                flattened = is_flattened_topic(mapping.rules.shape, seen, has_bytes=value is not None)
                return deliver_tombstone(mapping, record, read_key, flattened, self.counts)
            change = read_shape(decoded, mapping.rules.shape, read_key, record.read_headers)
            if isinstance(change, Skip):
                return change
            self._flattened[topic] = not change.enveloped
            if change.operation is None and value is not None:
                mapping.decoder.check(value)
            return deliver(mapping, change, record, read_key, self.counts)
        except UndecodableError as error:
            return Rejection("decode", str(error))
        except UnmappableError as error:
            return error.rejection

    def _find(self, topic: str) -> Mapping | None:
        """Find the topic's mapping, an exact name before a pattern, and remember it."""
        candidates = [mapping for mapping in self._mappings if mapping.rules.matches(topic)]
        candidates.sort(key=lambda mapping: mapping.rules.topic is None)
        self._by_topic[topic] = candidates[0] if candidates else None
        return self._by_topic[topic]


def _decode(mapping: Mapping, value: bytes) -> Decoded:
    """Decode a value; of one with an embedded schema only that it is null."""
    decoded = mapping.decoder.decode(value)
    if isinstance(decoded, dict) and decoded.keys() == {"schema", "payload"}:
        schema = decoded["schema"]
        if schema is None or (isinstance(schema, dict) and "type" in schema):
            if decoded["payload"] is None:
                return _NO_VALUE
            raise UndecodableError("JSON with an embedded schema is not supported yet")
    return Decoded(decoded)
