"""One instance's writes to the brokers: commits and dead letters, each answered at most once."""

from typing import TYPE_CHECKING

from connector.engine import events as ev
from connector.model import TopicPartition
from tests.simulation.broker import Broker
from tests.simulation.epoch import Seen
from tests.simulation.memory import Note

if TYPE_CHECKING:
    from tests.simulation.member import Member
    from tests.simulation.world import World

LETTER_MS_MAX = 200
COMMIT_MS_MAX = 200
TOO_LARGE = "OFFSET_METADATA_TOO_LARGE"

CONFIRM_MS = 1_000
"""As in `connector/shell/kafka/offset_commits.py`: inside a revoke, commits are asked about after so long."""


class Stores:
    """Carries out `Commit` and `DeadLetter`."""

    def __init__(self, world: "World", member: "Member") -> None:
        self._world = world
        self._member = member
        self._broker: Broker = world.broker
        self._commits: dict[int, dict[int, Note]] = {}
        self.arrives_ms = 0  # when the last commit so far does

    def ask_about_commits(self) -> None:
        """A revoke begins: the broker is asked what it holds of the commits that are out."""
        for commit_id in self._commits:
            self._member.later(CONFIRM_MS, self._confirm, commit_id)

    def letter(self, letter: ev.DeadLetter) -> None:
        """Write a dead letter: what is reported as failed may be stored all the same (F081)."""
        self._member.numbered(letter, letter.letter_id)
        self._member.schooled.check(letter)
        world, record = self._world, letter.record
        seen = self._member.oracle.letter(letter)
        away = world.now_ms < max(self._broker.away_until_ms, self._broker.letters_away_until_ms)
        refused = away or world.strikes("letter refused")
        if not refused:
            world.history.letters.add((int(record.topic[-1]), record.offset))
        failed = refused or world.strikes("letter unanswered")
        self._member.later(1 + world.rng_shell.randrange(LETTER_MS_MAX), self._lettered, letter, seen, failed)

    def _lettered(self, letter: ev.DeadLetter, seen: Seen | None, failed: bool) -> None:
        if seen is not None and not failed:
            seen.stored = True
        self._member.handle(ev.DeadLettered(letter.letter_id, "not written" if failed else None))

    def commit(self, commit: ev.Commit) -> None:
        """Ask for a commit; it leaves even if the process dies now."""
        self._member.numbered(commit, commit.commit_id)
        asked = {}
        for name, offset in commit.offsets.items():
            number = int(name.topic[-1])
            epoch = self._member.oracle.committed(number, offset)
            asked[number] = self._member.metadata.say(epoch, offset, commit.settled[name])
        self._commits[commit.commit_id] = asked
        world = self._world
        arrives_ms = world.now_ms + world.rng_shell.randrange(COMMIT_MS_MAX)
        if world.strikes("commit deferred"):
            arrives_ms += world.rng_shell.randrange(world.scenario.session_ms)
        # On one connection a commit does not overtake another.
        self.arrives_ms = max(self.arrives_ms, arrives_ms)
        world.at(self.arrives_ms, self._commit_arrives, commit, asked, self._member.membership)
        if self._member.revoking:
            self._member.later(CONFIRM_MS, self._confirm, commit.commit_id)

    def _commit_arrives(self, commit: ev.Commit, asked: dict[int, Note], membership: tuple[int, int]) -> None:
        world = self._world
        if world.now_ms < self._broker.away_until_ms or world.strikes("commit lost"):
            return
        if membership != self._member.membership or self._member.generation < 0:
            world.count("commit fenced")
            errors = dict.fromkeys(commit.offsets, "ILLEGAL_GENERATION")
        else:
            errors = {
                name: TOO_LARGE if self._broker.memory.too_large(asked[int(name.topic[-1])]) else "REFUSED"
                for name in commit.offsets
                if self._broker.memory.too_large(asked[int(name.topic[-1])])
                or world.strikes("commit refused")
            }
            refused = {int(name.topic[-1]) for name in errors}
            self._broker.commit({n: note for n, note in asked.items() if n not in refused})
        if world.strikes("commit unanswered"):
            return
        late_ms = 15_000 if world.strikes("commit late") else 1
        self._member.later(late_ms, self._committed, commit.commit_id, errors)

    def _committed(self, commit_id: int, errors: dict[TopicPartition, str]) -> None:
        if self._commits.pop(commit_id, None) is not None:
            if TOO_LARGE in errors.values():
                self._member.metadata.too_large()
            self._member.handle(ev.Committed(commit_id, errors))

    def _confirm(self, commit_id: int) -> None:
        """Inside a revoke: ask the broker what it holds."""
        asked = self._commits.get(commit_id)
        if asked is None or not self._member.revoking or self._world.now_ms < self._broker.away_until_ms:
            return
        held = all(
            self._broker.committed[number] == note.offset
            and self._broker.memory.held(number).text == note.text
            for number, note in asked.items()
        )
        errors = {} if held else {self._member.name_of(number): "not held" for number in asked}
        self._committed(commit_id, errors)
