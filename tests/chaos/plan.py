"""The schedule: from one seed the same rounds, with the same faults and pauses in the same order."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tests.chaos.failpoint import FAIL_POINTS
from tests.chaos.member import PROTOCOLS
from tests.chaos.proxy import Weather

MEMBERS = 3
ACTS = 30
PAUSE_SECONDS = (0.2, 2.2)


class ChaosFault(StrEnum):
    """The kinds of faults."""

    KILL = "kill"  # SIGKILL at a random moment, then a start
    FAIL_POINT = "fail point"  # SIGKILL, then a start that will die at a named point
    STOP = "stop"  # SIGTERM, then a start
    FREEZE = "freeze"  # SIGSTOP for longer than the session, then SIGCONT
    LONG_FREEZE = "long freeze"  # for longer than `max.poll.interval.ms`
    BLACKOUT = "blackout"  # SIGKILL for all at once, then a start of all
    STORM = "storm"  # one after the other is killed before the group has settled
    BROKER = "broker"  # one of the brokers is killed and started again
    PARTITION = "partition"  # a topic gets one more
    BURST = "burst"  # a backlog
    WEATHER = "weather"  # the network to the API, by `weather`
    STATUS = "status"  # the API answers with `status`
    LOST = "lost"  # the API processes the request, and does not answer
    HANG = "hang"  # it never answers some requests
    REVOKED = "revoked"  # the tokens are not valid
    LETTERS = "letters"  # the brokers refuse dead letters


WEIGHTS: Mapping[ChaosFault, float] = {
    ChaosFault.KILL: 10,
    ChaosFault.FAIL_POINT: 10,
    ChaosFault.STOP: 2,
    ChaosFault.FREEZE: 1.5,
    ChaosFault.LONG_FREEZE: 0.2,
    ChaosFault.BLACKOUT: 1,
    ChaosFault.STORM: 1,
    ChaosFault.BROKER: 0.8,
    ChaosFault.PARTITION: 0.4,
    ChaosFault.BURST: 1,
    ChaosFault.WEATHER: 3,
    ChaosFault.STATUS: 1,
    ChaosFault.LOST: 1,
    ChaosFault.HANG: 0.5,
    ChaosFault.REVOKED: 0.5,
    ChaosFault.LETTERS: 1,
}

SECONDS: Mapping[ChaosFault, tuple[float, float]] = {
    ChaosFault.KILL: (0.0, 1.0),
    ChaosFault.FAIL_POINT: (2.0, 3.0),
    ChaosFault.STOP: (0.0, 1.0),
    ChaosFault.FREEZE: (1.5, 3.5),
    ChaosFault.LONG_FREEZE: (7.0, 8.0),
    ChaosFault.BROKER: (0.5, 4.0),
    ChaosFault.WEATHER: (0.5, 2.5),
    ChaosFault.STATUS: (0.5, 2.5),
    ChaosFault.LOST: (0.5, 2.0),
    ChaosFault.REVOKED: (0.5, 2.5),
    ChaosFault.LETTERS: (1.0, 5.0),
}
"""How long it lasts, or how long what was ended stays away."""

STATUSES = (429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Act:
    """One fault, and the pause after it in seconds. Each kind reads some of the fields only."""

    deed: ChaosFault
    pause: float = 0.0
    seconds: float = 0.0
    target: int = 0
    """A member, a broker or a topic, modulo how many there are."""
    fail_point: str = ""
    count: int = 1
    weather: Weather = Weather.CLEAR
    status: int = 500


@dataclass(frozen=True, slots=True)
class Script:
    """One round: a group, and what is done to it."""

    number: int
    seed: int
    protocol: str
    members: int
    acts: tuple[Act, ...]


def scripts(seed: int, members: int = MEMBERS, acts: int = ACTS) -> Iterator[Script]:
    """Give one round after the other without end; each protocol in turn."""
    draw = random.Random(seed)  # noqa: S311 - the same rounds for the same seed
    number = 0
    fail_points = _shuffled(draw)
    while True:
        for protocol in draw.sample(list(PROTOCOLS), len(PROTOCOLS)):
            number += 1
            deeds = draw.choices(list(WEIGHTS), list(WEIGHTS.values()), k=acts)
            drawn = tuple(_act(deed, draw, fail_points) for deed in deeds)
            yield Script(number, draw.randrange(2**32), protocol, members, drawn)


def _shuffled(draw: random.Random) -> Iterator[str]:
    """Give every fail point before any comes again."""
    while True:
        yield from draw.sample(list(FAIL_POINTS), len(FAIL_POINTS))


def _act(deed: ChaosFault, draw: random.Random, fail_points: Iterator[str]) -> Act:
    name = next(fail_points) if deed is ChaosFault.FAIL_POINT else ""
    return Act(
        deed,
        pause=draw.uniform(*PAUSE_SECONDS),
        seconds=draw.uniform(*SECONDS.get(deed, (0.0, 0.0))),
        target=draw.randrange(2**16),
        fail_point=name,
        count=draw.randint(1, FAIL_POINTS[name].passages_max) if name else 1,
        weather=draw.choice([weather for weather in Weather if weather is not Weather.CLEAR]),
        status=draw.choice(STATUSES),
    )
