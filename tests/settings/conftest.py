"""Writes configurations that a test describes, and loads them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import TypeAlias

import pytest

from connector.errors import ConfigError, Problem
from connector.settings import Settings, load

Write: TypeAlias = Callable[[Mapping[str, str]], Path]

ENVIRON = {"TOKEN": "a-token"}

KAFKA = "kafka: {bootstrap.servers: localhost:9092, group.id: g}\n"
INSTASENT = "instasent: {project: p, datasource: d, token: '${TOKEN}'}\n"
TOPICS = "topics: [{topic: t, contact: {user_id: id}}]\n"
SERVICE = KAFKA + INSTASENT + TOPICS


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files, and return the first."""

    def write_files(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(dedent(text))
        return tmp_path / next(iter(files))

    return write_files


@pytest.fixture
def settings_of(write: Write) -> Callable[..., Settings]:
    """Load a service file given as text, with further files."""

    def load_text(text: str, environ: Mapping[str, str] = ENVIRON, **files: str) -> Settings:
        return load(write({"connector.yaml": text, **files}), environ)

    return load_text


@pytest.fixture
def problems_of(settings_of: Callable[..., Settings]) -> Callable[..., list[Problem]]:
    """Load a service file that must be refused."""

    def load_bad_text(text: str, environ: Mapping[str, str] = ENVIRON, **files: str) -> list[Problem]:
        with pytest.raises(ConfigError) as caught:
            settings_of(text, environ, **files)
        return list(caught.value.problems)

    return load_bad_text
