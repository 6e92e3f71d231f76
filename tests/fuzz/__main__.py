"""`python -m tests.fuzz --runs 1000000 --seed 1` tries many inputs; `--seed N --runs 1` one of them again."""

import argparse
import sys
import time
from collections import Counter

from tests.fuzz.inputs import input_of
from tests.fuzz.rules import mappings
from tests.fuzz.run import Report, measure, run, workers_of_this_machine

_SHOWN_MAX = 400


def main() -> int:
    """Return 1 when an input broke a promise."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--runs", type=int, default=1_000_000, help="how many inputs")
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--workers", type=int, default=workers_of_this_machine(), help="processes")
    arguments = parser.parse_args()
    if arguments.runs == 1:
        _show(arguments.seed)
    begin = time.monotonic()

    shown = 0

    def tell(report: Report) -> None:
        nonlocal shown
        for fault in report.faults[shown:]:
            sys.stderr.write(f"seed {fault.seed}: {fault.words}\n")
        shown = len(report.faults)
        speed = report.inputs / (time.monotonic() - begin)
        sys.stderr.write(f"{report.inputs:>9} inputs, {speed:.0f}/s, {len(report.faults)} faults\n")

    report = run(arguments.seed, arguments.runs, arguments.workers, tell)
    _print(report, time.monotonic() - begin)
    return 1 if report.faults else 0


def _show(seed: int) -> None:
    """Print the input of a seed and what it took."""
    given = input_of(seed, len(mappings()))
    record = given.record
    sys.stdout.write(f"{given.kind}, topic file {mappings()[int(record.topic[1:])].rules!r}\n")
    for name, part in (("key", record.key), ("value", record.value), ("headers", record.headers)):
        sys.stdout.write(f"{name}: {part!r:.{_SHOWN_MAX}}\n")
    if given.artifact is not None:
        sys.stdout.write(f"schema: {given.artifact!r:.{_SHOWN_MAX}}\n")
    sys.stdout.write(f"{measure(seed)}\n")


def _print(report: Report, seconds: float) -> None:
    kinds: dict[str, Counter[str]] = {}
    for name, count in report.outcomes.items():
        kind, _, outcome = name.partition(": ")
        kinds.setdefault(kind, Counter())[outcome] += count
    for kind, outcomes in sorted(kinds.items()):
        parts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
        sys.stdout.write(f"{kind + ':':<18}{parts}\n")
    for fault in report.faults:
        sys.stdout.write(f"seed {fault.seed}: {fault.words}\n")
    speed = report.inputs / report.seconds if report.seconds else 0
    sys.stdout.write(
        f"{report.inputs} inputs in {seconds:.0f} s, {speed:.0f} for each second of a CPU:"
        f" {len(report.faults)} faults\n"
    )


if __name__ == "__main__":
    sys.exit(main())
