"""`python -m tests.simulation --seeds 5000 --first 1` runs many seeds and prints those that fail."""

import argparse
import sys

from tests.simulation.oracle import Violation
from tests.simulation.run import run


def main() -> int:
    """Return 1 when a seed failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=300, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first one")
    arguments = parser.parse_args()
    failed = 0
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        try:
            run(seed)
        except Violation as violation:
            failed += 1
            sys.stdout.write(f"{violation}\n")
    sys.stdout.write(f"{arguments.seeds} seeds from {arguments.first}: {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
