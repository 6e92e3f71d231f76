"""Translators for captured topics, which know the schemas that the real registry had."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal

import orjson

from connector.model import Delete, Event, Record, RefKind, SchemaRef, Translated, Upsert
from connector.translate.formats.schema_store import SchemaStore
from connector.translate.translate import Translator
from tests.fixtures.captures import MARIADB, POSTGRES, captured, schemas, topics
from tests.translate import expected_values
from tests.translate.records import deliveries, translator_with

NATIVE = frozenset({"pa8", "pah", "pac", "pxj"})
"""Connectors whose converters speak Apicurio's own protocol; the others have ids like Confluent's."""

NAMED_AS: Mapping[RefKind, tuple[RefKind, ...]] = {
    # kind under which the registry was asked -> how records name it
    RefKind.ID: (RefKind.ID,),
    RefKind.GLOBAL_ID: (RefKind.GLOBAL_ID, RefKind.LONG_ID),
    RefKind.CONTENT_ID: (RefKind.CONTENT_ID,),
}


def capture_of(topic: str) -> str:
    """Return the capture that has a topic."""
    return next(name for name in (POSTGRES, MARIADB) if topic in topics(name))


def connector_of(topic: str) -> str:
    """Return the connector that wrote a topic."""
    return topic.partition(".")[0]


def table_of(topic: str) -> str:
    """Return the table of a topic."""
    return topic.rpartition(".")[2]


def records(topic: str) -> list[Record]:
    """Return the records of a topic in their order."""
    return captured(capture_of(topic), topic)


def registry_of(topic: str) -> Literal["confluent", "apicurio"]:
    """Return the type of registry that the topic's connector used."""
    return "apicurio" if connector_of(topic) in NATIVE else "confluent"


def subject(topic: str, **rules: Any) -> Translator:
    """Compile a topic file for a captured topic."""
    return translator_with(known(capture_of(topic), registry_of(topic)), topic=topic, **rules)


def contacts(topic: str, attributes: Mapping[str, Any], **contact: Any) -> Translator:
    """Compile a topic file for contacts, whose `user_id` is `id` unless given."""
    return subject(topic, contact={"user_id": "id", "attributes": attributes, **contact})


def each(columns: Iterable[str]) -> Mapping[str, Any]:
    """Return the rules that send columns unchanged, under their own names."""
    return {name: name for name in columns}


def translated(topic: str, subject: Translator) -> list[Translated]:
    """Translate all records of a topic."""
    return [subject.translate(record) for record in records(topic)]


def body(result: Translated) -> dict[str, Any]:
    """Return the only delivery as it is sent, with exact numbers, without the id of its contact."""
    (delivery,) = deliveries(result)
    assert isinstance(delivery, Upsert), delivery
    return sent_body(delivery)


def sent_body(delivery: Upsert | Event) -> dict[str, Any]:
    """Return a delivery as it is sent, with exact numbers, without the id of its contact."""
    sent: dict[str, Any] = expected_values.exactly(orjson.dumps(delivery.body))
    assert sent.pop("_user_id") == delivery.user_id
    return sent


def deleted(result: Translated) -> tuple[str, bool]:
    """Return the contact that the only delivery deletes, and whether a tombstone asked for it."""
    (delivery,) = deliveries(result)
    assert isinstance(delivery, Delete), delivery
    return delivery.user_id, delivery.tombstone


@cache
def known(capture: str, registry: Literal["confluent", "apicurio"]) -> SchemaStore:
    """Return all schemas of a capture, as the shell has them learned."""
    found = SchemaStore(registry)
    for ref, artifact in schemas(capture).items():
        for kind in NAMED_AS[ref.kind]:
            found.learn(SchemaRef(kind, ref.value), artifact)
    return found


def schema_of(ref: SchemaRef) -> SchemaRef:
    """Return the reference under which a capture has the schema of a record."""
    return SchemaRef(next(kind for kind, names in NAMED_AS.items() if ref.kind in names), ref.value)
