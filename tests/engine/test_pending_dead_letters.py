"""Dead letters that are not confirmed yet (promise 1)."""

from random import Random

from connector.engine.ledger import Entry, Partition, TopicCounts
from connector.engine.pending_dead_letters import PendingDeadLetters
from connector.engine.retries import Backoff
from connector.model import Rejection
from tests.engine.driver import P0, record

WHY = Rejection("decode", "not JSON")


def letters() -> PendingDeadLetters:
    """No dead letter so far."""
    return PendingDeadLetters(Backoff(100, 1_000, Random(1)))  # noqa: S311 - a test to be repeated, not a secret


def entry() -> Entry:
    """A record of a partition that is ours."""
    return Entry(Partition(P0, TopicCounts(), 0, None), record(4), 1)


def test_stored_when_confirmed() -> None:
    """A dead letter counts once the broker has confirmed it, and names its record, rule and reason."""
    waiting, one = letters(), entry()
    letter = waiting.write(one, WHY)
    assert (letter.record.offset, letter.rule, letter.reason) == (4, "decode", "not JSON")
    assert len(waiting) == 1
    assert waiting.answered(letter.letter_id, None, 0) == (one, WHY)
    assert len(waiting) == 0


def test_written_again_when_refused() -> None:
    """A refused letter is never dropped: it is written again later, with a new number."""
    waiting = letters()
    letter = waiting.write(entry(), WHY)
    assert waiting.answered(letter.letter_id, "not authorized", 0) is None
    assert waiting.error == "not authorized"
    due_ms = waiting.due_ms()
    assert due_ms is not None
    (again,) = waiting.again(due_ms)
    assert again.letter_id != letter.letter_id
    assert waiting.answered(again.letter_id, None, due_ms) is not None
    assert waiting.error is None


def test_the_waits_grow_and_begin_anew() -> None:
    """Writes to a failing topic back off; after a success the next fault begins with a short wait."""
    waiting = letters()
    letter, now_ms = waiting.write(entry(), WHY), 0
    for _ in range(8):
        waiting.answered(letter.letter_id, "not authorized", now_ms)
        due_ms = waiting.due_ms()
        assert due_ms is not None
        assert due_ms > now_ms
        now_ms = due_ms
        (letter,) = waiting.again(now_ms)
    waiting.answered(letter.letter_id, None, now_ms)
    waiting.answered(waiting.write(entry(), WHY).letter_id, "not authorized", now_ms)
    due_ms = waiting.due_ms()
    assert due_ms is not None
    assert due_ms <= now_ms + 100


def test_not_for_a_partition_that_is_gone() -> None:
    """Letters that the new owner will write are not written here, and the error ends with them."""
    waiting, one = letters(), entry()
    waiting.answered(waiting.write(one, WHY).letter_id, "not authorized", 0)
    one.partition.alive = False
    assert waiting.again(1_000) == []
    assert waiting.error is None
    assert waiting.due_ms() is None


def test_a_partition_waits_for_its_letters() -> None:
    """A revoke can see whether a letter of its partitions is still open (F001)."""
    waiting, one = letters(), entry()
    letter = waiting.write(one, WHY)
    assert waiting.wait_for([one.partition])
    waiting.answered(letter.letter_id, None, 0)
    assert not waiting.wait_for([one.partition])
