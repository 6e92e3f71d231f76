"""The states of a lane: one table says which may follow which, and nothing goes around it."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.engine.lanes import TRANSITIONS, Item, Lane, LaneState
from connector.engine.ledger import Entry, Partition, TopicCounts
from connector.errors import InvariantError
from tests.engine.driver import P0, record, upsert

ENGINE = Path(__file__).parents[2] / "connector" / "engine"

CHANGES: dict[LaneState, Callable[[Lane], None]] = {
    LaneState.READY: lambda lane: lane.ready(5),
    LaneState.TRAVELLING: Lane.travel,
    LaneState.WAITING: Lane.wait_for_contact,
    LaneState.GONE: Lane.end,
}

PATHS: dict[LaneState, list[LaneState]] = {
    # how a lane gets into each state
    LaneState.NEW: [],
    LaneState.READY: [LaneState.READY],
    LaneState.TRAVELLING: [LaneState.READY, LaneState.TRAVELLING],
    LaneState.WAITING: [LaneState.READY, LaneState.TRAVELLING, LaneState.WAITING],
    LaneState.GONE: [LaneState.READY, LaneState.GONE],
}


def lane_in(state: LaneState) -> Lane:
    """A lane that has come into a state by legal transitions."""
    lane = Lane("7", Item(upsert("7"), Entry(Partition(P0, TopicCounts(), 0, None), record(0), 1)))
    for step in PATHS[state]:
        CHANGES[step](lane)
    assert lane.state is state
    return lane


@pytest.mark.parametrize("after", CHANGES)
@pytest.mark.parametrize("before", LaneState)
def test_only_the_transitions_of_the_table_are_possible(before: LaneState, after: LaneState) -> None:
    """Every pair of states: a legal transition happens, any other one stops the process."""
    lane = lane_in(before)
    if after in TRANSITIONS[before]:
        CHANGES[after](lane)
        assert lane.state is after
    else:
        with pytest.raises(InvariantError, match=f"from {before.name} to {after.name}"):
            CHANGES[after](lane)
        assert lane.state is before


def test_the_table_names_every_state() -> None:
    """A new state needs its line, and nothing becomes new again."""
    assert set(TRANSITIONS) == set(LaneState)
    assert set().union(*TRANSITIONS.values()) == set(CHANGES)


def test_only_lanes_changes_a_state() -> None:
    """No other part of the engine assigns `state`, so no transition goes around the table."""
    wrong = [
        f"{source.name}:{node.lineno}"
        for source in ENGINE.glob("*.py")
        if source.name != "lanes.py"
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "state" and not isinstance(node.ctx, ast.Load)
    ]
    assert wrong == []
