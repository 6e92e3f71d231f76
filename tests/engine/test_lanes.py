"""Folding (`docs/architecture.md`)."""

from connector.engine.lanes import Item, Kind, Lane
from connector.engine.ledger import Entry, Partition, TopicCounts
from connector.model import Delivery
from tests.engine.driver import DELETE, P0, P1, event, record, upsert

HELD = Partition(P0, TopicCounts(), 0, None)


def item(delivery: Delivery, partition: Partition = HELD) -> Item:
    """A delivery of some record."""
    return Item(delivery, Entry(partition, record(0), 1))


def lane(*deliveries: Delivery) -> Lane:
    """A lane that waits with these deliveries."""
    first, *others = deliveries
    made = Lane("7", item(first))
    made.ready(0)
    for delivery in others:
        made.append(item(delivery))
    return made


def test_later_fields_win() -> None:
    """Upserts merge field by field; fields that only an earlier one has stay."""
    folded = lane(upsert("7", a=1, b=1), upsert("7", b=2, c=2))
    assert folded.fold == 2
    assert folded.body() == {"_user_id": "7", "a": 1, "b": 2, "c": 2}


def test_folding_changes_no_record() -> None:
    """The bodies of the records stay as they were, so that a fold can be unfolded."""
    first = upsert("7", a=1)
    folded = lane(first, upsert("7", a=2))
    folded.body()
    assert first.body == {"_user_id": "7", "a": 1}


def test_a_delete_absorbs() -> None:
    """A delete absorbs the unsent upserts before it."""
    folded = lane(upsert("7"), upsert("7"), DELETE)
    assert (folded.kind, folded.fold, folded.body()) == (Kind.DELETE, 3, None)


def test_an_upsert_stays_behind_a_delete() -> None:
    """A delivery after a delete is not folded into it."""
    folded = lane(DELETE, upsert("7", a=1))
    assert (folded.kind, folded.fold) == (Kind.DELETE, 1)
    folded.take_out()
    folded.refold()
    assert (folded.kind, folded.body()) == (Kind.INSTANT, {"_user_id": "7", "a": 1})


def test_events_are_never_folded_nor_overtaken() -> None:
    """Each event travels alone, and an upsert after it waits."""
    folded = lane(upsert("7", a=1), event("7", "e1"), event("7", "e2"), upsert("7", a=2))
    kinds = []
    while len(folded):
        kinds.append((folded.kind, folded.fold))
        folded.take_out()
        if len(folded):
            folded.refold()
    assert kinds == [(Kind.INSTANT, 1), (Kind.EVENT, 1), (Kind.EVENT, 1), (Kind.INSTANT, 1)]


def test_instant_if_any_part_is() -> None:
    """One instant part makes the whole fold instant."""
    assert lane(upsert("7", instant=False)).kind is Kind.QUEUED
    assert lane(upsert("7", instant=False), upsert("7")).kind is Kind.INSTANT
    assert lane(upsert("7"), upsert("7", instant=False)).kind is Kind.INSTANT


def test_instant_if_something_stands_behind() -> None:
    """A queued upsert before an event is sent instant, because a queued one may be applied later (F062)."""
    assert lane(upsert("7", instant=False), event("7", "e")).kind is Kind.INSTANT


def test_unfolding_sends_one_by_one() -> None:
    """After a rejection each part travels alone, and later items are not folded into them."""
    folded = lane(upsert("7", a=1), upsert("7", a=2))
    folded.unfold = folded.fold
    folded.append(item(upsert("7", a=3)))
    bodies = []
    while len(folded):
        folded.refold()
        assert folded.fold == 1
        bodies.append(folded.body())
        folded.take_out()
    assert bodies == [{"_user_id": "7", "a": at} for at in (1, 2, 3)]


def test_behind_what_was_unfolded_upserts_fold_again() -> None:
    """Only the parts of the refused fold travel alone, also where some of them are taken away."""
    gone = Partition(P1, TopicCounts(), 0, None)
    folded = lane(upsert("7", a=1))
    folded.append(item(upsert("7", a=2), gone))
    folded.unfold = folded.fold
    gone.revoking = True
    folded.forget_revoked(keep_head=False)
    folded.append(item(upsert("7", a=3)))
    folded.append(item(upsert("7", b=4)))
    folded.refold()
    assert folded.fold == 1
    folded.take_out()
    folded.refold()
    assert folded.body() == {"_user_id": "7", "a": 3, "b": 4}


def test_what_travels_takes_nothing_in() -> None:
    """While the head travels, every later delivery waits (F077, I3)."""
    folded = lane(upsert("7", a=1))
    folded.ready(0)
    folded.travel()
    folded.append(item(upsert("7", a=2)))
    assert folded.fold == 1
    assert folded.body() == {"_user_id": "7", "a": 1}


def test_forgetting_keeps_what_travels() -> None:
    """Of a partition that was taken away only the head on the wire stays (F003)."""
    gone = Partition(P1, TopicCounts(), 0, None)
    folded = Lane("7", item(upsert("7", a=1), gone))
    folded.ready(0)
    folded.travel()
    for delivery, owner in ((upsert("7", a=2), HELD), (event("7", "e"), gone)):
        folded.append(item(delivery, owner))
    gone.revoking = True
    assert len(folded.forget_revoked(keep_head=True)) == 1
    assert len(folded) == 2
    assert len(folded.forget_revoked(keep_head=False)) == 1
    assert [kept.entry.partition for kept in folded] == [HELD]
