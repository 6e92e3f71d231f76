"""Runs one seed, or one scenario."""

from random import Random

from connector.engine.engine import Engine
from connector.engine.limits import Limits
from tests.simulation.promises import Violation
from tests.simulation.rows import translator
from tests.simulation.scenario import SIZES, Scenario, Sizes, draw
from tests.simulation.world import Translate, World


class Failure(Exception):  # noqa: N818 - it is what a run ends with
    """A run broke a promise, or the engine raised. `promise` is which one; `world` is as it was then."""

    def __init__(self, scenario: Scenario, world: World, error: Exception) -> None:
        self.promise = error.promise if isinstance(error, Violation) else f"{type(error).__name__}: {error}"
        self.scenario = scenario
        self.world = world
        text = str(error) if isinstance(error, Violation) else self.promise
        super().__init__(f"seed {scenario.seed}: {text} (make simulate SEED={scenario.seed} TRACE=1)")


def make_engine(limits: Limits, random: Random, translate: Translate) -> Engine:
    """Make an engine as the service does."""
    return Engine(limits, random, translate)


def run(seed: int, *, traced: bool = False) -> World:
    """Run one seed to its end; raises `Failure`."""
    return run_scenario(draw(seed), traced=traced)


def failure_of(seed: int, sizes: Sizes = SIZES) -> Failure | None:
    """Run one seed to its end; returns what it broke, None where it kept every promise."""
    try:
        run_scenario(draw(seed, sizes))
    except Failure as failure:
        return failure
    return None


def run_scenario(scenario: Scenario, *, traced: bool = False) -> World:
    """Run a scenario to its end; raises `Failure`."""
    world = World(scenario, make_engine, translator(), traced=traced)
    try:
        world.run()
    except Exception as error:
        raise Failure(scenario, world, error) from error
    return world
