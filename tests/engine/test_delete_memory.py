"""Which tombstone repeats a delete, and which key is remembered for it."""

import pytest

from connector.engine.delete_memory import DeleteMemory
from connector.model import Delete, Delivery
from tests.engine.driver import DELETE, event, record, upsert

TOMBSTONE = Delete("7", tombstone=True)
EVENT = event("7", "e")


def remembering(*records: tuple[bytes | None, list[Delivery]]) -> DeleteMemory:
    """A memory that has seen these records, each given as key and deliveries."""
    memory = DeleteMemory()
    for key, deliveries in records:
        memory.remember(record(0, key=key), deliveries)
    return memory


def repeats(memory: DeleteMemory, key: bytes | None, deliveries: list[Delivery]) -> bool:
    """Ask twice, because a question must change nothing."""
    answers = {memory.repeats(record(1, key=key), deliveries) for _ in range(2)}
    assert len(answers) == 1
    return answers.pop()


def test_a_tombstone_repeats_the_delete_of_its_key() -> None:
    """Debezium writes a tombstone after each delete."""
    assert repeats(remembering((b"7", [DELETE])), b"7", [TOMBSTONE])


def test_the_question_alone_remembers_nothing() -> None:
    """A tombstone that was only asked about is not the delete of the next one."""
    memory = DeleteMemory()
    assert not repeats(memory, b"7", [TOMBSTONE])
    assert memory.key is None


@pytest.mark.parametrize(
    ("key", "deliveries"),
    [
        (b"8", [TOMBSTONE]),
        (None, [TOMBSTONE]),
        (b"7", [DELETE]),
        (b"7", [EVENT]),
        (b"7", [TOMBSTONE, upsert("8")]),
        (b"7", [DELETE, TOMBSTONE]),
    ],
)
def test_other_records_repeat_nothing(key: bytes | None, deliveries: list[Delivery]) -> None:
    """Another key, a delete that is no tombstone, an event, an upsert: each is delivered."""
    assert not repeats(remembering((b"7", [DELETE])), key, deliveries)


def test_records_without_a_key_repeat_nothing() -> None:
    """Two records without a key need not be of the same row."""
    assert not repeats(remembering((None, [DELETE])), None, [TOMBSTONE])


def test_only_the_last_delete_is_remembered() -> None:
    """The tombstone follows its delete directly; an event between them changes nothing."""
    memory = remembering((b"7", [DELETE]), (b"7", [EVENT]))
    assert repeats(memory, b"7", [TOMBSTONE])
    memory.remember(record(2, key=b"8"), [Delete("8")])
    assert not repeats(memory, b"7", [TOMBSTONE])


def test_an_upsert_of_the_key_makes_the_next_tombstone_a_deletion() -> None:
    """The contact is back, so its next tombstone has to delete it."""
    assert not repeats(remembering((b"7", [DELETE]), (b"7", [upsert("7")])), b"7", [TOMBSTONE])
    assert repeats(remembering((b"7", [DELETE]), (b"8", [upsert("8")])), b"7", [TOMBSTONE])


def test_a_changed_key_counts_as_an_upsert() -> None:
    """A record that deletes one contact and upserts another brings its key back."""
    assert not repeats(remembering((b"7", [DELETE]), (b"7", [Delete("6"), upsert("7")])), b"7", [TOMBSTONE])


def test_forgetting_concerns_one_key() -> None:
    """A record that cannot be read yet may be an upsert of its own key, and of no other."""
    memory = remembering((b"7", [DELETE]))
    memory.forget(b"8")
    assert repeats(memory, b"7", [TOMBSTONE])
    memory.forget(b"7")
    assert not repeats(memory, b"7", [TOMBSTONE])


@pytest.mark.parametrize(
    ("key", "deliveries", "left"),
    [
        (b"8", [Delete("8")], b"7"),
        (b"7", [DELETE], b"7"),
        (None, [DELETE], None),
        (b"7", [upsert("7")], None),
        (b"8", [upsert("8")], b"7"),
    ],
)
def test_with_records_waiting_a_memory_only_shrinks(
    key: bytes | None, deliveries: list[Delivery], left: bytes | None
) -> None:
    """A delete that was settled before must not swallow a tombstone that is parked before it."""
    memory = remembering((b"7", [DELETE]))
    memory.forget_only(record(1, key=key), deliveries)
    assert memory.key == left
