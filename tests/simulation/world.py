"""The simulated world: a broker with its group, the network, the clock, and the instances' shells.

Time only moves from one planned moment to the next. An instance is woken when its engine asks for
it and never otherwise, so a wake-up that the engine forgets is a wake-up that never comes.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random

from connector.engine.engine import Engine
from connector.engine.limits import Limits
from connector.model import Event, Record, Translated
from tests.simulation.api import Api
from tests.simulation.expected import final_states
from tests.simulation.member import Member
from tests.simulation.oracle import expect
from tests.simulation.registry import Reader, Registry
from tests.simulation.scenario import BAD, CALM, Faults, Scenario

MakeEngine = Callable[[Limits, Random, Callable[[Record], Translated]], Engine]

CALM_MS_MAX = 1_800_000
"""How long after the last fault everything must be delivered and committed (simulated time)."""

HANDOVER_MS = 1_000
"""The group gives the partitions of a dead instance away only after its last request has arrived."""


class World:
    """Runs one scenario to its end."""

    def __init__(self, scenario: Scenario, make_engine: MakeEngine) -> None:
        self.scenario = scenario
        self.rng = Random(scenario.seed + 1)  # noqa: S311 - a run to be repeated, not a secret
        self.api = Api(scenario, self.rng)
        self.registry = Registry(scenario)
        self.faults: Faults = scenario.faults
        self.now_ms = 0
        self.trace: list[tuple[object, ...]] = []
        self.committed = {log.name.partition: min(log.records) for log in scenario.logs}
        self._make_engine = make_engine
        self._plan: list[tuple[int, int, Callable[[], None]]] = []
        self._planned = 0
        self._members: list[Member] = []
        self._unowned: set[int] = set(self.committed)

    def at(self, time_ms: int, action: Callable[[], None]) -> None:
        """Plan something."""
        self._planned += 1
        heappush(self._plan, (max(time_ms, self.now_ms), self._planned, action))

    def note(self, *what: object) -> None:
        """Write down what happened: two runs of a seed must write the same."""
        self.trace.append((self.now_ms, *what))

    def run(self) -> None:
        """Faults first, then calm until everything is settled; raises `Violation`."""
        scenario = self.scenario
        for _ in range(scenario.members):
            self._start()
        self._give_away()
        for times, action in (
            (scenario.rebalances, self._rebalance),
            (scenario.crashes, self._crash),
            (scenario.stops, self._stop),
        ):
            for time_ms in times:
                self.at(time_ms, action)
        for time_ms in scenario.strangers:
            self.at(time_ms, lambda: self.api.stranger_calls(self.now_ms))
        self.at(scenario.calm_ms, self._calm)
        steps = 0
        while self._plan:
            self.now_ms, _, action = heappop(self._plan)
            action()
            steps += 1
            if steps % 50 == 0 and self._delivered():
                break
            expect(self.now_ms < scenario.calm_ms + CALM_MS_MAX, "not delivered in time:", self._missing())
        expect(self._delivered(), "nothing moves any more:", self._missing())
        self._check_end()

    # -------------------------------------------------------------------------------- the end

    def _missing(self) -> dict[int, tuple[int, int]]:
        ends = {log.name.partition: log.end for log in self.scenario.logs}
        return {n: (at, ends[n]) for n, at in self.committed.items() if at < ends[n]}

    def _delivered(self) -> bool:
        return self.now_ms >= self.scenario.calm_ms and not self._missing()

    def _check_end(self) -> None:
        scenario = self.scenario
        expect(self.api.contacts == final_states(scenario.logs), "final state differs")
        mapped = {
            d.body["_event_id"]: d.body["_event_parameters"]
            for log in scenario.logs
            for logged in log.records.values()
            for d in logged.deliveries
            if isinstance(d, Event)
        }
        expect(set(self.api.events) <= set(mapped), "an event that no record asks for")
        if not scenario.strict_events:
            good = {event_id for event_id, parameters in mapped.items() if BAD not in parameters}
            expect(set(self.api.events) == good, "events differ")
        if scenario.alone:
            expect(self.api.limited == 0, "429 caused by one instance alone")
        for member in self._members:
            member.check()

    # --------------------------------------------------------------------------------- faults

    def _calm(self) -> None:
        self.faults = self.api.faults = CALM
        self.registry.calm()
        while len(self._members) < self.scenario.members:
            self._start()
        self._give_away()

    def _start(self) -> Member:
        rng = Random(self.rng.random())  # noqa: S311 - a run to be repeated, not a secret
        reader = Reader(self.registry, self.scenario.logs)
        engine = self._make_engine(self.scenario.limits, rng, reader.translate)
        member = Member(self, engine, reader)
        self._members.append(member)
        return member

    def _rebalance(self) -> None:
        members = [m for m in self._members if m.epochs and not m.revoking and not m.stopping]
        if members:
            member = self.rng.choice(members)
            numbers = sorted(member.epochs)
            moved = self.rng.sample(numbers, self.rng.randint(1, len(numbers)))
            if self.rng.random() < 0.3:
                member.lose(moved)
            else:
                member.revoke(moved)

    def _crash(self) -> None:
        if self._members:
            self.gone(self.rng.choice(self._members))

    def _stop(self) -> None:
        members = [m for m in self._members if not m.stopping and not m.revoking]
        if members:
            self.rng.choice(members).stop()

    # ---------------------------------------------------------------------------------- group

    def gone(self, member: Member) -> None:
        """An instance has ended, one way or another: another one is started soon."""
        self.note("gone")
        member.dead = True
        self._members.remove(member)
        numbers = list(member.epochs)
        self.at(self.now_ms + HANDOVER_MS, lambda: self._replace(numbers))

    def _replace(self, numbers: list[int]) -> None:
        if len(self._members) < self.scenario.members:
            self._start()
        self._unowned.update(numbers)
        self._give_away()

    def released(self, member: Member, numbers: list[int]) -> None:
        """An instance has given partitions up: it gets them back at once, or another one later."""
        if not member.dead and not member.stopping and self.rng.random() < 0.5:
            member.assign(numbers)
            return
        self.at(self.now_ms + HANDOVER_MS, lambda: self._replace(numbers))

    def _give_away(self) -> None:
        members = [m for m in self._members if not m.stopping and not m.revoking]
        if not members:
            if self._unowned:
                self.at(self.now_ms + HANDOVER_MS, lambda: self._replace([]))
            return
        for number in sorted(self._unowned):
            self.rng.choice(members).assign([number])
        self._unowned.clear()
