"""Makes certificates for tests of TLS."""

import subprocess
from pathlib import Path
from typing import NamedTuple


class Certificate(NamedTuple):
    """A self-signed certificate for 127.0.0.1, which is its own authority, and its key."""

    file: Path
    key: Path


def self_signed(folder: Path, name: str, key_password: str = "") -> Certificate:
    """Make one; the key is encrypted where a password is given."""
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-days", "1"),
            *("-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"),
            *(("-passout", f"pass:{key_password}") if key_password else ("-nodes",)),
            *("-keyout", str(made.key), "-out", str(made.file)),
        ],
        check=True,
        capture_output=True,
    )
    return made
