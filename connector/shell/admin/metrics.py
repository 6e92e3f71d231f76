"""The Prometheus metrics, made from the newest snapshot at each scrape."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from connector.engine.snapshot import Snapshot, State
from connector.shell.admin.board import StatusBoard

PREFIX = "instasent_connector"


class SnapshotCollector(Collector):
    """Reads the board at every scrape and keeps no state."""

    def __init__(self, board: StatusBoard) -> None:
        self._board = board

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; labels hold topics, partitions, formats, endpoints, rules and states (S10)."""
        snapshot = self._board.snapshot
        yield from _service(snapshot, ready=not self._board.causes)
        yield _gauge("loop_idle_seconds", "Since the engine's loop last turned.", self._board.idle_ms / 1000)
        yield from _topics(snapshot)
        yield _labelled(
            GaugeMetricFamily,
            "topic_format_info",
            "1 for each wire format that a topic's values were seen in.",
            ("topic", "format"),
            [((topic, name), 1) for topic, names in self._board.formats.items() for name in names],
        )
        yield _labelled(
            CounterMetricFamily,
            "values_left_out",
            "Values of mapped columns that were not sent: unchanged and unknown (TOAST), or not a number.",
            ("reason",),
            [((reason,), count) for reason, count in self._board.values_left_out.items()],
        )
        yield from _partitions(snapshot)
        yield from _endpoints(snapshot)
        yield _labelled(
            CounterMetricFamily,
            "schema_registry_requests",
            "Questions to the schema registry, by what it answered.",
            ("outcome",),
            [((verdict.value,), count) for verdict, count in snapshot.schema_answers.items()],
        )


def registry_of(board: StatusBoard) -> CollectorRegistry:
    """Make a registry for our metrics only; libraries use the process-wide one."""
    registry = CollectorRegistry()
    registry.register(SnapshotCollector(board))
    return registry


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", text, value=value)


def _labelled(
    family: type[GaugeMetricFamily | CounterMetricFamily],
    name: str,
    text: str,
    labels: tuple[str, ...],
    samples: Iterable[tuple[tuple[str, ...], float | None]],
) -> Metric:
    metric = family(f"{PREFIX}_{name}", text, labels=labels)
    for values, number in samples:
        if number is not None:
            metric.add_metric(list(values), number)
    return metric


def _service(snapshot: Snapshot, *, ready: bool) -> Iterator[Metric]:
    yield _labelled(
        GaugeMetricFamily,
        "state",
        "1 for the present state, 0 for the others.",
        ("state",),
        [((state,), float(state is snapshot.state)) for state in State],
    )
    yield _gauge("ready", "1 while nothing is wrong.", float(ready))
    yield _gauge("in_flight_records", "Records that are not settled yet.", snapshot.in_flight_records)
    yield _gauge("buffered_records", "Records in memory.", snapshot.buffered_records)
    yield _gauge("buffered_bytes", "Bytes of the records in memory.", snapshot.buffered_bytes)
    yield _gauge(
        "unaccounted_records", "Must be 0: records without an outcome.", snapshot.unaccounted_records
    )


def _topics(snapshot: Snapshot) -> Iterator[Metric]:
    topics = snapshot.topics
    yield _labelled(
        CounterMetricFamily,
        "records_consumed",
        "Records read.",
        ("topic",),
        [((t.topic,), t.records_consumed) for t in topics],
    )
    yield _labelled(
        CounterMetricFamily,
        "deliveries_accepted",
        "Deliveries that Instasent accepted.",
        ("topic",),
        [((t.topic,), t.deliveries_accepted) for t in topics],
    )
    yield _labelled(
        CounterMetricFamily,
        "records_skipped",
        "Records that a rule left out on purpose.",
        ("topic", "rule"),
        [((t.topic, rule), count) for t in topics for rule, count in t.skipped.items()],
    )
    yield _labelled(
        CounterMetricFamily,
        "records_dead_lettered",
        "Records stored as dead letters.",
        ("topic", "rule"),
        [((t.topic, rule), count) for t in topics for rule, count in t.dead_lettered.items()],
    )


def _partitions(snapshot: Snapshot) -> Iterator[Metric]:
    labels = ("topic", "partition")
    named = [((p.topic, str(p.partition)), p) for p in snapshot.partitions]
    gauges = (
        ("partition_lag_records", "Records up to the end of the log.", [(n, p.lag) for n, p in named]),
        ("partition_position", "The next offset to read.", [(n, p.position) for n, p in named]),
        ("partition_committed", "The last committed offset.", [(n, p.committed) for n, p in named]),
        ("partition_parked_records", "Records that wait for a schema.", [(n, p.parked) for n, p in named]),
        ("partition_paused", "1 while it delivers nothing.", [(n, float(bool(p.paused))) for n, p in named]),
    )
    for name, text, samples in gauges:
        yield _labelled(GaugeMetricFamily, name, text, labels, samples)


def _endpoints(snapshot: Snapshot) -> Iterator[Metric]:
    labels = ("endpoint",)
    named = [((e.name.value,), e) for e in snapshot.endpoints]
    counters = (
        ("requests", "Requests to Instasent.", [(n, e.calls) for n, e in named]),
        ("request_items", "Deliveries in these requests.", [(n, e.items) for n, e in named]),
        ("requests_limited", "Answers 429: the budget was used up.", [(n, e.limited) for n, e in named]),
    )
    for name, text, counts in counters:
        yield _labelled(CounterMetricFamily, name, text, labels, counts)
    gauges = (
        ("budget_limit_requests", "Requests in a window.", [(n, e.budget_limit) for n, e in named]),
        (
            "budget_remaining_requests",
            "Requests left in the window.",
            [(n, e.budget_remaining) for n, e in named],
        ),
    )
    for name, text, values in gauges:
        yield _labelled(GaugeMetricFamily, name, text, labels, values)
