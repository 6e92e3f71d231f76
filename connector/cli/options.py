"""Options that several commands share."""

from pathlib import Path

import click

config_option = click.option(
    "-c",
    "--config",
    "config_path",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The service file, such as config/connector.yaml.",
)
"""Passes `config_path`; a missing file is a problem of the configuration (exit 78)."""
