"""The simulated world: brokers, group, API, network, clocks and the instances. Faults first, then calm.

Time moves from one planned moment to the next. Every draw comes from the seed; the concerns have random
sources of their own, so that leaving one fault out changes little else.
"""

from collections import Counter
from collections.abc import Callable
from heapq import heappop, heappush
from random import Random
from typing import Any, NamedTuple

from connector.engine.engine import Engine
from connector.engine.limits import Limits
from connector.model import Record, Translated
from connector.translate.translate import Translator
from tests.simulation.api import Api
from tests.simulation.broker import Broker
from tests.simulation.group import HEARTBEAT_MS, Group
from tests.simulation.incidents import HAPPENS
from tests.simulation.member import Member
from tests.simulation.memory import Memory
from tests.simulation.oracle import History, final_states
from tests.simulation.promises import expect
from tests.simulation.registry import Registry
from tests.simulation.rows import EVENT, Entry
from tests.simulation.scenario import Scenario
from tests.simulation.wire import drawn, rates

Translate = Callable[[Record], Translated]
MakeEngine = Callable[[Limits, Random, Translate], Engine]

CATCH_UP_MS = 400_000
"""How long after the last fault everything must be delivered and committed, besides what the budget costs."""

RESTART_MS_MAX = 5_000
HOUR_MS = 3_600_000

STEPS_MAX = 200_000

ANEW_EVERY = 100
"""Of the records that were translated before, so many are not translated again."""


class Note(NamedTuple):
    """One line of a trace: an event that a member was given, and what its engine asked for."""

    now_ms: int
    who: int
    event: Any
    commands: Any


class Silence(NamedTuple):
    """The group hears nothing of a member: it is frozen, or cut off for a part of this time at least."""

    since_ms: int
    until_ms: int
    cut_off: bool


class World:
    """Runs one scenario to its end."""

    def __init__(
        self, scenario: Scenario, make_engine: MakeEngine, translator: Translator, *, traced: bool
    ) -> None:
        seed = scenario.seed
        self.scenario = scenario
        self.make_engine = make_engine
        self.rng_net, self.rng_group, self.rng_shell, self._rng = (
            Random(seed * 8 + stream)  # noqa: S311 - a run to be repeated, not a secret
            for stream in range(1, 5)
        )
        self.api = Api(scenario.traits, self.rng_net)
        self.memory = Memory(scenario)
        self.broker = Broker(scenario.logs, self.memory)
        self.registry = Registry(scenario)
        self.history = History()
        self.now_ms = 0
        self.left = 0
        self.clock_step_ms = 0
        self.api_away_until_ms = 0
        self.faults: Counter[str] = Counter()
        self.records = 0
        self.trace: list[Note] | None = [] if traced else None
        self._translator = translator
        self._plan: list[tuple[int, int, Callable[..., object], tuple[Any, ...]]] = []
        self._planned = 0
        self._names = 0
        self._calm = False
        self._rates = dict(scenario.rates)
        self._bounds, self._kinds = rates(scenario.request_faults)
        self._silent: dict[int, Silence] = {}
        self.members: list[Member] = []
        numbers = [log.number for log in scenario.logs]
        added = any(incident.kind == "partition added" for incident in scenario.incidents)
        self.late = numbers[1:][-1:] if added else []
        self.group = Group(self, scenario.protocol, [n for n in numbers if n not in self.late])

    # -------------------------------------------------------------------- for those who live in it

    def at(self, time_ms: int, action: Callable[..., object], *arguments: Any) -> None:
        """Plan something."""
        self._planned += 1
        heappush(self._plan, (max(time_ms, self.now_ms), self._planned, action, arguments))

    def note(self, who: int, event: object, commands: object) -> None:
        """Write down an engine's event and its commands."""
        if self.trace is not None:
            self.trace.append(Note(self.now_ms, who, event, commands))

    def count(self, fault: str) -> None:
        """Count one fault that has happened."""
        self.faults[fault] += 1

    def strikes(self, fault: str) -> bool:
        """Whether a fault happens now."""
        rate = self._rates.get(fault)
        if rate is None or self._rng.random() >= rate:
            return False
        self.faults[fault] += 1
        return True

    def request_fault(self) -> str | None:
        """Draw what becomes of a request; None when it goes well."""
        if not self._bounds:
            return None
        fault = drawn(self._bounds, self._kinds, self.rng_net.random())
        if fault is not None:
            self.faults[fault] += 1
        return fault

    def translated(self, entry: Entry, translate: Translate) -> Translated:
        """Translate a record: now and then again, to see that nothing but the record decides (I4)."""
        self.records += 1
        if entry.translated is None:
            entry.translated = translate(entry.record)
        elif self.records % ANEW_EVERY == 0:
            again = translate(entry.record)
            expect(repr(again) == repr(entry.translated), "a record was translated otherwise before")
        return entry.translated

    # ------------------------------------------------------------------------------------- run

    def run(self) -> None:
        """Faults first, then calm until everything is settled; raises `Violation`."""
        scenario = self.scenario
        self.api.item_busy = self._rates.get("item busy", 0.0)
        for _ in range(scenario.members):
            self.start()
        for incident in scenario.incidents:
            self.at(incident.at_ms, HAPPENS[incident.kind], self, incident)
        for stuck in self.memory.stuck:
            self.at(stuck.at_ms, setattr, self.api, "stuck", stuck.contact)
            self.at(stuck.until_ms, setattr, self.api, "stuck", None)
        self.at(scenario.calm_ms, self._calm_down)
        limit_ms = scenario.calm_ms + CATCH_UP_MS + scenario.job_ms + self._budget_ms()
        steps = 0
        while self._plan:
            self.now_ms, _, action, arguments = heappop(self._plan)
            action(*arguments)
            steps += 1
            expect(steps < STEPS_MAX, "the world does not come to rest")
            if self._calm and steps % 16 == 0:
                if not self._missing():
                    break
                expect(self.now_ms < limit_ms, "not delivered in time:", self._missing())
        expect(not self._missing(), "nothing moves any more:", self._missing())
        self._check_end()

    def _budget_ms(self) -> int:
        """How long it may take until every ask has had three calls, and every event has waited.

        A reset without a `Date`, read by a wrong wall clock, may be an hour off (F096).
        """
        traits = self.scenario.traits
        asks = [ask for log in self.scenario.logs for entry in log.entries for ask in entry.asks]
        wait_ms = 10_000 * sum(ask.kind == EVENT for ask in asks) if traits.strict_events else 0
        if traits.calls_per_window is None:
            return wait_ms
        if not traits.says_date and any(
            incident.kind == "clock step" for incident in self.scenario.incidents
        ):
            wait_ms += HOUR_MS
        calls = 3 * len(asks)
        if traits.whole_batch:
            calls += 14 * sum(ask.bad for ask in asks)  # to find one item among a hundred, halving
        if self.scenario.limits.until_caught_up:
            calls *= (
                2  # each start of a job is a rebalance, which interrupts and has the budget learned again
            )
        return wait_ms + (calls // traits.calls_per_window + 2) * traits.window_s * 1000

    def _missing(self) -> dict[int, tuple[int, int]]:
        committed = self.broker.committed
        logs = self.scenario.logs
        return {
            log.number: (committed[log.number], log.end) for log in logs if committed[log.number] < log.end
        }

    def _check_end(self) -> None:
        """Compare the API with the logs (I1, I3, I4), and the duplicates with their bound."""
        api, broker, history = self.api, self.broker, self.history
        states = final_states(self.scenario.logs, broker.lost)
        for contact, (fields, whole) in states.items():
            if contact in history.disturbed:
                self.count("contact disturbed by a late request")
                continue
            held = dict(api.contacts.get(contact, {}))
            held.pop("_user_id", None)
            right = held == fields if whole else fields.items() <= held.items()
            expect(right, "the final state differs:", contact, held, "instead of", fields)
        expect(api.contacts.keys() <= states.keys(), "a contact that no record asks for")
        self._check_events()
        for member in self.members:
            member.check()
        duplicates, bound = (
            history.counts["duplicates"],
            history.untold + history.uncommitted + history.unclear,
        )
        expect(duplicates <= bound, "duplicates that nothing explains:", duplicates, "instead of", bound)
        if self.scenario.alone:
            expect(api.limited == 0, "429 caused by one instance alone")

    def _check_events(self) -> None:
        """Every event is at the API or among the dead letters, and nothing else is there."""
        api, letters = self.api, self.history.letters
        events = set(api.events.values())
        expect(len(events) == len(api.events), "an event is there under two ids")
        asked = set()
        for log in self.scenario.logs:
            lost = self.broker.lost.get(log.number, range(0))
            for entry in log.entries:
                offset = entry.offset
                if entry.dead and offset not in lost:
                    expect((log.number, offset) in letters, "not among the dead letters:", log.number, offset)
                for ask in entry.asks:
                    if ask.kind == EVENT:
                        asked.add(ask.fields["n"])
                        there = ask.fields["n"] in events or (log.number, offset) in letters
                        expect(there or offset in lost, "an event is lost:", ask.fields)
        expect(events <= asked, "an event that no record asks for")

    # -------------------------------------------------------------------------- life and death

    def _calm_down(self) -> None:
        self._calm = True
        self._rates, self._bounds = {}, []
        self.clock_step_ms = 0
        self.registry.calm()
        self.api.item_busy = 0.0
        self.api.trouble = None
        self.api_away_until_ms = self.broker.away_until_ms = self.broker.letters_away_until_ms = 0

    def start(self) -> None:
        """Start one instance."""
        self._names += 1
        member = Member(self, self._names, self._translator)
        self.members.append(member)
        self.group.join(member)

    def crash(self, member: Member) -> None:
        """SIGKILL: all that the instance knows is gone, and the group finds out a session later."""
        if member.dead:
            return
        self.count("crash")
        self._bury(member)
        if self.scenario.static:
            self.at(self.now_ms + self.rng_shell.randrange(RESTART_MS_MAX), self._take_over, member)
        else:
            self.silence(member, None)
            self.at(self.now_ms + self.rng_shell.randrange(RESTART_MS_MAX), self.start)

    def _take_over(self, member: Member) -> None:
        """The same `group.instance.id` comes back: the group gives it what it had."""
        self.group.leave(member)
        self.start()

    def gone(self, member: Member) -> None:
        """An instance has ended by itself: another one is started soon, or with the next run of a job."""
        self._bury(member)
        self.group.leave(member)
        pause_ms = 0 if member.stopping else self.scenario.job_ms
        self.at(self.now_ms + pause_ms + self.rng_shell.randrange(RESTART_MS_MAX), self.start)

    def _bury(self, member: Member) -> None:
        member.dead = True
        self.members.remove(member)
        if not self.members and not self._calm:
            self.broker.unattended()

    def silence(self, member: Member, lasts_ms: int | None, *, cut_off: bool = False) -> None:
        """The group hears nothing of a member for a while, or never again."""
        until_ms = 1 << 60 if lasts_ms is None else self.now_ms + lasts_ms
        silence = Silence(self.now_ms, until_ms, cut_off)
        known = self._silent.get(member.name)
        if known is not None and known.until_ms >= self.now_ms:
            silence = Silence(known.since_ms, max(until_ms, known.until_ms), cut_off or known.cut_off)
        self._silent[member.name] = silence
        heard_ms = silence.since_ms - self.rng_group.randrange(HEARTBEAT_MS)
        self.at(heard_ms + self.scenario.session_ms, self._session_over, member, silence.since_ms)

    def _session_over(self, member: Member, since_ms: int) -> None:
        silence = self._silent.get(member.name)
        if silence is not None and silence.since_ms == since_ms and self.now_ms <= silence.until_ms:
            del self._silent[member.name]  # It may join again, and be silent again.
            self.group.evict(member, cut_off=silence.cut_off)

    def operator_resets(self, number: int) -> None:
        """An operator reads the cause of a pause, stops the service, resets the offset and starts it."""
        self.at(max(self.now_ms + 60_000, self.scenario.calm_ms), self._operator_stops, number)

    def _operator_stops(self, number: int) -> None:
        if not self.broker.names_nothing(number):
            return
        owner = self.group.owners[number]
        if owner is None or owner.dead:
            self.broker.reset(number, "earliest")
            return
        owner.stop()
        self.at(self.now_ms + 1_000, self._operator_stops, number)
