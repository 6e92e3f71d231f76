"""The command line `instasent-connector`, also `python -m connector`."""

from importlib import import_module
from typing import Any

import click

from connector import __version__
from connector.errors import ConfigError, FatalError

FAULT, BAD_CONFIGURATION = 1, 78

COMMANDS = {
    "run": ("connector.cli.run", "Run the service."),
    "check": ("connector.cli.check", "Validate the configuration and run the examples of its mappings."),
    "demo": (
        "connector.cli.demo.command",
        "Show the connector at work on this machine, with nothing to set up.",
    ),
    "sandbox-api": ("connector.cli.sandbox_api", "Serve the Instasent Ingest API locally."),
}
"""Command -> the module that holds it as `command`, and its help text."""


class LazyCommand(click.Command):
    """A command whose module is imported only when it is called."""

    def __init__(self, name: str, module: str, short_help: str) -> None:
        super().__init__(name, short_help=short_help)
        self.module = module

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Parse with the real command, which also runs."""
        command: click.Command = import_module(self.module).command
        return command.make_context(info_name, args, parent, **extra)


class Program(click.Group):
    """Turns our errors into exit codes and messages for the operator."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command; problems go to stderr, one per line."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            for problem in error.problems:
                click.echo(str(problem), err=True)
            count = len(error.problems)
            noun = "problem" if count == 1 else "problems"
            click.echo(f"{count} {noun} in the configuration; nothing was consumed", err=True)
            ctx.exit(BAD_CONFIGURATION)
        except FatalError as error:
            click.echo(f"{error.reason}: {error}", err=True)
            ctx.exit(FAULT)


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="instasent-connector")
def main() -> None:
    """Stream Debezium change events and domain events from Kafka to the Instasent Ingest API.

    Exit codes: 0 success, 1 a fault while running, 2 bad usage, 78 bad configuration.
    """


for _name, (_module, _help) in COMMANDS.items():
    main.add_command(LazyCommand(_name, _module, _help))

if __name__ == "__main__":
    main(prog_name="instasent-connector")
