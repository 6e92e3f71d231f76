"""Judges what the API accepted by what the instances said about their partitions.

An instance has a *tenure* of a partition from `partitions_assigned` in its log to `partitions_revoked`,
`partitions_lost`, or its end. Within a tenure the changes of a contact come in the order of its story.
The next tenure may begin again at the first uncommitted record.

A request that is accepted after another instance's tenure has begun is *late*. That is a limit that README
states for senders that were killed, frozen or cut off. After an orderly return of the partition it is a
violation, as is any request after that.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from connector.sandbox.api.received import Overlap
from tests.chaos.member import ASSIGNED, LOST, REVOKED, Ending, Run, Said, said
from tests.chaos.observer import Accepted
from tests.chaos.reference_model import ReferenceModel

LATE_SECONDS = 5.0
"""How long after the loss of a partition a request from before it may still arrive."""


@dataclass(slots=True)
class Tenure:
    """One client's time with one partition. `orderly`: it ended with everything answered and committed.

    `taken`: when the client heard of its end, the partition may long have belonged to another instance.
    """

    client: str
    began: float
    ended: float
    orderly: bool
    taken: bool = False


@dataclass(slots=True)
class Verdict:
    """The violations, and the changes that are only late."""

    violations: list[str] = field(default_factory=list)
    late: set[str] = field(default_factory=set)
    """Contacts that a late request has disturbed."""
    late_changes: int = 0


def tenures_of(run: Run) -> Iterator[tuple[str, Tenure]]:
    """Read the tenures of one run out of its log, by partition."""
    return tenures(run.client, said(run.log), run.ended, orderly=run.ending is Ending.STOPPED)


def tenures(
    client: str, lines: Iterable[Said], ended: float, *, orderly: bool
) -> Iterator[tuple[str, Tenure]]:
    """Make tenures of the lines of one run, which ended at `ended`."""
    held: dict[str, float] = {}
    for line in lines:
        for partition in line.partitions:
            if line.event == ASSIGNED:
                held[partition] = line.at
            elif partition in held:
                well = line.event == REVOKED and line.finished
                taken = line.event == LOST
                yield partition, Tenure(client, held.pop(partition), line.at, well, taken)
    for partition, began in held.items():
        yield partition, Tenure(client, began, ended, orderly)


class Judge:
    """Knows all tenures of a round."""

    def __init__(self, named: Iterable[tuple[str, Tenure]]) -> None:
        self._by_client: dict[tuple[str, str], list[Tenure]] = defaultdict(list)
        self._by_partition: dict[str, list[Tenure]] = defaultdict(list)
        for partition, tenure in sorted(named, key=lambda pair: pair[1].began):
            self._by_client[tenure.client, partition].append(tenure)
            self._by_partition[partition].append(tenure)

    def judge(self, stories: Mapping[str, ReferenceModel], accepted: Sequence[Accepted]) -> Verdict:
        """Judge the order of every contact's changes."""
        verdict = Verdict()
        by_contact: dict[str, list[Accepted]] = defaultdict(list)
        for change in accepted:
            by_contact[change.contact].append(change)
        for contact, changes in by_contact.items():
            self._contact(contact, stories[contact], changes, verdict)
        return verdict

    def overlaps(self, overlaps: Iterable[Overlap]) -> Iterator[str]:
        """Give the overlaps that no loss explains: of one client, or the older one lost nothing."""
        disorderly = {
            tenure.client for named in self._by_client.values() for tenure in named if not tenure.orderly
        }
        for one in overlaps:
            if one.older == one.newer or one.older not in disorderly:
                yield f"{one.user_id!r} was in two requests at once, of {one.older} and {one.newer}"

    def _contact(
        self, contact: str, story: ReferenceModel, changes: Sequence[Accepted], verdict: Verdict
    ) -> None:
        places: dict[int, int] = {}  # tenure -> the step that it has surely reached
        was_delete: dict[int, bool] = {}
        for change in changes:
            tenure = self._tenure(change, str(story.partition))
            if tenure is None:
                verdict.violations.append(f"{change} was sent without an assignment of {story.partition}")
                continue
            late = self._is_late(change, tenure, str(story.partition))
            place = places.get(id(tenure), 0)
            step = _surely(change, story, place, after_delete=was_delete.get(id(tenure), False))
            backwards = not late and step < place
            if late or (backwards and self._follows_a_loss(change, tenure, str(story.partition))):
                verdict.late.add(contact)
                verdict.late_changes += 1
                if late and tenure.orderly:
                    verdict.violations.append(f"{change} came after {tenure} had ended in good order")
                continue
            if backwards:
                verdict.violations.append(f"{change} came after step {place} in {tenure}")
            places[id(tenure)] = max(place, step)
            was_delete[id(tenure)] = change.step is None

    def _tenure(self, change: Accepted, partition: str) -> Tenure | None:
        """Find the newest tenure of the change's client that had begun."""
        own = self._by_client[change.client, partition]
        index = bisect_right(own, change.at, key=attrgetter("began"))
        return own[index - 1] if index else None

    def _is_late(self, change: Accepted, tenure: Tenure, partition: str) -> bool:
        if tenure.orderly and change.at > tenure.ended:
            return True
        others = [one for one in self._by_partition[partition] if one.client != tenure.client]
        begun = [one for one in others if one.began < change.at]
        if tenure.orderly:
            # One that was asleep may begin a tenure that is over, and hears that at once: no heir.
            return any(one.began > tenure.began and not one.taken for one in begun)
        return any(one.began > tenure.began or (one.orderly and one.ended > tenure.began) for one in begun)

    def _follows_a_loss(self, change: Accepted, tenure: Tenure, partition: str) -> bool:
        """Return whether a request from before the same client's last loss may have come between."""
        own = self._by_client[change.client, partition]
        before = own[: own.index(tenure)]
        return bool(before) and not before[-1].orderly and change.at - before[-1].ended < LATE_SECONDS


def _surely(change: Accepted, story: ReferenceModel, place: int, *, after_delete: bool) -> int:
    """Return the earliest step that a change can be: a delete after a delete may be a repetition."""
    if change.step is not None:
        return change.step
    if after_delete:
        return place
    return next((step for step in story.deletes if step > place), place)
