"""Which schemas are asked for, and when (F040, S15)."""

from random import Random

from connector.engine.schema_requests import (
    AHEAD_MAX,
    ASKED_MAX,
    DOUBT_MS,
    REMEMBERED_MAX,
    UNKNOWN_MS,
    SchemaRequests,
)
from connector.model import RefKind, SchemaRef, SchemaVerdict
from tests.engine.driver import ID42, ID43

KNOWN, UNKNOWN, UNAVAILABLE = SchemaVerdict


def schemas() -> SchemaRequests:
    """Nothing is wanted so far."""
    return SchemaRequests(100, 1_000, Random(1))  # noqa: S311 - a test to be repeated, not a secret


def numbered(number: int) -> SchemaRef:
    """One of many schemas."""
    return SchemaRef(RefKind.ID, str(number))


def asked(registry: SchemaRequests, now_ms: int) -> list[SchemaRef]:
    """The questions of one moment."""
    return [question.ref for question in registry.next(now_ms)]


def found_unknown(registry: SchemaRequests, ref: SchemaRef, now_ms: int) -> None:
    """Let the registry say twice that it has no such schema; the second answer comes at `now_ms`."""
    registry.want(ref, now_ms - DOUBT_MS)
    assert asked(registry, now_ms - DOUBT_MS) == [ref]
    assert not registry.answered(ref, UNKNOWN, "HTTP 404", now_ms - DOUBT_MS)
    assert asked(registry, now_ms) == [ref]
    assert registry.answered(ref, UNKNOWN, "HTTP 404", now_ms)


def test_one_question_is_out_per_schema() -> None:
    """However many records wait for it, a schema is asked for once, immediately."""
    registry = schemas()
    registry.want(ID42, 5)
    registry.want(ID42, 5)
    assert registry.due_ms() == 5
    assert asked(registry, 5) == [ID42]
    registry.want(ID42, 6)
    assert asked(registry, 6) == []
    assert registry.due_ms() is None
    assert registry.answered(ID42, KNOWN, "", 7)
    assert registry.due_ms() is None


def test_a_schema_that_is_given_up_is_not_asked_for_twice() -> None:
    """While the old question is out, a schema that is wanted again waits for that answer."""
    registry = schemas()
    registry.want(ID42, 0)
    registry.want(ID43, 0)
    asked(registry, 0)
    registry.keep({ID43})
    registry.want(ID42, 1)
    assert asked(registry, 1) == []
    assert registry.answered(ID42, KNOWN, "", 2)


def test_an_answer_that_nobody_waits_for_releases_nothing() -> None:
    """Its partition is gone: the answer is only counted."""
    registry = schemas()
    registry.want(ID42, 0)
    asked(registry, 0)
    registry.keep(())
    assert not registry.answered(ID42, UNKNOWN, "HTTP 404", 1)
    assert registry.unknown(ID42, 1) is None
    assert registry.answers == {KNOWN: 0, UNKNOWN: 1, UNAVAILABLE: 0}


def test_a_registry_that_is_down_is_asked_again_with_backoff() -> None:
    """The waits grow up to the largest, and the last failure is the error (F040)."""
    registry = schemas()
    registry.want(ID42, 0)
    now_ms, waits = 0, []
    for _ in range(100):
        assert asked(registry, now_ms) == [ID42]
        assert not registry.answered(ID42, UNAVAILABLE, "connection refused", now_ms)
        assert registry.error == "connection refused"
        due_ms = registry.due_ms()
        assert due_ms is not None
        assert asked(registry, due_ms - 1) == []
        waits.append(due_ms - now_ms)
        now_ms = due_ms
    assert 0 < min(waits) <= 100
    assert 500 < max(waits) <= 1_000
    asked(registry, now_ms)
    assert registry.answered(ID42, KNOWN, "", now_ms)
    assert registry.error is None


def test_the_first_answer_brings_the_others_along() -> None:
    """Once the registry answers any question, failed ones are asked again immediately."""
    registry = schemas()
    registry.want(ID42, 0)
    registry.want(ID43, 0)
    assert asked(registry, 0) == [ID42, ID43]
    registry.answered(ID42, UNAVAILABLE, "timeout", 0)
    registry.answered(ID43, UNAVAILABLE, "timeout", 0)
    (first,) = asked(registry, registry.due_ms() or 0)
    registry.answered(first, KNOWN, "", 2_000)
    assert asked(registry, 2_000) == [ref for ref in (ID42, ID43) if ref != first]


def test_a_schema_that_the_registry_stumbles_over_delays_no_other() -> None:
    """Each schema has its own backoff: HTTP 500 for one is no outage for the next."""
    registry = schemas()
    registry.want(ID42, 0)
    for now_ms in range(0, 100_000, 1_000):
        asked(registry, now_ms)
        registry.answered(ID42, UNAVAILABLE, "HTTP 500", now_ms)
    registry.want(ID43, 100_000)
    assert ID43 in asked(registry, 100_000)
    assert registry.error == "HTTP 500"


def test_what_comes_back_slowly_is_not_given_up_for_long() -> None:
    """After a long outage the first answer ends the long waits, also those of failing schemas (F040)."""
    registry = schemas()
    registry.want(ID42, 0)
    now_ms = 0
    for _ in range(20):
        assert asked(registry, now_ms) == [ID42]
        registry.answered(ID42, UNAVAILABLE, "timeout", now_ms)
        now_ms = registry.due_ms() or 0
    now_ms -= 1
    registry.want(ID43, now_ms)
    assert asked(registry, now_ms) == [ID43]
    registry.answered(ID43, KNOWN, "", now_ms)
    assert asked(registry, now_ms) == [ID42]
    registry.answered(ID42, UNAVAILABLE, "HTTP 503", now_ms)
    assert 0 < (registry.due_ms() or 0) - now_ms <= 100


def test_the_first_answer_brings_none_along_twice() -> None:
    """A schema that the registry still fails to serve is not asked for after each answer to others.

    New credentials are a reason to ask for it at once again.
    """
    registry = schemas()
    registry.want(ID42, 0)
    asked(registry, 0)
    registry.answered(ID42, UNAVAILABLE, "HTTP 500", 0)
    for number, again in ((1, [ID42]), (2, [])):
        registry.want(numbered(number), 0)
        assert numbered(number) in asked(registry, 0)
        registry.answered(numbered(number), KNOWN, "", 0)
        assert asked(registry, 0) == again
        for ref in again:
            registry.answered(ref, UNAVAILABLE, "HTTP 500", 0)
    registry.try_again(0)
    assert asked(registry, 0) == [ID42]


def test_an_unknown_schema_is_asked_for_once_more() -> None:
    """The first answer that there is no such schema is doubted for two seconds (F040)."""
    registry = schemas()
    registry.want(ID42, 0)
    asked(registry, 0)
    assert not registry.answered(ID42, UNKNOWN, "HTTP 404", 10)
    assert registry.unknown(ID42, 10) is None
    assert list(registry.late) == []
    assert registry.error is None
    assert registry.due_ms() == 10 + DOUBT_MS
    assert asked(registry, 9 + DOUBT_MS) == []
    assert asked(registry, 10 + DOUBT_MS) == [ID42]
    assert registry.answered(ID42, KNOWN, "", 3_000)
    assert registry.unknown(ID42, 3_000) is None


def test_an_outage_settles_no_doubt() -> None:
    """An outage between the two answers that there is no such schema counts as neither of them."""
    registry = schemas()
    registry.want(ID42, 0)
    asked(registry, 0)
    registry.answered(ID42, UNKNOWN, "HTTP 404", 0)
    asked(registry, DOUBT_MS)
    assert not registry.answered(ID42, UNAVAILABLE, "timeout", DOUBT_MS)
    assert registry.unknown(ID42, DOUBT_MS) is None
    asked(registry, DOUBT_MS + 1_000)
    assert registry.answered(ID42, UNKNOWN, "HTTP 404", DOUBT_MS + 1_000)
    assert registry.unknown(ID42, DOUBT_MS + 1_000) == "HTTP 404"


def test_that_a_schema_is_unknown_is_remembered_briefly() -> None:
    """For a few seconds it is not asked for; then one more answer is enough, after the first doubt."""
    registry = schemas()
    found_unknown(registry, ID42, 5_000)
    over_ms = 5_000 + UNKNOWN_MS
    assert registry.unknown(ID42, over_ms - 1) == "HTTP 404"
    assert registry.unknown(ID42, over_ms) is None
    registry.want(ID42, over_ms)
    assert asked(registry, over_ms) == [ID42]
    assert registry.answered(ID42, UNKNOWN, "HTTP 404", over_ms)
    assert registry.unknown(ID42, over_ms) == "HTTP 404"


def test_what_is_remembered_is_bounded() -> None:
    """Ids come from the wire: the oldest makes room for the newest (S15)."""
    registry = schemas()
    for number in range(REMEMBERED_MAX + 1):
        found_unknown(registry, numbered(number), 5_000)
    assert registry.unknown(numbered(0), 5_000) is None
    assert registry.unknown(numbered(1), 5_000) is not None
    assert registry.unknown(numbered(REMEMBERED_MAX), 5_000) is not None


def test_what_is_asked_at_once_is_bounded() -> None:
    """The rest waits for an answer, and the one due for longest goes first (S15)."""
    registry = schemas()
    for number in range(ASKED_MAX + 2):
        registry.want(numbered(number), number)
    first = asked(registry, 100)
    assert first == [numbered(number) for number in range(ASKED_MAX)]
    assert registry.due_ms() is None
    registry.answered(first[0], UNAVAILABLE, "timeout", 100)
    assert registry.due_ms() == ASKED_MAX
    assert asked(registry, 100) == [numbered(ASKED_MAX)]
    registry.answered(first[1], UNAVAILABLE, "timeout", 100)
    assert asked(registry, 5_000) == [numbered(ASKED_MAX + 1)]


def test_what_is_asked_ahead_leaves_room() -> None:
    """Half of the questions are kept for schemas that partitions wait for, which also go first."""
    registry = schemas()
    for number in range(ASKED_MAX):
        registry.want_ahead(numbered(number), 0)
    ahead = asked(registry, 0)
    assert ahead == [numbered(number) for number in range(ASKED_MAX // 2)]
    assert registry.due_ms() is None
    registry.want(ID42, 5)
    registry.want(numbered(ASKED_MAX - 1), 5)
    assert registry.due_ms() == 0
    assert asked(registry, 5) == [numbered(ASKED_MAX - 1), ID42]  # both are waited for; one is due for longer


def test_what_is_waited_for_goes_before_what_is_asked_ahead() -> None:
    """A question ahead that has been due for longer has to wait."""
    registry = schemas()
    for number in range(ASKED_MAX):
        registry.want_ahead(SchemaRef(RefKind.GUID, str(number)), 0)
        registry.want(numbered(number), 5)
    assert asked(registry, 5) == [numbered(number) for number in range(ASKED_MAX)]


def test_what_is_wanted_ahead_is_bounded() -> None:
    """The rest is asked for later; each answer makes room (S15)."""
    registry = schemas()
    for number in range(AHEAD_MAX + 1):
        registry.want_ahead(numbered(number), 0)
    last = numbered(AHEAD_MAX)
    everything = [numbered(number) for number in range(AHEAD_MAX)]
    while refs := asked(registry, 0):
        for ref in refs:
            everything.remove(ref)
            registry.answered(ref, KNOWN, "", 0)
    assert everything == []
    registry.want_ahead(last, 0)
    assert asked(registry, 0) == [last]


def test_what_was_answered_is_not_asked_ahead() -> None:
    """Neither known nor missing schemas are asked ahead; a partition that waits for one asks again."""
    registry = schemas()
    registry.want(ID42, 0)
    asked(registry, 0)
    registry.answered(ID42, KNOWN, "", 0)
    found_unknown(registry, ID43, 5_000)
    registry.want_ahead(ID42, 5_000)
    registry.want_ahead(ID43, 5_000)
    assert registry.due_ms() is None
    registry.want(ID42, 5_000)
    assert asked(registry, 5_000) == [ID42]


def test_what_was_wanted_ahead_goes_with_the_partitions() -> None:
    """A partition that is gone needs no schema; the remaining ones ask again as they go on."""
    registry = schemas()
    registry.want(ID42, 0)
    registry.want_ahead(ID43, 0)
    registry.keep({ID42})
    assert asked(registry, 0) == [ID42]
    assert not registry.answered(ID42, UNAVAILABLE, "timeout", 0)
    registry.keep(())
    assert registry.error is None
    assert registry.due_ms() is None


def test_what_is_given_up_takes_no_room_ahead() -> None:
    """However often partitions come and go, the bound holds for the schemas wanted now."""
    registry = schemas()
    for number in range(AHEAD_MAX):
        registry.want_ahead(numbered(number), 0)
    registry.keep(())
    registry.want_ahead(ID42, 0)
    assert asked(registry, 0) == [ID42]
