"""The budget of one endpoint (promise 6)."""

from itertools import pairwise

import pytest

from connector.engine.budget import Budget
from connector.errors import InvariantError
from connector.model import BudgetReading


def window(remaining: int, number: int = 60, reset_in_ms: int = 10_000, limit: int = 100) -> BudgetReading:
    """The headers of one answer."""
    return BudgetReading(limit, remaining, number, reset_in_ms)


def learnt(remaining: int) -> Budget:
    """A budget whose window ends at 10,000 ms."""
    budget = Budget()
    budget.learn(window(remaining), 0, 0)
    return budget


def calls(budget: Budget, until_ms: int, wanted: int) -> list[int]:
    """The moments at which calls leave when `wanted` calls always wait."""
    times, now_ms = [], 0
    while budget.known(now_ms) and (now_ms := max(now_ms, budget.ready_at_ms(now_ms, wanted))) < until_ms:
        budget.spend(now_ms)
        times.append(now_ms)
    return times


def test_nothing_is_known_at_first() -> None:
    """Before an answer, one request may travel and no more."""
    budget = Budget()
    assert not budget.known(0)
    assert budget.ready_at_ms(5, 1_000) == 5


def test_a_backlog_is_spread_over_the_window() -> None:
    """Calls that do not all fit into this window are spaced equally, and none is beyond it."""
    times = calls(learnt(10), 10_000, 1_000)
    assert len(times) == 10
    assert {later - earlier for earlier, later in pairwise(times)} <= {999, 1_000, 1_001}


def test_idle_traffic_is_not_delayed() -> None:
    """A few calls within a budget that carries them leave immediately."""
    budget = learnt(10)
    for _ in range(3):
        assert budget.ready_at_ms(100, 1) <= 100
        budget.spend(100)


@pytest.mark.parametrize(("left", "at_once"), [(10, 3), (3, 1)])
def test_what_the_window_carries_may_come_in_a_burst(left: int, at_once: int) -> None:
    """As many calls wait as are left: some leave immediately, the others are spread."""
    budget = learnt(left)
    for spent in range(at_once):
        assert budget.ready_at_ms(0, left - spent) <= 0
        budget.spend(0)
    assert budget.ready_at_ms(0, left - at_once) > 0


def test_never_beyond_what_is_left() -> None:
    """Once the calls are used up, the next one waits for the reset."""
    budget = learnt(1)
    budget.spend(0)
    assert budget.ready_at_ms(1, 1) == 10_000
    assert not budget.known(10_000)


def test_a_call_beyond_the_budget_is_a_broken_invariant() -> None:
    """A call beyond the budget stops the process."""
    budget = learnt(0)
    with pytest.raises(InvariantError, match="beyond the budget"):
        budget.spend(0)


def test_the_next_window_is_learnt() -> None:
    """An answer from another window replaces the count, less the requests that are still out."""
    budget = learnt(3)
    budget.learn(window(50, number=120, limit=200), 10_000, 2)
    assert (budget.limit, budget.remaining) == (200, 48)
    assert budget.resets_in_ms(10_000) == 10_000


def test_a_window_that_comes_early_owes_nothing() -> None:
    """We wait a second longer than the API. The spacing of the last window ends with it."""
    budget = learnt(2)
    budget.spend(0)
    budget.spend(0)
    budget.learn(window(50, number=120), 9_000, 0)
    assert budget.ready_at_ms(9_000, 1_000) == 9_000


def test_a_late_answer_of_an_old_window_is_ignored() -> None:
    """A late answer from a past window does not overwrite the current one."""
    budget = learnt(3)
    budget.learn(window(50, number=0), 1_000, 0)
    assert budget.remaining == 3


@pytest.mark.parametrize("number", [58, 61, 62])
def test_a_window_that_ends_a_second_later_is_the_same(number: int) -> None:
    """The end of a duration without a `Date` counts from the answer's arrival, and moves by a second or two.

    An older answer that came later gave calls back that were spent (found by the simulation; promise 6).
    """
    budget = learnt(6)
    budget.learn(window(8, number=number), 100, 0)
    assert budget.remaining == 6
    budget.learn(window(4, number=number), 200, 0)
    assert budget.remaining == 4


def test_a_window_that_was_far_off_is_over_too() -> None:
    """After a reset that was absurd and clamped, windows with smaller numbers count again (F057)."""
    budget = Budget()
    budget.learn(window(5, number=253_402_300_799, reset_in_ms=60_000), 0, 0)
    budget.learn(window(80, number=120), 60_000, 0)
    assert budget.known(60_001)
    assert budget.remaining == 80


def test_strangers_use_the_window_too() -> None:
    """A reading below our own count lowers it, less the requests that it may not have counted."""
    budget = learnt(50)
    budget.learn(window(20), 100, 3)
    assert budget.remaining == 17
    budget.learn(window(2), 100, 3)
    assert budget.remaining == 0


def test_an_answer_that_was_overtaken_gives_nothing_back() -> None:
    """Within a window the count only goes down: answers come in any order."""
    budget = learnt(50)
    budget.spend(0)
    budget.learn(window(50), 100, 0)
    assert budget.remaining == 49


def test_without_headers_nothing_is_limited() -> None:
    """An API that announces no window is called as often as there is work."""
    budget = Budget()
    budget.learn(None, 0, 0)
    assert budget.known(0)
    assert budget.ready_at_ms(0, 1_000_000) == 0
    budget.spend(0)


def test_headers_that_come_later_count() -> None:
    """An API without a window at first is obeyed as soon as it announces one, or answers 429."""
    announced, limited, unknown = Budget(), Budget(), Budget()
    for budget in (announced, limited, unknown):
        budget.learn(None, 0, 0)
    announced.learn(window(0), 0, 0)
    limited.block(3_000)
    unknown.forget()
    assert announced.ready_at_ms(1, 1) == 10_000
    assert limited.ready_at_ms(1, 1) == 3_000
    assert not unknown.known(1)


def test_one_answer_without_headers_lifts_no_limit() -> None:
    """An announced window stays in force."""
    budget = learnt(1)
    budget.learn(None, 0, 0)
    budget.spend(0)
    assert budget.ready_at_ms(1, 1) == 10_000


def test_blocked_until_the_api_says() -> None:
    """After a 429 no call leaves before its time; then one call learns the new window."""
    budget = learnt(5)
    budget.block(3_000)
    assert budget.ready_at_ms(0, 1) == 3_000
    assert not budget.known(3_000)


def test_forgetting_lets_one_request_find_out() -> None:
    """After an outage the budget is unknown again."""
    budget = learnt(5)
    budget.forget()
    assert not budget.known(0)
    assert budget.resets_in_ms(0) is None
