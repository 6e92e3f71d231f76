"""Events that are refused because their contact is missing.

`docs/decisions/0006-upserts-pass-waiting-events.md` says why an upsert may pass them.
"""

from dataclasses import replace

from connector.engine import events as ev
from connector.engine.lanes import Item, Lane
from connector.engine.ledger import Entry, Partition, TopicCounts
from connector.engine.waiting_events import CONTACT_RETRY_MS, WaitingEvents
from connector.model import Delivery, Endpoint
from tests.engine.driver import AT_ONCE, DELETE, P0, P1, REJECTED, Driver, event, items, only, record, upsert


def test_an_event_waits_for_its_contact() -> None:
    """A rejected event is tried again for `contact_wait`, then it is a dead letter."""
    driver = Driver()
    driver.now_ms = 100_000
    driver.arrive([event("7", "e", contact_wait_ms=2 * CONTACT_RETRY_MS)])
    for _ in range(2):
        assert driver.answer(driver.sends[-1], items(REJECTED)) == []
        only(driver.wait(CONTACT_RETRY_MS), ev.Send)
    driver.answer(driver.sends[-1], items(REJECTED))
    assert [letter.rule for letter in driver.letters] == ["instasent.events"]


def test_an_event_of_a_known_contact_does_not_wait() -> None:
    """Where the contact was accepted, a rejection has another reason."""
    driver = Driver()
    driver.arrive([upsert("7"), event("7", "e", contact_wait_ms=60_000)])
    driver.answer(driver.sends[0])
    driver.answer(driver.sends[1], items(REJECTED))
    assert len(driver.letters) == 1


def test_a_contact_that_comes_lets_its_event_wait_no_longer() -> None:
    """An upsert of another partition is sent immediately, and then the event."""
    driver = Driver(AT_ONCE, {P0: 0, P1: 0})
    driver.arrive([event("7", "e", contact_wait_ms=10_000)])
    driver.answer(driver.sends[0], items(REJECTED))
    send = only(driver.arrive([upsert("7")], partition=P1), ev.Send)
    assert send.endpoint is Endpoint.CONTACTS
    assert only(driver.answer(send), ev.Send).endpoint is Endpoint.EVENTS


def test_an_event_waits_for_a_contact_that_was_deleted() -> None:
    """That the contact was accepted once counts no more: it may come back."""
    driver = Driver()
    driver.arrive([upsert("7")])
    driver.answer(driver.sends[-1])
    driver.arrive([DELETE])
    driver.answer(driver.sends[-1])
    driver.arrive([event("7", "e", contact_wait_ms=10_000)])
    driver.answer(driver.sends[-1], items(REJECTED))
    assert driver.letters == []
    assert only(driver.wait(CONTACT_RETRY_MS), ev.Send).endpoint is Endpoint.EVENTS


def test_only_the_newest_contacts_are_remembered() -> None:
    """A contact that was accepted longer ago is forgotten, so its event waits (promise 7)."""
    driver = Driver(replace(AT_ONCE, contacts_remembered_max=2))
    for contact in ("7", "8", "7", "9"):
        driver.arrive([upsert(contact)])
        driver.answer(driver.sends[-1])
    driver.arrive(*[[event(contact, contact, contact_wait_ms=10_000)] for contact in ("7", "8", "9")])
    driver.answer(driver.sends[-1], items(REJECTED, REJECTED, REJECTED))
    assert [letter.record.offset for letter in driver.letters] == [4, 6]


def test_an_event_waits_for_a_contact_that_is_only_queued() -> None:
    """An accepted upsert may still be in the API's queue: an event after it is tried again (F062)."""
    driver = Driver()
    driver.arrive([upsert("7", instant=False)])
    driver.answer(driver.sends[0])
    driver.arrive([event("7", "e", contact_wait_ms=60_000)])
    driver.answer(driver.sends[1], items(REJECTED))
    driver.wait(CONTACT_RETRY_MS)
    assert len(driver.sends) == 3
    driver.answer(driver.sends[2])
    assert driver.letters == []


def test_a_waiting_event_holds_up_its_contact_only() -> None:
    """After a waiting event its contact waits, others travel (F077)."""
    driver = Driver()
    driver.arrive([event("7", "e", contact_wait_ms=60_000)])
    driver.answer(driver.sends[0], items(REJECTED))
    driver.arrive([upsert("7")], [upsert("8")])
    assert driver.sends[-1].user_ids == ["8"]


def test_a_delete_brings_no_contact_forward() -> None:
    """The event before the delete is not tried again any sooner."""
    driver = Driver()
    driver.arrive([event("7", "e", contact_wait_ms=10_000)], [DELETE])
    assert driver.answer(driver.sends[0], items(REJECTED)) == []
    assert only(driver.wait(CONTACT_RETRY_MS), ev.Send).endpoint is Endpoint.EVENTS


def travelling(delivery: Delivery) -> Lane:
    """A lane whose only delivery is in a request."""
    lane = Lane("7", Item(delivery, Entry(Partition(P0, TopicCounts(), 0, None), record(0), 1)))
    lane.ready(0)
    lane.travel()
    return lane


def test_the_question_whether_an_event_may_wait_changes_nothing() -> None:
    """The wait begins with the first refusal, not with the first question."""
    waiting, lane = WaitingEvents(10), travelling(event("7", "e", contact_wait_ms=100))
    assert waiting.may_wait(lane, 0)
    assert lane.head.rejected_ms is None
    waiting.refused(lane, 50)
    waiting.refused(lane, 70)
    assert waiting.may_wait(lane, 149)
    assert not waiting.may_wait(lane, 150)


def test_only_an_event_waits() -> None:
    """An upsert that was refused needs no contact."""
    assert not WaitingEvents(10).may_wait(travelling(upsert("7")), 0)


def test_a_lane_is_held_until_its_time() -> None:
    """A lane that has left the queue of waiting ones by then is passed over."""
    waiting = WaitingEvents(10)
    held, gone = (travelling(event("7", name, contact_wait_ms=10_000)) for name in "ab")
    assert waiting.due_ms() is None
    for lane in (held, gone):
        waiting.hold(lane, 100)
    gone.end()
    assert waiting.due_ms() == 100 + CONTACT_RETRY_MS
    assert list(waiting.due(99 + CONTACT_RETRY_MS)) == []
    assert list(waiting.due(100 + CONTACT_RETRY_MS)) == [held]
    assert waiting.due_ms() is None


def test_without_room_no_contact_is_remembered() -> None:
    """`contacts_remembered_max: 0` switches the memory off, so each event waits."""
    waiting = WaitingEvents(0)
    waiting.accepted(travelling(upsert("7")))
    assert waiting.may_wait(travelling(event("7", "e", contact_wait_ms=100)), 0)
