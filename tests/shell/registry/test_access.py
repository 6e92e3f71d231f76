"""Credentials of the registry: the headers, their destination, and changed files."""

import ssl
from base64 import b64encode
from pathlib import Path

import pytest

from connector.errors import ConfigError
from connector.model import SchemaVerdict
from connector.settings.schema_registry import SchemaRegistry
from connector.shell.registry.access import Credentials
from tests.shell.certificates import Certificate, self_signed
from tests.shell.http.http_peer import peer
from tests.shell.registry.registry_peer import (
    DOWN,
    NO_SUCH_PATH,
    SCHEMA,
    answer_to,
    base,
    guarded,
    registry,
    serving,
)

KNOWN, UNAVAILABLE = SchemaVerdict.KNOWN, SchemaVerdict.UNAVAILABLE
CANARY = "canary-7f3a"
PAIR = b64encode(f"connector:{CANARY}é".encode())


def authorizations(requests: list[bytes]) -> list[bytes]:
    """Return the `Authorization` header of each request, empty where it has none."""
    lines = [dict(line.partition(b": ")[::2] for line in request.split(b"\r\n")) for request in requests]
    return [headers.get(b"Authorization", b"") for headers in lines]


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({"username": "connector", "password": f"{CANARY}é"}, b"Basic " + PAIR),
        ({"token": CANARY}, b"Bearer " + CANARY.encode()),
    ],
)
def test_credentials_travel_to_the_registry_alone(settings: dict[str, str], header: bytes) -> None:
    """S02: each request of the section's addresses carries them."""
    with peer(serving({}, DOWN)) as one, peer(guarded(header, SCHEMA)) as two:
        with registry([base(one), base(two)], **settings) as client:
            assert answer_to(client).verdict is KNOWN
            assert all(secret not in repr(client.__dict__) for secret in (CANARY, PAIR.decode()))
        assert authorizations(one.requests + two.requests) == [header, header]


def test_no_secret_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    """S06: neither reasons nor logs nor `repr` hold credentials, whatever the registry answers."""
    caplog.set_level("DEBUG")
    settings = {"username": "connector", "password": f"{CANARY}é"}
    with peer(guarded(b"nothing", SCHEMA)) as server, registry(base(server), **settings) as client:
        answer = answer_to(client)
        assert set(client.secrets()) == {f"{CANARY}é", PAIR.decode()}
        shown = f"{answer!r} {client._credentials.access!r} {caplog.text}"
    assert answer.verdict is UNAVAILABLE
    assert "401" in answer.reason
    assert CANARY not in shown
    assert PAIR.decode() not in shown


@pytest.mark.parametrize(
    ("name", "settings", "before", "after"),
    [
        ("token_file", {}, b"Bearer old", b"Bearer new"),
        (
            "password_file",
            {"username": "u"},
            b"Basic " + b64encode(b"u:old"),
            b"Basic " + b64encode(b"u:new"),
        ),
    ],
)
def test_a_changed_file_heals(
    tmp_path: Path, name: str, settings: dict[str, str], before: bytes, after: bytes
) -> None:
    """S07: a secret that was replaced in its file is used from the next question on, without a restart."""
    file = tmp_path / "secret"
    file.write_text("old\n")
    with (
        peer(guarded(after, SCHEMA)) as server,
        registry(base(server), **settings, **{name: str(file)}) as client,
    ):
        assert answer_to(client).verdict is UNAVAILABLE
        assert not client.credentials_changed()
        file.write_text("new\n")
        assert client.credentials_changed()
        assert "new" in client.secrets()
        assert answer_to(client).verdict is KNOWN
        assert not client.credentials_changed()
    assert authorizations(server.requests) == [before, after]


@pytest.mark.parametrize("content", ["", "new token\n", "new\r\nX-A: b\n", None])
def test_an_unusable_file_leaves_the_old_credentials(tmp_path: Path, content: str | None) -> None:
    """F099 S03 S07: said once for each change, without the value; the old token stays until a usable one."""
    file = tmp_path / "token"
    file.write_text("old\n")
    credentials = Credentials(
        SchemaRegistry.model_validate({"url": "http://127.0.0.1:1", "token_file": str(file)})
    )
    file.unlink() if content is None else file.write_text(content)
    with pytest.raises(ConfigError) as refused:
        credentials.changed()
    assert str(file) in str(refused.value)
    assert "new" not in str(refused.value)
    assert not credentials.changed()
    assert credentials.access.authorization == {"Authorization": "Bearer old"}
    file.write_text("newest")
    assert credentials.changed()
    assert credentials.access.authorization == {"Authorization": "Bearer newest"}


# ---------------------------------------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder for certificates."""
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def server_certificate(folder: Path) -> Certificate:
    """Make the registry's certificate."""
    return self_signed(folder, "server")


@pytest.fixture(scope="module")
def client_certificate(folder: Path) -> Certificate:
    """Make the client's certificate; its key is encrypted."""
    return self_signed(folder, "client", key_password=CANARY)


def server_tls(server: Certificate, client: Certificate | None = None) -> ssl.SSLContext:
    """Serve a certificate, and demand one where the client's is given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.file, server.key)
    if client is not None:
        context.load_verify_locations(client.file)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_unknown_authority_and_other_host_get_no_byte(server_certificate: Certificate) -> None:
    """S11: who cannot prove to be the registry gets neither credentials nor questions."""
    with peer(serving(SCHEMA), server_tls(server_certificate)) as server:
        for url, settings in (
            (f"https://127.0.0.1:{server.port}", {}),
            (f"https://localhost:{server.port}", {"ca_file": str(server_certificate.file)}),
        ):
            with registry(url, token=CANARY, **settings) as client:
                answer = answer_to(client)
            assert answer.verdict is UNAVAILABLE
            assert "CERTIFICATE_VERIFY_FAILED" in answer.reason
            assert CANARY not in answer.reason
    assert server.connections == 2
    assert server.requests == []


def test_old_tls_is_refused(server_certificate: Certificate) -> None:
    """S11: TLS 1.2 at least, with an own authority too."""
    for settings in ({}, {"ca_file": str(server_certificate.file)}):
        section = SchemaRegistry.model_validate({"url": "https://r", **settings})
        context = Credentials(section).access.tls
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_client_certificate(
    tmp_path: Path, server_certificate: Certificate, client_certificate: Certificate
) -> None:
    """S11: an own authority and a client certificate with an encrypted key let us in; none does not."""
    password = tmp_path / "password"
    password.write_text(f"{CANARY}\n")
    mtls = {
        "certificate_file": str(client_certificate.file),
        "key_file": str(client_certificate.key),
        "key_password_file": str(password),
    }
    ca = {"ca_file": str(server_certificate.file)}
    with peer(serving(SCHEMA), server_tls(server_certificate, client_certificate)) as server:
        url = f"https://127.0.0.1:{server.port}"
        with registry(url, **ca) as client:
            answer = answer_to(client)
        assert answer.verdict is UNAVAILABLE
        assert "the connection broke (" in answer.reason
        assert server.requests == []
        with registry(url, **ca, **mtls) as client:
            assert answer_to(client).verdict is KNOWN
            assert client.secrets() == (CANARY,)


def test_a_changed_certificate_is_used(
    tmp_path: Path, server_certificate: Certificate, client_certificate: Certificate
) -> None:
    """S07: an authority that is replaced in its file is believed from the next question on."""
    ca = tmp_path / "ca.pem"
    ca.write_bytes(client_certificate.file.read_bytes())
    with (
        peer(serving(SCHEMA), server_tls(server_certificate)) as server,
        registry(f"https://127.0.0.1:{server.port}", ca_file=str(ca)) as client,
    ):
        assert answer_to(client).verdict is UNAVAILABLE
        ca.write_text("half a file")
        with pytest.raises(ConfigError, match=str(ca)):
            client.credentials_changed()
        assert not client.credentials_changed()
        ca.write_bytes(server_certificate.file.read_bytes())
        assert client.credentials_changed()
        assert answer_to(client).verdict is KNOWN


def test_a_certificate_and_a_key_that_do_not_fit(
    tmp_path: Path, server_certificate: Certificate, client_certificate: Certificate
) -> None:
    """S07: between the replacement of one file and the other the old pair stays."""
    certificate, key = tmp_path / "c.pem", tmp_path / "c.key"
    certificate.write_bytes(server_certificate.file.read_bytes())
    key.write_bytes(server_certificate.key.read_bytes())
    section = {"url": "https://r", "certificate_file": str(certificate), "key_file": str(key)}
    credentials = Credentials(SchemaRegistry.model_validate(section))
    before = credentials.access
    certificate.write_bytes(client_certificate.file.read_bytes())
    with pytest.raises(ConfigError, match="KEY_VALUES_MISMATCH"):
        credentials.changed()
    key.write_bytes(client_certificate.key.read_bytes())  # encrypted, and OpenSSL does not ask for a password
    with pytest.raises(ConfigError, match="cannot be used"):
        credentials.changed()
    assert credentials.access is before
    certificate.write_bytes(server_certificate.file.read_bytes())
    key.write_bytes(server_certificate.key.read_bytes())
    assert credentials.changed()
    assert not credentials.changed()


def test_nothing_is_sent_without_credentials() -> None:
    """Plain http without credentials may go anywhere, and carries none."""
    with peer(serving({}, NO_SUCH_PATH)) as server, registry(base(server)) as client:
        answer_to(client)
        assert client.secrets() == ()
    assert set(authorizations(server.requests)) == {b""}
