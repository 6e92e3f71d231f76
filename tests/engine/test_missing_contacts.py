"""A 404 to a delete: the contact is missing, or the whole data source (F054, F063)."""

from connector.engine import events as ev
from connector.model import ALL_ACCEPTED, Delete
from tests.engine.driver import (
    AT_ONCE,
    DELETE,
    NOT_FOUND,
    P0,
    P1,
    UNAUTHORIZED,
    UNKNOWN,
    Driver,
    find,
    only,
    upsert,
)


def one_of_two_is_missing() -> Driver:
    """The deletes of `7` and `8` have left. The first was answered 404, and a probe is out."""
    driver = Driver()
    driver.arrive([Delete("warm")])
    driver.answer(driver.sends[0])
    driver.arrive([Delete("7")], [Delete("8")])
    driver.answer(driver.sends[1], NOT_FOUND)
    return driver


def test_404_on_a_delete_is_success_when_the_data_source_is_there() -> None:
    """A probe answered 200 means that the contact is gone already (F054, F063)."""
    driver = Driver()
    driver.arrive([DELETE])
    only(driver.answer(driver.sends[0], NOT_FOUND), ev.Probe)
    driver.feed(ev.Probed(ALL_ACCEPTED))
    assert driver.engine.snapshot().in_flight_records == 0
    assert driver.commit() == {P0: 1}


def test_404_on_a_delete_is_a_fault_when_the_probe_is_refused() -> None:
    """A probe that is refused too shows an environment fault: the delete is still to be done (F054)."""
    driver = Driver()
    driver.arrive([DELETE])
    driver.answer(driver.sends[0], NOT_FOUND)
    driver.feed(ev.Probed(UNAUTHORIZED))
    assert driver.engine.snapshot().in_flight_records == 1
    driver.wait(1_000)
    driver.feed(ev.Probed(ALL_ACCEPTED))
    assert driver.sends[-1].user_ids == ["7"]


def test_404_on_a_delete_is_asked_again_when_the_probe_is_lost() -> None:
    """Without an answer nothing is known: the delete is sent again."""
    driver = Driver()
    driver.arrive([DELETE])
    driver.answer(driver.sends[0], NOT_FOUND)
    driver.feed(ev.Probed(UNKNOWN))
    driver.wait(1_000)
    assert len(driver.sends) == 2


def test_a_404_from_an_outage_that_is_over_does_not_count() -> None:
    """The data source was gone when the delete came, and back before the answer. It is sent again (F054).

    Found by the simulation, seed 138855: the probe after the late answer succeeded.
    """
    driver = Driver(AT_ONCE, {P0: 0, P1: 0})
    driver.arrive([DELETE])
    driver.arrive([upsert("8")], partition=P1)
    driver.answer(driver.sends[1], UNAUTHORIZED)
    driver.wait(1_000)
    driver.feed(ev.Probed(ALL_ACCEPTED))
    only(driver.answer(driver.sends[0], NOT_FOUND), ev.Probe)
    driver.feed(ev.Probed(ALL_ACCEPTED))
    assert driver.sends[-1].user_ids == ["7"]
    driver.answer(driver.sends[-1], NOT_FOUND)
    driver.feed(ev.Probed(ALL_ACCEPTED))
    assert driver.commit()[P0] == 1


def test_a_probe_tells_nothing_of_a_later_404() -> None:
    """A probe that left before a 404 came does not decide it: the next one does (F054)."""
    driver = one_of_two_is_missing()
    driver.answer(driver.sends[2], NOT_FOUND)
    assert len(find(driver.commands, ev.Probe)) == 1
    only(driver.feed(ev.Probed(ALL_ACCEPTED)), ev.Probe)
    assert driver.engine.snapshot().in_flight_records == 1
    driver.feed(ev.Probed(ALL_ACCEPTED))
    assert driver.engine.snapshot().in_flight_records == 0


def test_a_404_from_an_outage_that_only_a_probe_has_seen_does_not_count() -> None:
    """It left before the probe found the data source gone, and is answered after the fault (F054)."""
    driver = one_of_two_is_missing()
    driver.feed(ev.Probed(UNAUTHORIZED))
    driver.wait(1_000)
    driver.feed(ev.Probed(ALL_ACCEPTED))
    again = len(driver.sends)
    only(driver.answer(driver.sends[2], NOT_FOUND), ev.Probe)
    driver.feed(ev.Probed(ALL_ACCEPTED))
    driver.answer_all()
    assert ["8"] in [send.user_ids for send in driver.sends[again:]]
