"""`--until-caught-up`: the first end is reached, and all before it is committed (`docs/configuration.md`)."""

from dataclasses import replace
from random import Random

from connector.engine import events as ev
from connector.engine.engine import EMPTY_ASSIGNMENT_STABLE_MS, Engine
from connector.engine.snapshot import State
from connector.model import Skip
from tests.engine.driver import AT_ONCE, P0, P1, Driver, record, upsert


def test_until_caught_up() -> None:
    """It ends when the first known end is reached, nothing is pending and the last commit is confirmed."""
    driver = Driver(replace(AT_ONCE, until_caught_up=True), {}, confirms=False)
    driver.feed(ev.Assigned({P0: 0}, {P0: 3}))
    driver.confirm()
    driver.feed(ev.Arrived([(record(0), [upsert("7")])]))
    driver.feed(ev.ReachedEnd(P0, 3))
    driver.wait(2_000)
    assert not driver.halted
    driver.answer(driver.sends[0])
    driver.wait(2_000)
    assert not driver.halted
    driver.confirm()
    assert driver.halted


def test_a_commit_that_is_refused_is_not_the_last() -> None:
    """It ends with a commit that the broker has confirmed, however long that takes."""
    driver = Driver(replace(AT_ONCE, until_caught_up=True), {}, confirms=False)
    driver.feed(ev.Assigned({P0: 3}, {P0: 3}))
    driver.refuse()
    assert not driver.halted
    driver.wait(2_000)
    driver.confirm()
    assert driver.halted


def test_the_end_may_only_be_known_once_it_is_reached() -> None:
    """Where the broker did not say it at the assignment, the first end that is reached counts."""
    driver = Driver(replace(AT_ONCE, until_caught_up=True), {P0: 0}, confirms=False)
    driver.feed(ev.Arrived([(record(0), [upsert("7")])]))
    driver.feed(ev.ReachedEnd(P0, 1))
    driver.answer(driver.sends[0])
    assert not driver.halted
    driver.confirm()
    driver.wait(2_000)
    driver.confirm()
    assert driver.halted


def test_a_log_that_lost_our_offset_is_not_caught_up() -> None:
    """A position after the end of a recreated topic reached nothing: its pause waits (F021, F022)."""
    driver = Driver(replace(AT_ONCE, until_caught_up=True), {})
    driver.feed(ev.Assigned({P0: 5_000}, {P0: 100}))
    driver.wait(2_000)
    assert not driver.halted
    driver.feed(ev.OffsetsLost(P0, "offset 5000 is not in the log", "pause"))
    driver.feed(ev.Assigned({P1: 3}, {P1: 3}))
    driver.wait(2_000)
    assert not driver.halted


def test_a_pause_at_the_end_is_not_caught_up() -> None:
    """A topic that was recreated after its end was reached waits for a decision too (F026)."""
    driver = Driver(replace(AT_ONCE, until_caught_up=True), {}, confirms=False)
    driver.feed(ev.Assigned({P0: 3}, {P0: 3}))
    driver.feed(ev.OffsetsLost(P0, "the topic was deleted and created again", "pause"))
    driver.confirm()
    driver.wait(2_000)
    assert not driver.halted


def test_an_empty_assignment_is_caught_up_once_stable() -> None:
    """An instance without partitions ends too, but not while the group may still be forming."""
    driver = Driver(replace(AT_ONCE, until_caught_up=True))
    driver.wait(2 * EMPTY_ASSIGNMENT_STABLE_MS)
    driver.feed(ev.Lost([P0]))
    driver.wait(EMPTY_ASSIGNMENT_STABLE_MS - 1)
    assert not driver.halted
    driver.wait(1)
    assert driver.halted


def test_without_any_topic_it_ends_as_with_an_empty_assignment() -> None:
    """The group assigns nothing while no topic exists, so the missing topics are the only sign."""
    limits = replace(AT_ONCE, until_caught_up=True)
    engine = Engine(limits, Random(1), lambda _: Skip("when"))  # noqa: S311 - a test to be repeated, not a secret
    assert engine.handle(ev.Woke(), 60_000) == []
    assert engine.snapshot().state is State.STARTING
    assert engine.handle(ev.TopicsMissing(), 60_000) == []
    assert engine.snapshot().state is State.RUNNING
    assert engine.next_wakeup_ms() == 60_000 + EMPTY_ASSIGNMENT_STABLE_MS
    assert engine.handle(ev.TopicsMissing(), 60_001) == []  # Said twice, it changes nothing.
    assert engine.handle(ev.Woke(), 60_000 + EMPTY_ASSIGNMENT_STABLE_MS) == [ev.Halt()]
