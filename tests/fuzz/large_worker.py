"""A worker whose inputs are megabytes: as large as anything that is still taken, and larger."""

import gc
import json
import time
from collections.abc import Callable, Iterator
from functools import cache

from connector.model import AwaitsSchema, Record, SchemaArtifact
from connector.translate.formats.avro.avro_reader import VALUE_BYTES_MAX
from connector.translate.formats.json.weight import MEMORY_MAX, VALUES_MAX
from connector.translate.formats.schema_store import SchemaStore
from connector.translate.mapping import compiler
from connector.translate.mapping.deliver import Mapping
from connector.translate.mapping.rules import TopicRules
from connector.translate.translate import Translator
from tests.fuzz.avro_inputs import artifact, varint
from tests.fuzz.judge import judged
from tests.fuzz.memory import Peak
from tests.fuzz.worker import Cost, main

_MONGO = b'{"op":"c","source":{"connector":"mongodb","name":"x"},"before":null,"after":%b}'
_DECIMAL = (
    b'{"schema":{"type":"struct","fields":[{"field":"id","type":"int32"},{"field":"a","type":"bytes",'
    b'"name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2"}}]},'
    b'"payload":{"id":7,"a":1.10,"b":%b}}'
)
_SCHEMA = b'{"schema":{"type":"int32","doc":%b},"payload":{"id":7}}'


def _array(unit: str) -> str:
    """Return the longest array of these that is taken."""
    return f"[{unit * ((VALUES_MAX - 100) // (unit.count(',') + 3 * (unit.count('[') + unit.count('{'))))}0]"


def _wide() -> str:
    return "😀" + "x" * (MEMORY_MAX // 10 - 1000)


def _event(value: str) -> bytes:
    return f'{{"id":7,"a":{value}}}'.encode()


def _document(value: str) -> bytes:
    return _MONGO % json.dumps(f'{{"id":7,"a":{value},"b":{{"$oid":"7"}}}}', ensure_ascii=False).encode()


def _avro(kind: object, body: bytes) -> tuple[SchemaArtifact, bytes]:
    fields = [{"name": "id", "type": "int"}, {"name": "a", "type": kind}]
    return artifact({"type": "record", "name": "R", "fields": fields}), b"\0\0\0\0\7\x0e" + body


def _avro_text() -> tuple[SchemaArtifact, bytes]:
    text = "😀".encode() + b"x" * (VALUE_BYTES_MAX - 100)
    return _avro("string", varint(len(text)) + text)


def _avro_map() -> tuple[SchemaArtifact, bytes]:
    entries = b"".join(b"\x0a%05x\2x" % number for number in range(30_000))
    return _avro({"type": "map", "values": "string"}, varint(30_000) + entries + b"\0")


LARGE: dict[str, Callable[[], bytes | tuple[SchemaArtifact, bytes]]] = {
    "empty arrays": lambda: _event(_array("[],")),
    "small objects": lambda: _event(_array('{"a":"xx"},')),
    "texts": lambda: _event(_array('"ab",')),
    "numbers with exact digits": lambda: _DECIMAL % _array("1.1,").encode(),
    "ten megabytes of arrays": lambda: _event(f"[{'[],' * 3_000_000}0]"),
    "ten megabytes of arrays in a text": lambda: _event(json.dumps(f"[{'[],' * 3_000_000}0]")),
    "objects in a document": lambda: _document(_array('{"":0},')),
    "ten megabytes in a document": lambda: _document(f"[{'[],' * 3_000_000}0]"),
    "a wide text": lambda: _event(f'"{_wide()}"'),
    "a wide text in a document": lambda: _document(f'"{_wide()}"'),
    "a long text": lambda: _event(f'"{"x" * (MEMORY_MAX // 2 - 1000)}"'),
    "a wide text in a schema": lambda: _SCHEMA % json.dumps(_wide(), ensure_ascii=False).encode(),
    "a wide text in Avro": _avro_text,
    "arrays in Avro": lambda: _avro(
        {"type": "array", "items": {"type": "array", "items": "int"}}, varint(60_000) + bytes(60_001)
    ),
    "a map in Avro": _avro_map,
}


@cache
def _mapping() -> Mapping:
    attributes = {"plain": "a", "text": {"from": "a", "as": "string"}, "key": "__key.id"}
    contact = {"user_id": "id", "attributes": attributes}
    return compiler.compile_topic(TopicRules.model_validate({"topic": "t", "contact": contact}))


class Large:
    """Tries large inputs; the seed is the place in `LARGE`."""

    def try_one(self, seed: int) -> tuple[str, str, float]:
        """Translate the input once."""
        made = list(LARGE.values())[seed]()
        known, value = made if isinstance(made, tuple) else (None, made)
        del made
        translator = Translator([_mapping()], SchemaStore("confluent"))
        record = Record("t", 0, 0, b'{"id":7}', value, 0, lambda: None)
        gc.collect()
        begin, peak = time.thread_time(), Peak()
        translated = translator.translate(record)
        if isinstance(translated, AwaitsSchema) and known is not None:
            translator.learn(translated.ref, known)
            translated = translator.translate(record)
        self._bytes = peak.bytes()
        return "large", judged(translated), (time.thread_time() - begin) * 1000

    def costs(self, first: int, last: int) -> Iterator[Cost]:
        """Translate the inputs and measure each."""
        for seed in range(first, last + 1):
            _, outcome, milliseconds = self.try_one(seed)
            yield Cost(seed, milliseconds, self._bytes, outcome)


if __name__ == "__main__":
    main(Large)
