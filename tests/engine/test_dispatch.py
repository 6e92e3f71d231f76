"""Which deliveries travel, and how answers finish them."""

from dataclasses import replace

from connector.engine import events as ev
from connector.engine.dispatch import NOT_SENT_MS
from connector.model import ALL_ACCEPTED, Answer, BudgetReading, Endpoint, Translated, Verdict
from tests.engine.driver import (
    ACCEPTED,
    AT_ONCE,
    DELETE,
    NOT_FOUND,
    P0,
    REJECTED,
    RETRY,
    UNAUTHORIZED,
    UNKNOWN,
    Driver,
    event,
    find,
    items,
    only,
    upsert,
)

BATCH_REJECTED = Answer(Verdict.BATCH_REJECTED, "HTTP 400")


def contacts(count: int) -> list[Translated]:
    """One upsert each."""
    return [[upsert(str(number))] for number in range(count)]


def test_until_the_budget_is_known_one_request_travels() -> None:
    """The second request waits for the first answer, however many records wait (promise 6)."""
    driver = Driver(replace(AT_ONCE, batch_items_max=1))
    driver.arrive(*contacts(5))
    assert len(driver.sends) == 1
    driver.answer(driver.sends[0], Answer(Verdict.ITEMS, budget=BudgetReading(100, 99, 60, 60_000)))
    assert len(driver.sends) > 2


def test_one_contact_never_travels_twice() -> None:
    """Deliveries of a contact whose request is out wait for the answer; other contacts do not (I3)."""
    driver = Driver()
    driver.arrive([upsert("warm")])
    driver.answer(driver.sends[0])
    driver.arrive([upsert("7", a=1)])
    driver.arrive([upsert("7", a=2), event("7", "e")], [upsert("8")])
    assert [send.user_ids for send in driver.sends[1:]] == [["7"], ["8"]]
    driver.answer(driver.sends[1])
    assert driver.sends[-1].bodies == [{"_user_id": "7", "a": 2}]
    driver.answer(driver.sends[-1])
    assert driver.sends[-1].endpoint is Endpoint.EVENTS


def test_an_upsert_waits_for_the_delete_before_it() -> None:
    """A delete that travels holds the contact: no upsert overtakes it on the other endpoint (I3)."""
    driver = Driver()
    driver.arrive([DELETE])
    driver.arrive([upsert("7")])
    assert [send.endpoint for send in driver.sends] == [Endpoint.DELETE]
    driver.answer(driver.sends[0])
    assert driver.sends[-1].endpoint is Endpoint.CONTACTS


def test_a_lost_answer_sends_the_same_again() -> None:
    """The delivery stays at the head and nothing is folded into it: it may have been processed (F065)."""
    driver = Driver()
    driver.arrive([upsert("7", a=1)])
    driver.arrive([upsert("7", a=2)])
    driver.answer(driver.sends[0], UNKNOWN)
    driver.wait(1_000)
    assert len(driver.sends) == 2
    assert driver.sends[1].bodies == driver.sends[0].bodies
    assert driver.sends[1].send_id != driver.sends[0].send_id
    assert driver.commit() == {P0: 0}


def test_per_item_outcomes() -> None:
    """Accepted items are done, the rejected one is dead-lettered, the omitted one is sent again (F055)."""
    driver = Driver()
    driver.arrive(*contacts(3))
    driver.answer(driver.sends[0], items(ACCEPTED, REJECTED, RETRY))
    assert [(letter.record.offset, letter.rule) for letter in driver.letters] == [(1, "instasent.contacts")]
    driver.wait(1_000)
    assert [send.user_ids for send in driver.sends[1:]] == [["2"]]


def test_an_answer_that_mentions_nothing_counts_as_a_failure() -> None:
    """An answer that omits all items is a failed request: it backs off."""
    driver = Driver()
    driver.arrive(*contacts(2))
    assert find(driver.answer(driver.sends[0], items(RETRY, RETRY)), ev.Send) == []
    driver.wait(1_000)
    assert driver.sends[1].user_ids == ["0", "1"]


def test_a_rejected_batch_is_bisected() -> None:
    """One bad item among 100: the 99 arrive, the culprit alone is dead-lettered (F051)."""
    driver = Driver()
    driver.arrive(*contacts(100))
    answered = 0
    while answered < len(driver.sends):
        send = driver.sends[answered]
        answered += 1
        driver.answer(send, BATCH_REJECTED if "37" in send.user_ids else ALL_ACCEPTED)
        driver.wait(1)
    assert [letter.record.offset for letter in driver.letters] == [37]
    assert driver.engine.snapshot().topics[0].deliveries_accepted == 99
    assert len(driver.sends) - 1 <= 14  # two for each of the seven halvings


def test_the_search_for_a_bad_item_settles_something_every_few_calls() -> None:
    """It goes deep before it goes wide, so that frequent restarts do not undo all of it (F051).

    With four calls a minute and a rebalance each minute it never ended (found by the simulation).
    """
    driver = Driver()
    driver.arrive(*contacts(64))
    for _ in range(7):
        assert driver.letters == []
        driver.answer(driver.sends[-1], BATCH_REJECTED)
        driver.wait(1)
    assert [letter.record.offset for letter in driver.letters] == [0]
    assert driver.sends[-1].user_ids == ["1"]


def test_a_rejected_batch_ends_the_trouble_of_its_endpoint() -> None:
    """The API has read the batch, so the halves need not wait."""
    driver = Driver()
    driver.arrive(*contacts(2))
    for _ in range(3):
        driver.answer(driver.travelling[0], Answer(Verdict.TRANSIENT, "HTTP 500"))
        driver.wait(AT_ONCE.retry_backoff_largest_ms)
    assert driver.engine.snapshot().causes == {"instasent": "contacts: HTTP 500"}
    only(driver.answer(driver.travelling[0], BATCH_REJECTED), ev.Send)
    assert driver.engine.snapshot().causes == {}


def test_halves_stay_halves_when_they_are_throttled() -> None:
    """Otherwise a batch with a bad item would be whole again in every window (F051, F057).

    Found by the simulation: with few calls per window and no useful headers, the bad item was never found.
    """
    driver = Driver()
    driver.arrive(*contacts(4))
    driver.answer(driver.sends[0], BATCH_REJECTED)
    driver.answer(driver.sends[1], Answer(Verdict.THROTTLED, "HTTP 429"))
    for _ in range(2):
        driver.wait(5_000)
        driver.answer(driver.sends[-1])
    assert [send.user_ids for send in driver.sends[1:]] == [["0", "1"], ["2", "3"], ["0", "1"]]


def test_a_rejected_fold_is_unfolded() -> None:
    """Exactly the bad record of a fold is dead-lettered; the others arrive one by one (F076)."""
    driver = Driver()
    driver.arrive([upsert("7", a=0)], [upsert("7", a="bad")], [upsert("7", b=2)])
    assert driver.sends[0].bodies == [{"_user_id": "7", "a": "bad", "b": 2}]
    driver.answer(driver.sends[0], items(REJECTED))
    while len(driver.sends) < 5:
        bad = driver.sends[-1].bodies == [{"_user_id": "7", "a": "bad"}]
        if not find(driver.answer(driver.sends[-1], items(REJECTED if bad else ACCEPTED)), ev.Send):
            break
    assert [send.bodies for send in driver.sends[1:]] == [
        [{"_user_id": "7", "a": 0}],
        [{"_user_id": "7", "a": "bad"}],
        [{"_user_id": "7", "b": 2}],
    ]
    assert [letter.record.offset for letter in driver.letters] == [1]


def test_an_event_behind_a_rejected_upsert_has_its_own_outcome() -> None:
    """The refusal of the upsert does not refuse the event."""
    driver = Driver()
    driver.arrive([upsert("7"), event("7", "e")])
    driver.answer(driver.sends[0], items(REJECTED))
    assert driver.sends[1].endpoint is Endpoint.EVENTS
    driver.answer(driver.sends[1])
    driver.feed(ev.DeadLettered(driver.letters[0].letter_id, None))
    assert driver.engine.snapshot().in_flight_records == 0


def test_one_dead_letter_for_two_refused_deliveries() -> None:
    """A record is dead-lettered once, however many of its deliveries are refused."""
    driver = Driver()
    driver.arrive([upsert("7"), event("7", "e")])
    driver.answer(driver.sends[0], items(REJECTED))
    driver.answer(driver.sends[1], items(REJECTED))
    assert len(driver.letters) == 1
    assert driver.engine.snapshot().in_flight_records == 1
    driver.feed(ev.DeadLettered(driver.letters[0].letter_id, None))
    assert driver.commit() == {P0: 1}


def test_a_backlog_beyond_the_budget_is_spread() -> None:
    """Ten calls are left for twenty contacts: the first leaves now, the next in its turn (promise 6)."""
    driver = Driver(replace(AT_ONCE, batch_items_max=1))
    driver.arrive([upsert("warm")])
    driver.answer(driver.sends[0], Answer(Verdict.ITEMS, budget=BudgetReading(100, 10, 60, 60_000)))
    driver.arrive(*contacts(20))
    assert len(driver.sends) == 1 + 1
    status = driver.engine.snapshot().endpoints[0]
    assert (status.budget_limit, status.budget_remaining, status.budget_reset) == (100, 9, 60)
    driver.wait(6_000)
    assert len(driver.sends) == 1 + 2


def test_429_waits_for_the_reset() -> None:
    """Nothing leaves before the time that the answer names (F057)."""
    driver = Driver()
    driver.arrive([upsert("7")])
    driver.answer(driver.sends[0], Answer(Verdict.THROTTLED, "HTTP 429", retry_after_ms=5_000))
    driver.wait(4_999)
    assert len(driver.sends) == 1
    driver.wait(1)
    assert len(driver.sends) == 2
    assert driver.engine.snapshot().endpoints[0].limited == 1


def test_429_without_a_reset_backs_off() -> None:
    """Without headers the backoff decides; the other endpoints go on (F057)."""
    driver = Driver()
    driver.arrive([upsert("7")], [DELETE, event("8", "e")])
    driver.answer(driver.sends[0], Answer(Verdict.THROTTLED, "HTTP 429"))
    driver.wait(1_000)
    assert driver.sends[-1].user_ids == ["7"]
    assert driver.letters == []


def test_401_stops_everything_and_probes() -> None:
    """In an environment fault only probes travel; nothing is dropped or dead-lettered (F052, F053)."""
    driver = Driver()
    driver.arrive([upsert("7")])
    commands = driver.answer(driver.sends[0], UNAUTHORIZED)
    assert only(commands, ev.Pause).partitions == [P0]
    driver.arrive([event("8", "e")])
    probes = 0
    for _ in range(5):
        probes += len(find(driver.wait(1_500), ev.Probe))
        driver.feed(ev.Probed(UNAUTHORIZED))
    assert probes == 5
    assert len(driver.sends) == 1
    assert driver.letters == []
    assert driver.commit() == {P0: 0}


def test_an_outage_ends_by_itself_with_one_request() -> None:
    """After a good probe one request learns the budget before the others follow."""
    driver = Driver(replace(AT_ONCE, batch_items_max=1))
    driver.arrive([upsert("7")])
    driver.answer(driver.sends[0], Answer(Verdict.ITEMS, budget=BudgetReading(100, 99, 60, 60_000)))
    driver.arrive(*contacts(3))
    assert len(driver.travelling) == 3
    for send in tuple(driver.travelling):
        driver.answer(send, UNAUTHORIZED)
    driver.wait(1_000)
    commands = driver.feed(ev.Probed(ALL_ACCEPTED))
    assert len(find(commands, ev.Send)) == 1
    assert only(commands, ev.Resume).partitions == [P0]


def test_a_probe_about_a_delete_slows_nobody() -> None:
    """The data source is there, and the known budgets still hold."""
    driver = Driver(replace(AT_ONCE, batch_items_max=1))
    driver.arrive([upsert("8")])
    driver.answer(driver.sends[0], Answer(Verdict.ITEMS, budget=BudgetReading(100, 99, 60, 60_000)))
    driver.arrive([DELETE])
    driver.answer(driver.sends[1], NOT_FOUND)
    driver.feed(ev.Probed(ALL_ACCEPTED))
    driver.arrive(*contacts(3))
    assert len(driver.travelling) == 3


def test_the_next_outage_is_probed_as_soon_as_the_first() -> None:
    """A delivery proves that the fault is gone: the next fault begins with a short wait."""
    driver = Driver()
    driver.arrive([upsert("7")])
    driver.answer(driver.sends[0], UNAUTHORIZED)
    for _ in range(6):
        driver.wait(AT_ONCE.retry_backoff_largest_ms)
        driver.feed(ev.Probed(UNAUTHORIZED))
    driver.wait(AT_ONCE.retry_backoff_largest_ms)
    driver.feed(ev.Probed(ALL_ACCEPTED))
    driver.answer(driver.sends[-1])
    driver.arrive([upsert("7")])
    driver.answer(driver.sends[-1], UNAUTHORIZED)
    only(driver.wait(AT_ONCE.retry_backoff_first_ms), ev.Probe)


def test_new_credentials_probe_at_once() -> None:
    """A changed token does not wait for the next probe (F099)."""
    driver = Driver()
    driver.arrive([upsert("7")])
    driver.answer(driver.sends[0], UNAUTHORIZED)
    only(driver.feed(ev.CredentialsChanged()), ev.Probe)


def test_a_request_that_was_refused_here_leaves_again() -> None:
    """A lease that ran out is no failure of the API; every request carries its own (F007)."""
    driver = Driver()
    driver.arrive([upsert("7")])
    assert driver.sends[0].not_after_ms == AT_ONCE.lease_ms
    driver.now_ms = 50_000
    assert not driver.answer(driver.sends[0], Answer(Verdict.NOT_SENT, "lease"))
    send = only(driver.wait(NOT_SENT_MS), ev.Send)
    assert send.not_after_ms == 50_000 + NOT_SENT_MS + AT_ONCE.lease_ms


def test_a_request_that_was_refused_here_costs_no_budget() -> None:
    """A request that never left is no call of the window (promise 6)."""
    driver = Driver()
    driver.arrive([upsert("7")])
    driver.answer(driver.sends[0], Answer(Verdict.ITEMS, budget=BudgetReading(10, 9, 1, 60_000)))
    driver.arrive([upsert("7")])
    driver.answer(driver.sends[1], Answer(Verdict.NOT_SENT, "lease"))
    contacts = driver.engine.snapshot().endpoints[0]
    assert (contacts.calls, contacts.budget_remaining) == (1, 9)


def test_one_request_at_a_time_while_an_endpoint_fails() -> None:
    """In backoff one request tries whether the endpoint is back (F059)."""
    driver = Driver(replace(AT_ONCE, batch_items_max=1))
    driver.arrive([upsert("warm")])
    driver.answer(driver.sends[0])
    driver.arrive(*contacts(6))
    travelling = driver.sends[1:]
    for send in travelling:
        driver.answer(send, Answer(Verdict.TRANSIENT, "HTTP 500"))
    driver.wait(1_100)
    assert len(driver.sends) == 1 + len(travelling) + 1


def test_a_batch_that_spoils_itself_is_split() -> None:
    """A batch that fails while its endpoint answers others is halved, so the rest arrives (F056)."""
    driver = Driver()
    driver.arrive(*contacts(2))
    answered = 0
    while driver.engine.snapshot().in_flight_records > 1 and answered < 50:
        if answered == len(driver.sends):
            driver.arrive([upsert(f"other-{answered}")])
            driver.wait(500)
            continue
        send = driver.sends[answered]
        answered += 1
        driver.answer(send, UNKNOWN if "0" in send.user_ids else ALL_ACCEPTED)
    assert ["1"] in [send.user_ids for send in driver.sends]


def test_a_batch_is_not_split_while_nothing_succeeds() -> None:
    """An endpoint that is down fails every batch: halves would only be more requests."""
    driver = Driver()
    driver.arrive(*contacts(2))
    for _ in range(10):
        driver.answer(driver.travelling[0], Answer(Verdict.TRANSIENT, "HTTP 503"))
        assert only(driver.wait(AT_ONCE.retry_backoff_largest_ms), ev.Send).user_ids == ["0", "1"]


def test_instant_and_queued_travel_apart() -> None:
    """`_sync` belongs to the whole request, so the two never share one."""
    driver = Driver()
    driver.arrive([upsert("7", instant=False)], [upsert("8")])
    driver.answer(driver.sends[0])
    assert {(send.sync, *send.user_ids) for send in driver.sends} == {(False, "7"), (True, "8")}


def test_linger_and_full_batches() -> None:
    """A partial batch lingers, a full one leaves immediately."""
    driver = Driver(replace(AT_ONCE, linger_ms=50, batch_items_max=2))
    driver.arrive([upsert("7")])
    assert driver.sends == []
    driver.wait(49)
    driver.arrive([upsert("8")])
    assert driver.sends[0].user_ids == ["7", "8"]
    driver.answer(driver.sends[0])
    driver.arrive([upsert("9")])
    driver.wait(49)
    assert len(driver.sends) == 1
    driver.wait(1)
    assert driver.sends[1].user_ids == ["9"]


def test_upserts_fold_while_the_budget_is_slow() -> None:
    """Under a backlog the next call carries all upserts that came meanwhile, merged (F076)."""
    driver = Driver()
    driver.arrive([upsert("7", a=0)])
    driver.answer(driver.sends[0], Answer(Verdict.ITEMS, budget=BudgetReading(1, 0, 60, 60_000)))
    for number in range(1, 10):
        driver.arrive([upsert("7", a=number)])
    driver.wait(59_999)
    assert len(driver.sends) == 1
    driver.wait(1)
    assert driver.sends[1].bodies == [{"_user_id": "7", "a": 9}]
    driver.answer(driver.sends[1])
    assert driver.engine.snapshot().topics[0].deliveries_accepted == 10
