"""`run`: the service."""

import faulthandler
import os
import signal
from pathlib import Path
from typing import NoReturn

import click

from connector.cli.options import config_option


@click.command("run")
@config_option
@click.option(
    "--until-caught-up",
    is_flag=True,
    help="Exit with 0 when every record up to the current end is delivered.",
)
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(config_path: Path, until_caught_up: bool, log_format: str) -> None:
    """Run the service: Kafka in, Instasent out, until SIGTERM or SIGINT.

    The first signal drains and exits with 0. A second one ends the process immediately.
    """
    # Before all imports: an orchestrator may stop the process at any moment of the start.
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    faulthandler.enable()  # a crash in librdkafka leaves a Python stack trace (P26)
    _serve(config_path, until_caught_up=until_caught_up, log_format=log_format)


def _leave(*_: object) -> NoReturn:
    # Nothing is open yet. An exception would pass through the module that is loading. Modules in C do not
    # expect one: orjson's initialisation ended the process with SIGSEGV.
    os._exit(0)


def _serve(config_path: Path, *, until_caught_up: bool, log_format: str) -> None:
    # Imported here, after the signal handlers, because these imports take most of the start.
    from connector.settings import load  # noqa: PLC0415
    from connector.shell.logs import Redactor, configure_logging  # noqa: PLC0415
    from connector.shell.service import Service  # noqa: PLC0415

    settings = load(config_path, os.environ)
    redactor = Redactor(settings.secrets())
    configure_logging("json" if log_format == "json" else "text", redactor)
    service = Service(settings, redactor, until_caught_up=until_caught_up)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.request_stop())
    service.run()
