"""Makes a failing scenario small: whatever can be left out while the same promise breaks is left out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from tests.simulation.rows import Entry
from tests.simulation.run import Failure, run_scenario
from tests.simulation.scenario import Scenario

RUNS_MAX = 600

T = TypeVar("T")


def shrink(failure: Failure, runs_max: int = RUNS_MAX) -> Failure:
    """Return the failure of the smallest scenario found that breaks the same promise, with its trace."""
    tries = _Tries(failure, runs_max)
    before = None
    while before is not tries.smallest and tries.left:
        before = tries.smallest
        for step in _STEPS:
            step(tries)
    return tries.smallest


class _Tries:
    """Remembers the smallest scenario that fails in the same way."""

    def __init__(self, failure: Failure, runs_max: int) -> None:
        self._promise = failure.promise
        self.left = runs_max
        self.smallest = failure
        self.attempt(failure.scenario)

    @property
    def scenario(self) -> Scenario:
        return self.smallest.scenario

    def attempt(self, scenario: Scenario) -> bool:
        """Take a scenario where it still fails."""
        if not self.left:
            return False
        self.left -= 1
        try:
            run_scenario(scenario, traced=True)
        except Failure as failure:
            if failure.promise == self._promise:
                self.smallest = failure
                return True
        return False


def _without(items: Sequence[T]) -> Iterator[list[T]]:
    """Give the sequence without its halves, quarters, …, single items."""
    size = (len(items) + 1) // 2
    while size:
        for start in range(0, len(items), size):
            yield [*items[:start], *items[start + size :]]
        size = 0 if size == 1 else (size + 1) // 2


def _fewer(tries: _Tries, get: Callable[[Scenario], Sequence[T]], put: Callable[[list[T]], Scenario]) -> None:
    """Leave out as many items as possible."""
    again = True
    while again and tries.left:
        again = False
        for fewer in _without(get(tries.scenario)):
            if tries.attempt(put(fewer)):
                again = True
                break


def _incidents(tries: _Tries) -> None:
    _fewer(tries, lambda s: s.incidents, lambda kept: replace(tries.scenario, incidents=tuple(kept)))


def _faults(tries: _Tries) -> None:
    _fewer(
        tries,
        lambda s: list(s.request_faults.items()),
        lambda kept: replace(tries.scenario, request_faults=dict(kept)),
    )
    _fewer(tries, lambda s: list(s.rates.items()), lambda kept: replace(tries.scenario, rates=dict(kept)))


def _records(tries: _Tries) -> None:
    for number in range(len(tries.scenario.logs)):
        _fewer(
            tries,
            lambda s, number=number: s.logs[number].entries,  # type: ignore[misc]
            lambda kept, number=number: _with_entries(tries.scenario, number, kept),  # type: ignore[misc]
        )


def _with_entries(scenario: Scenario, number: int, entries: list[Entry]) -> Scenario:
    logs = list(scenario.logs)
    logs[number] = replace(logs[number], entries=tuple(entries))
    return replace(scenario, logs=tuple(logs))


def _setting(tries: _Tries) -> None:
    """Simplify one trait after the other."""
    scenario = tries.scenario
    plain = {
        "calls_per_window": None,
        "whole_batch": False,
        "strict_events": False,
        "empty_deletes": False,
        "queue_ms": 0,
        "body_bytes_max": 10_000_000,
        "says_date": True,
    }
    for name, value in plain.items():
        if getattr(scenario.traits, name) != value:
            traits = replace(tries.scenario.traits, **{name: value})  # type: ignore[arg-type]
            tries.attempt(replace(tries.scenario, traits=traits))
    for members in range(1, scenario.members):
        if tries.attempt(replace(tries.scenario, members=members)):
            break
    if scenario.schemas:
        tries.attempt(replace(tries.scenario, schemas=False))
    if scenario.static:
        tries.attempt(replace(tries.scenario, static=False))


_STEPS: tuple[Callable[[_Tries], None], ...] = (_incidents, _faults, _records, _setting)
