"""The ledger's proof works both ways: it clears correct clients and convicts wrong ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.api.received import Overlap, Received


def upsert(ledger: Received, *versions: int, client: str = "a", user_id: str = "7") -> None:
    """Let upserts with these versions be accepted and applied, in this order."""
    for version in versions:
        body = {"_user_id": user_id, "row_version": version}
        ledger.accept_upsert(client, body)
        ledger.apply_upsert(body, queued=False)


def event(ledger: Received, event_id: str, sequence: int) -> None:
    """Send one event as the API would take it."""
    body = {"_user_id": "7", "_event_id": event_id, "_event_parameters": {"sequence": sequence}}
    if not ledger.is_duplicate(body):
        ledger.accept_event(body, park=False)


@pytest.mark.parametrize(
    ("versions", "violations", "replayed", "behind"),
    [
        ((1, 2, 3), 0, 0, 0),
        ((1, 4, 9), 0, 0, 0),
        ((1, 2, 2, 3), 0, 1, 0),
        ((1, 3, 2), 1, 0, 1),
        ((1, 3, 2, 4), 1, 0, 0),
        ((1, 2, 3, 2), 0, 1, 1),
    ],
)
def test_one_run_is_judged_strictly(
    versions: tuple[int, ...], violations: int, replayed: int, behind: int
) -> None:
    """Within a run gaps are folds, repeats are retries, and a first-time lower version is a violation."""
    ledger = Received()
    upsert(ledger, *versions)
    report = ledger.report()
    assert (report["order_violations"], report["replayed"], report["behind"]) == (
        violations,
        replayed,
        behind,
    )


def test_a_redelivered_stretch_may_fold_differently() -> None:
    """After an announced restart a lower version may arrive for the first time and converges (F089)."""
    ledger = Received()
    upsert(ledger, 1, 3, 5)
    ledger.new_run()
    upsert(ledger, 2, 4, 6)
    report = ledger.report()
    assert (report["order_violations"], report["replayed"], report["behind"]) == (0, 2, 0)


def test_a_swap_after_a_restart_is_still_found() -> None:
    """A restart excuses one step back, not a second one."""
    ledger = Received()
    upsert(ledger, 1, 3, 5)
    ledger.new_run()
    upsert(ledger, 4, 2)
    assert ledger.report()["order_violations"] == 1


def test_clients_with_their_own_tokens_are_their_own_runs() -> None:
    """A partition that moves between two instances may be redelivered unannounced (F001, F003)."""
    ledger = Received()
    upsert(ledger, 1, 3, 5, client="a")
    upsert(ledger, 4, 6, client="b")
    assert ledger.report()["order_violations"] == 0
    upsert(ledger, 8, 7, client="b")
    assert ledger.report()["order_violations"] == 1


RUNS = st.lists(
    st.tuples(st.integers(0, 5), st.lists(st.tuples(st.integers(1, 4), st.integers(1, 2)), max_size=8)),
    max_size=6,
)


@given(RUNS)
def test_a_correct_client_is_never_accused(runs: list[tuple[int, list[tuple[int, int]]]]) -> None:
    """Any folding, any retry and a kill at any moment give no violation and end at the highest version."""
    ledger, position, last = Received(), 0, 0
    for back, steps in runs:
        ledger.new_run()
        position = max(0, position - back)
        for step, times in steps:
            position += step
            last = max(last, position)
            upsert(ledger, *[position] * times)
    upsert(ledger, last + 1)
    report = ledger.report()
    assert (report["order_violations"], report["behind"]) == (0, 0)


def test_a_delete_begins_a_new_row() -> None:
    """After a delete the contact is gone, and a new row may begin at version 1 without the old attributes."""
    ledger = Received()
    upsert(ledger, 1, 2)
    ledger.contacts["7"].attributes["plan"] = "gold"
    assert ledger.delete("7")
    assert not ledger.knows("7")
    assert not ledger.delete("7")
    assert ledger.report()["contacts"] == {"present": 0, "deleted": 1}
    upsert(ledger, 1)
    assert ledger.present() == {"7": {"_user_id": "7", "row_version": 1}}
    assert ledger.report()["order_violations"] == 0


def test_upserts_merge_and_keep_nulls() -> None:
    """Absent attributes stay, null is stored as null (ingest-api.md 9)."""
    ledger = Received()
    ledger.apply_upsert({"_user_id": "7", "plan": "gold", "_email": "a@b.es"}, queued=False)
    ledger.apply_upsert({"_user_id": "7", "_email": None}, queued=False)
    assert ledger.present() == {"7": {"_user_id": "7", "plan": "gold", "_email": None}}


def test_events_are_taken_once_and_in_order() -> None:
    """A repeated event is a duplicate; a new one with a lower sequence is a violation in any run."""
    ledger = Received()
    event(ledger, "e1", 1)
    event(ledger, "e2", 2)
    ledger.new_run()
    event(ledger, "e1", 1)
    assert ledger.report()["events"] == {"accepted": 2, "duplicates": 1, "parked": 0}
    assert ledger.report()["order_violations"] == 0
    event(ledger, "e0", 0)
    assert ledger.report()["order_violations"] == 1


def test_one_event_id_means_one_event() -> None:
    """The same id with another content is counted: ids must be stable (F079)."""
    ledger = Received()
    event(ledger, "e1", 1)
    event(ledger, "e1", 2)
    assert ledger.report()["conflicting_events"] == 1


def test_a_parked_event_waits_for_its_contact() -> None:
    """A parked event counts as accepted once its contact is there, and its repetition as a duplicate."""
    ledger = Received()
    body = {"_user_id": "7", "_event_id": "e1", "_event_parameters": {}}
    ledger.accept_event(body, park=True)
    assert ledger.is_duplicate(body)
    assert ledger.report()["events"] == {"accepted": 0, "duplicates": 1, "parked": 1}
    upsert(ledger, 1)
    assert ledger.report()["events"] == {"accepted": 1, "duplicates": 1, "parked": 0}


def test_overlap_is_two_requests_at_once() -> None:
    """One contact in two requests in progress is an overlap; one after the other is none."""
    ledger = Received()
    first, second = (lambda: True), (lambda: True)
    ledger.enter(["7", "8"], first)
    ledger.leave(["7", "8"], first)
    ledger.enter(["7"], first, "a")
    assert ledger.report()["overlaps"] == 0
    ledger.enter(["7", "9"], second, "b")
    assert ledger.report()["overlaps"] == 1
    assert list(ledger.overlaps) == [Overlap("7", older="a", newer="b")]


def test_who_has_hung_up_overlaps_nobody() -> None:
    """A request that is still being processed although its client is gone does not count (F065)."""
    ledger = Received()
    ledger.enter(["7"], lambda: False)
    ledger.enter(["7"], lambda: True)
    assert ledger.report()["overlaps"] == 0


def test_a_queued_upsert_that_comes_late_is_the_apis_doing() -> None:
    """A queued version applied after a newer instant one is overtaken, and the state stays old."""
    ledger = Received()
    old, new = ({"_user_id": "7", "row_version": version} for version in (1, 2))
    ledger.accept_upsert("a", old)
    ledger.accept_upsert("a", new)
    ledger.apply_upsert(new, queued=False)
    ledger.apply_upsert(old, queued=True)
    report = ledger.report()
    assert (report["overtaken"], report["behind"], report["order_violations"]) == (1, 1, 0)
