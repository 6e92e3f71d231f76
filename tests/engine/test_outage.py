"""Environment faults and probes (promise 5)."""

from random import Random

from connector.engine.outage import Outage
from connector.engine.retries import Backoff
from connector.model import Verdict


def outage() -> Outage:
    """No fault so far."""
    return Outage(Backoff(100, 1_000, Random(1)))  # noqa: S311 - a test to be repeated, not a secret


def test_one_probe_at_a_time() -> None:
    """While a probe is out no other is due; when it fails the next one waits (F052)."""
    fault = outage()
    fault.began("HTTP 401", 0)
    due_ms = fault.due_ms(0)
    assert due_ms is not None
    assert due_ms > 0
    fault.probe_sent()
    assert fault.due_ms(due_ms) is None
    fault.probed(Verdict.ENVIRONMENT, "HTTP 403", due_ms)
    assert fault.reason == "HTTP 403"
    assert (fault.due_ms(due_ms) or 0) > due_ms


def test_a_lost_probe_ends_nothing() -> None:
    """Only a 200 ends a fault; after a missing answer the fault stays, with the new reason."""
    fault = outage()
    fault.began("HTTP 401", 0)
    fault.probe_sent()
    fault.probed(Verdict.UNKNOWN, "timeout", 500)
    assert fault.reason == "timeout"


def test_the_fault_ends_with_a_good_probe() -> None:
    """After a 200 nothing is probed any more."""
    fault = outage()
    fault.began("HTTP 401", 0)
    fault.probe_sent()
    fault.probed(Verdict.ITEMS, "", 500)
    assert fault.reason is None
    assert fault.due_ms(500) is None


def test_new_credentials_are_tried_at_once() -> None:
    """A token that changed does not wait for the backoff (F099)."""
    fault = outage()
    fault.began("HTTP 401", 0)
    fault.credentials_changed(1)
    assert fault.due_ms(1) == 1


def test_a_fault_that_probes_do_not_see_backs_off() -> None:
    """Only a delivery proves that the fault is gone: good probes between 401s do not reset the wait."""
    fault = outage()
    waits = []
    for _ in range(200):
        fault.began("HTTP 401", 0)
        waits.append(fault.due_ms(0) or 0)
        fault.probe_sent()
        fault.probed(Verdict.ITEMS, "", 0)
    assert max(waits) > 500
    fault.delivered()
    fault.began("HTTP 401", 0)
    assert (fault.due_ms(0) or 0) <= 100
