"""`instasent-connector demo`, run for real and once: it takes half a minute."""

import json
import subprocess
import sys
import time

SECONDS_MAX = 60


def test_the_demo_proves_that_nothing_is_lost() -> None:
    """It ends within a minute with one JSON line: everything arrived, once, in order, through the trouble."""
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "connector", "demo", "--json"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    seconds = time.monotonic() - began
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (line,) = ended.stdout.splitlines()
    summary = json.loads(line)
    assert summary["proved"] is True, summary
    formats = {"JSON", "Avro", "JSON with schema, flattened", "JSON, events", "JSON, outbox"}
    assert summary["records_read"].keys() == formats
    assert min(summary["records_read"].values()) > 100
    assert sum(summary["records_read"].values()) > 2000
    assert summary["unaccounted_records"] == summary["order_violations"] == 0
    assert set(summary["dead_letters"]) == {"not json", "refused", "unknown contact"}
    assert seconds < SECONDS_MAX
