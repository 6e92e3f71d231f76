"""The schedule comes from the seed alone."""

from itertools import islice

from tests.chaos.fault_actions import DEEDS
from tests.chaos.member import PROTOCOLS
from tests.chaos.plan import WEIGHTS, ChaosFault, scripts


def test_a_seed_gives_the_same_rounds() -> None:
    """Twice the same, and another seed gives others; every protocol has its turn."""
    first, again, other = (list(islice(scripts(seed), 8)) for seed in (7, 7, 8))
    assert first == again != other
    assert {script.protocol for script in first[:4]} == set(PROTOCOLS)


def test_every_deed_can_be_drawn_and_done() -> None:
    """None is left out of the tables."""
    assert set(WEIGHTS) == set(DEEDS) == set(ChaosFault)
