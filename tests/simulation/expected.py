"""What the logs ask for: the deliveries of every contact, and what each must look like in the end."""

from collections import defaultdict
from typing import NamedTuple

from connector.model import Delete, Event, Upsert
from tests.simulation.scenario import BAD, Log


class Step(NamedTuple):
    """One delivery in a log."""

    offset: int
    delivery: Upsert | Delete | Event


def steps_of(logs: tuple[Log, ...]) -> dict[tuple[int, str], list[Step]]:
    """The deliveries of every contact in every partition, in order."""
    steps: dict[tuple[int, str], list[Step]] = defaultdict(list)
    for log in logs:
        for offset, logged in log.records.items():
            for delivery in logged.deliveries:
                steps[log.name.partition, delivery.user_id].append(Step(offset, delivery))
    return steps


def final_states(logs: tuple[Log, ...]) -> dict[str, dict[str, object]]:
    """What every contact must look like once everything is delivered."""
    states: dict[str, dict[str, object]] = {}
    for (_, contact), steps in steps_of(logs).items():
        for _, delivery in steps:
            if isinstance(delivery, Delete):
                states.pop(contact, None)
            elif isinstance(delivery, Upsert) and BAD not in delivery.body.values():
                states.setdefault(contact, {}).update(delivery.body)
    return states
