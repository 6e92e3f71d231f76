"""One instance's HTTP side, and the network between it and the API: real bytes both ways, lost or not."""

from bisect import bisect
from collections.abc import Callable
from itertools import accumulate
from typing import TYPE_CHECKING

from connector.engine import events as ev
from connector.instasent import answers
from connector.instasent.requests import Requests
from connector.model import Answer, Endpoint, Verdict
from tests.simulation.api import DELETES, HTML, UNTOLD, Api, Call, Reply, read_call
from tests.simulation.oracle import Travel
from tests.simulation.promises import expect
from tests.simulation.rows import WALL_MS

if TYPE_CHECKING:
    from tests.simulation.member import Member
    from tests.simulation.world import World

REQUESTS = Requests("https://api.example.com/v1", "shop", "crm")

REQUEST_MS_MAX = 20_000
"""`delivery.request_seconds_max`, or `drain_ms` where that is shorter: then the client gives up."""

ZOMBIE_MS_MAX = 40_000
"""How long a request may wander through the network after its client gave up."""


class Wire:
    """Carries out `Send` and `Probe`, each answered exactly once."""

    def __init__(self, world: "World", member: "Member") -> None:
        self._world = world
        self._member = member
        self._api: Api = world.api
        self._rng = world.rng_net
        self._latency_ms = world.scenario.latency_ms
        self._request_ms_max = min(REQUEST_MS_MAX, world.scenario.limits.drain_ms)
        # Deletes that may be done, their numbers, and whether the probe that is out is about them.
        self._doubtful: list[tuple[Travel, int, bool]] = []
        self.newest_id = 0  # of all requests that the engine has asked for
        self._troubled_id = 0  # the newest when the API last said that it is out of order
        self._spoils: dict[str, Callable[[ev.Send, Travel, int], None]] = {
            "reset before": lambda send, travel, _: self._lose(send, travel, processed=False),
            "reset after": lambda send, travel, _: self._lose(send, travel, processed=True),
            "too slow": lambda send, travel, _: self._give_up(send, travel),
            "refused": lambda send, travel, _: self._refused(send, travel),
        }

    # ------------------------------------------------------------------------------- requests

    def send(self, send: ev.Send) -> None:
        """Build the request and let it leave; a frozen process lets it leave when it thaws."""
        self._member.numbered(send, send.send_id)
        request = REQUESTS.batch(send.endpoint, send.user_ids, send.bodies, send.sync)
        call = read_call(request)
        expect(call.contacts == list(send.user_ids), "a request names other contacts than its send", call)
        travel = self._member.oracle.sent(call)
        self._member.later(0, self._leave, send, travel)

    def _leave(self, send: ev.Send, travel: Travel) -> None:
        world = self._world
        if world.now_ms > send.not_after_ms:
            world.count("lease refused")
            self._answer_later(send, travel, answers.NOT_SENT, None, 0)
            return
        self._check_owner(travel)
        world.left += 1
        fault = world.request_fault()
        if world.now_ms < world.api_away_until_ms:
            self._refused(send, travel)
        elif fault in self._spoils:
            self._spoils[fault](send, travel, world.left)
        else:
            arrives_ms = 1 + self._rng.randrange(self._latency_ms)
            world.at(world.now_ms + arrives_ms, self._arrive, send, travel, world.left, fault)

    def _check_owner(self, travel: Travel) -> None:
        """No request leaves for a partition that the group has given to another instance (I5).

        A member that is cut off from the group but not from the API learns of it late: that is counted.
        """
        member, world = self._member, self._world
        for item in travel.items:
            for carried in item:
                owner = world.group.owners[carried.epoch.number]
                if owner is member or owner is None:
                    continue
                world.history.disturbed.update(travel.call.contacts)
                expect(member.evicted, "sent for another's partition", carried.epoch.number)
                expect(not member.stalled, "a zombie has sent after its stall", member.name)
                world.count("sent before the loss was heard")

    def _refused(self, send: ev.Send, travel: Travel) -> None:
        self._answer_later(send, travel, answers.lost("no connection", sent=False), None, 1)

    def _lose(self, send: ev.Send, travel: Travel, *, processed: bool) -> None:
        world = self._world
        if processed:
            world.at(world.now_ms + 1 + self._rng.randrange(self._latency_ms), self._land, travel, world.left)
        delay_ms = 1 + 2 * self._latency_ms
        self._answer_later(send, travel, answers.lost("reset", sent=True), None, delay_ms)

    def _give_up(self, send: ev.Send, travel: Travel) -> None:
        """The client's deadline passes; the request arrives before or after that (F067, F074)."""
        world = self._world
        world.at(world.now_ms + self._rng.randrange(ZOMBIE_MS_MAX), self._land, travel, world.left)
        self._answer_later(send, travel, answers.lost("no answer", sent=True), None, self._request_ms_max)

    def _land(self, travel: Travel, order: int) -> Reply:
        world = self._world
        reply = self._api.write(travel.call, world.now_ms)
        world.history.lands(travel, reply, order)
        return reply

    def _arrive(self, send: ev.Send, travel: Travel, order: int, fault: str | None) -> None:
        """The request is at the API: process it, or spoil that or the answer."""
        api, call, now_ms = self._api, travel.call, self._world.now_ms
        spoilt = _INSTEAD.get(fault or "")
        if spoilt is not None:
            reply = spoilt(api, call, now_ms, self._rng.random())
        else:
            reply = self._land(travel, order)
            reply = self._spoil(call, reply, fault)
        wait_ms = 1 + self._rng.randrange(self._latency_ms)
        if fault == "slow":
            wait_ms += self._rng.randrange(REQUEST_MS_MAX)
        if wait_ms > self._request_ms_max:
            self._answer_later(send, travel, answers.lost("no answer", sent=True), None, self._request_ms_max)
            return
        self._member.later(wait_ms, self._received, send, travel, reply)

    def _spoil(self, call: Call, reply: Reply, fault: str | None) -> Reply:
        """Change what the client gets of an answer."""
        spoilt = _INSTEAD_AFTER.get(fault or "")
        if spoilt is not None and (fault != "undocumented" or call.endpoint != DELETES):
            status, body = spoilt
            nothing = [UNTOLD] * len(reply.told)
            return reply._replace(status=status, body=body, told=nothing, whole=False)
        if reply.status == 202 and fault == "left out":
            return self._api.left_out(call, reply, self._rng)
        if reply.status == 202 and fault == "disordered":
            return self._api.disordered(call, reply, self._rng)
        if reply.status == 202 and fault == "stranger" and len(call.items) > 1:
            return self._api.stranger(call, reply)
        return reply

    # -------------------------------------------------------------------------------- answers

    def _received(self, send: ev.Send, travel: Travel, reply: Reply) -> None:
        if reply.status < 0:
            self._answered(send, travel, answers.lost("cut short", sent=True), None)
            return
        wall_ms = WALL_MS + self._world.now_ms + self._world.clock_step_ms
        answer = answers.read(send.endpoint, send.user_ids, reply.status, reply.headers, reply.body, wall_ms)
        self._answered(send, travel, answer, reply)

    def _answer_later(
        self, send: ev.Send, travel: Travel, answer: Answer, reply: Reply | None, delay_ms: int
    ) -> None:
        self._member.later(delay_ms, self._answered, send, travel, answer, reply)

    def _answered(self, send: ev.Send, travel: Travel, answer: Answer, reply: Reply | None) -> None:
        if send.endpoint is Endpoint.DELETE and reply is not None and reply.status in {204, 404}:
            self._doubtful.append((travel, send.send_id, False))
        self._look_at(answer)
        self._member.oracle.told(travel, reply)
        self._member.handle(ev.Answered(send.send_id, answer))

    def _look_at(self, answer: Answer) -> None:
        """A 404 from before the API was known to be out of order says nothing of a contact."""
        if answer.verdict is Verdict.ENVIRONMENT:
            self._troubled_id = self.newest_id

    # --------------------------------------------------------------------------------- probes

    def probe(self, probe: ev.Probe) -> None:
        """Ask `GET /stream`: it decides the deletes that were answered before it left."""
        world = self._world
        self._doubtful = [(travel, send_id, True) for travel, send_id, _ in self._doubtful]
        fault = world.request_fault()
        delay_ms = 1 + self._rng.randrange(self._latency_ms)
        if world.now_ms > probe.not_after_ms:
            self._member.later(0, self._probed, None, answers.NOT_SENT)
        elif world.now_ms < world.api_away_until_ms or fault in {"refused", "reset before", "too slow"}:
            self._member.later(delay_ms, self._probed, None, answers.lost("lost", sent=fault != "refused"))
        elif fault in _INSTEAD:
            reply = _INSTEAD[fault](self._api, _NO_CALL, world.now_ms, self._rng.random())
            self._member.later(delay_ms, self._probed, reply, None)
        else:
            self._member.later(delay_ms, self._probed, self._api.probe(world.now_ms), None)

    def _probed(self, reply: Reply | None, answer: Answer | None) -> None:
        there = reply is not None and reply.status == 200 and reply.body is not HTML
        if answer is None:
            assert reply is not None
            answer = answers.read_probe(reply.status, reply.headers, reply.body, WALL_MS + self._world.now_ms)
        self._look_at(answer)
        for travel, send_id, asked in self._doubtful:
            if asked and there and send_id > self._troubled_id:
                self._member.oracle.accepted(travel.items[0])
        self._doubtful = [one for one in self._doubtful if not one[2]]
        self._member.handle(ev.Probed(answer))


_NO_CALL = Call("", False, [], [], 0)


def _status(*statuses: int, body: bytes = b'{"message":"no"}') -> Callable[[Api, Call, int, float], Reply]:
    def instead(api: Api, call: Call, now_ms: int, chance: float) -> Reply:
        return api.nothing_done(statuses[int(chance * len(statuses))], call.contacts, now_ms, body=body)

    return instead


_INSTEAD = {
    # faults that answer in the API's place: nothing is processed
    "html instead": _status(200, 502, body=HTML),
    "500 before": _status(500),
    "busy": _status(408, 425, 503),
    "redirect": _status(302),
}

_INSTEAD_AFTER = {
    # faults that take the answer's place after processing; no status: half an answer
    "cut short": (-1, b""),
    "html after": (200, HTML),
    "500 after": (500, b""),
    "undocumented": (204, b""),
}


def rates(faults: dict[str, float]) -> tuple[list[float], list[str]]:
    """Turn rates into the bounds of a draw; more than all of them together is scaled to nine tenths."""
    total = sum(faults.values())
    scale = min(1.0, 0.9 / total) if total else 1.0
    return [bound * scale for bound in accumulate(faults.values())], list(faults)


def drawn(bounds: list[float], names: list[str], chance: float) -> str | None:
    """Return the fault that a number between 0 and 1 means; None for none."""
    index = bisect(bounds, chance)
    return names[index] if index < len(names) else None
