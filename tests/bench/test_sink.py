"""The bench's referee sees what it must: a sink that misses a fault would flatter everybody."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.bench.measure import Sink
from tests.stack.processes import Process, free_port
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    """A sink in its own process."""
    port = free_port()
    log = tmp_path_factory.mktemp("sink") / "sink.log"
    process = Process("the sink", [sys.executable, "-m", "tests.bench.sink", "--port", str(port)], log)
    process.start()
    try:
        sink = Sink(port)
        wait_for(lambda: answers(sink), 10, "the sink", process)
        yield sink
    finally:
        process.kill()


def answers(sink: Sink) -> bool:
    """Return whether the sink serves yet."""
    try:
        sink.reset()
    except httpx.TransportError:
        return False
    return True


def post(sink: Sink, *versions: int) -> dict[str, object]:
    """Send versions of one contact in one request and return the answer."""
    answer = httpx.post(sink.contacts_url, json=[{"_user_id": "7", "version": one} for one in versions])
    assert answer.status_code == 202
    document: dict[str, object] = answer.json()
    return document


def test_the_sink_counts_versions_that_fall(sink: Sink) -> None:
    """A lower version after a higher one is a violation, within a request or across; a repeat is none."""
    sink.reset()
    assert post(sink, 1, 2)["entitiesSuccess"] == 2
    post(sink, 2)
    assert sink.stats()["order_violations"] == 0
    post(sink, 1)
    post(sink, 4, 3)
    stats = sink.stats()
    assert (stats["order_violations"], stats["requests"], stats["items"]) == (2, 4, 6)


def test_the_sink_counts_requests_that_overlap(sink: Sink) -> None:
    """Two requests for one contact at a time are an overlap, one after the other are none."""
    sink.reset(delay_ms=200)
    post(sink, 1)
    post(sink, 2)
    assert sink.stats()["overlaps"] == 0
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda version: post(sink, version), (3, 4)))
    assert sink.stats()["overlaps"] == 1
