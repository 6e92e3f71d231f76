"""The connector as a contender: its configuration and its command."""

import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

from tests.bench.workload import MAPPING, TOPIC

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
REGISTRY = """\
schema_registry:
  url: {url}
"""


@dataclass(frozen=True, slots=True)
class Source:
    """The source: a topic, its wire format, the registry if one is needed, and where a new group begins."""

    topic: str = TOPIC
    format: str = "json"
    registry_url: str | None = None
    start: str = "earliest"


FROM_THE_BEGINNING, FROM_THE_END = Source(), Source(start="latest")


def command(
    folder: Path,
    *,
    bootstrap_servers: str,
    group: str,
    base_url: str,
    admin_port: int,
    linger_ms: int = 50,
    in_flight: int = 8,
    source: Source = FROM_THE_BEGINNING,
) -> list[str]:
    """Write the configuration into `folder` and return the command that runs with it."""
    topic = indent(f"topic: {source.topic}\nformat: {source.format}\nstart: {source.start}{MAPPING}", "    ")
    registry = "" if source.registry_url is None else REGISTRY.format(url=source.registry_url)
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
        + registry
    )
    return [sys.executable, "-m", "connector", "run", "-c", str(config)]
