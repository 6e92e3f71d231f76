"""One round: a group lives through its script, then comes calm, and all is compared with what was written."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from tests.chaos.cluster import Cluster
from tests.chaos.fault_actions import perform
from tests.chaos.judge import Judge, Verdict, tenures_of
from tests.chaos.plan import Script
from tests.chaos.tally import Tally
from tests.chaos.world import World, world_of
from tests.waiting import wait_for

CATCH_UP_SECONDS = 180
SHOWN = 5


def play(script: Script, cluster: Cluster, folder: Path, tally: Tally) -> None:
    """Play one round and add what it has seen to the tally.

    Raises:
        TimeoutError: the group did not catch up in the calm.
        RuntimeError: a member ended in the calm.
    """
    cluster.heal()
    with world_of(script, cluster, folder, tally) as world:
        for member in world.members:
            member.start()
        world.feed.start()
        for act in script.acts:
            perform(world, act)
        try:
            settle(world)
        finally:
            _note(world, "early", world.commits.early)
            _note(world, "unsafe", [f"unsafe request: {line!r}" for line in world.proxy.unsafe])
        compare(world)
        cluster.delete_topics(world.topics)
    tally.rounds[script.protocol] += 1


def settle(world: World) -> None:
    """Let everything be well, wait until all is committed, and end the members in good order."""
    world.calm()
    world.cluster.await_complete()
    world.reap()
    for member in world.members:
        if member.run.fail_point:
            world.terminate(member)
            member.start()
    world.feed.stop()
    processes = [member.process for member in world.members]
    try:
        wait_for(lambda: not _behind(world), CATCH_UP_SECONDS, f"the commits of {world.group}", *processes)
    except TimeoutError as error:
        raise TimeoutError(f"{error}; what was written and what is committed: {_behind(world)}") from error
    for member in world.members:
        member.await_answering()
    world.look_at_accounts()
    for member in world.members:
        world.terminate(member)


def _behind(world: World) -> dict[str, tuple[int, int]]:
    """Return, by partition, the end of the log and what is committed, where the two differ."""
    committed = world.audit() or {}
    ends = {str(place): len(records) for place, records in world.feed.log.records.items()}
    return {
        place: (end, committed.get(place, 0)) for place, end in ends.items() if committed.get(place) != end
    }


def compare(world: World) -> None:
    """Say what is wrong in the end, and add up."""
    tally, log = world.tally, world.feed.log
    runs = [run for member in world.members for run in member.runs]
    judge = Judge(tenure for run in runs for tenure in tenures_of(run))
    verdict = judge.judge(log.stories, world.observer.accepted)
    _note(world, "lost", list(_lost(world, verdict)))
    _note(world, "misordered", [*verdict.violations, *_misordered(world, judge)])
    tally.late[world.script.protocol] += verdict.late_changes
    tally.records += log.count()
    tally.events += len(log.events)
    tally.letters += len(world.letters.places)
    tally.accepted += len(world.observer.accepted) + len(world.observer.events)
    tally.weather.update({weather.value: count for weather, count in world.proxy.met.items()})
    for kind, seconds in _recoveries(world):
        tally.recoveries[kind].append(seconds)


def _note(world: World, promise: str, failures: Sequence[str]) -> None:
    """Count the broken promises, and print some of them."""
    script, tally = world.script, world.tally
    tally.broken[promise] += len(failures)
    tally.failures += [
        f"round {script.number} ({script.protocol}): {promise}: {failure}" for failure in failures[:SHOWN]
    ]


def _lost(world: World, verdict: Verdict) -> Iterator[str]:
    """Give what Instasent or the dead letters lack, or hold otherwise than was written."""
    log, held = world.feed.log, world.sandbox.contacts()
    expected = log.contacts()
    for contact in sorted(held.keys() | expected.keys()):
        if held.get(contact) != expected.get(contact) and contact not in verdict.late:
            yield f"Instasent holds {held.get(contact)} instead of {expected.get(contact)}"
    events = world.sandbox.events()
    for event in sorted(events.keys() | log.events.keys()):
        if events.get(event) != log.events.get(event):
            yield f"Instasent holds {events.get(event)} instead of {log.events.get(event)}"
    unreadable = log.unreadable()
    world.letters.hold(*unreadable)
    for partition, offset in sorted(unreadable ^ world.letters.places):
        yield f"offset {offset} of {partition} should have been a dead letter, or should not"


def _misordered(world: World, judge: Judge) -> Iterator[str]:
    """Give what the API's own ledger has to say."""
    yield from judge.overlaps(world.sandbox.read(lambda ledger: list(ledger.overlaps)))
    counts = world.sandbox.read(lambda ledger: ledger.counts.copy())
    for name in ("event_order_violations", "conflicting_events", "rejected_items"):
        if counts[name]:
            yield f"the API counted {counts[name]} {name}"


def _recoveries(world: World) -> Iterator[tuple[str, float]]:
    """Give how long it took from each incident until the changes written at its beginning were accepted."""
    reached: dict[str, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
    for change in world.observer.accepted:
        if change.contact.startswith("pulse-") and change.step is not None:
            steps, times = reached[change.contact]
            steps.append(change.step)
            times.append(change.at)
    highest = {contact: list(accumulate(steps, max)) for contact, (steps, _) in reached.items()}
    for incident in world.incidents:
        times = []
        for contact, step in incident.awaited.items():
            steps = highest.get(contact, [])
            place = bisect_left(steps, step)
            times += reached[contact][1][place : place + 1]  # nothing, where it is lost
        yield incident.kind, max([0.0, *(at - incident.began for at in times)])
