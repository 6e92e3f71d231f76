"""Deletes that were answered with 404: which probe decides about which of them."""

from random import Random

from connector.engine.doubtful_deletes import DoubtfulDeletes, Fate
from connector.engine.endpoints import Batch, EndpointState
from connector.engine.lanes import Kind
from connector.engine.limits import Limits
from connector.engine.retries import Backoff
from connector.model import Endpoint, Verdict

DELETES = EndpointState(Endpoint.DELETE, (Kind.DELETE,), Limits(), Backoff(1, 1, Random(1)))  # noqa: S311 - no secret


def batch(contact: str) -> Batch:
    """A delete, alone in its batch."""
    queue = DELETES.queues[0]
    queue.push_group([], 0, len(contact), 0)
    return Batch(DELETES, queue, queue.take(0))


def doubting(*send_ids: int) -> DoubtfulDeletes:
    """Deletes with these numbers that wait for a probe, which has just left."""
    doubtful = DoubtfulDeletes()
    for send_id in send_ids:
        doubtful.add(send_id, batch(str(send_id)))
    doubtful.probe_sent()
    return doubtful


def fates(doubtful: DoubtfulDeletes, verdict: Verdict) -> list[Fate]:
    """The fate of each delete after the probe's answer."""
    return [fate for _, fate in doubtful.probed(verdict)]


def test_a_good_probe_means_that_the_contact_is_gone() -> None:
    """The data source is there, so the 404 was about the contact."""
    doubtful = doubting(1, 2)
    assert len(list(doubtful)) == 2
    assert fates(doubtful, Verdict.ITEMS) == [Fate.DELETED, Fate.DELETED]
    assert list(doubtful) == []


def test_a_fault_means_to_try_again() -> None:
    """The 404 may have been about the data source."""
    assert fates(doubting(1), Verdict.ENVIRONMENT) == [Fate.AGAIN]


def test_other_answers_decide_nothing() -> None:
    """A probe that was lost or throttled says nothing about the contact."""
    for verdict in (Verdict.UNKNOWN, Verdict.TRANSIENT, Verdict.THROTTLED, Verdict.NOT_SENT):
        assert fates(doubting(1), verdict) == [Fate.FAILED]


def test_a_probe_decides_only_about_deletes_before_it() -> None:
    """A 404 that came after the probe had left waits for the next one."""
    doubtful = doubting(1)
    doubtful.add(2, batch("2"))
    assert fates(doubtful, Verdict.ITEMS) == [Fate.DELETED]
    doubtful.probe_sent()
    assert fates(doubtful, Verdict.ITEMS) == [Fate.DELETED]


def test_a_good_probe_does_not_explain_a_404_from_a_fault() -> None:
    """A request that had left when a fault was seen may have got its 404 from the fault."""
    doubtful = doubting(1, 2)
    doubtful.fault_seen(1)
    assert fates(doubtful, Verdict.ITEMS) == [Fate.AGAIN, Fate.DELETED]
