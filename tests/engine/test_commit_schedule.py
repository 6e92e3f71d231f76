"""When to commit, and how each commit ends."""

from connector.engine.commit_schedule import COMMIT_SECONDS_MAX, UNCONFIRMED_SECONDS_MAX, CommitSchedule
from connector.engine.ledger import Partition, TopicCounts
from tests.engine.driver import P0, P1

GIVE_UP_MS = COMMIT_SECONDS_MAX * 1000


def two() -> tuple[Partition, Partition]:
    """Two partitions that have something to commit."""
    return Partition(P0, TopicCounts(), 5, None), Partition(P1, TopicCounts(), 6, None)


def test_one_at_a_time_and_once_an_interval() -> None:
    """The next commit waits for the answer to the last one, and for its time."""
    commits, (first, _) = CommitSchedule(1_000), two()
    commit = commits.next([first], 0, at_once=False)
    assert commit is not None
    assert dict(commit.offsets) == {P0: 5}
    first.position = 9
    assert commits.next([first], 5_000, at_once=True) is None
    commits.answered(commit.commit_id, {}, 0)
    assert commits.next([first], 999, at_once=False) is None
    assert commits.next([first], 1_000, at_once=False) is not None


def test_at_once_when_it_matters() -> None:
    """A stop and a revoke do not wait for the interval."""
    commits, (first, _) = CommitSchedule(1_000), two()
    commit = commits.next([first], 0, at_once=False)
    assert commit is not None
    commits.answered(commit.commit_id, {}, 1)
    first.position = 9
    assert commits.next([first], 2, at_once=True) is not None


def test_errors_count_per_partition() -> None:
    """Only the partitions without an error are committed (F016)."""
    commits, (first, second) = CommitSchedule(1_000), two()
    commit = commits.next([first, second], 0, at_once=False)
    assert commit is not None
    commits.answered(commit.commit_id, {P1: "REBALANCE_IN_PROGRESS"}, 0)
    assert (first.committed, second.committed) == (5, None)
    assert second.commit_refused
    assert commits.error is not None
    again = commits.next([first, second], 1_000, at_once=False)
    assert again is not None
    assert dict(again.offsets) == {P1: 6}


def test_a_refused_commit_is_not_repeated_at_once() -> None:
    """While a revoke drains, a broker that refuses is not asked again and again (F013)."""
    commits, (first, _) = CommitSchedule(1_000), two()
    commit = commits.next([first], 0, at_once=True)
    assert commit is not None
    commits.answered(commit.commit_id, {P0: "refused"}, 1)
    assert commits.next([first], 2, at_once=True) is None
    assert commits.next([first], 1_000, at_once=True) is not None


def test_a_commit_that_is_never_answered() -> None:
    """After a while it counts as failed, and a late answer changes nothing (P06)."""
    commits, (first, _) = CommitSchedule(1_000), two()
    commit = commits.next([first], 0, at_once=False)
    assert commit is not None
    assert commits.due_ms([first]) == GIVE_UP_MS
    again = commits.next([first], GIVE_UP_MS, at_once=False)
    assert again is not None
    commits.answered(commit.commit_id, {}, GIVE_UP_MS)
    assert first.committed is None
    commits.answered(again.commit_id, {}, GIVE_UP_MS)
    assert first.committed == 5


def test_stuck_after_a_long_time() -> None:
    """After a minute without a confirmed commit the intake stops, until the partition is gone (F014)."""
    commits, (first, _) = CommitSchedule(1_000), two()
    commit = commits.next([first], 0, at_once=False)
    assert commit is not None
    commits.answered(commit.commit_id, {P0: "refused"}, 50_000)
    late_ms = 50_000 + UNCONFIRMED_SECONDS_MAX * 1000
    assert not commits.stuck([first], late_ms - 1)
    assert commits.stuck([first], late_ms)
    assert not commits.stuck([], late_ms)
