"""An API that answers 429 for a day: nothing is dropped, nothing grows, and then everything arrives."""

from dataclasses import replace

from connector.engine import events as ev
from connector.model import Answer, Verdict
from tests.engine.driver import AT_ONCE, P0, Driver, find, upsert

DAY_MS = 86_400_000
LARGEST_MS = 30_000
LIMITS = replace(AT_ONCE, buffered_records_max=100, batch_items_max=10, retry_backoff_largest_ms=LARGEST_MS)
THROTTLED = Answer(Verdict.THROTTLED, "HTTP 429")


def test_a_day_of_429_costs_time_alone() -> None:
    """The buffer stays full, a request asks now and then, and no record is given up (F058, I6)."""
    driver = Driver(LIMITS)
    arrived = 0
    while room := driver.engine.room().records:
        driver.arrive(*[[upsert(f"{arrived + number}")] for number in range(room)])
        arrived += room
    while driver.now_ms < DAY_MS:
        if driver.travelling:
            driver.answer(driver.travelling[0], THROTTLED)
        driver.wait(5_000)
    assert driver.engine.snapshot().buffered_records == arrived <= LIMITS.buffered_records_max
    assert find(driver.commands, ev.Pause)
    assert driver.committed == {P0: 0}
    assert DAY_MS / LARGEST_MS <= len(driver.sends) < 4 * DAY_MS / LARGEST_MS
    driver.wait(LARGEST_MS)
    driver.answer_all()
    assert driver.commit() == {P0: arrived}
    assert driver.letters == []
