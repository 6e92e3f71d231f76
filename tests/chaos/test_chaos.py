"""A short round of chaos for each way in which a group can agree, on three real brokers."""

from collections.abc import Callable, Iterator

import pytest

from tests.chaos.cluster import Cluster, cluster_running
from tests.chaos.plan import Act, ChaosFault, Script
from tests.chaos.proxy import Weather
from tests.chaos.round import play
from tests.chaos.tally import Tally
from tests.stack.jars import Jars

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

NODES = 3

ACTS = {
    "range": (
        Act(ChaosFault.KILL, pause=1.5),
        Act(ChaosFault.BROKER, pause=1.0, seconds=1.0, target=1),
        Act(ChaosFault.LETTERS, seconds=2.0),
    ),
    "cooperative-sticky": (
        Act(ChaosFault.FAIL_POINT, pause=2.0, fail_point="answer handled, not committed", count=3),
        Act(ChaosFault.FREEZE, pause=0.5, seconds=2.5, target=1),
    ),
    "static": (
        Act(ChaosFault.FAIL_POINT, pause=2.0, fail_point="commit asked, not answered", count=1),
        Act(ChaosFault.WEATHER, seconds=0.5, weather=Weather.RESET_ANSWER),
    ),
    "kip848": (
        Act(ChaosFault.KILL, pause=1.5),
        Act(ChaosFault.REVOKED, seconds=0.5),
        Act(ChaosFault.BLACKOUT, pause=0.5),
    ),
}
"""By protocol."""


@pytest.fixture(scope="module")
def cluster(stack_jars: Jars, endings: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three brokers that are one cluster."""
    del endings
    with cluster_running(stack_jars, tmp_path_factory.mktemp("cluster"), NODES) as cluster:
        yield cluster


@pytest.mark.parametrize("protocol", ACTS)
def test_chaos_loses_nothing(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory, protocol: str, tell: Callable[[str], None]
) -> None:
    """Nothing is lost, misordered or committed early, whatever is killed, frozen or cut off.

    Real brokers, real processes, a network that misbehaves (F001-F005, F007, F017, F028, F052, F064-F066,
    F073, F081, F088, F089).
    """
    tally = Tally()
    script = Script(1, seed=7, protocol=protocol, members=2, acts=ACTS[protocol])
    play(script, cluster, tmp_path_factory.mktemp(protocol) / f"chaos-{protocol}", tally)
    tell(f"chaos, {protocol}: {tally.sigkills} kills, {tally.records} records, {tally.late.total()} late")
    assert tally.failures == []
    assert tally.broken.total() == 0
    assert tally.records > 0
