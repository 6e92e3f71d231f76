"""The judge and the audit find what they are there for, and excuse what README excuses."""

from collections.abc import Iterator

import pytest

from connector.model import TopicPartition
from connector.sandbox.api.ingest_api import Call
from connector.sandbox.api.received import Overlap
from tests.chaos.judge import Judge, Tenure, Verdict, tenures
from tests.chaos.member import ASSIGNED, LOST, REVOKED, Said
from tests.chaos.observer import Accepted, Commits, Letters, Observer
from tests.chaos.reference_model import Kind, Log, ReferenceModel, Written

PLACE = TopicPartition("member", 0)
END = 9.0


def log(*lines: tuple[float, str], finished: bool = True) -> list[Said]:
    """Make the lines of a log about the one partition."""
    return [Said(at, event, [str(PLACE)], finished) for at, event in lines]


ONCE = log((1, ASSIGNED))
GIVEN_BACK = log((1, ASSIGNED), (5, REVOKED))
CUT_SHORT = log((1, ASSIGNED), (5, REVOKED), finished=False)
TAKEN = log((1, ASSIGNED), (5, LOST))
TAKEN_AND_GIVEN = log((1, ASSIGNED), (3, LOST), (4, ASSIGNED))
HEIR = log((4, ASSIGNED))


def judge(lines: list[Said], *, orderly: bool = True, heir: bool = False) -> Judge:
    """Know the tenures of the client `a`, and of its heir where there is one."""

    def named() -> Iterator[tuple[str, Tenure]]:
        yield from tenures("a", lines, END, orderly=orderly)
        if heir:
            yield from tenures("heir", HEIR, END, orderly=True)

    return Judge(named())


def verdict(judge: Judge, *steps: tuple[float, int | None], deletes: tuple[int, ...] = ()) -> Verdict:
    """Judge changes of one contact that the client `a` made at these times."""
    story = ReferenceModel(PLACE, deletes=list(deletes))
    return judge.judge({"c": story}, [Accepted(at, "a", "c", step) for at, step in steps])


def test_order_within_a_tenure() -> None:
    """Forwards and the same again are fine, backwards is not."""
    assert verdict(judge(ONCE), (2, 1), (3, 1), (4, 5)) == Verdict()
    assert len(verdict(judge(ONCE), (2, 1), (3, 5), (4, 4)).violations) == 1


def test_a_new_tenure_begins_anew() -> None:
    """Uncommitted records come again; nothing comes without an assignment."""
    assert verdict(judge(TAKEN_AND_GIVEN), (2, 5), (6, 4), (7, 5)) == Verdict()
    assert verdict(judge(ONCE), (0.5, 1)).violations


@pytest.mark.parametrize(
    ("lines", "orderly", "excused"),
    [(GIVEN_BACK, True, False), (CUT_SHORT, True, True), (TAKEN, True, True), (ONCE, False, True)],
)
def test_a_late_change(lines: list[Said], orderly: bool, excused: bool) -> None:
    """It is excused where the partition was not given back in good order (README, limits)."""
    judged = verdict(judge(lines, orderly=orderly, heir=True), (9.5, 1))
    assert (judged.late, judged.late_changes) == ({"c"}, 1)
    assert bool(judged.violations) is not excused


@pytest.mark.parametrize(("lines", "orderly"), [(GIVEN_BACK, True), (TAKEN, True), (ONCE, False)])
def test_a_change_before_there_is_an_heir(lines: list[Said], orderly: bool) -> None:
    """It does no harm, but a member that gave the partition back in good order had nothing in flight."""
    judged = verdict(judge(lines, orderly=orderly), (9.5, 1))
    assert bool(judged.violations) is (lines is GIVEN_BACK)


@pytest.mark.parametrize(("lines", "excused"), [(TAKEN, True), (GIVEN_BACK, False)])
def test_two_owners_at_once(lines: list[Said], excused: bool) -> None:
    """One that went on after its heir had begun must have lost the partition."""
    judged = verdict(judge(lines, heir=True), (4.5, 1))
    assert judged.late == {"c"}
    assert bool(judged.violations) is not excused


def test_a_tenure_that_was_over_when_it_began_is_no_heir() -> None:
    """A frozen member hears of an assignment and its loss together: only its own changes are late."""
    stale = list(tenures("sleeper", log((4, ASSIGNED), (4.1, LOST)), END, orderly=True))
    both = Judge([*tenures("a", GIVEN_BACK, END, orderly=True), *stale])
    assert verdict(both, (4.05, 1), (4.5, 2)) == Verdict()
    disturbed = both.judge({"c": ReferenceModel(PLACE)}, [Accepted(4.05, "sleeper", "c", 1)])
    assert (disturbed.violations, disturbed.late) == ([], {"c"})


def test_a_late_request_does_not_spoil_the_next_tenure() -> None:
    """A request from before the loss that arrives after it is late, and no reference for later ones."""
    judged = verdict(judge(TAKEN_AND_GIVEN), (4.5, 5), (4.6, 4), (END - 0.5, 6))
    assert (judged.violations, judged.late_changes) == ([], 1)


def test_deletes_have_no_numbers() -> None:
    """A delete is at least the next one of the story, or the same again; what is older must not follow."""
    assert verdict(judge(ONCE), (2, None), (3, None), (4, 4), deletes=(3, 5)) == Verdict()
    assert verdict(judge(ONCE), (2, None), (3, 2), deletes=(3,)).violations
    assert verdict(judge(ONCE), (2, 4), (3, None), (4, 4), deletes=(3, 5)).violations


def test_overlaps() -> None:
    """Within one client there is no excuse; between two the older must have lost something."""
    orderly, lost = judge(GIVEN_BACK), judge(TAKEN)
    assert list(orderly.overlaps([Overlap("c", "a", "heir")]))
    assert list(lost.overlaps([Overlap("c", "a", "a")]))
    assert not list(lost.overlaps([Overlap("c", "a", "heir")]))


def call(endpoint: str, *items: dict[str, object], subject: str = "") -> Call:
    """Make one call of the client `a`."""
    return Call(endpoint, "p", "d", "a", subject, body=list(items))


def test_early_commits_are_found() -> None:
    """A commit is early until the API has accepted what each record below it asks for, or something newer."""
    written = Log()
    written.stories["c"] = ReferenceModel(PLACE, steps=3, deletes=[3])
    written.records[PLACE] = [
        Written(Kind.UPSERT, "c", 1),
        Written(Kind.EVENT, "e"),
        Written(Kind.UPSERT, "c", 2),
        Written(Kind.DELETE, "c", 3),
        Written(Kind.NOTHING, "c"),
    ]
    observer, letters = Observer(written), Letters("127.0.0.1:1", "nowhere")
    commits = Commits(written, observer, letters)
    try:
        observer.watch(call("contacts", {"_user_id": "c", "row_version": 2}), 202)
        observer.watch(call("events", {"_event_id": "e"}), 500)
        commits.audit({PLACE: 1})
        assert not commits.early
        commits.audit({PLACE: 2})
        assert len(commits.early) == 1
        commits.audit({PLACE: 4})
        assert len(commits.early) == 2
        observer.watch(call("delete", subject="c"), 200)
        commits.audit({PLACE: 9})
        assert len(commits.early) == 2
    finally:
        letters.close()


def test_repeated_deliveries_are_counted() -> None:
    """An older version, the same event and a delete too many."""
    written = Log()
    written.stories["c"] = ReferenceModel(PLACE, steps=3, deletes=[3])
    observer = Observer(written)
    for version in (1, 2, 1):
        observer.watch(call("contacts", {"_user_id": "c", "row_version": version}), 202)
    for _ in range(2):
        observer.watch(call("events", {"_event_id": "e"}), 202)
        observer.watch(call("delete", subject="c"), 200)
    assert observer.repeated == 3
