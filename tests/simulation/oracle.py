"""Checks the promises of design section 2 from the history alone: what was sent, answered, stored, committed.

It knows the logs and reads requests; of the engine it knows nothing. An *epoch* is one assignment of
one partition to one life of an instance: what was settled in another one counts for nothing here.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from connector.engine.events import DeadLetter, Send
from connector.model import Answer, Delete, Endpoint, Event, OutcomeKind, Rejection, Skip, Upsert, Verdict
from tests.simulation.expected import Step, steps_of
from tests.simulation.scenario import BAD, Scenario


class Violation(AssertionError):  # noqa: N818 - what it is called in every test here
    """A promise was broken."""


def expect(kept: bool, promise: str, *what: object) -> None:
    """Raise `Violation` unless the promise was kept."""
    if not kept:
        raise Violation(" ".join((promise, *map(str, what))))


@dataclass(eq=False)
class Epoch:
    """What is known to be settled of one assignment."""

    number: int
    start: int
    position: int
    committed: int
    revoking: bool = False
    reached: dict[str, int] = field(default_factory=dict)  # contact → offset of the last upsert or delete
    refused: set[int] = field(default_factory=set)  # upserts that the API refused alone
    events: set[int] = field(default_factory=set)  # accepted
    asked: Counter[int] = field(default_factory=Counter)  # writes of a dead letter that did not fail
    decided: set[int] = field(default_factory=set)  # records that are dead letters, stored or not yet
    stored: set[int] = field(default_factory=set)

    def last(self, contact: str) -> int:
        """Offset of the last upsert or delete of a contact that is done."""
        return self.reached.get(contact, -1)


class Travelling(NamedTuple):
    """One request on its way. `delete` is the offset of the delete it stands for."""

    send: Send
    epochs: Mapping[int, Epoch]
    delete: int


class Oracle:
    """One life of one instance."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._logs = scenario.logs
        self._steps = steps_of(scenario.logs)
        self._travelling: dict[int, Travelling] = {}
        self._doubtful: list[tuple[Travelling, bool]] = []  # and whether the probe that is out is about it
        self._contacts: set[str] = set()

    # ------------------------------------------------------------------------------- requests

    def sent(self, send: Send, epochs: Mapping[int, Epoch]) -> None:
        """Check one request as it leaves."""
        limits = self._scenario.limits
        one = send.endpoint is Endpoint.DELETE
        expect(0 < len(send.user_ids) <= (1 if one else limits.batch_items_max), "batch size", send)
        expect(len(set(send.user_ids)) == len(send.user_ids), "one contact twice in a request", send)
        expect(self._contacts.isdisjoint(send.user_ids), "two requests with one contact", send)
        self._contacts.update(send.user_ids)
        delete = -1
        if one:
            delete = self._check_delete(send.user_ids[0], epochs)
        for contact, body in zip(send.user_ids, send.bodies, strict=not one):
            assert isinstance(body, dict)
            expect(body["_user_id"] == contact, "wrong contact", contact)
            if send.endpoint is Endpoint.CONTACTS:
                self._check_upsert(contact, body, epochs)
            else:
                self._check_event(contact, body, epochs)
        self._travelling[send.send_id] = Travelling(send, dict(epochs), delete)
        expect(len(self._travelling) <= limits.requests_in_flight_max, "requests in flight")
        same = sum(t.send.endpoint is send.endpoint for t in self._travelling.values())
        expect(same <= limits.endpoint_requests_max, "requests in flight of", send.endpoint)

    def answered(self, send_id: int, answer: Answer) -> None:
        """Learn what became of one request."""
        travelling = self._travelling.pop(send_id)
        send = travelling.send
        if answer.verdict is Verdict.GONE_OR_ENVIRONMENT:
            self._doubtful.append((travelling, False))
            return
        self._contacts.difference_update(send.user_ids)
        if answer.verdict is Verdict.BATCH_REJECTED and len(send.user_ids) == 1:
            self._refused(travelling, send.bodies[0])
        if answer.verdict is not Verdict.ITEMS:
            return
        if send.endpoint is Endpoint.DELETE:
            self._deleted(travelling)
            return
        for index, body in enumerate(send.bodies):
            kind = answer.items[index].kind if answer.items is not None else OutcomeKind.ACCEPTED
            if kind is OutcomeKind.ACCEPTED:
                self._accepted(travelling, body)
            elif kind is OutcomeKind.REJECTED:
                self._refused(travelling, body)

    def probe_sent(self) -> None:
        """A probe leaves: only the deletes answered before are decided by it."""
        self._doubtful = [(travelling, True) for travelling, _ in self._doubtful]

    def probed(self, answer: Answer) -> None:
        """Learn whether the data source is there."""
        decided = [travelling for travelling, asked in self._doubtful if asked]
        self._doubtful = [(travelling, asked) for travelling, asked in self._doubtful if not asked]
        for travelling in decided:
            self._contacts.difference_update(travelling.send.user_ids)
            if answer.verdict is Verdict.ITEMS:
                self._deleted(travelling)

    # ------------------------------------------------------------------------ letters, commits

    def letter(self, letter: DeadLetter, epochs: Mapping[int, Epoch]) -> Epoch | None:
        """Check one dead letter as it is written; returns the epoch that it counts for."""
        number, offset = letter.record.partition, letter.record.offset
        logged = self._logs[number].records[offset]
        may = isinstance(logged.translated, Rejection) or any(
            (isinstance(d, Event) and (self._scenario.strict_events or d.body["_event_parameters"]))
            or (isinstance(d, Upsert) and BAD in d.body.values())
            for d in logged.deliveries
        )
        expect(may, "a good record was dead-lettered", number, offset)
        epoch = epochs.get(number)
        if epoch is None or not epoch.start <= offset < epoch.position:
            return None
        epoch.asked[offset] += 1
        epoch.decided.add(offset)
        expect(epoch.asked[offset] == 1, "dead-lettered twice", number, offset)
        return epoch

    def letter_answered(self, epoch: Epoch | None, offset: int, stored: bool) -> None:
        """Learn whether a dead letter is stored."""
        if epoch is None:
            return
        if stored:
            epoch.stored.add(offset)
        else:
            epoch.asked[offset] -= 1

    def committed(self, epoch: Epoch, offset: int) -> None:
        """Check one offset as it is handed to the broker (promise 1)."""
        expect(offset <= epoch.position, "commit ahead of the position", epoch.number, offset)
        expect(offset >= epoch.committed, "commit went backwards", epoch.number, offset)
        for at in range(epoch.committed, offset):
            if at in self._logs[epoch.number].records:
                expect(self._settled(epoch, at), "committed but not settled:", epoch.number, at)
        epoch.committed = offset

    def _settled(self, epoch: Epoch, offset: int) -> bool:
        logged = self._logs[epoch.number].records[offset]
        if isinstance(logged.translated, Skip) or offset in epoch.stored:
            return True
        if isinstance(logged.translated, Rejection) or offset in epoch.refused:
            return False
        return all(
            offset in epoch.events
            if isinstance(delivery, Event)
            else self._repeats(epoch, Step(offset, delivery)) or epoch.last(delivery.user_id) >= offset
            for delivery in logged.deliveries
        )

    # ---------------------------------------------------------------------------------- order

    def _repeats(self, epoch: Epoch, step: Step) -> bool:
        """Whether this is a tombstone whose delete this assignment has read too."""
        if not isinstance(step.delivery, Delete) or not step.delivery.tombstone:
            return False
        records = self._logs[epoch.number].records
        before = max((at for at in records if at < step.offset), default=-1)
        return before >= epoch.start and any(
            isinstance(d, Delete)
            and d.user_id == step.delivery.user_id
            and len(records[before].deliveries) == 1
            for d in records[before].deliveries
        )

    def _open(self, epoch: Epoch, contact: str) -> list[Step]:
        """The deliveries of a contact that are to be done, in order."""
        return [
            step
            for step in self._steps[epoch.number, contact]
            if epoch.start <= step.offset < epoch.position
            and not self._done(epoch, contact, step)
            and not self._repeats(epoch, step)
        ]

    def _done(self, epoch: Epoch, contact: str, step: Step) -> bool:
        if isinstance(step.delivery, Event):
            return step.offset in epoch.events or step.offset in epoch.decided
        return step.offset <= epoch.last(contact) or step.offset in epoch.refused

    def _epoch(self, epochs: Mapping[int, Epoch], number: int) -> Epoch:
        epoch = epochs.get(number)
        expect(epoch is not None and not epoch.revoking, "sent for a partition that is not ours", number)
        assert epoch is not None
        return epoch

    def _check_upsert(self, contact: str, body: dict[str, object], epochs: Mapping[int, Epoch]) -> None:
        for number in range(len(self._logs)):
            newest = body.get(f"v{number}")
            if newest is None:
                continue
            assert isinstance(newest, int)
            epoch = self._epoch(epochs, number)
            merged: dict[str, object] = {}
            for step in self._open(epoch, contact):
                if step.offset > newest or (step.offset == newest and not isinstance(step.delivery, Upsert)):
                    break
                expect(isinstance(step.delivery, Upsert), "an upsert overtook", step)
                assert isinstance(step.delivery, Upsert)
                merged.update(step.delivery.body)
            mine = {key: value for key, value in body.items() if key.endswith(str(number))}
            merged.pop("_user_id", None)
            expect(mine == merged, "an upsert does not carry its records:", contact, mine, merged)

    def _check_event(self, contact: str, body: dict[str, object], epochs: Mapping[int, Epoch]) -> None:
        number, offset = map(int, str(body["_event_id"]).split(":"))
        todo = self._open(self._epoch(epochs, number), contact)
        expect(
            bool(todo) and todo[0].offset == offset, "an event overtook", todo[:1], "or came twice", offset
        )
        delivery = todo[0].delivery
        expect(isinstance(delivery, Event) and delivery.body == body, "an event differs", number, offset)

    def _check_delete(self, contact: str, epochs: Mapping[int, Epoch]) -> int:
        number = int(contact[1 : contact.index("-")])
        for step in self._open(self._epoch(epochs, number), contact):
            expect(not isinstance(step.delivery, Event), "a delete overtook", step)
            if isinstance(step.delivery, Delete):
                return step.offset
        raise Violation(f"a delete of {contact} that no record asks for")

    # ------------------------------------------------------------------------------- outcomes

    def _deleted(self, travelling: Travelling) -> None:
        contact = travelling.send.user_ids[0]
        epoch = travelling.epochs[int(contact[1 : contact.index("-")])]
        epoch.reached[contact] = travelling.delete

    def _accepted(self, travelling: Travelling, body: object) -> None:
        assert isinstance(body, dict)
        if travelling.send.endpoint is Endpoint.EVENTS:
            number, offset = map(int, body["_event_id"].split(":"))
            travelling.epochs[number].events.add(offset)
            return
        for number, epoch in travelling.epochs.items():
            if f"v{number}" in body:
                epoch.reached[body["_user_id"]] = body[f"v{number}"]

    def _refused(self, travelling: Travelling, body: object) -> None:
        """Note an upsert that was refused alone: only its dead letter settles it now."""
        assert isinstance(body, dict)
        if travelling.send.endpoint is Endpoint.EVENTS:
            return
        contact = body["_user_id"]
        versions = [name for name in body if name.startswith("v")]
        for number, epoch in travelling.epochs.items():
            if body.get(f"a{number}") != BAD or versions != [f"v{number}"]:
                continue
            todo = [step for step in self._open(epoch, contact) if isinstance(step.delivery, Upsert)]
            if todo and todo[0].offset == body[f"v{number}"]:
                epoch.refused.add(todo[0].offset)
