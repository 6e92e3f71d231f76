"""`sandbox-api`: serve the Instasent Ingest API on this machine, for trials."""

import signal
import threading

import click

from connector.sandbox.api.api_server import SandboxApi
from connector.sandbox.api.behaviour import AnswerShape, Behaviour

_DEFAULTS = Behaviour()


@click.command("sandbox-api")
@click.option(
    "--listen", default="127.0.0.1:8090", show_default=True, metavar="HOST:PORT", help="Port 0: any."
)
@click.option("--project", default=_DEFAULTS.project, show_default=True, help="The only project.")
@click.option("--datasource", default=_DEFAULTS.datasource, show_default=True, help="The only data source.")
@click.option(
    "--token",
    "tokens",
    multiple=True,
    default=sorted(_DEFAULTS.tokens),
    show_default=True,
    help="A valid token; repeat the option for several.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=_DEFAULTS.limit,
    show_default=True,
    help="Requests per window and endpoint; 0: no limit.",
)
@click.option(
    "--window-seconds",
    type=click.FloatRange(min=1),
    default=_DEFAULTS.window_seconds,
    show_default=True,
    help="Length of a window.",
)
@click.option(
    "--shape",
    type=click.Choice([shape.value for shape in AnswerShape]),
    default=_DEFAULTS.shape.value,
    show_default=True,
    help="The form of the answers: a receipt (a) or entities (b).",
)
@click.option("--seed", type=int, default=0, show_default=True, help="The seed of faults with a probability.")
def command(
    listen: str,
    project: str,
    datasource: str,
    tokens: tuple[str, ...],
    limit: int,
    window_seconds: float,
    shape: str,
    seed: int,
) -> None:
    """Serve the Instasent Ingest API locally: limits, faults and a ledger of all received items."""
    behaviour = Behaviour(
        project=project,
        datasource=datasource,
        tokens=frozenset(tokens),
        limit=limit or None,
        window_seconds=window_seconds,
        shape=AnswerShape(shape),
    )
    host, port = _address(listen)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        sandbox = SandboxApi(behaviour, host=host, port=port, seed=seed)
    except OSError as error:
        raise click.ClickException(f"cannot listen on {listen}: {error.strerror}") from error
    with sandbox:
        click.echo(_directions(sandbox, tokens[0]))
        stop.wait()
        report = sandbox.report()
    click.echo(
        f"{report['contacts']['present']} contacts, {report['events']['accepted']} events; "
        f"order violations: {report['order_violations']}, overlaps: {report['overlaps']}"
    )


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise click.BadParameter("not an address and a port, such as 127.0.0.1:8090", param_hint="--listen")
    return host, int(port)


def _directions(sandbox: SandboxApi, token: str) -> str:
    """Return instructions that can be copied."""
    behaviour, origin = sandbox.behaviour, sandbox.origin
    path = f"project/{behaviour.project}/datasource/{behaviour.datasource}"
    return f"""\
The sandbox API runs until Ctrl-C. Settings for the connector:

  export INSTASENT_BASE_URL={sandbox.base_url}
  export INSTASENT_PROJECT={behaviour.project}
  export INSTASENT_DATASOURCE={behaviour.datasource}
  export INSTASENT_TOKEN={token}

Requests to try:

  curl -H 'Authorization: Bearer {token}' {sandbox.base_url}/{path}/stream
  curl {origin}/sandbox/ledger                   all received items, and whether they are in order
  curl {origin}/sandbox/contacts                 every contact, by user id
  curl -d '{{"kind": "status", "status": 503, "for_seconds": 10}}' {origin}/sandbox/faults
  curl -X DELETE {origin}/sandbox/faults         end all faults
"""
