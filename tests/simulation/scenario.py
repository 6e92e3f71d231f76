"""The draws of one seed: the logs, the engine's limits, the faults and their rates.

Each seed has a mix of its own: most faults are absent, the others have rates between rare and constant.
So rare faults also meet each other without the noise of all the rest ("swarm").

The logs come from the seed's block: writing 200 records costs as much as delivering them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import NamedTuple

from connector.engine.limits import Limits
from connector.shell.kafka.client_settings import lease_ms
from tests.simulation.rows import LOGS_MAX, Log, Writer

BLOCK = 10
"""So many seeds in a row share their logs."""


class Sizes(NamedTuple):
    """The bounds of the draws: records in a log over all partitions, and contacts that they belong to."""

    records: tuple[int, ...]
    contacts: tuple[int, ...]


SIZES = Sizes((170, 200, 240), (3, 10, 30, 100))

SEARCH_CALLS = 8
"""So many calls settle one item, where a batch of a hundred is refused whole again and again."""

REQUEST_FAULTS = {
    # what becomes of a request -> its largest rate; exactly one of them happens to a request
    "refused": 0.2,  # no connection: it never left (F064)
    "reset before": 0.2,  # it left and was lost on its way (F065)
    "reset after": 0.25,  # processed, the answer lost (F065, F063)
    "cut short": 0.15,  # processed, half an answer (F066)
    "html instead": 0.1,  # 200 with a maintenance page, not processed (F049)
    "html after": 0.1,  # processed, and a page instead of the answer (F049)
    "500 before": 0.3,  # not processed (F059)
    "500 after": 0.2,  # processed all the same (F059)
    "busy": 0.1,  # 408, 425 or 503 (F059)
    "left out": 0.2,  # processed; the answer does not mention every item (F048)
    "disordered": 0.3,  # the answer in another order, with entries twice (F048)
    "stranger": 0.05,  # the answer refuses an item that was not sent (F048)
    "undocumented": 0.05,  # processed, 204 without a body (F050)
    "redirect": 0.03,  # 302, not processed (F060)
    "slow": 0.2,  # the answer takes seconds (F061)
    "too slow": 0.05,  # the client gives up; the request is processed later all the same (F067, F074)
}

RATES = {
    # any other moment at which something may go wrong -> its largest rate
    "commit refused": 0.4,  # F013, F016
    "commit lost": 0.2,  # neither done nor answered (F014)
    "commit unanswered": 0.3,  # done, but not answered (P06)
    "commit late": 0.3,  # answered after the engine has given up
    "commit deferred": 0.3,  # the client sends it once it knows the coordinator again (F013, F014)
    "letter refused": 0.4,  # F081
    "letter unanswered": 0.2,  # stored, yet reported as failed (F081)
    "stall inside": 0.01,  # between deciding and doing (F007, F097)
    "crash inside": 0.01,  # between two commands (F089)
    "item busy": 0.1,  # an item is left out by the API and not processed (F047)
}

INCIDENTS = {
    # what happens at a moment or for a while -> how often at most, how long at most in ms
    "crash": (4, 0),  # F073, F089
    "stop": (2, 0),  # F088
    "stall": (4, 60_000),  # F007, F097
    "netsplit": (2, 60_000),  # no heartbeat reaches the group (F005)
    "rebalance": (6, 0),  # F001-F004, F008
    "storm": (1, 20_000),  # a rebalance every 500 ms (F011)
    "arrival": (1, 0),  # one more instance (F001)
    "brokers away": (2, 60_000),  # F028, F030, F014
    "letters away": (3, 60_000),  # F081, F082
    "api away": (2, 60_000),  # no connection (F064, F069)
    "api failing": (2, 40_000),  # 503 (F059)
    "token revoked": (2, 30_000),  # 401, 403 (F052, F053)
    "datasource gone": (2, 30_000),  # 404 to everything (F054)
    "captive portal": (1, 20_000),  # 200 and HTML to everything (F049)
    "strangers": (5, 0),  # others use the budget (F057)
    "clock step": (2, 0),  # of the wall clock (F096)
    "compaction": (3, 0),  # F018
    "retention": (1, 0),  # F021
    "recreation": (1, 0),  # the topic is deleted and made again with the same records (F026)
    "partition added": (1, 0),  # F024
    "credentials": (2, 0),  # a new token, or the same once more
}


class Incident(NamedTuple):
    """One thing that happens. `pick`, between 0 and 1, chooses whom it hits."""

    at_ms: int
    kind: str
    lasts_ms: int
    pick: float


@dataclass(frozen=True)
class Traits:
    """How this API behaves (ingest-api.md 10: what is not known is drawn)."""

    shape: str
    position_base: int
    whole_batch: bool
    all_failed_422: bool
    strict_events: bool
    says_date: bool
    empty_deletes: bool
    queue_ms: int
    body_bytes_max: int
    calls_per_window: int | None
    window_s: int
    reset_form: str


@dataclass(frozen=True)
class Scenario:
    """Everything that a run needs."""

    seed: int
    logs: tuple[Log, ...]
    limits: Limits
    request_faults: dict[str, float]
    rates: dict[str, float]
    incidents: tuple[Incident, ...]
    traits: Traits
    protocol: str
    static: bool
    offsets_lost: str
    says_ends: bool
    schemas: bool
    calm_ms: int
    members: int
    session_ms: int
    poll_ms: int
    poll_records: int
    latency_ms: int

    @property
    def alone(self) -> bool:
        """Whether every call was this instance's own and every answer said what is left (promise 6)."""
        return (
            self.members == 1
            and self.traits.reset_form not in {"text", "past"}
            and not self.request_faults
            and not self.incidents
            and not self.rates
        )

    @property
    def job_ms(self) -> int:
        """How soon an instance that runs until it has caught up is started again.

        Each start is a rebalance, with which the search for a bad item and an event's wait for its contact
        begin again. Where a minute has too few calls for that, the jobs come less often
        (docs/history.md, found and left).
        """
        calls = self.traits.calls_per_window
        slow = calls is not None and calls * 60 < SEARCH_CALLS * self.traits.window_s
        return 60_000 * (3 * self.members if slow else 1)

    @property
    def records(self) -> int:
        """How many records the logs hold."""
        return sum(len(log.entries) for log in self.logs)


def draw(seed: int, sizes: Sizes = SIZES) -> Scenario:
    """Draw the scenario of a seed."""
    calm_ms, logs = _logs(seed // BLOCK, sizes)
    rng = Random(seed)  # noqa: S311 - a run to be repeated, not a secret
    quiet = rng.random() < 0.06
    share = rng.choice((0.05, 0.15, 0.4))
    kinds = rng.choice((0.03, 0.1, 0.25))
    session_ms = rng.choice((6_000, 12_000, 45_000))
    return Scenario(
        seed=seed,
        logs=logs,
        limits=_limits(rng, session_ms),
        request_faults={} if quiet else _some(rng, REQUEST_FAULTS, share),
        rates={} if quiet else _some(rng, RATES, share),
        incidents=() if quiet else _incidents(rng, calm_ms, kinds),
        traits=_traits(rng),
        protocol=rng.choice(("eager", "cooperative", "consumer")),
        static=rng.random() < 0.3,
        offsets_lost=rng.choice(("pause", "earliest", "latest")),
        says_ends=rng.random() < 0.7,
        schemas=rng.random() < 0.4,
        calm_ms=calm_ms,
        members=1 if quiet else rng.choice((1, 1, 2, 3)),
        session_ms=session_ms,
        poll_ms=rng.choice((5, 50, 200)),
        poll_records=rng.choice((7, 500, 500, 500, 500)),
        latency_ms=rng.choice((5, 50, 300)),
    )


@lru_cache(maxsize=4)
def _logs(block: int, sizes: Sizes) -> tuple[int, tuple[Log, ...]]:
    rng = Random(-1 - block)  # noqa: S311 - a run to be repeated, not a secret
    calm_ms = rng.choice((10_000, 30_000, 120_000, 600_000))
    contacts = rng.choice(sizes.contacts)
    count = rng.randint(1, LOGS_MAX)
    length = rng.choice(sizes.records) // count
    return calm_ms, tuple(Writer(rng, number, contacts, calm_ms).log(length) for number in range(count))


def forget_logs() -> None:
    """Write all logs again when they are drawn next."""
    _logs.cache_clear()


def _some(rng: Random, largest: dict[str, float], share: float) -> dict[str, float]:
    """Draw which faults happen, and their rates: as often rare ones as frequent ones."""
    return {
        name: rate * rng.choice((0.1, 0.3, 1.0)) for name, rate in largest.items() if rng.random() < share
    }


def _incidents(rng: Random, calm_ms: int, share: float) -> tuple[Incident, ...]:
    drawn = []
    for kind, (count, lasts_ms) in INCIDENTS.items():
        if rng.random() < share:
            for _ in range(rng.randint(1, count)):
                at_ms = rng.randrange(calm_ms)
                lasts = min(calm_ms - at_ms, int(lasts_ms * rng.random() ** 2))
                drawn.append(Incident(at_ms, kind, lasts, rng.random()))
    return tuple(sorted(drawn))


def _limits(rng: Random, session_ms: int) -> Limits:
    choice: Callable[[tuple[int, ...]], int] = rng.choice
    return Limits(
        batch_items_max=choice((2, 10, 50, 100, 100, 100, 100, 100)),
        batch_bytes_max=choice((1_500, *[2_000_000] * 5)),
        linger_ms=choice((0, 0, 50)),
        requests_in_flight_max=choice((1, 2, 4, 8)),
        buffered_records_max=choice((10, 40, *[20_000] * 6)),
        buffered_bytes_max=choice((2_000, *[1_000_000] * 7)),
        retry_backoff_first_ms=choice((10, 200)),
        retry_backoff_largest_ms=choice((3_000, 30_000, 30_000)),
        drain_ms=choice((2_000, 30_000)),
        lease_ms=lease_ms({"session.timeout.ms": session_ms}),
        commit_interval_ms=choice((1_000, 5_000, 5_000)),
        contacts_remembered_max=choice((0, 3, 1_000)),
        probe_first=rng.random() < 0.7,
        until_caught_up=rng.random() < 0.1,
    )


def _traits(rng: Random) -> Traits:
    limited = rng.random() < 0.5
    return Traits(
        shape=rng.choice("AB"),
        position_base=rng.choice((0, 1)),
        whole_batch=rng.random() < 0.15,
        all_failed_422=rng.random() < 0.5,
        strict_events=rng.random() < 0.25,
        says_date=rng.random() < 0.7,
        empty_deletes=rng.random() < 0.2,
        queue_ms=rng.choice((0, 0, 3_000, 20_000)),
        body_bytes_max=rng.choice((1_500, *[10_000_000] * 7)),
        calls_per_window=rng.choice((4, 10, 30, 600)) if limited else None,
        window_s=rng.choice((5, 60)),
        reset_form=rng.choice(("epoch", "epoch", "epoch", "milliseconds", "duration", "text", "past")),
    )
