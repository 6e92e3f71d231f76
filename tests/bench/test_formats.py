"""The bench of the formats compares the same work: same records, same deliveries, and it runs."""

import subprocess
import sys
from typing import Any

import orjson
import pytest

from connector.model import Upsert
from tests.bench.formats import FORMATS, MAPPINGS, sample, translate_by
from tests.bench.loading import encoder
from tests.bench.workload import chosen_contacts, record

COUNT = 8


def bodies(wire_format: str, attributes: dict[str, Any]) -> list[Any]:
    """Translate a few records and return what would be sent."""
    wire = next(wire for wire in FORMATS if wire.name == wire_format)
    taken = sample(wire, COUNT)
    translated = map(translate_by(attributes, taken), taken.records)
    return [_body(one) for one in translated]


def _body(translated: object) -> Any:
    assert isinstance(translated, list), translated
    (upsert,) = translated
    assert isinstance(upsert, Upsert)
    return orjson.loads(orjson.dumps(upsert.body))


@pytest.mark.parametrize("attributes", MAPPINGS.values(), ids=MAPPINGS)
@pytest.mark.parametrize("wire_format", [wire.name for wire in FORMATS])
def test_all_formats_deliver_the_same(wire_format: str, attributes: dict[str, Any]) -> None:
    """In every wire format, the contacts are those of bare JSON, each with all its fields."""
    made = bodies(wire_format, attributes)
    assert made == bodies("json", attributes)
    assert {body.keys() == {"_user_id", *attributes} for body in made} == {True}
    assert len({body["_user_id"] for body in made}) == COUNT // 2


@pytest.mark.parametrize("wire", FORMATS, ids=lambda wire: wire.name)
def test_the_bare_decode_reads_the_same_bytes(wire: Any) -> None:
    """The ratio's denominator decodes every value whole, row and source."""
    taken = sample(wire, COUNT)
    for number, body in enumerate(taken.bodies):
        value = taken.decode(body)
        change = value.get("payload", value)
        assert (change["after"]["version"], change["op"]) == (number, "u")
        assert change["source"]["connector"] == "postgresql"


def test_the_template_is_what_the_converter_writes() -> None:
    """Bare JSON is loaded from a template; it holds what a converter is given for the other formats."""
    contact = next(chosen_contacts(1))
    key, value = record(contact, 1)
    from_template = encoder("json")(contact, 1)
    embedded_key, embedded, headers = encoder("json-embedded")(contact, 1)
    assert from_template == (key, value, headers)
    assert orjson.loads(embedded_key or b"")["payload"] == orjson.loads(key)
    payload = orjson.loads(embedded or b"")["payload"]
    assert {**payload, "source": None} == {**orjson.loads(value), "source": None}
    assert payload["source"].items() >= orjson.loads(value)["source"].items()


def test_the_bench_runs() -> None:
    """With a few records the whole table comes out, a row for each format and mapping."""
    command = [sys.executable, "-m", "tests.bench.formats", "--records", "20", "--passes", "1"]
    table = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert all(sum(line.startswith(wire.label) for line in table.splitlines()) for wire in FORMATS)
    assert table.count("met") + table.count("missed") == len(FORMATS)
