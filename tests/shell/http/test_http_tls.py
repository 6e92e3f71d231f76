"""TLS: who cannot prove to be the API gets no byte of token or data."""

import ssl

import pytest

from connector.instasent.requests import HttpRequest
from connector.shell.http.http_thread import HttpResponse, NoAnswer, tls_context
from tests.shell.certificates import Certificate, self_signed
from tests.shell.http.http_client import SLOW, ask, http
from tests.shell.http.http_peer import OK, answering, peer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Make a self-signed certificate for 127.0.0.1 and its key."""
    return self_signed(tmp_path_factory.mktemp("tls"), "server")


def server_tls(certificate: Certificate) -> ssl.SSLContext:
    """Serve that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def test_unknown_certificate_gets_no_byte(certificate: Certificate) -> None:
    """F070 S11: where the certificate cannot be verified neither token nor data is sent."""
    with (
        peer(answering(OK), server_tls(certificate)) as server,
        http(f"https://127.0.0.1:{server.port}", SLOW) as thread,
    ):
        result = ask(thread)
    assert isinstance(result, NoAnswer)
    assert not result.sent
    assert "CERTIFICATE_VERIFY_FAILED" in result.reason
    assert server.connections == 1
    assert server.requests == []


def test_certificate_for_another_host_gets_no_byte(certificate: Certificate) -> None:
    """F070: a trusted certificate of another name is refused too."""
    with (
        peer(answering(OK), server_tls(certificate)) as server,
        http(f"https://localhost:{server.port}", SLOW, tls_context(str(certificate.file))) as thread,
    ):
        result = ask(thread)
    assert isinstance(result, NoAnswer)
    assert not result.sent
    assert server.requests == []


def test_own_authority_and_large_body_over_tls(certificate: Certificate) -> None:
    """S11: with `ca_file` an own authority is trusted, and bodies of any size pass through TLS."""
    body = b"x" * 3_000_000
    with (
        peer(answering(OK), server_tls(certificate)) as server,
        http(f"https://127.0.0.1:{server.port}", SLOW, tls_context(str(certificate.file))) as thread,
    ):
        result = ask(thread, HttpRequest("POST", "/v1/x", body))
    assert isinstance(result, HttpResponse)
    assert server.requests[0].endswith(body)


def test_tls_is_1_2_at_least() -> None:
    """S11: older versions are not offered."""
    assert tls_context().minimum_version is ssl.TLSVersion.TLSv1_2
    assert tls_context().verify_mode is ssl.CERT_REQUIRED
