"""The consumer group: who owns which partition, in which generation, by three protocols (F001-F008, F011).

* `eager`: every member gives everything back, then every member gets its share;
* `cooperative`: members give back the partitions that move, which are handed on when all are there;
* `consumer` (KIP-848): a partition that moves is handed on as soon as its owner has given it back.

Members hear of it when they poll. A member that is silent for a session, or does not give back in time, is
out. Its commits are refused from then on, and it learns that at its next poll.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.member import Member
    from tests.simulation.world import World

HEARTBEAT_MS = 3_000
NOTICE_MS = 500
"""How long the group's word takes to a member that listens."""
MAX_POLL_MS = 300_000


class Group:
    """Partitions are known by the numbers of their logs."""

    def __init__(self, world: "World", protocol: str, numbers: list[int]) -> None:
        self._world = world
        self._rng = world.rng_group
        self.protocol = protocol
        self.owners: dict[int, Member | None] = dict.fromkeys(numbers)
        self.members: list[Member] = []
        self.generation = 0
        self.rebalances = 0
        self._waits_for: list[Member] = []
        self._again = False

    def join(self, member: "Member") -> None:
        """A member asks for partitions, as a new one: what was said to the former one is over."""
        member.session += 1
        member.generation = self.generation
        self.members.append(member)
        self.rebalance()

    def add(self, numbers: list[int]) -> None:
        """The topics have new partitions."""
        self.owners |= {number: None for number in numbers if number not in self.owners}
        self.rebalance()

    def leave(self, member: "Member") -> None:
        """A member is gone, by its own word or because it was not heard any more."""
        if member not in self.members:
            return
        self.members.remove(member)
        member.generation = -1
        member.session += 1
        for number, owner in self.owners.items():
            if owner is member:
                self.owners[number] = None
        if member in self._waits_for:
            self._waits_for.remove(member)
            self._again = True
            self._go_on()
        else:
            self.rebalance()

    def evict(self, member: "Member", *, cut_off: bool = False) -> None:
        """A session is over: the member hears of it as soon as it hears anything.

        A member that is cut off believes for as long as it runs that it is heard (F005).
        """
        if member in self.members:
            self._world.count("evicted")
            numbers = [number for number, owner in self.owners.items() if owner is member]
            member.evicted = True
            member.stalled = member.frozen and not cut_off
            self.leave(member)
            member.hears("lost", numbers, self._rng.randrange(NOTICE_MS))

    def rebalance(self) -> None:
        """Share the partitions out again."""
        if self._waits_for:
            self._again = True
            return
        self._again = False
        self.rebalances += 1
        moving = self._moving()
        for member in list(self.members):
            numbers = [n for n, owner in self.owners.items() if owner is member and n in moving]
            if numbers:
                self._waits_for.append(member)
                member.hears("revoke", numbers, self._rng.randrange(NOTICE_MS))
                self._world.at(self._world.now_ms + MAX_POLL_MS, self._give_up, member, self.rebalances)
        self._go_on()

    def _moving(self) -> set[int]:
        if self.protocol == "eager":
            return set(self.owners)
        alone = len(self.members) < 2
        return {number for number in self.owners if not alone and self._rng.random() < 0.5}

    def _give_up(self, member: "Member", rebalance: int) -> None:
        if member in self._waits_for and rebalance == self.rebalances:
            self.evict(member)

    def released(self, member: "Member", numbers: list[int]) -> None:
        """A member has given partitions back."""
        if member not in self.members:
            return
        for number in numbers:
            if self.owners[number] is member:
                self.owners[number] = None
        if member in self._waits_for:
            self._waits_for.remove(member)
            if self.protocol == "consumer":
                # With what it has given back, its epoch moves on: what it commits with the old one is fenced.
                self.generation += 1
                member.generation = self.generation
                self._hand_out()
        self._go_on()

    def _go_on(self) -> None:
        if self._waits_for:
            return
        if self._again:
            self.rebalance()
            return
        self.generation += 1
        for member in self.members:
            member.generation = self.generation
        self._hand_out()

    def _hand_out(self) -> None:
        """Give the partitions without an owner to the members that can take them."""
        takers = [member for member in self.members if member not in self._waits_for]
        if not takers:
            return
        given: dict[Member, list[int]] = {}
        for number, owner in self.owners.items():
            if owner is None:
                taker = self._rng.choice(takers)
                self.owners[number] = taker
                given.setdefault(taker, []).append(number)
        for member, numbers in given.items():
            member.hears("assign", numbers, self._rng.randrange(NOTICE_MS))
