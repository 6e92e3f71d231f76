"""Certificates from files: the trusted authorities and our identity."""

import ssl
from pathlib import Path

from connector.errors import ConfigError, Problem


def authorities(file: Path) -> ssl.SSLContext:
    """Verify servers by the authorities of a PEM file only, with TLS 1.2 at least (S11).

    Raises:
        ConfigError: it cannot be read, or holds no certificate.
    """
    try:
        context = ssl.create_default_context(cafile=file)
    except OSError as error:
        raise _unusable(file, error) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def add_identity(
    context: ssl.SSLContext, certificate_file: Path, key_file: Path | None, key_password: str | None
) -> None:
    """Use a client certificate; its key may be in the same file.

    Raises:
        ConfigError: a file cannot be read, key and certificate do not match, or the password is wrong.
    """
    for file in filter(None, (certificate_file, key_file)):
        try:
            file.open("rb").close()  # errors of OpenSSL do not name the file
        except OSError as error:
            raise _unusable(file, error) from None
    try:
        # Without a password OpenSSL would ask on the terminal.
        context.load_cert_chain(certificate_file, key_file, key_password or "")
    except (OSError, ValueError) as error:
        raise _unusable(certificate_file, error) from None


def _unusable(file: Path, error: OSError | ValueError) -> ConfigError:
    if isinstance(error, ssl.SSLError):
        wrong = error.reason or "not PEM, or a wrong password"
        return ConfigError([Problem(f"the certificate or key of {file} cannot be used: {wrong}")])
    reason = error.strerror if isinstance(error, OSError) else "the password is too long"
    return ConfigError([Problem(f"the file {file} cannot be read: {reason}")])
