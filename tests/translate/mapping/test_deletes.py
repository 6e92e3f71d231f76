"""The contact of a delete (docs/mapping.md)."""

from typing import Any

import pytest

from connector.model import Delete, Delivery, Rejection, Skip, Translated, Upsert
from tests.translate.records import contact, envelope, record

NEW = "__debezium.newkey"


def plain(translated: Translated) -> Any:
    """Return deliveries as tuples, anything else unchanged."""
    return [_tuple(one) for one in translated] if isinstance(translated, list) else translated


def _tuple(delivery: Delivery) -> tuple[object, ...]:
    if isinstance(delivery, Delete):
        return ("delete", delivery.user_id, delivery.tombstone)
    assert isinstance(delivery, Upsert)
    return ("upsert", delivery.body, delivery.instant)


@pytest.mark.parametrize(
    ("key", "user_id"),
    [
        ({"id": 7}, "7"),
        ({"schema": {"type": "struct"}, "payload": {"id": 7}}, "7"),
        (b"7", "7"),
        (b'"7"', "7"),
        (b"007", "007"),
        (b"ada", "ada"),
    ],
)
def test_the_key_decides(key: Any, user_id: str) -> None:
    """Objects, wrapped objects and bare scalars name the row (debezium-events.md 1.3)."""
    subject = contact({"name": "name"})
    change = envelope("d", before=None)
    assert plain(subject.translate(record(change, key))) == [("delete", user_id, False)]
    assert plain(subject.translate(record(None, key))) == [("delete", user_id, True)]


@pytest.mark.parametrize(
    "key", [None, b"Struct{id=7}", b"\xff", b"{", b"[7]", {"no": 1}, {"id": ".."}, {"id": None}]
)
def test_a_key_that_names_nobody_deletes_nobody(key: Any) -> None:
    """PostgreSQL's before-image is filler and is not used instead (F037, debezium-events.md 2.2)."""
    result = contact().translate(record(envelope("d", before={"id": 0, "email": ""}), key))
    assert isinstance(result, Rejection)
    assert result.rule in ("contact.user_id", "decode")


def test_a_bare_key_of_another_column_is_refused() -> None:
    """The before-image has the real key: a bare key that differs from it is not the id."""
    result = contact().translate(record(envelope("d", before={"id": 7}), b"acme"))
    assert isinstance(result, Rejection)


@pytest.mark.parametrize(
    ("connector", "before", "outcome"),
    [
        ("mysql", "auto", [("delete", "a@b.c", False)]),
        ("mariadb", "auto", [("delete", "a@b.c", False)]),
        ("sqlserver", "auto", [("delete", "a@b.c", False)]),
        ("oracle", "auto", [("delete", "a@b.c", False)]),
        ("mongodb", "auto", [("delete", "a@b.c", False)]),
        ("postgresql", "full", [("delete", "a@b.c", False)]),
        ("postgresql", "auto", "contact.user_id"),
        ("mysql", "key", "contact.user_id"),
    ],
)
def test_a_whole_before_image_serves_where_the_key_does_not(
    connector: str, before: str, outcome: Any
) -> None:
    """The connector, or the topic file, decides which before-images are complete."""
    subject = contact(user_id="email", before=before)
    change = envelope("d", before={"id": 7, "email": "a@b.c"}, connector=connector)
    result = subject.translate(record(change, {"id": 7}))
    assert (result.rule if isinstance(result, Rejection) else plain(result)) == outcome


@pytest.mark.parametrize(
    ("added", "before", "outcome"),
    [
        ({"__source_connector": "mysql"}, "auto", [("delete", "a@b.c", False)]),
        ({"__connector": "mariadb"}, "auto", [("delete", "a@b.c", False)]),
        ({"__connector": "postgresql"}, "auto", "contact.user_id"),
        ({}, "auto", "contact.user_id"),
        ({}, "full", [("delete", "a@b.c", False)]),
        ({"__connector": "mysql"}, "key", "contact.user_id"),
    ],
)
def test_a_flattened_delete_has_filler_too(added: dict[str, str], before: str, outcome: Any) -> None:
    """Its row is the before-image, whole only where the row or the file says so (debezium-events.md 4)."""
    row = {"id": 7, "email": "a@b.c", "__deleted": "true", **added}
    result = contact(user_id="email", before=before).translate(record(row, {"id": 7}))
    assert (result.rule if isinstance(result, Rejection) else plain(result)) == outcome


def test_an_expression_needs_all_its_columns_in_the_key() -> None:
    """An expression over a column that the key lacks is not evaluated on half of it."""
    subject = contact(user_id="join('-', [tenant, to_string(no)])")
    assert plain(subject.translate(record(None, {"tenant": "a", "no": 1}))) == [("delete", "a-1", True)]
    assert isinstance(subject.translate(record(None, {"tenant": "a"})), Rejection)


def test_an_update_that_changes_the_contact_retires_the_former() -> None:
    """With a whole before-image the old contact goes and the new one comes, in this order (F045)."""
    change = envelope("u", before={"email": "a"}, after={"email": "b"}, connector="mysql")
    upsert = ("upsert", {"_user_id": "b"}, True)
    assert plain(contact(user_id="email").translate(record(change))) == [("delete", "a", False), upsert]
    assert plain(contact(user_id="email", on_delete="ignore").translate(record(change))) == [upsert]
    filler = envelope("u", before={"email": ""}, after={"email": "b"}, connector="mysql")
    assert plain(contact(user_id="email").translate(record(filler))) == [upsert]
    unknown = envelope("u", before={"email": "a"}, after={"email": "b"})
    assert plain(contact(user_id="email").translate(record(unknown))) == [upsert]


@pytest.mark.parametrize(
    ("header", "outcome"),
    [
        (b'{"id":8,"no":1}', [("delete", "7", False)]),
        (b'{"schema":{"type":"struct"},"payload":{"id":8}}', [("delete", "7", False)]),
        (b'{"id":7,"no":2}', Skip("key_change")),
        (b'{"no":2}', "contact.user_id"),
        (b"\x00\x01", "contact.user_id"),
        (b"{", "decode"),
    ],
)
def test_a_key_change_deletes_only_when_the_contact_changed(header: bytes, outcome: Any) -> None:
    """Both ids are computed; a new key without the id is a mapping error (F045, debezium-events.md 3)."""
    subject = contact()
    result = subject.translate(record(envelope("d", before={"id": 7}), {"id": 7, "no": 1}, [(NEW, header)]))
    assert (result.rule if isinstance(result, Rejection) else plain(result)) == outcome
    tombstone = record(None, {"id": 7, "no": 1}, [(NEW, header)])
    assert subject.translate(tombstone) == Skip("key_change")


def test_on_delete_ignore_and_clear() -> None:
    """`ignore` is counted; `clear` sends every mapped attribute as null, constants too."""
    change = record(envelope("d", before={"id": 7}), {"id": 7})
    assert contact(on_delete="ignore").translate(change) == Skip("on_delete_ignore")
    assert contact(on_delete="ignore").translate(record(None, {"id": 7})) == Skip("on_delete_ignore")
    attributes = {"plan": "plan", "member": {"value": True}}
    nulls = {"_user_id": "7", "plan": None, "member": None}
    assert plain(contact(attributes, on_delete="clear").translate(change)) == [("upsert", nulls, False)]
    instant = contact(attributes, on_delete="clear", instant=["delete"])
    assert plain(instant.translate(change)) == [("upsert", nulls, True)]
