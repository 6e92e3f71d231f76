"""Both answer shapes, item by item, and everything that may be wrong with them."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.instasent.item_outcomes import AmbiguousReport, outcomes, parse
from connector.model import OutcomeKind

A, R, T = OutcomeKind.ACCEPTED, OutcomeKind.REJECTED, OutcomeKind.RETRY
IDS = ["u1", "u2", "u3"]
BAD = "not a valid email"


def kinds(answer: object, user_ids: list[str] = IDS) -> list[OutcomeKind] | str:
    """Read an answer; all accepted, undecidable and unreadable by name."""
    report = parse(orjson.dumps(answer))
    if report is None:
        return "unreadable"
    try:
        items = outcomes(report, user_ids)
    except AmbiguousReport:
        return "undecidable"
    return "all" if items is None else [item.kind for item in items]


def shape_a(succeeded: object = None, failed: object = None, **lists: object) -> dict[str, Any]:
    """Make an answer of shape A (`ingest-api.md 3.1`)."""
    counters = {"entitiesSuccess": succeeded, "entitiesFailures": failed}
    return {
        "success": True,
        **{name: value for name, value in counters.items() if value is not None},
        **lists,
    }


def taken(position: int | None = None, item: object = None) -> dict[str, object]:
    """Make one entry of `accepted`."""
    fields = {"position": position, "item": item}
    return {name: value for name, value in fields.items() if value is not None}


def refused(position: int | None = None, item: object = None) -> dict[str, object]:
    """Make one entry of `errors`."""
    return {**taken(position, item), "error": BAD}


def item(user_id: str) -> dict[str, object]:
    """Make an echoed contact."""
    return {"_user_id": user_id, "_email": "x"}


ALL_LISTED = [taken(index, item(user_id)) for index, user_id in enumerate(IDS)]

CASES: dict[str, tuple[object, list[OutcomeKind] | str]] = {
    "counters only": (shape_a(3, 0), "all"),
    "counters and lists": (shape_a(3, 0, accepted=ALL_LISTED, errors=[]), "all"),
    "failures absent, errors null": (shape_a(3, errors=None), "all"),
    "a float counter": (shape_a(3.0, 0), "all"),
    "true is not one": (shape_a(True), "unreadable"),
    "by echoed item": (
        shape_a(2, 1, accepted=[ALL_LISTED[0], ALL_LISTED[2]], errors=[refused(1, item("u2"))]),
        [A, R, A],
    ),
    "reordered": (
        shape_a(2, 1, accepted=[ALL_LISTED[2], ALL_LISTED[0]], errors=[refused(1, item("u2"))]),
        [A, R, A],
    ),
    "echoed as a string": (
        shape_a(2, 1, accepted=[taken(0, "u1"), taken(2, "u3")], errors=[refused(1, "u2")]),
        [A, R, A],
    ),
    "echo beats position": (shape_a(2, 1, errors=[refused(0, item("u3"))]), [A, A, R]),
    "no accepted list, counters agree": (shape_a(2, 1, errors=[refused(0)]), [R, A, A]),
    "from 0, seen in accepted": (
        shape_a(2, 1, accepted=[taken(0), taken(2)], errors=[refused(1)]),
        [A, R, A],
    ),
    "from 1, seen in accepted": (
        shape_a(2, 1, accepted=[taken(1), taken(3)], errors=[refused(2)]),
        [A, R, A],
    ),
    "from 1, seen by an echo": (
        shape_a(1, 2, accepted=[taken(1, item("u1"))], errors=[refused(2), refused(3)]),
        [A, R, R],
    ),
    "from 0 or 1?": (shape_a(2, 1, errors=[refused(1)]), "undecidable"),
    "from 0 and from 1": (shape_a(1, 2, accepted=[taken(0)], errors=[refused(3), refused(1)]), "undecidable"),
    "position beyond the batch": (shape_a(2, 1, accepted=[taken(0)], errors=[refused(9)]), "undecidable"),
    "negative position": (shape_a(2, 1, accepted=[taken(0)], errors=[refused(-1)]), "undecidable"),
    # Position 3 of 3 may count from 1, but it names a contact that was not sent (found by the simulation).
    "an error about somebody else": (shape_a(0, 1, errors=[refused(3, item("u9"))]), "undecidable"),
    "an error about nobody": (shape_a(2, 1, errors=["bad"]), "undecidable"),
    "errors as an object": (shape_a(2, 1, errors={"_email": ["bad"]}), "undecidable"),
    "errors beside full counters": (shape_a(3, 0, errors=["bad"]), "undecidable"),
    "failures without errors": (shape_a(2, 1), "undecidable"),
    "fewer errors than failures": (shape_a(1, 2, errors=[refused(0)]), "undecidable"),
    "short list": (shape_a(2, 1, accepted=[taken(0, "u1")], errors=[refused(1, "u2")]), [A, R, T]),
    "nothing listed, counters short": (shape_a(2, 0), [T, T, T]),
    "nothing taken, nothing refused": (shape_a(0, 0), [T, T, T]),
    "more listed than counted": (
        shape_a(1, 1, accepted=ALL_LISTED[:2], errors=[refused(2, "u3")]),
        [T, T, R],
    ),
    "in both lists": (shape_a(3, 1, accepted=ALL_LISTED, errors=[refused(1, "u2")]), [A, T, A]),
    "listed twice": (shape_a(3, 0, accepted=[*ALL_LISTED, *ALL_LISTED], errors=[]), "all"),
    "duplicated errors": (shape_a(2, 1, errors=[refused(0, "u1"), refused(0, "u1")]), [R, A, A]),
    "unknown item accepted": (
        shape_a(None, None, accepted=[taken(0, "u1"), taken(None, "other")]),
        [A, T, T],
    ),
    "junk in accepted": (shape_a(None, None, accepted=[1, None, [], taken(0, "u1")]), [A, T, T]),
    "not an object": ([1, 2], "unreadable"),
    "some other object": ({"success": True}, "unreadable"),
    "errors of a whole request": ({"message": "no", "errors": {"_email": ["bad"]}}, "unreadable"),
}


@pytest.mark.parametrize("name", CASES)
def test_shape_a(name: str) -> None:
    """F047 F048: proven items are accepted, blamed ones rejected, and the rest is tried again."""
    answer, expected = CASES[name]
    assert kinds(answer) == expected


def shape_b(*items: object, successful: object = None, failed: object = None) -> dict[str, object]:
    """Make an answer of shape B (`ingest-api.md 3.2`)."""
    return {"entity": {"successful": successful, "failed": failed, "items": list(items)}}


def good(user_id: str) -> dict[str, object]:
    """Make an accepted item of shape B."""
    return {"status": "success", "_user_id": user_id}


def poor(user_id: str | None) -> dict[str, object]:
    """Make a refused item of shape B; without an id as events may have it."""
    return {"status": "error", "errors": {"_email": [BAD]}, **({"_user_id": user_id} if user_id else {})}


CASES_B: dict[str, tuple[object, list[OutcomeKind] | str]] = {
    "all good": (shape_b(*map(good, IDS), successful=3, failed=0), "all"),
    "all good, not counted": (shape_b(*map(good, IDS)), [A, A, A]),
    "mixed": (shape_b(good("u3"), poor("u1"), good("u2"), successful=2, failed=1), [R, A, A]),
    "all bad": (shape_b(*map(poor, IDS), successful=0, failed=3), [R, R, R]),
    "short": (shape_b(good("u1"), poor("u2"), successful=2, failed=1), [A, R, T]),
    "unknown status": (shape_b(good("u1"), {"status": "queued", "_user_id": "u2"}, good("u3")), [A, T, A]),
    "nobody is named": (shape_b({"status": "success"}, poor(None), {"status": "success"}), "undecidable"),
    "nobody is named, all good": (shape_b({"status": "success"}, successful=3, failed=0), "all"),
    "empty": ({"entity": {}}, "unreadable"),
}


@pytest.mark.parametrize("name", CASES_B)
def test_shape_b(name: str) -> None:
    """F047 F048: shape B is read by the same rules."""
    answer, expected = CASES_B[name]
    assert kinds(answer) == expected


@pytest.mark.parametrize(
    "answer",
    [
        shape_a(0, 1),
        shape_a(0, 1, errors=["bad"]),
        shape_a(0, 1, errors=[refused(1)]),
        shape_a(0, 1, errors=[refused(0, item("normalised"))]),
        shape_b(poor(None)),
    ],
)
def test_one_item_is_always_decidable(answer: object) -> None:
    """F051: bisecting ends, because an error about the only item can mean no other."""
    assert kinds(answer, ["u1"]) == [R]


def test_numeric_id_is_matched() -> None:
    """An API that echoes an id as a number still names it."""
    assert kinds(shape_a(1, 1, accepted=[taken(None, 7)], errors=[refused(None, "8")]), ["7", "8"]) == [A, R]


@pytest.mark.parametrize("body", [b"", b"<html>", b"null", b"3", b'"ok"', b"{", b"\xff", b"[" * 5000])
def test_bodies_that_are_no_answer(body: bytes) -> None:
    """F049 F050 S14: such bodies are unreadable, and nothing breaks."""
    assert parse(body) is None


def test_reason_names_the_field_and_not_the_value() -> None:
    """S08: the operator sees which field is wrong; the value stays where it is."""
    report = parse(orjson.dumps(shape_b(poor("u1"), good("u2"))))
    assert report is not None
    items = outcomes(report, ["u1", "u2"])
    assert items is not None
    assert items[0].reason == "_email: not a valid email"


@given(st.data())
def test_a_truthful_answer_is_read_truthfully(data: st.DataObject) -> None:
    """F047: in either shape, counted from 0 or 1, echoed or not, no item gets another one's outcome."""
    count = data.draw(st.integers(1, 12))
    ids = [f"id-{number}" for number in range(count)]
    bad = data.draw(st.sets(st.integers(0, count - 1)))
    base = data.draw(st.sampled_from([0, 1]))
    echo = data.draw(st.sampled_from([lambda user_id: user_id, item, lambda _: None]))
    order = data.draw(st.permutations(range(count)))
    listed = shape_a(
        count - len(bad),
        len(bad),
        accepted=[taken(n + base, echo(ids[n])) for n in order if n not in bad],
        errors=[refused(n + base, echo(ids[n])) for n in order if n in bad],
    )
    wrapped = shape_b(*(poor(ids[n]) if n in bad else good(ids[n]) for n in order))
    truth = [R if n in bad else A for n in range(count)]
    for answer in (listed, wrapped):
        assert kinds(answer, ids) in (truth, "all" if not bad else truth)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-3, 9) | st.sampled_from(["u1", "error", "success"]),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "entity",
                        "items",
                        "successful",
                        "failed",
                        "entitiesSuccess",
                        "entitiesFailures",
                        "accepted",
                        "errors",
                        "position",
                        "item",
                        "error",
                        "status",
                        "_user_id",
                    ]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=25,
    )
)
def test_any_json_is_read_without_a_fault(answer: object) -> None:
    """F048: no answer, however odd, breaks the reader."""
    assert kinds(answer) in ("all", "unreadable", "undecidable") or len(kinds(answer)) == 3
