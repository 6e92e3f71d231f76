"""`check`: validate the configuration, compile the mappings, run their examples."""

import os
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

from connector.cli.options import config_option
from connector.errors import ConfigError
from connector.settings import Settings, load
from connector.translate import examples


@click.command("check")
@config_option
def command(config_path: Path) -> None:
    """Validate the configuration, compile the mappings and run their examples, without network."""
    settings = load(config_path, os.environ)
    failures = [
        section.place(problem)
        for rules, section in zip(settings.topics, settings.sections, strict=True)
        for problem in examples.failures(rules)
    ]
    if failures:
        raise ConfigError(failures)
    Console().print(_summary(settings))
    click.echo(f"{config_path}: fine")


def _summary(settings: Settings) -> Table:
    topic = Column("topic", overflow="fold")
    table = Table(topic, "attributes", "on delete", "event", "examples passed", box=SIMPLE_HEAD)
    for rules in settings.topics:
        table.add_row(
            rules.source,
            str(len(rules.contact.attributes)) if rules.contact else "-",
            rules.contact.on_delete if rules.contact else "-",
            rules.event.type if rules.event else "-",
            str(len(rules.examples)),
        )
    return table
