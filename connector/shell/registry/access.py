"""Credentials and certificates for the registry, read again when their files change (S07)."""

import hashlib
import re
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connector.errors import ConfigError, Problem
from connector.settings import Secret, read_secret
from connector.settings.certificates import add_identity, authorities
from connector.settings.schema_registry import CERTIFICATES, SECRETS, SchemaRegistry
from connector.shell.http.http_thread import tls_context

FILE_BYTES_MAX = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Access:
    """Headers and TLS context of a request. `secrets` holds every text that must not appear elsewhere."""

    authorization: Mapping[str, str] = field(repr=False)
    tls: ssl.SSLContext = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


class Credentials:
    """Holds the access that the files give. Raises ConfigError where they are unusable."""

    def __init__(self, settings: SchemaRegistry) -> None:
        self._settings = settings
        names = [f"{name}_file" for name in SECRETS] + list(CERTIFICATES)
        self._files = [file for name in names if (file := getattr(settings, name)) is not None]
        self._digests = self._read_digests()
        self.access = self._read()

    def changed(self) -> bool:
        """Look at the files; return True where they have changed and `access` is new.

        Raises:
            ConfigError: they have changed but are unusable. `access` stays. Raised once for each change.
        """
        digests = self._read_digests()
        if digests == self._digests:
            return False
        self._digests = digests  # before reading: a change meanwhile is seen the next time
        self.access = self._read()
        return True

    def _read_digests(self) -> list[bytes | None]:
        return [_digest(file) for file in self._files]

    def _read(self) -> Access:
        settings = self._settings
        password, token, key_password = (self._secret(name) for name in SECRETS)
        tls = tls_context() if settings.ca_file is None else authorities(settings.ca_file)
        if settings.certificate_file is not None:
            add_identity(tls, settings.certificate_file, settings.key_file, key_password)
        secrets = [secret for secret in (password, token, key_password) if secret]
        authorization = ""
        if token is not None:
            if not re.fullmatch(r"[!-~]+", token):
                raise ConfigError(
                    [
                        Problem(
                            f"the file {settings.token_file} holds characters that no HTTP header can carry"
                        )
                    ]
                )
            authorization = f"Bearer {token}"
        elif password is not None:
            pair = b64encode(f"{settings.username}:{password}".encode()).decode()
            authorization = f"Basic {pair}"
            secrets.append(pair)
        headers = {"Authorization": authorization} if authorization else {}
        return Access(headers, tls, tuple(secrets))

    def _secret(self, name: str) -> str | None:
        file: Path | None = getattr(self._settings, f"{name}_file")
        secret: Secret | None = read_secret(file) if file is not None else getattr(self._settings, name)
        return None if secret is None else secret.get_secret_value()


def _digest(file: Path) -> bytes | None:
    """Identify the content of a file; None where it cannot be read."""
    try:
        with file.open("rb") as stream:
            return hashlib.sha256(stream.read(FILE_BYTES_MAX)).digest()
    except OSError:
        return None
