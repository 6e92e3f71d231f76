"""The command `sandbox-api` as a user runs it."""

import os
import re
import signal
import subprocess
import sys
import time

import httpx

COMMAND = [sys.executable, "-m", "connector", "sandbox-api"]


def test_it_serves_until_ctrl_c() -> None:
    """It prints its addresses, serves, and Ctrl-C ends it quickly with a summary and exit 0."""
    with subprocess.Popen(
        [
            *COMMAND,
            "--listen",
            "127.0.0.1:0",
            "--token",
            "t1",
            "--token",
            "t2",
            "--shape",
            "b",
            "--limit",
            "5",
        ],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            base_url = next(found[1] for line in lines if (found := re.search(r"BASE_URL=(\S+)", line)))
            with httpx.Client(
                base_url=f"{base_url}/project/sandbox/datasource/customers",
                headers={"authorization": "Bearer t2"},
            ) as client:
                answer = client.post("/stream/contacts", json=[{"_user_id": "7"}])
                assert answer.json()["entity"]["successful"] == 1
                assert answer.headers["x-ratelimit-limit"] == "5"
                began = time.monotonic()
                process.send_signal(signal.SIGINT)
                rest, _ = process.communicate(timeout=10)
            assert process.returncode == 0
            assert time.monotonic() - began < 8
            assert "1 contacts, 0 events; order violations: 0" in rest
        finally:
            process.kill()


def test_a_bad_address_is_bad_usage() -> None:
    """A malformed address ends with exit 2 and an example; a port in use ends with exit 1."""
    for listen, code, words in (
        ("nowhere", 2, "such as 127.0.0.1:8090"),
        ("192.0.2.1:80", 1, "cannot listen"),
    ):
        ended = subprocess.run(
            [*COMMAND, "--listen", listen], capture_output=True, text=True, timeout=20, check=False
        )
        assert ended.returncode == code
        assert words in ended.stderr
