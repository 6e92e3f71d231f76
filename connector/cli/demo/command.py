"""`demo`: the whole thing at work, with nothing to set up; ends with a summary that proves the state."""

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
@click.option("--keep", is_flag=True, help="Stay up afterwards and say which addresses to open.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed makes another shop.")
def command(as_json: bool, keep: bool, seed: int) -> None:
    """Show the connector at work: broker, API, changes, ten seconds of trouble, and the proof.

    Starts an embedded broker, a schema registry and a sandbox of the Instasent API, produces a few thousand
    changes of customers and orders in several formats, and runs the real service against them. Exits with 1
    when the end is not exactly what the changes lead to.
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
        f"{len(run.sample.records)} records of {len(run.sample.formats)} topics, in "
        f"{', '.join(run.sample.formats.values())}, are on their way to a sandbox of the API. "
        "Ten seconds of it are trouble: refused requests, lost answers, resets.\n"
    )


def _show(console: Console, summary: Summary) -> None:
    console.print(summary.table())
    if summary.proved:
        console.print("[bold green]Everything arrived, once, in order.[/]")
    else:
        console.print(f"[bold red]Not as expected:[/] {', '.join(summary.failures)}")


def _stay_up(console: Console, run: DemoRun) -> None:
    """Wait for Ctrl-C or SIGTERM, with everything still running."""
    console.print("\nStill running; open, then press Ctrl-C:")
    for name, url in run.urls().items():
        console.print(f"  {name:<12} {url}")
    stopped = threading.Event()
    previous = signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    with contextlib.suppress(KeyboardInterrupt):
        stopped.wait()
    signal.signal(signal.SIGTERM, previous)
