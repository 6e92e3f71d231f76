"""Everything that one round consists of, and what happens in it whatever the deed."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from connector.sandbox.api.api_server import SandboxApi
from connector.sandbox.api.behaviour import Behaviour, UnknownContact
from connector.sandbox.api.faults import FaultKind
from tests.chaos.cluster import Cluster, Offsets
from tests.chaos.feed import Feed
from tests.chaos.member import Ending, Member, Tokens
from tests.chaos.observer import Commits, Letters, Observer
from tests.chaos.plan import Script
from tests.chaos.proxy import Conditions, Proxy
from tests.chaos.tally import Tally

STEP_SECONDS = 0.05
ASSIGNED_SECONDS = 8
ANSWER_SECONDS = 0.03  # so that requests travel at every moment
CALM = Conditions(delay_seconds=(0.0, 0.02))


@dataclass(slots=True)
class Incident:
    """Something to recover from, with a change in every partition that was written when it began."""

    kind: str
    began: float
    """In seconds of the wall clock, or when that was over which nothing could recover from before."""
    awaited: Mapping[str, int]


class World:
    """A group of members, its topics, the API and the network between the two."""

    def __init__(
        self,
        script: Script,
        cluster: Cluster,
        sandbox: SandboxApi,
        proxy: Proxy,
        feed: Feed,
        folder: Path,
        tally: Tally,
    ) -> None:
        self.script, self.cluster, self.sandbox, self.proxy = script, cluster, sandbox, proxy
        self.feed, self.tally = feed, tally
        self.group = folder.name
        self.tokens = Tokens(sandbox)
        self.observer = Observer(feed.log)
        self.letters_topic = f"{self.group}.dead-letters"
        self.letters = Letters(cluster.bootstrap_servers, self.letters_topic)
        self.offsets = Offsets(cluster, self.group)
        self.commits = Commits(feed.log, self.observer, self.letters)
        self.incidents: list[Incident] = []
        self.topics = [feed.members, feed.visits, self.letters_topic]
        for topic in self.topics:
            cluster.create_topic(topic, feed.partitions.get(topic, 1))
        self.members = [
            Member(number, script.protocol, folder, cluster, sandbox, self.tokens, feed.mappings)
            for number in range(script.members)
        ]
        for member in self.members:
            member.send_to(proxy.origin)
        self._repeated = 0
        sandbox.change(watch=self.observer.watch)
        self.calm()

    def member(self, target: int, but: Member | None = None) -> Member:
        """Choose a member other than `but`, if it can be one that is not about to meet a fail point."""
        others = [member for member in self.members if member is not but]
        free = [member for member in others if not member.is_armed()] or others
        return free[target % len(free)]

    def calm(self) -> None:
        """Let network and API be well again."""
        self.proxy.change(CALM)
        self.tokens.restore()
        self.sandbox.heal()
        self.sandbox.inject(FaultKind.LATENCY, seconds=ANSWER_SECONDS)

    def incident(self, kind: str) -> Incident:
        """Note that something begins which has to be recovered from."""
        self.tally.repeated.append(self.observer.repeated - self._repeated)
        self._repeated = self.observer.repeated
        incident = Incident(kind, time.time(), self.feed.pulse())
        self.incidents.append(incident)
        return incident

    @contextmanager
    def outage(self, seconds: float) -> Iterator[None]:
        """Let an outage of the API last so long; recovery counts from its end."""
        incident = self.incident("API outage")
        yield
        self.pass_time(seconds)
        incident.began = time.time()

    def kill(self, member: Member) -> None:
        """Kill a member at this very moment, unless a fail point was faster."""
        self.reap(member)
        member.kill()
        self.tally.kills += 1
        self.incident("kill")

    def terminate(self, member: Member) -> None:
        """End a member in good order, unless a fail point is faster."""
        self._note(member, member.terminate())

    def reap(self, *members: Member) -> None:
        """Start those again that have met their fail point."""
        for member in members or self.members:
            ending = member.reap()
            if ending is not None:
                self._note(member, ending)
                member.start()

    def pass_time(self, seconds: float) -> None:
        """Let the world go on for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(STEP_SECONDS, left))
            self.reap()

    def await_assigned(self, member: Member) -> bool:
        """Let time pass until a member has partitions; False where that takes too long, or it has died."""
        until, run = time.monotonic() + ASSIGNED_SECONDS, member.run
        while time.monotonic() < until and member.run is run and not member.was_assigned():
            self.pass_time(STEP_SECONDS)
        return member.run is run and member.was_assigned()

    def audit(self) -> Mapping[str, int] | None:
        """Compare the group's commits with what was accepted; None while the brokers do not answer."""
        committed = self.offsets.committed(self.feed.places())
        if committed is not None:
            self.commits.audit(committed)
        return None if committed is None else {str(place): offset for place, offset in committed.items()}

    def look_at_accounts(self) -> None:
        """Ask every member whether each of its records has an outcome or is on its way to one."""
        for member in self.members:
            with suppress(httpx.HTTPError):
                self.tally.broken["unaccounted"] += member.unaccounted() or 0

    def close(self) -> None:
        """End everything."""
        for member in self.members:
            member.close()
        self.feed.abandon()
        self.letters.close()
        self.offsets.close()

    def _note(self, member: Member, ending: Ending) -> None:
        if ending is Ending.FAIL_POINT:
            self.tally.fail_points[member.run.fail_point] += 1
            self.incident("kill")
        elif ending is Ending.FAILED:
            process = member.process
            told = f"{process.name} ended with {process.child.returncode}:\n{process.log_tail()}"
            self.tally.failures.append(told)


@contextmanager
def world_of(script: Script, cluster: Cluster, folder: Path, tally: Tally) -> Iterator[World]:
    """Make the world of a round; `folder` is its own, and its name that of the group."""
    folder.mkdir()
    behaviour = Behaviour(limit=None, unknown_contact=UnknownContact.ACCEPT)
    with ExitStack() as ending:
        sandbox = ending.enter_context(SandboxApi(behaviour, seed=script.seed))
        proxy = ending.enter_context(Proxy(sandbox.origin, script.seed))
        feed = Feed(folder.name, cluster.bootstrap_servers, script.seed)
        world = World(script, cluster, sandbox, proxy, feed, folder, tally)
        ending.callback(world.close)
        yield world
