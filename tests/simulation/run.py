"""Runs one seed."""

from connector.engine.engine import Engine
from tests.simulation.oracle import Violation
from tests.simulation.scenario import draw
from tests.simulation.world import MakeEngine, World


def run(seed: int, make_engine: MakeEngine = Engine) -> World:
    """Run one seed to its end.

    Raises:
        Violation: a promise was broken; the message ends with the command that shows it again.
    """
    world = World(draw(seed), make_engine)
    try:
        world.run()
    except Exception as error:
        message = f"{type(error).__name__}: {error} (python -m tests.simulation --seeds 1 --first {seed})"
        raise Violation(message) from error
    return world
