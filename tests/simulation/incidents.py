"""The incidents of a moment or of a while: one function for each kind that `scenario.INCIDENTS` names."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from connector.engine import events as ev

if TYPE_CHECKING:
    from tests.simulation.member import Member
    from tests.simulation.scenario import Incident
    from tests.simulation.world import World

ASK_MS = 3_000
"""As in `connector/shell/kafka/topic_ids.py`: how long the new id of a topic may go unnoticed."""

STORM_MS = 500
WALL_STEP_MS = 86_400_000


def _victim(world: "World", incident: "Incident") -> "Member | None":
    """Choose an instance."""
    members = world.members
    return members[int(incident.pick * len(members))] if members else None


def _crash(world: "World", incident: "Incident") -> None:
    member = _victim(world, incident)
    if member is not None:
        world.crash(member)


def _stop(world: "World", incident: "Incident") -> None:
    member = _victim(world, incident)
    if member is not None:
        member.stop()


def _stall(world: "World", incident: "Incident") -> None:
    member = _victim(world, incident)
    if member is not None:
        member.freeze(incident.lasts_ms)


def _netsplit(world: "World", incident: "Incident") -> None:
    member = _victim(world, incident)
    if member is not None:
        world.silence(member, incident.lasts_ms, cut_off=True)


def _rebalance(world: "World", _incident: "Incident") -> None:
    world.group.rebalance()


def _storm(world: "World", incident: "Incident") -> None:
    for at_ms in range(world.now_ms, world.now_ms + incident.lasts_ms, STORM_MS):
        world.at(at_ms, world.group.rebalance)


def _arrival(world: "World", _incident: "Incident") -> None:
    world.start()


def _brokers_away(world: "World", incident: "Incident") -> None:
    broker = world.broker
    broker.away_until_ms = max(broker.away_until_ms, world.now_ms + incident.lasts_ms)


def _letters_away(world: "World", incident: "Incident") -> None:
    broker = world.broker
    broker.letters_away_until_ms = max(broker.letters_away_until_ms, world.now_ms + incident.lasts_ms)


def _api_away(world: "World", incident: "Incident") -> None:
    world.api_away_until_ms = max(world.api_away_until_ms, world.now_ms + incident.lasts_ms)


def _trouble(world: "World", incident: "Incident") -> None:
    """The API answers everything with this for a while."""
    world.api.trouble = incident.kind
    world.at(world.now_ms + incident.lasts_ms, _healed, world, incident.kind)


def _healed(world: "World", kind: str) -> None:
    if world.api.trouble == kind:
        world.api.trouble = None


def _strangers(world: "World", incident: "Incident") -> None:
    world.api.strangers(1 + int(incident.pick * 10), world.now_ms)


def _clock_step(world: "World", incident: "Incident") -> None:
    world.clock_step_ms = int((incident.pick - 0.5) * 2 * WALL_STEP_MS)


def _compaction(world: "World", incident: "Incident") -> None:
    world.broker.compact(incident.pick)


def _retention(world: "World", incident: "Incident") -> None:
    number = int(incident.pick * len(world.scenario.logs))
    world.broker.retain(number, world.now_ms, incident.pick)


def _recreation(world: "World", incident: "Incident") -> None:
    number = int(incident.pick * len(world.scenario.logs))
    world.memory.recreate(number)
    owner = world.group.owners.get(number)
    if owner is not None and not owner.dead:
        owner.later(int(incident.pick * ASK_MS), owner.reader.recreated, number)


def _partition_added(world: "World", _incident: "Incident") -> None:
    world.group.add(world.late)


def _credentials(world: "World", incident: "Incident") -> None:
    member = _victim(world, incident)
    if member is not None:
        member.later(0, member.handle, ev.CredentialsChanged())


_FUNCTIONS: dict[str, Callable[["World", "Incident"], None]] = {
    "crash": _crash,
    "stop": _stop,
    "stall": _stall,
    "netsplit": _netsplit,
    "rebalance": _rebalance,
    "storm": _storm,
    "arrival": _arrival,
    "brokers away": _brokers_away,
    "letters away": _letters_away,
    "api away": _api_away,
    "api failing": _trouble,
    "token revoked": _trouble,
    "datasource gone": _trouble,
    "captive portal": _trouble,
    "strangers": _strangers,
    "clock step": _clock_step,
    "compaction": _compaction,
    "retention": _retention,
    "recreation": _recreation,
    "partition added": _partition_added,
    "credentials": _credentials,
}


def _counted(
    kind: str, happens: Callable[["World", "Incident"], None]
) -> Callable[["World", "Incident"], None]:
    def run(world: "World", incident: "Incident") -> None:
        world.count(kind)
        happens(world, incident)

    return run


HAPPENS = {kind: _counted(kind, happens) for kind, happens in _FUNCTIONS.items()}
