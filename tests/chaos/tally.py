"""The counts of a run of many rounds, and their table."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from statistics import mean, quantiles

from tests.chaos.failpoint import FAIL_POINTS

PROMISES = {
    "lost": "lost",
    "misordered": "misordered",
    "early": "early commits",
    "unsafe": "unsafe requests",
    "unaccounted": "unaccounted records",
}


@dataclass(slots=True)
class Tally:
    """Sums over rounds. Recovery times in seconds, by what was recovered from."""

    rounds: Counter[str] = field(default_factory=Counter)
    """By protocol."""
    deeds: Counter[str] = field(default_factory=Counter)
    weather: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    """SIGKILLs at random moments."""
    fail_points: Counter[str] = field(default_factory=Counter)
    """SIGKILLs at named points."""
    rebalances: int = 0
    records: int = 0
    events: int = 0
    letters: int = 0
    accepted: int = 0
    audits: int = 0
    repeated: list[int] = field(default_factory=list)
    """Deliveries that came again between an incident and the next, of each incident."""
    recoveries: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    late: Counter[str] = field(default_factory=Counter)
    """Changes that came after another instance had the partition, by protocol."""
    broken: Counter[str] = field(default_factory=Counter)
    """The counts that must be 0, by the names of `PROMISES`."""
    failures: list[str] = field(default_factory=list)
    """The broken promises, in words."""

    @property
    def sigkills(self) -> int:
        """All SIGKILLs."""
        return self.kills + self.fail_points.total()

    def text(self) -> str:
        """Write the table."""
        again = self.repeated or [0]
        lines = [
            f"rounds               {self.rounds.total()}: {_counted(self.rounds)}",
            f"deeds                {_counted(self.deeds)}",
            f"network faults met   {_counted(self.weather)}",
            f"SIGKILLs             {self.sigkills}, of them {self.fail_points.total()} at fail points",
            *(f"    {self.fail_points[name]:5} {name}" for name in FAIL_POINTS),
            f"rebalances           {self.rebalances}",
            f"records              {self.records:,}: {self.events:,} events, {self.letters:,} dead letters",
            f"deliveries accepted  {self.accepted:,}",
            f"repeated deliveries  mean {mean(again):.1f}, max {max(again)} between two incidents",
            *(f"recovery             {_recovery(kind, times)}" for kind, times in self.recoveries.items()),
            f"audits of commits    {self.audits}",
            f"late changes         {_counted(self.late)}; of instances killed, frozen or cut off",
            ", ".join(f"{name} {self.broken[key]}" for key, name in PROMISES.items()),
        ]
        return "\n".join([*lines, *self.failures])


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common()) or "none"


def _recovery(kind: str, times: list[float]) -> str:
    cuts = quantiles(times, n=100, method="inclusive") if len(times) > 1 else times * 99
    return f"{kind}: p50 {cuts[49]:.1f} s, p99 {cuts[98]:.1f} s, of {len(times)}"
