"""`make bench`: the connector beside three plain loops, on a real broker, in one run.

Every contender is a process of its own, reads the same topic in a fresh group, and sends to the same
sink. Rounds are interleaved, so that a slower minute of the machine hits all of them.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click
import httpx

from connector.sandbox.registry.registry_server import SandboxRegistry
from connector.sandbox.registry.store import RegistryStore
from tests.bench import connector, latency, loading, report
from tests.bench.connector import FROM_THE_BEGINNING, FROM_THE_END, Source
from tests.bench.encoded import Encoder
from tests.bench.latency import Latency
from tests.bench.measure import Result, Sink, contend, run
from tests.bench.workload import CONTACTS, PARTITIONS, TOPIC
from tests.stack import jars
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.processes import Process, free_port
from tests.waiting import wait_for

OURS = "ours"
AVRO, AVRO_TOPIC, AVRO_RATE_GOAL = "avro-confluent", "bench.avro", 0.6
CONTENDERS = (OURS, "a", "b", "c")
SLOW_SINK_MS = 50
SLOW_SINK_IN_FLIGHT = 32
LATENCY_LINGERS_MS = (0, 50)
LATENCY_SAMPLES = 400
READY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Bench:
    """The parts that all scenarios share."""

    kafka: KafkaBroker
    sink: Sink
    folder: Path
    records: int
    rounds: int
    contenders: Sequence[str]

    def start_up(self) -> float:
        """Return the CPU seconds of a run of the connector that finds itself at the end of the topic."""
        command = connector.command(
            self.folder,
            bootstrap_servers=self.kafka.bootstrap_servers,
            group="start-up",
            base_url=self.sink.base_url,
            admin_port=free_port(),
            source=FROM_THE_END,
        )
        return run([*command, "--until-caught-up"], self.folder / "start-up.log").cpu_seconds

    def load(self, topic: str, wire_format: str) -> None:
        """Make a topic and fill it."""
        self.kafka.create_topic(topic, PARTITIONS)
        what = f"{self.records:,} updates of {CONTACTS:,} contacts"
        click.echo(f"Loading {what} into {PARTITIONS} partitions of {topic}")
        load = [sys.executable, "-m", "tests.bench.loading", "--bootstrap-servers"]
        load += [self.kafka.bootstrap_servers, "--topic", topic, "--records", str(self.records)]
        run([*load, "--format", wire_format], self.folder / "load.log")

    def contend(
        self, name: str, label: str, *, in_flight: int = 8, source: Source = FROM_THE_BEGINNING, row: str = ""
    ) -> Result:
        """Run one contender to the end of the topic and print its row; `source` is for ours alone."""
        group = f"{name}-{label}"
        if name == OURS:
            command = connector.command(
                self.folder,
                bootstrap_servers=self.kafka.bootstrap_servers,
                group=group,
                base_url=self.sink.base_url,
                admin_port=free_port(),
                in_flight=in_flight,
                source=source,
            )
            command.append("--until-caught-up")
        else:
            command = [sys.executable, "-m", "tests.bench.contenders", name, "--group", group]
            command += ["--bootstrap-servers", self.kafka.bootstrap_servers]
            command += ["--url", self.sink.contacts_url, "--records", str(self.records)]
        result = contend(row or name, command, self.records, self.sink, self.folder)
        click.echo(report.line(result))
        return result


def throughput(bench: Bench) -> None:
    """All contenders against a sink that answers at once."""
    rounds = []
    for number in range(bench.rounds):
        click.echo(f"\nRound {number + 1} of {bench.rounds}: the sink answers at once\n{report.head()}")
        results = {}
        for name in bench.contenders:
            bench.sink.reset()
            results[name] = bench.contend(name, f"round-{number}")
        rounds.append(results)
    click.echo(f"\nMedians of {bench.rounds} rounds\n{report.medians(rounds)}")
    if OURS in bench.contenders:
        click.echo(f"\nMedians of the ratios within a round\n{report.ratios(rounds, OURS)}")
        click.echo(
            f"Of our CPU time, {bench.start_up():.2f} s a run are start-up and stop, with no record to read."
        )


def avro(bench: Bench) -> None:
    """The connector reading Avro beside the connector reading bare JSON: the same updates."""
    store = RegistryStore()
    Encoder(AVRO, store).record(0, 0)  # registers what the loader's records name, under the same ids
    bench.load(AVRO_TOPIC, AVRO)
    rounds = []
    with SandboxRegistry(store) as registry:
        sources = {"json": FROM_THE_BEGINNING, "avro": Source(AVRO_TOPIC, "avro", registry.url)}
        for number in range(bench.rounds):
            click.echo(f"\nRound {number + 1} of {bench.rounds}: JSON, then Avro\n{report.head()}")
            results = {}
            for label, source in sources.items():
                bench.sink.reset()
                results[label] = bench.contend(OURS, f"{label}-{number}", source=source, row=label)
            rounds.append(results)
    click.echo(f"\nMedians of {bench.rounds} rounds\n{report.medians(rounds)}")
    click.echo(f"\nMedians of the ratios within a round\n{report.ratios(rounds, 'avro')}")
    click.echo(f"The goal is {AVRO_RATE_GOAL} of the records/s of JSON.")


def slow_sink(bench: Bench) -> None:
    """The connector against a sink that takes its time."""
    click.echo(f"\nThe sink answers after {SLOW_SINK_MS} ms, requests_in_flight_max: {SLOW_SINK_IN_FLIGHT}")
    click.echo(report.head())
    bench.sink.reset(SLOW_SINK_MS)
    bench.contend(OURS, "slow-sink", in_flight=SLOW_SINK_IN_FLIGHT)


def idle(bench: Bench) -> None:
    """How long the connector holds a record when there is nothing else to do."""
    click.echo("\nAdded latency, idle: from the broker's confirmation to the request at the sink")
    for position, linger_ms in enumerate(LATENCY_LINGERS_MS):
        taken = _latency(bench, linger_ms, bench.records + position * LATENCY_SAMPLES)
        click.echo(f"linger_ms {linger_ms:>3}:  p50 {taken.p50:6.1f} ms   p99 {taken.p99:6.1f} ms")


def _latency(bench: Bench, linger_ms: int, first_version: int) -> Latency:
    admin_port = free_port()
    command = connector.command(
        bench.folder,
        bootstrap_servers=bench.kafka.bootstrap_servers,
        group=f"latency-{linger_ms}",
        base_url=bench.sink.base_url,
        admin_port=admin_port,
        source=FROM_THE_END,
        linger_ms=linger_ms,
    )
    ready = f"http://127.0.0.1:{admin_port}/readyz"
    service = Process("the connector", command, bench.folder / "latency.log")
    service.start()
    try:
        wait_for(lambda: _answers(ready), READY_SECONDS, "the connector", service)
        taken = latency.measure(bench.kafka.bootstrap_servers, bench.sink, LATENCY_SAMPLES, first_version)
        service.stop()
    finally:
        service.kill()
    return taken


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


SCENARIOS: dict[str, Callable[[Bench], None]] = {
    "throughput": throughput,
    "avro": avro,
    "slow-sink": slow_sink,
    "latency": idle,
}


FORMATS = "formats"


def main() -> None:
    """Run the scenarios; all but `formats` share a broker and a sink."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--records", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=CONTENDERS)
    scenarios = (FORMATS, *SCENARIOS)
    parser.add_argument("--scenarios", nargs="+", choices=scenarios, default=scenarios)
    told = parser.parse_args()
    if FORMATS in told.scenarios:
        subprocess.run([sys.executable, "-m", "tests.bench.formats"], check=True)
    with_broker = [scenario for scenario in told.scenarios if scenario != FORMATS]
    if with_broker:
        run_with_broker(told, with_broker)


def run_with_broker(told: argparse.Namespace, scenarios: Sequence[str]) -> None:
    """Start broker and sink, fill the topic, run the scenarios."""
    with ExitStack() as ending:
        folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        kafka = KafkaBroker(jars.resolve(), folder)
        ending.callback(kafka.kill)
        kafka.start()
        port = free_port()
        served = Process(
            "the sink",
            [sys.executable, "-m", "tests.bench.sink", "--port", str(port)],
            folder / "sink.log",
        )
        ending.callback(served.kill)
        served.start()
        kafka.await_ready()
        bench = Bench(kafka, Sink(port), folder, told.records, told.rounds, told.contenders)
        bench.load(TOPIC, loading.JSON)
        for scenario in scenarios:
            SCENARIOS[scenario](bench)


if __name__ == "__main__":
    main()
