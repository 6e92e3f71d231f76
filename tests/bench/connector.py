"""The connector as a contender: its configuration and its command."""

import sys
from pathlib import Path
from textwrap import indent

from tests.bench.workload import MAPPING

CONFIG = """\
kafka:
  bootstrap.servers: {bootstrap_servers}
  group.id: {group}
instasent:
  base_url: {base_url}
  project: bench
  datasource: bench
  token: bench
delivery:
  linger_ms: {linger_ms}
  requests_in_flight_max: {in_flight}
admin:
  listen: 127.0.0.1:{admin_port}
topics:
  -
{topic}
"""


def command(
    folder: Path,
    *,
    bootstrap_servers: str,
    group: str,
    base_url: str,
    admin_port: int,
    start: str = "earliest",
    linger_ms: int = 50,
    in_flight: int = 8,
) -> list[str]:
    """Write the configuration into `folder` and return the command that runs with it."""
    topic = indent(f"start: {start}{MAPPING}", "    ")
    config = folder / f"{group}.yaml"
    config.write_text(
        CONFIG.format(
            bootstrap_servers=bootstrap_servers,
            group=group,
            base_url=base_url,
            admin_port=admin_port,
            linger_ms=linger_ms,
            in_flight=in_flight,
            topic=topic,
        )
    )
    return [sys.executable, "-m", "connector", "run", "-c", str(config)]
