"""`demo`: the connector at work, with nothing to set up; it ends with a summary that proves the result."""

import contextlib
import signal
import tempfile
import threading
from pathlib import Path

import click
import orjson
from rich.console import Console

from connector.cli.demo.demo_run import DemoRun
from connector.cli.demo.summary import Summary, summarise

FAILED = 1


@click.command("demo")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON line, and nothing else.")
@click.option("--keep", is_flag=True, help="Keep running afterwards and print the addresses to open.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed makes other sample data.")
def command(as_json: bool, keep: bool, seed: int) -> None:
    """Show the connector at work: broker, API, changes, ten seconds of faults, and the proof.

    Starts an embedded broker, a schema registry and a sandbox of the Instasent API. Produces a few thousand
    changes of customers and orders in several formats. Runs the real service against them. Exits with 1
    unless Instasent holds exactly the expected result.
    """
    console = Console(quiet=as_json)
    with tempfile.TemporaryDirectory(prefix="instasent-demo-") as folder, DemoRun(Path(folder), seed) as run:
        _explain(console, run)
        run.play(console)
        if keep:
            _stay_up(console, run)
        exit_code = run.stop_service()
        summary = summarise(run, exit_code)
    if as_json:
        click.echo(orjson.dumps(summary.as_json()))
    else:
        _show(console, summary)
    if not summary.proved:
        raise click.exceptions.Exit(FAILED)


def _explain(console: Console, run: DemoRun) -> None:
    addresses = {
        "Broker": run.broker.bootstrap_servers,
        "Registry": run.registry.url,
        "API": run.api.base_url,
        "Service": run.admin_url,
    }
    for name, address in addresses.items():
        console.print(f"[bold]{name:<8}[/] {address}")
    console.print(
        f"The demo sends {len(run.sample.records)} records of {len(run.sample.formats)} topics to a sandbox "
        f"of the API. Formats: {', '.join(run.sample.formats.values())}. "
        "Ten seconds of it bring faults: refused requests, lost answers, resets.\n"
    )


def _show(console: Console, summary: Summary) -> None:
    console.print(summary.table())
    if summary.proved:
        console.print("[bold green]Every record arrived, once and in order.[/]")
    else:
        console.print(f"[bold red]Not as expected:[/] {', '.join(summary.failures)}")


def _stay_up(console: Console, run: DemoRun) -> None:
    """Keep everything running until Ctrl-C or SIGTERM."""
    console.print("\nStill running. Open these addresses; press Ctrl-C to stop:")
    for name, url in run.urls().items():
        console.print(f"  {name:<12} {url}")
    stopped = threading.Event()
    previous = signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    with contextlib.suppress(KeyboardInterrupt):
        stopped.wait()
    signal.signal(signal.SIGTERM, previous)
