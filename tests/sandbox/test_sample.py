"""The sample leads where it says: its records, mapped by its own topic files, give the expected end."""

from collections import Counter
from pathlib import Path

import orjson
import pytest

from connector.model import ENDPOINT_OF, AwaitsSchema, Delete, Event, Record, Rejection, Skip, Upsert
from connector.sandbox.api.behaviour import Behaviour
from connector.sandbox.api.ingest_api import Call, IngestApi
from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.sample import CUSTOMERS_TOPIC, Sample, make_sample
from connector.sandbox.sample_config import write_config
from connector.sandbox.sample_streams import APP_TOPIC, ORDERS_TOPIC, OUTBOX_TOPIC, STORES_TOPIC
from connector.sandbox.writer import SampleRecord
from connector.settings import load
from connector.translate.mapping.compiler import compile_topic
from connector.translate.translate import Translator
from tests.imitation.update_load import updates

STREAM = Call("stream", "sandbox", "customers", "sandbox-token", sync=True)


@pytest.fixture(scope="module")
def sample() -> Sample:
    """Give the sample of the demo's size."""
    return make_sample()


@pytest.fixture
def translator(tmp_path: Path) -> Translator:
    """Compile the sample's own topic files, checked like any configuration."""
    path = write_config(
        tmp_path,
        bootstrap_servers="127.0.0.1:1",
        base_url="http://127.0.0.1:2/v1",
        kafka={"session.timeout.ms": 6000},
        delivery={"linger_ms": 0},
    )
    settings = load(path, {})
    assert settings.delivery.linger_ms == 0
    assert settings.kafka_properties["session.timeout.ms"] == 6000
    return Translator(map(compile_topic, settings.topics))


def read(record: SampleRecord, offset: int) -> Record:
    """Give the record as the consumer would."""
    return Record(record.topic, 0, offset, record.key, record.value, 0, lambda: record.headers)


def deliver(api: IngestApi, delivery: Upsert | Delete | Event) -> bool:
    """Deliver one item by itself; return whether it was accepted."""
    if isinstance(delivery, Delete):
        call = Call("delete", "sandbox", "customers", "sandbox-token", subject=delivery.user_id)
    else:
        endpoint, body = ENDPOINT_OF[type(delivery)].value, orjson.loads(orjson.dumps(delivery.body))
        call = Call(endpoint, "sandbox", "customers", "sandbox-token", sync=True, body=[body])
    return api.handle(call, 0).status < 300


def test_every_record_leads_to_the_expected_end(sample: Sample, translator: Translator) -> None:
    """Contacts, deletions, events, skipped orders and dead letters are those that `expected` names."""
    api = IngestApi(Behaviour(limit=None))
    outcomes: Counter[str] = Counter()
    for offset, record in enumerate(sample.records):
        translated = translator.translate(read(record, offset))
        if isinstance(translated, Rejection):
            outcomes[translated.rule] += 1
        elif isinstance(translated, Skip):
            outcomes["skipped"] += 1
        else:
            assert not isinstance(translated, AwaitsSchema)
            for delivery in translated:
                outcomes[f"refused {ENDPOINT_OF[type(delivery)]}"] += not deliver(api, delivery)
    ledger, expected = api.read(lambda ledger: ledger, 0), sample.expected
    assert ledger.present() == expected.contacts
    assert {user_id for user_id, contact in ledger.contacts.items() if contact.deleted} == expected.deleted
    assert ledger.events == expected.events
    assert outcomes["skipped"] == expected.skipped_orders
    assert outcomes["decode"] == expected.dead_letters["not json"]
    assert outcomes["refused contacts"] == expected.dead_letters["refused"]
    assert outcomes["refused events"] == expected.dead_letters["unknown contact"]
    report = ledger.report()
    assert (report["order_violations"], report["replayed"], report["behind"]) == (0, 0, 0)


def test_the_mixed_sample_is_the_same_shop() -> None:
    """In several formats the same changes lead to the same end; every customer has one topic of each kind."""
    plain, mixed = make_sample(changes=500), make_sample(changes=500, store=RegistryStore())
    assert mixed.expected == plain.expected
    counts = Counter(record.topic for record in mixed.records)
    assert (
        counts.keys()
        == mixed.formats.keys()
        == {
            CUSTOMERS_TOPIC,
            STORES_TOPIC,
            APP_TOPIC,
            ORDERS_TOPIC,
            OUTBOX_TOPIC,
        }
    )
    stores = [record.value for record in mixed.records if record.topic == STORES_TOPIC and record.value]
    assert {value[0] for value in stores} == {0}
    app = [orjson.loads(record.value or b"") for record in mixed.records if record.topic == APP_TOPIC]
    assert {body["schema"]["name"] for body in app} == {f"{APP_TOPIC}.Value"}
    assert {body["payload"]["id"] % 4 for body in app} == {3}
    assert {body["payload"]["__op"] for body in app} >= {"r", "c", "u"}
    placed = [record for record in mixed.records if record.topic == OUTBOX_TOPIC]
    assert {type(orjson.loads(record.value or b"")) for record in placed} == {str}
    assert all("id" in dict(record.headers) for record in placed)


def test_the_sample_has_everything_a_demo_shows(sample: Sample) -> None:
    """Snapshot rows, inserts, updates, deletes with tombstones, new rows of deleted ids, orders."""
    values = [
        orjson.loads(record.value) for record in sample.records if record.value and b'"op"' in record.value
    ]
    operations = Counter(value["op"] for value in values)
    assert operations.keys() == {"r", "c", "u", "d"}
    assert operations["d"] == sum(record.value is None for record in sample.records)
    created = Counter(value["after"]["id"] for value in values if value["op"] in "rc")
    assert max(created.values()) > 1
    assert len(sample.expected.contacts) > 300
    assert sample.expected.deleted
    assert len(sample.expected.events) > 300
    sizes = [len(record.value or b"") for record in sample.records if record.topic == CUSTOMERS_TOPIC]
    assert max(sizes) < 1200
    assert sorted(sizes)[len(sizes) // 2] > 900


def test_one_seed_gives_the_same_bytes() -> None:
    """The sample repeats with its seed and differs with another."""
    assert make_sample(changes=200) == make_sample(changes=200)
    assert make_sample(changes=200).records != make_sample(changes=200, seed=2).records


def test_the_load_updates_every_contact_in_turn(translator: Translator) -> None:
    """Each round updates every contact once with the next version, in records of about 1 KB that map."""
    records = list(updates(300, 100))
    assert all(900 < len(value) < 1100 for _, value in records)
    seen = []
    for offset, (key, value) in enumerate(records):
        record = read(SampleRecord(CUSTOMERS_TOPIC, key, value), offset)
        translated = translator.translate(record)
        assert not isinstance(translated, Skip | Rejection)
        (delivery,) = translated
        assert isinstance(delivery, Upsert)
        assert orjson.loads(key) == {"id": int(delivery.user_id)}
        assert delivery.body["_phone_mobile"] == f"+34{600_000_000 + int(delivery.user_id)}"
        seen.append((delivery.user_id, delivery.body["row_version"]))
    assert Counter(seen) == {(str(contact), version): 1 for contact in range(100) for version in (1, 2, 3)}
