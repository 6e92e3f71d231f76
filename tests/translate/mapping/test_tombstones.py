"""Records without a value, and changed keys, in both kinds of topic (docs/mapping.md)."""

from dataclasses import replace
from typing import Any

import pytest

from connector.model import Delete, Operation, Rejection, Skip, Translated, Upsert
from connector.translate.debezium.change import Change
from connector.translate.formats.decoded import Decoded
from connector.translate.mapping import compiler
from connector.translate.mapping.deliver import Mapping, deliver, deliver_tombstone
from connector.translate.mapping.readers import compile_rule
from connector.translate.mapping.rules import PathRule, TopicRules
from connector.translate.mapping.user_id import MappingError
from connector.translate.translate import Translator
from tests.translate.records import (
    TOPIC,
    Headers,
    changed,
    contact,
    decode_key,
    envelope,
    record,
    struct,
    translator,
    upsert_of,
)

NEW = "__debezium.newkey"
OLD = "__debezium.oldkey"

SEEN: dict[str, Any] = {
    "envelope": envelope("u", after={"id": 1, "no": 1, "email": "x"}),
    "flattened": {"id": 1, "no": 1, "email": "x", "__op": "u"},
    "domain record": {"id": 1, "no": 1, "email": "x"},
}


def outcome(result: Translated) -> Any:
    """Return the outcome: the contact that it deletes, the rule that skips it, or a dead letter."""
    if isinstance(result, Skip):
        return result.rule
    if isinstance(result, Rejection):
        return "dead letter"
    assert isinstance(result, list)
    return [one.user_id for one in result if isinstance(one, Delete)]


@pytest.mark.parametrize(
    ("seen", "value", "lacking"),
    [
        ("envelope", None, "tombstone_without_user_id"),
        ("flattened", None, "dead letter"),
        ("domain record", None, "dead letter"),
        ("nothing", None, "dead letter"),
        ("nothing", b"null", "dead letter"),
        ("envelope", b"null", "dead letter"),
    ],
)
def test_a_tombstone_is_a_deletion_and_never_lost(seen: str, value: bytes | None, lacking: str) -> None:
    """With the columns in its key it deletes; without, it is skipped only where a delete came before it."""
    for user_id, expected in (("id", ["7"]), ("email", lacking)):
        subject = contact(user_id=user_id)
        if seen in SEEN:
            assert isinstance(subject.translate(record(SEEN[seen])), list)
        assert outcome(subject.translate(record(value, {"id": 7}))) == expected


@pytest.mark.parametrize(
    ("shape", "lacking"), [("envelope", "tombstone_without_user_id"), ("flattened", "dead letter")]
)
def test_a_configured_shape_needs_nothing_seen(shape: str, lacking: str) -> None:
    """The first record of a topic may be a tombstone, after a restart or a compaction."""
    subject = translator(shape=shape, contact={"user_id": "email"})
    assert outcome(subject.translate(record(None, {"id": 7}))) == lacking


def test_a_topic_that_changes_its_kind_is_what_it_was_last() -> None:
    """Where flattening begins in mid-topic, the later tombstones are deletions by themselves."""
    subject = contact(user_id="email")
    for seen, lacking in (("envelope", "tombstone_without_user_id"), ("flattened", "dead letter")):
        subject.translate(record(SEEN[seen]))
        assert outcome(subject.translate(record(None, {"id": 7}))) == lacking


def test_each_topic_of_a_pattern_is_known_by_itself() -> None:
    """One topic's past says nothing about another."""
    subject = translator(pattern="^shop", contact={"user_id": "email"})
    subject.translate(record(SEEN["envelope"], topic="shop.a"))
    assert outcome(subject.translate(record(None, {"id": 7}, topic="shop.a"))) == "tombstone_without_user_id"
    assert outcome(subject.translate(record(None, {"id": 7}, topic="shop.b"))) == "dead letter"


# ---------------------------------------------------------------------------------- changed keys

KEY, NEW_KEY = {"id": 7, "no": 1}, b'{"id":8,"no":1}'
HEADERS: Headers = [(NEW, NEW_KEY)]
DELETED = {"id": 7, "no": 1, "__deleted": "true", "__op": "d"}


@pytest.mark.parametrize(
    ("seen", "value"),
    [("flattened", DELETED), ("flattened", None), ("nothing", None), ("nothing", b"null")],
)
def test_a_changed_key_of_a_flattened_row(seen: str, value: Any) -> None:
    """Its delete, or the tombstone that is one, takes the old contact where it became another (F045)."""
    for user_id, expected in (("id", ["7"]), ("no", "key_change")):
        subject = contact(user_id=user_id)
        if seen in SEEN:
            subject.translate(record(SEEN[seen]))
        assert outcome(subject.translate(record(value, KEY, HEADERS))) == expected
    subject = contact()
    if seen in SEEN:
        subject.translate(record(SEEN[seen]))
    assert outcome(subject.translate(record(value, KEY, [(NEW, b'{"no":1}')]))) == "dead letter"


def test_in_a_topic_of_envelopes_its_tombstone_is_skipped() -> None:
    """The delete before it has already handled the two contacts."""
    for user_id in ("id", "no", "email"):
        subject = contact(user_id=user_id)
        subject.translate(record(SEEN["envelope"]))
        assert outcome(subject.translate(record(None, KEY, HEADERS))) == "key_change"


@pytest.mark.parametrize("order", ["delete first", "create first"])
@pytest.mark.parametrize("kind", ["envelope", "flattened"])
@pytest.mark.parametrize(("user_id", "gone", "kept"), [("id", {"7"}, {"8"}), ("no", set(), {"1"})])
def test_both_arrival_orders_end_the_same(
    kind: str, order: str, user_id: str, gone: set[str], kept: set[str]
) -> None:
    """The halves of a key change are in different partitions: neither order loses the contact (F045)."""
    row = {"id": 8, "no": 1}
    create: Any = envelope("c", after=row) if kind == "envelope" else {**row, "__op": "c"}
    delete: Any = envelope("d", before=KEY) if kind == "envelope" else DELETED
    halves = [
        record(delete, KEY, HEADERS),
        record(create, row, [(OLD, b'{"id":7,"no":1}')]),
    ]
    subject = contact(user_id=user_id)
    state = {"7"} if user_id == "id" else {"1"}
    for half in halves if order == "delete first" else reversed(halves):
        result = subject.translate(half)
        for delivery in result if isinstance(result, list) else []:
            if isinstance(delivery, Delete):
                state.discard(delivery.user_id)
            else:
                assert isinstance(delivery, Upsert)
                state.add(delivery.user_id)
    assert state == kept
    assert not state & gone


# -------------------------------------------------------------------------------- keys with schemas

INT_KEY = struct("crm.Key", id=struct())


def typed(user_id: str) -> Mapping:
    """Compile a topic file whose ids of keys of INT_KEY are read another way: marked by what read them."""
    rules = TopicRules.model_validate({"topic": TOPIC, "contact": {"user_id": user_id}})
    mapping = compiler.compile_topic(rules)
    assert mapping.contact is not None
    marked = compile_rule(PathRule.model_validate({"from": f"join('', ['typed-', {user_id}])"}))

    def reader_for(schema: Any) -> Any:
        assert mapping.contact is not None
        return mapping.contact.user_id if schema is None else marked

    return replace(mapping, contact=replace(mapping.contact, user_id_for=reader_for))


def by_key(user_id: str, key: Decoded, headers: Headers | None = None) -> Any:
    """Return the outcome of a tombstone of a flattened topic; the delete row must have the same."""
    mapping = typed(user_id)
    one = record(None, None, headers)
    tombstone = deliver_tombstone(mapping, one, lambda: key, decode_key, True, translator_counts())
    change = changed({"__deleted": "true"})
    assert outcome(deliver(mapping, change, one, lambda: key, decode_key, translator_counts())) == outcome(
        tombstone
    )
    return outcome(tombstone)


def translator_counts() -> Any:
    """Return counts that no test reads."""
    return Translator([]).counts


def test_a_key_is_read_by_its_own_schema() -> None:
    """Of a struct, of a bare value, and of the key in a header, which may have another schema or none."""
    assert by_key("id", Decoded({"id": "7"}, INT_KEY)) == ["typed-7"]
    assert by_key("id", Decoded("7", struct())) == ["typed-7"]
    assert by_key("id", Decoded({"id": "7"})) == ["7"]
    assert by_key("id", Decoded(7)) == ["7"]
    mapping = typed("id")
    key = Decoded({"id": "7"}, INT_KEY)

    def read_key(_data: bytes | None = None) -> Decoded:
        return key

    one, plain = record(None, None, [(NEW, b"framed")]), record(None, None, HEADERS)
    same = deliver_tombstone(mapping, one, read_key, read_key, True, translator_counts())
    assert outcome(same) == "key_change"
    other = deliver_tombstone(mapping, plain, read_key, decode_key, True, translator_counts())
    assert outcome(other) == ["typed-7"]


@pytest.mark.parametrize("key", [Decoded(None), Decoded(True), Decoded(1.5), Decoded([7]), Decoded({})])
def test_a_key_without_the_column_deletes_nobody(key: Decoded) -> None:
    """Nothing is deleted by a guess."""
    mapping = typed("id")
    with pytest.raises(MappingError):
        deliver_tombstone(mapping, record(None), lambda: key, decode_key, True, translator_counts())
    change = Change(Operation.DELETE, {}, None, {})
    with pytest.raises(MappingError):
        deliver(mapping, change, record(None), lambda: key, decode_key, translator_counts())


# ---------------------------------------------------------------------------- the key as the user id


@pytest.mark.parametrize(
    ("user_id", "key", "headers", "expected"),
    [
        ("__key", b"7", None, ["7"]),
        ("__key", {"id": 7}, None, "dead letter"),
        ("__key.id", {"id": 7}, None, ["7"]),
        ("__key.id", {"id": 7}, [(NEW, b'{"id":8}')], ["7"]),
        ("__key.no", {"id": 7, "no": 1}, [(NEW, b'{"id":8,"no":1}')], "key_change"),
        ("join('-', [__headers.tenant, id])", {"id": "7"}, [("tenant", b"acme")], ["acme-7"]),
        ("__headers.user", None, [("user", b"7")], ["7"]),
        ("__headers.user", None, None, "dead letter"),
    ],
)
def test_deletes_evaluate_the_same_rule_on_key_and_headers(
    user_id: str, key: Any, headers: Headers | None, expected: Any
) -> None:
    """A rule over `__key` or `__headers` means the same of a row and its deletion, and of a new key."""
    subject = contact(user_id=user_id)
    for value in (envelope("d", before=None), {"__deleted": "true"}):
        assert outcome(subject.translate(record(value, key, headers))) == expected
    assert outcome(contact(user_id=user_id).translate(record(None, key, headers))) == expected


def test_rows_are_mapped_with_key_and_headers() -> None:
    """Both are at hand in paths, expressions and templates of any record, and a before-image has them too."""
    attributes = {
        "key": "__key.id",
        "source": "__headers.origin",
        "text": {"template": "{__headers.origin}-{name}"},
        "count": "length(__headers)",
    }
    headers: Headers = [("origin", b"crm")]
    expected = {"_user_id": "7", "key": 7, "source": "crm", "text": "crm-Ada", "count": 1}
    change = envelope("u", after={"id": 7, "name": "Ada"}, before={"id": 7}, connector="mysql")
    upsert = upsert_of(contact(attributes).translate(record(change, {"id": 7}, headers)))
    assert upsert.body == expected
