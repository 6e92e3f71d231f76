"""A short soak on the real broker: the long ones are `make soak`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.soak.run import Plan, soak
from tests.stack.kafka_broker import KafkaBroker

pytestmark = pytest.mark.stack


def test_a_short_soak(kafka: KafkaBroker, tmp_path: Path, tell: Callable[[str], None]) -> None:
    """Work, an API that is away, a backlog and large records: all arrives, within the stated memory.

    F041, F059, F086, I6.
    """
    folder = tmp_path / "soak"
    folder.mkdir()
    report = soak(kafka, folder, Plan(minutes=0.1, outage_minutes=0.1, rate=500, large_megabytes=0.9))
    tell(f"soak: {report.records:,} records, peak {max(s.peak for s in report.stretches.values()):.0f} MiB")
    assert report.failures == []
    assert list(report.stretches) == ["steady", "API away", "catching up", "10 records of 0.9 MB"]
    assert report.records > 1_000
