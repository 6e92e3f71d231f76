"""Keys in all their forms (debezium-events.md 1.3), and the metadata that a mapping can read."""

from typing import Any

import pytest

from connector.translate.debezium.keys import columns_of, header, header_text
from connector.translate.debezium.metadata import read_metadata, wanted_metadata, with_metadata
from connector.translate.formats.decoded import Decoded, DecodeError
from tests.translate.records import Headers, decode_key, struct

ID = frozenset({"id"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (None, None),
        (b"null", None),
        (b'{"id":7}', {"id": 7}),
        (b'{"schema":{"type":"struct"},"payload":{"id":7}}', {"id": 7}),
        (b'{"schema":{"type":"string"},"payload":"a"}', "a"),
        (b'{"schema":7,"payload":8,"id":9}', {"schema": 7, "payload": 8, "id": 9}),
        (b'"7"', "7"),
        (b"7", "7"),
        (b"007", "007"),
        (b"ada", "ada"),
        (b"[7]", [7]),
    ],
)
def test_a_key_is_decoded_by_its_own_form(key: bytes | None, value: object) -> None:
    """JSON, JSON with a schema, or text: the key's converter is not the value's."""
    assert decode_key(key).value == value


@pytest.mark.parametrize("key", [b"\xff", b"{", b'{"id":NaN}'])
def test_a_key_of_no_form_is_undecodable(key: bytes) -> None:
    """The reason says that it was the key."""
    with pytest.raises(DecodeError, match=r"^key: "):
        decode_key(key)


def test_javas_text_of_a_struct_is_refused() -> None:
    """Nothing is guessed from `Struct{id=7}`, however it was framed."""
    for key in (decode_key(b"Struct{id=7}"), Decoded("Struct{id=7}")):
        with pytest.raises(DecodeError, match="key converter"):
            columns_of(key, ID, flattened=None)


def test_what_a_router_added_is_no_column() -> None:
    """`ByLogicalTableRouter` adds a field to the key; the rest and its schema stay."""
    schema = struct()
    key = Decoded({"id": 7, "__dbz__physicalTableIdentifier": "customers_1"}, schema)
    assert columns_of(key, ID, flattened=None) == Decoded({"id": 7}, schema)


@pytest.mark.parametrize(
    ("key", "wanted", "flattened", "row"),
    [
        ({"id": '{"$oid": "a"}'}, "_id", False, {"_id": "a"}),
        ({"id": '{"$oid": "a"}'}, "_id", None, {"_id": "a"}),
        ({"id": '{"$oid": "a"}'}, "_id", True, {"_id": '{"$oid": "a"}'}),
        ({"id": "12"}, "_id", False, {"_id": 12}),
        ({"id": "12"}, "_id", None, {"_id": "12"}),
        ({"id": 12}, "_id", False, {"_id": 12}),
        ({"id": "12"}, "id", False, {"id": "12"}),
        ({"_id": "12"}, "_id", False, {"_id": "12"}),
        ({"id": "12", "no": 1}, "_id", False, {"id": "12", "no": 1}),
    ],
)
def test_the_id_of_mongodb_is_read_where_it_is_wanted(
    key: dict[str, Any], wanted: str, flattened: bool | None, row: dict[str, Any]
) -> None:
    """A table may have a text column `id`: only a mapping that names `_id` reads it as a document's."""
    assert columns_of(Decoded(key), frozenset({wanted}), flattened=flattened).value == row


def test_of_a_repeated_header_the_last_counts() -> None:
    """Kafka's own clients do the same."""
    assert header([("id", b"a"), ("x", b"c"), ("id", b"b")], "id") == b"b"
    assert header([("id", b"a")], "x") is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (b"c", "c"),
        (b'"c"', "c"),
        (b'{"schema":{"type":"string"},"payload":"c"}', "c"),
        (b'{"schema":{"type":"int32"},"payload":7}', '{"schema":{"type":"int32"},"payload":7}'),
        (b'{"id":7}', '{"id":7}'),
        (b'"c', '"c'),
        (b"\xff", "\ufffd"),
    ],
)
def test_a_header_is_text(value: bytes | None, text: str | None) -> None:
    """Plain text, or text that Connect's JSON converter wrote as JSON."""
    assert header_text(value) == text


HEADERS: Headers = [("eventType", b"old"), ("eventType", b"OrderPlaced"), ("empty", None)]


def fail() -> Any:
    """Replace a key or headers that must not be read."""
    raise AssertionError


def test_only_what_is_named_is_read() -> None:
    """The key and the headers cost, so a mapping that names neither pays for neither."""
    assert wanted_metadata(["id", "__op"]) == frozenset()
    assert with_metadata({"id": 7}, frozenset(), fail, fail) == {"id": 7}
    key = read_metadata(wanted_metadata(["id", "__key"]), lambda: Decoded({"id": 7}), fail)
    assert key == {"__key": {"id": 7}}
    headers = read_metadata(wanted_metadata(["__headers"]), fail, lambda: HEADERS)
    assert headers == {"__headers": {"eventType": "OrderPlaced", "empty": None}}
    assert read_metadata(frozenset({"__headers"}), fail, lambda: None) == {"__headers": {}}


def test_the_row_itself_is_left_alone() -> None:
    """The roots join the columns in a separate row, and win over columns of their name."""
    row = {"id": 7, "__key": "column"}
    assert with_metadata(row, frozenset({"__key"}), lambda: Decoded("k"), fail) == {"id": 7, "__key": "k"}
    assert row == {"id": 7, "__key": "column"}
