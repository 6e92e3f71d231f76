"""MongoDB's change events, whose documents are text (debezium-events.md 2.3)."""

import json
from typing import Any

import pytest

from connector.model import Delete, Rejection, Skip, Upsert
from tests.translate.records import (
    changed,
    contact,
    deliveries,
    envelope,
    record,
    struct,
    translator,
    upsert_of,
)

OID = "65a1f0c2e4b0a1b2c3d4e5f6"
DOCUMENT = {"_id": {"$oid": OID}, "email": "a@b.io", "visits": {"$numberLong": "12"}}
ID_KEY = {"id": json.dumps({"$oid": OID})}


def mongo(op: str, after: Any = None, before: Any = None) -> dict[str, Any]:
    """Make a change event of MongoDB; documents are written as text."""
    texts = [None if image is None else json.dumps(image) for image in (after, before)]
    place = {"collection": "contacts", "ord": 3, "lsn": None, "txId": None}
    return envelope(op, texts[0], texts[1], "mongodb", **place)


@pytest.mark.parametrize("op", ["c", "u", "r"])
def test_documents_are_rows(op: str) -> None:
    """A document is read into plain values, and its id is the same text as in the key."""
    subject = contact({"_email": "email", "visits": "visits"}, user_id="_id")
    upsert = upsert_of(subject.translate(record(mongo(op, DOCUMENT), ID_KEY)))
    assert upsert.body == {"_user_id": OID, "_email": "a@b.io", "visits": 12}


def test_a_document_is_of_no_schema() -> None:
    """The struct says only that the image is JSON text; the values in the text have no types."""
    schema = struct("crm.db.contacts.Envelope", after=struct("io.debezium.data.Json"))
    assert changed(mongo("c", DOCUMENT), schema=schema).schema is None


def test_an_update_without_its_document_says_what_to_configure() -> None:
    """Neither a delete nor a guess: a dead letter that names `capture.mode` and the other possible cause."""
    result = contact(user_id="_id").translate(record(mongo("u"), ID_KEY))
    assert isinstance(result, Rejection)
    assert "`capture.mode`" in result.reason
    assert "change_streams_update_full" in result.reason
    assert "its delete follows" in result.reason


@pytest.mark.parametrize("document", ["{", "7", '["a"]', "", '{"a": NaM}'])
def test_what_is_no_document_is_rejected(document: str) -> None:
    """The reason names the image and quotes nothing of it (F036, S08)."""
    result = contact(user_id="_id").translate(record(envelope("c", after=document, connector="mongodb")))
    assert isinstance(result, Rejection)
    assert result.rule == "decode"
    assert "`after`: MongoDB's document" in result.reason


@pytest.mark.parametrize(
    ("text", "user_id"),
    [
        (json.dumps({"$oid": OID}), OID),
        ("1234", "1234"),
        ('"1234"', "1234"),
        ('"ada"', "ada"),
        ('{"$numberLong": "1234"}', "1234"),
        (
            '{"$binary": {"base64": "AAECAwQFBgcICQoLDA0ODw==", "subType": "04"}}',
            "00010203-0405-0607-0809-0a0b0c0d0e0f",
        ),
    ],
)
def test_deletes_and_tombstones_find_the_document_by_its_id(text: str, user_id: str) -> None:
    """Both have the id in their key only, as Extended JSON text."""
    for shape in ("auto", "envelope"):
        subject = translator(shape=shape, contact={"user_id": "_id"})
        for value in (mongo("d"), None):
            result = subject.translate(record(value, {"id": text}))
            assert isinstance(result, list), result
            assert isinstance(result[0], Delete)
            assert result[0].user_id == user_id


@pytest.mark.parametrize("key", [{"id": OID}, {"id": "1e5"}, {"id": "007"}, {"id": 1234}])
def test_a_flattened_topic_has_the_id_as_it_is(key: dict[str, Any]) -> None:
    """`ExtractNewDocumentState` writes the id plainly: text that looks like a number is not read as one."""
    for shape in ("auto", "flattened"):
        result = translator(shape=shape, contact={"user_id": "_id"}).translate(record(None, key))
        assert isinstance(result, list), result
        assert isinstance(result[0], Delete)
        assert result[0].user_id == str(key["id"])


def test_a_compound_id_is_an_object() -> None:
    """A path into it works on the document and on the key alike."""
    subject = contact(user_id="_id.customer")
    document = {"_id": {"customer": {"$numberLong": "7"}, "year": 2024}}
    upsert = upsert_of(subject.translate(record(mongo("c", document))))
    (delete,) = deliveries(subject.translate(record(mongo("d"), {"id": json.dumps(document["_id"])})))
    assert isinstance(delete, Delete)
    assert upsert.user_id == delete.user_id == "7"


def test_a_pre_image_is_the_whole_document() -> None:
    """With pre-images an id outside the key survives delete and change; without, the reason names them."""
    subject = contact(user_id="email")
    before, after = {**DOCUMENT, "email": "old"}, {**DOCUMENT, "email": "new"}
    (deleted,) = deliveries(subject.translate(record(mongo("d", before=before), ID_KEY)))
    assert isinstance(deleted, Delete)
    assert deleted.user_id == "old"
    former, upsert = deliveries(subject.translate(record(mongo("u", after, before), ID_KEY)))
    assert isinstance(former, Delete)
    assert isinstance(upsert, Upsert)
    assert (former.user_id, upsert.user_id) == ("old", "new")
    unknown = subject.translate(record(mongo("d"), ID_KEY))
    assert isinstance(unknown, Rejection)
    assert "_with_pre_image" in unknown.reason
    assert subject.translate(record(None, ID_KEY)) == Skip("tombstone_without_user_id")
