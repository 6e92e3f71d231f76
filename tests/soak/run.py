"""One soak: an ordinary day, an API that is away, large records; how much memory each took, and the end."""

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from connector.sandbox.api.api_server import SandboxApi
from connector.sandbox.api.behaviour import Behaviour, UnknownContact
from connector.sandbox.api.faults import FaultKind
from connector.translate.formats.json.weight import MEMORY_MAX
from tests.soak.load import Load
from tests.soak.resident import Stretch, watching
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.service import Service
from tests.waiting import wait_for

PARTITIONS = 4
CATCH_UP_SECONDS = 3600
LARGE_SECONDS = 600
LARGE_RECORDS = 10

SMALL_MIB, LARGE_MIB = 256, 512
"""The bounds that docs/deploy.md gives: with records of about 1 KB, and with large ones."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how much, and how large. A megabyte is 1,000,000 bytes; 0 large ones are none."""

    minutes: float
    outage_minutes: float
    rate: float
    large_megabytes: float


@dataclass(slots=True)
class Report:
    """The measurements, and the broken promises."""

    stretches: dict[str, Stretch] = field(default_factory=dict)
    records: int = 0
    failures: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Write one line for each stretch, and the end."""
        lines = [f"{name}: {seen}" for name, seen in self.stretches.items()]
        wrong = "\n".join(self.failures) or "nothing lost, misordered or unaccounted for"
        return "\n".join([*lines, f"{self.records:,} records, {wrong}"])


def soak(kafka: KafkaBroker, folder: Path, plan: Plan) -> Report:
    """Run the service for as long as planned.

    Raises:
        TimeoutError: it did not catch up.
        RuntimeError: it has ended.
    """
    report = Report()
    name = folder.name
    with ExitStack() as ending:
        sandbox = ending.enter_context(
            SandboxApi(Behaviour(limit=None, unknown_contact=UnknownContact.ACCEPT))
        )
        load = Load(name, kafka.bootstrap_servers, plan.rate)
        ending.callback(load.stop)
        for topic in load.topics:
            kafka.create_topic(topic, PARTITIONS)
        kafka.create_topic(f"{name}.dead-letters")
        service = Service(name, folder, kafka, sandbox, *load.mappings)
        ending.callback(service.close)
        service.start()
        service.await_ready()
        watch = ending.enter_context(watching(service.process.child.pid))
        load.start()
        _let_pass(plan.minutes, service)
        report.stretches["steady"] = watch.cut()
        if plan.outage_minutes:
            sandbox.inject(FaultKind.STATUS, status=503)
            _let_pass(plan.outage_minutes, service)
            report.stretches["API away"] = watch.cut()
            sandbox.heal()
        load.stop()
        _catch_up(kafka, name, load, service, CATCH_UP_SECONDS)
        report.stretches["catching up"] = watch.cut()
        if plan.large_megabytes:
            _large(plan.large_megabytes, load)
            _catch_up(kafka, name, load, service, LARGE_SECONDS)
            report.stretches[f"{LARGE_RECORDS} records of {plan.large_megabytes:g} MB"] = watch.cut()
        report.records = load.records
        report.failures += _compare(load, sandbox, service, report.stretches)
    return report


def _let_pass(minutes: float, service: Service) -> None:
    until = time.monotonic() + minutes * 60
    while (left := until - time.monotonic()) > 0:
        service.process.check_alive()
        time.sleep(min(1.0, left))


def _catch_up(kafka: KafkaBroker, group: str, load: Load, service: Service, seconds: float) -> None:
    def done() -> bool:
        return sum(kafka.committed(group, topic, PARTITIONS) for topic in load.topics) == load.records

    wait_for(done, seconds, f"the commits of {load.records} records", service.process)


def _large(megabytes: float, load: Load) -> None:
    size = int(megabytes * 1_000_000)
    for _ in range(LARGE_RECORDS):
        load.large(size, taken=size * 2 < MEMORY_MAX)
        load.flush()


def _compare(load: Load, sandbox: SandboxApi, service: Service, stretches: dict[str, Stretch]) -> list[str]:
    held = {contact: row.get("row_version") for contact, row in sandbox.contacts().items()}
    counts = sandbox.read(lambda ledger: ledger.counts.copy())
    status = service.status()
    small = [seen.peak for name, seen in stretches.items() if not name.endswith("MB")]
    checks = {
        "Instasent holds other contacts than were written": held
        == {contact: row["row_version"] for contact, row in load.rows.items()},
        "Instasent holds other events than were written": len(sandbox.events()) == load.events,
        "the order was not kept": not (counts["order_violations"] or counts["overlaps"]),
        "other dead letters than unreadable records": sum(
            topic["dead_lettered"] for topic in status["topics"]
        )
        == load.unreadable,
        "unaccounted records": status["unaccounted_records"] == 0,
        f"more than {SMALL_MIB} MiB": max(small) <= SMALL_MIB,
        f"more than {LARGE_MIB} MiB": max(seen.peak for seen in stretches.values()) <= LARGE_MIB,
        "it did not end with 0": service.stop() == 0,
    }
    return [what for what, well in checks.items() if not well]
