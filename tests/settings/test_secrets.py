"""Secrets do not show themselves, and come from files too."""

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.errors import ConfigError, Problem
from connector.settings import Secret, Settings, read_secret
from tests.settings.conftest import KAFKA, SERVICE, TOPICS

CANARY = "canary-4711"


@pytest.mark.parametrize(
    ("content", "value"), [(b"abc", "abc"), (b"abc\n", "abc"), (b"abc\r\n", "abc"), (b"abc\n\n", "abc\n")]
)
def test_one_trailing_newline_is_not_part_of_it(tmp_path: Path, content: bytes, value: str) -> None:
    """Editors end files with one newline, which no secret means (F099, S07)."""
    (tmp_path / "token").write_bytes(content)
    assert read_secret(tmp_path / "token").get_secret_value() == value


@pytest.mark.parametrize("content", [None, b"", b"\n", b"  \n", b"\xff", b"x" * 100_000])
def test_unusable_files_are_named(tmp_path: Path, content: bytes | None) -> None:
    """A missing, empty, binary or huge file is refused by its name (F099)."""
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=str(file)):
        read_secret(file)


def test_no_way_of_printing_shows_it(settings_of: Callable[..., Settings]) -> None:
    """Settings can be logged, formatted, dumped or pickled by accident without a leak (S06)."""
    text = SERVICE.replace(
        "group.id: g", "group.id: g, security.protocol: SASL_SSL, sasl.password: '${TOKEN}'"
    )
    settings = settings_of(text, {"TOKEN": CANARY})
    shown = f"{settings!r} {settings} {settings.instasent} {settings.model_dump()}"
    assert CANARY not in shown + settings.model_dump_json() + json.dumps(settings.model_dump(), default=str)
    for leak in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(settings)
    assert settings.instasent.token.get_secret_value() == CANARY
    assert settings.kafka_properties["sasl.password"] == CANARY


def test_secrets_come_from_files(settings_of: Callable[..., Settings], tmp_path: Path) -> None:
    """`token_file` and `<kafka secret>_file` are read, relative to the service file; the path is kept."""
    (tmp_path / "token").write_text("from-file\n")
    (tmp_path / "password").write_text("p w\n")
    settings = settings_of(
        "kafka: {bootstrap.servers: b, group.id: g, security.protocol: sasl_ssl,"
        " sasl.password_file: password}\n"
        "instasent: {project: p, datasource: d, token_file: token}\n" + TOPICS
    )
    assert settings.instasent.token.get_secret_value() == "from-file"
    assert settings.instasent.token_file == tmp_path / "token"
    assert isinstance(settings.kafka["sasl.password"], Secret)
    assert settings.kafka_properties["sasl.password"] == "p w"
    assert "sasl.password_file" not in settings.kafka


@pytest.mark.parametrize(
    ("instasent", "environ", "names"),
    [
        ("token_file: nowhere", {}, "nowhere"),
        ("token_file: ''", {}, "name of a file"),
        ("token: abc, token_file: nowhere", {}, "keep one"),
        ("token: '${TOKEN}'", {}, "TOKEN is not set"),
        ("token: '${TOKEN}'", {"TOKEN": ""}, "TOKEN is empty"),
        ("token: '${TOKEN}'", {"TOKEN": f"{CANARY}\n"}, "printable ASCII"),
        ("token: [a]", {}, "instasent.token"),
    ],
)
def test_a_bad_secret_is_one_problem_that_names_the_reference(
    problems_of: Callable[..., list[Problem]], instasent: str, environ: dict[str, str], names: str
) -> None:
    """Missing, empty, unreadable or unusable: said once, without the value (F099)."""
    text = f"{KAFKA}instasent: {{project: p, datasource: d, {instasent}}}\n{TOPICS}"
    problems = problems_of(text, environ)
    assert len(problems) == 1
    assert names in str(problems[0])
    assert CANARY not in str(problems[0])
    assert problems[0].line == 2


@pytest.mark.parametrize("password", ["4711", "''"])
def test_a_kafka_secret_is_text(problems_of: Callable[..., list[Problem]], password: str) -> None:
    """A number would lose its zeros and an empty text opens nothing: both are refused, unseen (F099)."""
    options = f"security.protocol: SASL_SSL, sasl.password: {password}"
    (problem,) = problems_of(SERVICE.replace("group.id: g", f"group.id: g, {options}"))
    assert problem.path == "kafka.sasl.password"
    assert "4711" not in str(problem)
