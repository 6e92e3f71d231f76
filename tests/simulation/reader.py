"""How one instance reads the logs: the consumer's positions, its pauses, and what it hears at their ends."""

from typing import TYPE_CHECKING

from connector.engine import events as ev
from connector.model import AwaitsSchema, Record, Translated
from tests.simulation.broker import Broker
from tests.simulation.epoch import Epoch
from tests.simulation.promises import expect
from tests.simulation.registry import Schooled

if TYPE_CHECKING:
    from tests.simulation.member import Member
    from tests.simulation.world import World


class Fetched:
    """The records of one poll, and how many more it may take."""

    def __init__(self, room: int, size: int) -> None:
        self.room = room
        self.size = size
        self.records: list[tuple[Record, Translated]] = []
        self.heard: list[ev.ReachedEnd | ev.OffsetsLost] = []


class Reader:
    """The consumer of one instance. An epoch's position is the consumer's."""

    def __init__(self, world: "World", member: "Member", schooled: Schooled) -> None:
        self._world = world
        self._member = member
        self._broker: Broker = world.broker
        self._epochs: dict[int, Epoch] = member.epochs
        self._schooled = schooled
        self._paused: set[int] = set()
        self._told_end: dict[int, int] = {}
        self._polls = 0

    def begin(self, number: int) -> None:
        """Read a partition that was assigned; a pause does not outlive an assignment (P11)."""
        self._paused.discard(number)
        self._told_end.pop(number, None)

    def next_record_ms(self) -> int | None:
        """When the next record can be read, or the end of a log be reported."""
        broker, times = self._broker, []
        for number, epoch in self._epochs.items():
            if number not in self._paused:
                entries = broker.entries[number]
                index = broker.index(number, epoch.position)
                if index < len(entries):
                    times.append(entries[index].visible_ms)
                elif self._told_end.get(number) != broker.logs[number].end:
                    times.append(0)
        return max(min(times), broker.away_until_ms) if times else None

    def fetch(self, records: int, size: int) -> None:
        """Read what is there, and hear of ends and of offsets that are not in the log any more."""
        member, broker, fetched = self._member, self._broker, Fetched(records, size)
        for number, epoch in self._epochs.items():
            if number in self._paused:
                continue
            if epoch.position < broker.starts[number]:
                fetched.heard.append(self._offsets_lost(number))
                continue
            end = broker.logs[number].end
            if self._read(epoch, fetched) and self._told_end.get(number) != end:
                self._told_end[number] = epoch.position = end
                fetched.heard.append(ev.ReachedEnd(member.name_of(number), end))
        if fetched.records:
            member.handle(ev.Arrived(fetched.records))
            self._polls += 1
            if self._polls % 16 == 1 and not member.dead:
                member.check()
        for event in fetched.heard:
            if member.frozen:
                member.later(0, self._hear, event)  # once it wakes
            elif not member.dead:
                self._hear(event)

    def _hear(self, event: ev.ReachedEnd | ev.OffsetsLost) -> None:
        # As the shell: what was heard of a partition that has gone meanwhile is dropped.
        if not self._member.revoking:
            self._member.handle(event)

    def _read(self, epoch: Epoch, fetched: "Fetched") -> bool:
        """Read on in one log; says whether its end was reached."""
        world, entries = self._world, self._broker.entries[epoch.number]
        index = self._broker.index(epoch.number, epoch.position)
        while index < len(entries) and fetched.room > 0 and fetched.size > 0:
            entry = entries[index]
            if entry.visible_ms > world.now_ms:
                break
            translated = self._schooled.entry(entry)
            epoch.give(entry, unread=type(translated) is AwaitsSchema)
            fetched.records.append((entry.record, translated))
            fetched.size -= entry.record.size
            fetched.room -= 1
            index += 1
        return index == len(entries)

    def recreated(self, number: int) -> None:
        """The topic has another id than before: its offsets name other records now (F026)."""
        member = self._member
        if number in self._epochs and not member.revoking and not self._epochs[number].revoked:
            self._broker.recreated.add(number)
            member.metadata.notes.recreated({member.name_of(number).topic})
            member.handle(self._offsets_lost(number))

    def _offsets_lost(self, number: int) -> ev.OffsetsLost:
        """The log does not hold our position any more (F021)."""
        policy = self._world.scenario.offsets_lost
        self._world.count(f"offsets lost ({policy})")
        self._paused.add(number)  # librdkafka reads on only after a seek
        if policy == "pause":
            self._epochs[number].lost = True
            self._world.operator_resets(number)
        return ev.OffsetsLost(self._member.name_of(number), "not in the log", policy)

    def pause(self, command: ev.Pause) -> None:
        """Read these partitions no more."""
        for name in command.partitions:
            number = int(name.topic[-1])
            expect(number in self._epochs, "paused what is not ours", name)
            self._paused.add(number)

    def resume(self, command: ev.Resume) -> None:
        """Read them again."""
        for name in command.partitions:
            number = int(name.topic[-1])
            expect(number in self._epochs, "resumed what is not ours", name)
            self._paused.discard(number)
