"""How each deed is done."""

import signal
from collections.abc import Callable, Mapping

from connector.sandbox.api.faults import FaultKind
from tests.chaos.failpoint import FAIL_POINTS, Occasion
from tests.chaos.feed import PARTITIONS_MAX
from tests.chaos.member import Member
from tests.chaos.plan import Act, ChaosFault
from tests.chaos.proxy import Conditions, Weather
from tests.chaos.world import CALM, World
from tests.stack.log_surgery import configure

STORM_KILLS = 4
STORM_SECONDS = 0.5
HANGS = 2
PROBABILITY = 0.6
LETTER_BYTES = 1_048_588  # Kafka's default


def perform(world: World, act: Act) -> None:
    """Do what an act says, let its pause pass, and look at the commits."""
    world.tally.deeds[act.deed] += 1
    DEEDS[act.deed](world, act)
    world.pass_time(act.pause)
    world.tally.audits += world.audit() is not None


def _kill(world: World, act: Act) -> None:
    member = world.member(act.target)
    world.kill(member)
    world.pass_time(act.seconds)
    member.start()


def _fail_point(world: World, act: Act) -> None:
    member = world.member(act.target)
    world.kill(member)
    member.start(act.fail_point, act.count)
    occasion = FAIL_POINTS[act.fail_point].occasion
    if occasion is not Occasion.WORK and world.await_assigned(member):
        OCCASIONS[occasion](world, member, act)


def _rebalance(world: World, member: Member, act: Act) -> None:
    other = world.member(act.target, but=member)
    world.kill(other)
    other.start()


def _freeze_it(world: World, member: Member, act: Act) -> None:
    world.incident("freeze")
    member.signal(signal.SIGSTOP)
    world.pass_time(act.seconds)
    member.signal(signal.SIGCONT)


def _let_it_leave(world: World, member: Member, _: Act) -> None:
    world.terminate(member)
    member.start()


OCCASIONS: Mapping[Occasion, Callable[[World, Member, Act], None]] = {
    Occasion.REBALANCE: _rebalance,
    Occasion.FREEZE: _freeze_it,
    Occasion.LEAVE: _let_it_leave,
}


def _stop(world: World, act: Act) -> None:
    member = world.member(act.target)
    world.reap(member)
    world.terminate(member)
    world.pass_time(act.seconds)
    member.start()


def _freeze(world: World, act: Act) -> None:
    member = world.member(act.target)
    world.reap(member)
    _freeze_it(world, member, act)


def _blackout(world: World, _: Act) -> None:
    for member in world.members:
        world.kill(member)
    world.audit()
    for member in world.members:
        member.start()


def _storm(world: World, act: Act) -> None:
    for number in range(STORM_KILLS):
        member = world.member(act.target + number)
        world.kill(member)
        member.start()
        world.pass_time(STORM_SECONDS)


def _broker(world: World, act: Act) -> None:
    world.cluster.kill(act.target % len(world.cluster.brokers))
    world.incident("broker loss")
    world.pass_time(act.seconds)
    world.cluster.restart()


def _partition(world: World, act: Act) -> None:
    topic = [world.feed.members, world.feed.visits][act.target % 2]
    partitions = world.feed.partitions[topic] + 1
    if partitions <= PARTITIONS_MAX:
        world.cluster.await_complete()
        world.cluster.add_partition(topic, partitions)
        world.feed.grown(topic)


def _burst(world: World, _: Act) -> None:
    world.feed.burst()


def _weather(world: World, act: Act) -> None:
    often = 1.0 if act.weather in (Weather.BLACK_HOLE, Weather.REFUSE) else PROBABILITY
    with world.outage(act.seconds):
        world.proxy.change(Conditions(act.weather, often, CALM.delay_seconds))
    world.proxy.change(CALM)


def _status(world: World, act: Act) -> None:
    with world.outage(act.seconds):
        world.sandbox.inject(FaultKind.STATUS, status=act.status, for_seconds=act.seconds)


def _lost(world: World, act: Act) -> None:
    with world.outage(act.seconds):
        world.sandbox.inject(FaultKind.LOST, probability=PROBABILITY, for_seconds=act.seconds)


def _hang(world: World, _: Act) -> None:
    world.sandbox.inject(FaultKind.HANG, times=HANGS)


def _revoked(world: World, act: Act) -> None:
    with world.outage(act.seconds):
        world.tokens.revoke()
    world.tokens.restore()


def _letters(world: World, act: Act) -> None:
    world.cluster.await_complete()
    configure(world.cluster.brokers[0], world.letters_topic, max_message_bytes=1)
    world.incident("no dead letters")
    world.pass_time(act.seconds)
    configure(world.cluster.brokers[0], world.letters_topic, max_message_bytes=LETTER_BYTES)


DEEDS: Mapping[ChaosFault, Callable[[World, Act], None]] = {
    ChaosFault.KILL: _kill,
    ChaosFault.FAIL_POINT: _fail_point,
    ChaosFault.STOP: _stop,
    ChaosFault.FREEZE: _freeze,
    ChaosFault.LONG_FREEZE: _freeze,
    ChaosFault.BLACKOUT: _blackout,
    ChaosFault.STORM: _storm,
    ChaosFault.BROKER: _broker,
    ChaosFault.PARTITION: _partition,
    ChaosFault.BURST: _burst,
    ChaosFault.WEATHER: _weather,
    ChaosFault.STATUS: _status,
    ChaosFault.LOST: _lost,
    ChaosFault.HANG: _hang,
    ChaosFault.REVOKED: _revoked,
    ChaosFault.LETTERS: _letters,
}
