"""The kinds of records and the states in the trace that a run has met, beside the world's own counts."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from connector.engine import events as ev
from connector.model import Answer, OutcomeKind, SchemaVerdict, TopicPartition, Verdict
from tests.simulation.rows import DELETE, Entry, Log
from tests.simulation.scenario import Scenario
from tests.simulation.world import World

RECORDS: Mapping[str, Callable[[Entry], bool]] = {
    "undecodable record": lambda entry: entry.dead,
    "tombstone": lambda entry: entry.record.value is None,
    "record about no row": lambda entry: not entry.asks and not entry.dead,
    "key that changes": lambda entry: len(entry.asks) > 1 and entry.asks[0].kind == DELETE,
    "deletion of an id that needs quoting": lambda entry: any(
        ask.kind == DELETE and {"/", "?", "#"} & set(ask.contact) for ask in entry.asks
    ),
    "snapshot read": lambda entry: b'"op":"r"' in (entry.record.value or b""),
}

_VERDICTS = {
    Verdict.THROTTLED: "throttled",
    Verdict.GONE_OR_ENVIRONMENT: "404 to a deletion",
    Verdict.BATCH_REJECTED: "whole batch refused",
}

_AGAIN = {Verdict.TRANSIENT, Verdict.UNKNOWN}


def seen(world: World) -> Counter[str]:
    """Count what a traced run has met."""
    found = Counter(world.faults)
    for log in world.scenario.logs:
        found.update(kind for entry in log.entries for kind, of_it in RECORDS.items() if of_it(entry))
        found.update(_in_log(log))
    lives: dict[int, _Life] = {}
    for note in world.trace or ():
        life = lives.setdefault(note.who, _Life(world.scenario))
        found.update(life.told(note.event))
        found.update(life.asked(note.commands))
    return found


def _in_log(log: Log) -> Iterator[str]:
    values = Counter(entry.record.value for entry in log.entries if entry.record.value and not entry.dead)
    if any(count > 1 for value, count in values.items() if b'"op"' in value):
        yield "changes written twice"
    if any(after.offset > before.offset + 1 for before, after in pairwise(log.entries)):
        yield "gap of offsets"
    if log.entries and log.end > log.entries[-1].offset + 1:
        yield "control records at the end"


class _Life:
    """The content of one instance's trace so far."""

    def __init__(self, scenario: Scenario) -> None:
        self._protocol = scenario.protocol
        self._tells_all = "left out" not in scenario.request_faults
        self._travels: dict[int, ev.Send] = {}
        self._had: set[TopicPartition] = set()
        self._waiting: dict[str, bool] = defaultdict(bool)  # contact -> whether a request passed it

    def told(self, event: ev.EngineEvent) -> Iterator[str]:
        """Name the states that an event shows."""
        if isinstance(event, ev.Revoked) and event.partitions:
            yield f"revoke, {self._protocol}"
        elif isinstance(event, ev.Assigned):
            if self._travels and self._had & event.positions.keys():
                yield "assigned again while requests travel"
            self._had |= event.positions.keys()
        elif isinstance(event, ev.Answered):
            yield from self._answered(event.send_id, event.answer)
        elif isinstance(event, ev.SchemaAnswered) and event.verdict is SchemaVerdict.UNKNOWN:
            yield "unknown schema"

    def _answered(self, send_id: int, answer: Answer) -> Iterator[str]:
        if send_id != min(self._travels):
            yield "answers out of order"
        send = self._travels.pop(send_id)
        if answer.verdict in _AGAIN:
            self._waiting.update(dict.fromkeys(send.user_ids, False))
        if "413" in answer.reason:
            yield "too large"
        elif answer.verdict in _VERDICTS:
            yield _VERDICTS[answer.verdict]
        outcomes = {item.kind for item in answer.items or ()}
        if self._tells_all and OutcomeKind.RETRY in outcomes:
            yield "item busy"
        if OutcomeKind.REJECTED in outcomes:
            yield "some items refused" if OutcomeKind.ACCEPTED in outcomes else "all items refused"

    def asked(self, commands: list[ev.Command]) -> Iterator[str]:
        """Name the states that commands show."""
        for command in commands:
            if not isinstance(command, ev.Send):
                continue
            self._travels[command.send_id] = command
            passed = [self._waiting.pop(contact, False) for contact in command.user_ids]
            if any(passed):
                yield "others pass while a contact waits"
            elif self._waiting:
                self._waiting.update(dict.fromkeys(self._waiting, True))
            if any(_folded(body) for body in command.bodies):
                yield "several records in one upsert"


def _folded(body: object) -> bool:
    """Whether an upsert carries fields of several records: each writes its own number into its fields."""
    fields = body if isinstance(body, dict) else {}
    return len({value for name, value in fields.items() if name[-1].isdigit() and isinstance(value, int)}) > 1
