"""Every shape in every format exists, and says what it is."""

from collections import Counter

import orjson
import pytest

from connector.sandbox.formats.avro import AvroConverter
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import Writer
from tests.imitation.every_shape import SHAPES, MatrixSample, matrix
from tests.imitation.formats import FORMATS
from tests.imitation.update_load import updates, updates_by
from tests.sandbox.formats.read_back import read_avro, schema_of

ROWLESS = {"notices", "signals"}


@pytest.fixture(scope="module")
def store() -> RegistryStore:
    """Give the schemas of the samples."""
    return RegistryStore()


@pytest.fixture(scope="module")
def samples(store: RegistryStore) -> list[MatrixSample]:
    """Give all samples."""
    return list(matrix(store))


def test_every_shape_has_every_format(samples: list[MatrixSample]) -> None:
    """Only bytes cannot carry structs, and JSON is never short of a record that another format has."""
    count = Counter((sample.shape, sample.format) for sample in samples)
    for shape in SHAPES:
        missing = {name for name in FORMATS if not count[shape, name]}
        assert missing <= {"bytes"}, shape
        assert count[shape, "json"] == max(count[shape, name] for name in FORMATS)
    assert count["outbox, bytes", "bytes"] == 1


def test_avro_of_every_shape_can_be_read(samples: list[MatrixSample], store: RegistryStore) -> None:
    """Each framed value finds its schema in the store, and fastavro reads it to its last byte."""
    framed = [sample for sample in samples if sample.format.startswith("avro-")]
    for _shape, name, record in framed:
        for role, data in (("key", record.key), ("value", record.value)):
            if data is not None:
                known, body = schema_of(store, data, record.headers, role, eight=name.endswith("-8"))
                read_avro(store, known, body)
    assert len({sample.shape for sample in framed}) == len(SHAPES)


def test_the_load_is_the_same_in_every_format() -> None:
    """A benchmark reads the same rows as Avro and as JSON."""
    store = RegistryStore()
    avro = list(updates_by(Writer(AvroConverter(store)), 30, 10))
    for (key, value), (json_key, json_value) in zip(avro, updates(30, 10), strict=True):
        known, body = schema_of(store, value or b"", (), "value")
        after = orjson.loads(json_value)["after"]
        assert read_avro(store, known, body)["after"] == after
        assert key == json_key
