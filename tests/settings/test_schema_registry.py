"""The section `schema_registry`: addresses, credentials, certificates."""

from collections.abc import Callable
from pathlib import Path

import pytest

from connector.errors import Problem
from connector.settings import Settings
from connector.settings.schema_registry import SchemaRegistry
from tests.settings.conftest import SERVICE
from tests.settings.test_editor_schemas import service, validator
from tests.shell.certificates import self_signed

CANARY = "canary-4711"
Load = Callable[..., Settings]
Refuse = Callable[..., list[Problem]]


def section(settings: Settings) -> SchemaRegistry:
    """Return the section, which must be there."""
    assert settings.schema_registry is not None
    return settings.schema_registry


@pytest.mark.parametrize(
    ("written", "urls"),
    [
        ("http://r:8081/", ("http://r:8081",)),
        ("'http://a, https://b/api/'", ("http://a", "https://b/api")),
        ("[http://a, 'https://b/']", ("http://a", "https://b")),
        ("'${URLS}'", ("http://a", "http://b")),
    ],
)
def test_addresses(settings_of: Load, written: str, urls: tuple[str, ...]) -> None:
    """One, several with commas, a list, or a variable with any of the first two."""
    text = f"{SERVICE}schema_registry: {{url: {written}}}"
    registry = section(settings_of(text, {"TOKEN": "t", "URLS": "http://a,http://b"}))
    assert registry.url == urls
    assert (registry.type, registry.use_id, registry.secrets()) == ("confluent", None, [])


@pytest.mark.parametrize(
    ("written", "path", "words"),
    [
        ("url: []", "url", "at least 1"),
        ("url: ''", "url", "not an http(s) address"),
        ("url: 'http://a,,http://b'", "url", "not an http(s) address"),
        ("url: [http://a, 'http://u:p@b']", "url[1]", "no user, query or fragment"),
        ("url: 'http://a/?x=y'", "url", "no user, query or fragment"),
        ("url: http://r, use_id: guid", "use_id", "'contentId' or 'globalId'"),
        ("url: http://r/api, type: apicurio", "url", "not the base of Apicurio's API"),
        ("url: https://r, username: u", "username", "without `password`"),
        (f"url: https://r, password: {CANARY}", "password", "without `username`"),
        ("url: https://r, username: 'a:b', password: p", "username", "not allowed"),
        ("url: https://r, username: u, password: ''", "password", "empty"),
        (f"url: https://r, token: '{CANARY} {CANARY}'", "token", "printable ASCII"),
        (f"url: https://r, username: u, password: p, token: {CANARY}", "token", "keep one of the two"),
        (f"url: http://r, token: {CANARY}", "url", "https is needed"),
        (f"url: 'https://r,http://127.0.0.1.example.com', token: {CANARY}", "url", "https is needed"),
        (f"url: http://r, username: u, password: {CANARY}", "url", "https is needed"),
        ("url: https://r, key_file: connector.yaml", "key_file", "without `certificate_file`"),
        (f"url: https://r, key_password: {CANARY}", "key_password", "without `certificate_file`"),
        ("url: https://r, token: t, token_file: nowhere", "token_file", "`token` is given too"),
        ("url: https://r, username: u, password_file: nowhere", "password_file", "No such file"),
        ("url: https://r, ca_file: nowhere", "ca_file", "nowhere cannot be read: No such file"),
        ("url: https://r, ca_file: connector.yaml", "ca_file", "connector.yaml cannot be used"),
        ("url: https://r, certificate_file: nowhere", "certificate_file", "nowhere cannot be read"),
        ("url: https://r, certificate_file: connector.yaml", "certificate_file", "cannot be used"),
        ("url: https://r, usrname: u", "usrname", "did you mean `username`?"),
    ],
)
def test_what_cannot_work(problems_of: Refuse, written: str, path: str, words: str) -> None:
    """S02 S06 F099: said before the first poll, with the line, and without a value."""
    (problem,) = problems_of(f"{SERVICE}schema_registry: {{{written}}}")
    assert problem.path == f"schema_registry.{path}"
    assert words in f"{problem.message} {problem.hint}"
    assert CANARY not in str(problem)
    assert problem.line == 4


def test_everything_is_reported_at_once(problems_of: Refuse) -> None:
    """F098: one fault of the section hides no other."""
    text = "schema_registry: {url: http://r, type: apicurio, username: u, token: t, ca_file: nowhere}"
    paths = [problem.path.rpartition(".")[2] for problem in problems_of(SERVICE + text)]
    assert sorted(paths) == ["ca_file", "token", "url", "url", "username"]


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1", "https://r"])
def test_credentials_travel_protected(settings_of: Load, url: str) -> None:
    """S02: over https, or to this machine."""
    assert section(settings_of(f"{SERVICE}schema_registry: {{url: '{url}', token: t}}")).token is not None


def test_secrets_and_certificates_come_from_files(settings_of: Load, tmp_path: Path) -> None:
    """S06 S07: relative to the service file; every secret is known to the redactor and none is shown."""
    certificate = self_signed(tmp_path, "client", key_password=f"{CANARY}-key")
    (tmp_path / "password").write_text(f"{CANARY}-password\n")
    (tmp_path / "key-password").write_text(f"{CANARY}-key\n")
    settings = settings_of(
        f"{SERVICE}schema_registry: {{url: https://r, username: u, password_file: password,"
        " ca_file: client.pem, certificate_file: client.pem, key_file: client.key,"
        " key_password_file: key-password}"
    )
    registry = section(settings)
    assert (registry.ca_file, registry.key_file) == (certificate.file, certificate.key)
    assert registry.password_file == tmp_path / "password"
    assert {f"{CANARY}-password", f"{CANARY}-key"} <= set(settings.secrets())
    assert CANARY not in f"{settings!r} {registry} {settings.model_dump()} {settings.model_dump_json()}"


@pytest.mark.parametrize("password", ["", "wrong"])
def test_a_key_that_cannot_be_opened(problems_of: Refuse, tmp_path: Path, password: str) -> None:
    """F099: a wrong or missing password is a problem at the start; OpenSSL does not ask at the terminal."""
    self_signed(tmp_path, "client", key_password=CANARY)
    given = f", key_password: {password}" if password else ""
    text = f"{SERVICE}schema_registry: {{url: https://r, certificate_file: client.pem, key_file: client.key"
    (problem,) = problems_of(f"{text}{given}}}")
    assert problem.path == "schema_registry.certificate_file"
    assert "cannot be used" in problem.message


@pytest.mark.parametrize("url", ["http://a,http://b", ["http://a", "http://b"], "${URLS}"])
def test_the_published_schema_accepts_addresses(url: object) -> None:
    """An editor takes each way of writing them."""
    validator("config.schema.json").validate({**service(), "schema_registry": {"url": url, "token": "${T}"}})
