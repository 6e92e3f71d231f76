"""The table that `make bench` prints."""

from collections.abc import Callable, Sequence
from statistics import median

from tests.bench.measure import Result

COLUMNS: dict[str, Callable[[Result], float]] = {
    "records/s": lambda result: result.rate,
    "CPU s/100k": lambda result: result.cpu,
    "peak MiB": lambda result: result.cost.resident_mib,
    "items/request": lambda result: result.batch,
    "sink busy %": lambda result: 100 * result.sink_share,
    "order violations": lambda result: result.sink["order_violations"],
    "overlaps": lambda result: result.sink["overlaps"],
}
WIDTH = 17


def line(result: Result) -> str:
    """Write one row."""
    cells = (f"{value(result):>{WIDTH},.2f}" for value in COLUMNS.values())
    return f"{result.name:<10}" + "".join(cells)


def head() -> str:
    """Write the head of the table."""
    return f"{'':<10}" + "".join(f"{name:>{WIDTH}}" for name in COLUMNS)


def medians(rounds: Sequence[dict[str, Result]]) -> str:
    """Write the median of every column, contender by contender."""
    rows = [head()]
    for name in rounds[0]:
        results = [one[name] for one in rounds]
        cells = (f"{median(value(result) for result in results):>{WIDTH},.2f}" for value in COLUMNS.values())
        rows.append(f"{name:<10}" + "".join(cells))
    return "\n".join(rows)


def ratios(rounds: Sequence[dict[str, Result]], ours: str) -> str:
    """Write ours against each other contender: the median of the ratios of the same round."""
    rows = []
    for other in rounds[0]:
        if other == ours:
            continue
        cpu = median(one[ours].cpu / one[other].cpu for one in rounds)
        rate = median(one[ours].rate / one[other].rate for one in rounds)
        rows.append(f"{ours} / {other}:  CPU per record {cpu:.2f}   records/s {rate:.2f}")
    return "\n".join(rows)
