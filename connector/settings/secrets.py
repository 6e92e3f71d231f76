"""Secrets: a type that hides its value, and files that hold one."""

import re
from pathlib import Path
from typing import Any, NoReturn

from pydantic import SecretStr

from connector.errors import ConfigError, Problem
from connector.settings.yaml_source import Document, child_path

BYTES_MAX = 64 * 1024


class Secret(SecretStr):
    """Text that `repr`, `str`, format and JSON show as stars, and that cannot be pickled (S06)."""

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied")


def read_secret(file: Path) -> Secret:
    """Read a secret from a file, without the newline that editors add at its end (F099, S07).

    Raises: ConfigError: the file cannot be read, is empty, too large or not text. The message names only
    the file.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(BYTES_MAX + 1)
    except OSError as error:
        raise ConfigError([Problem(f"the file {file} cannot be read: {error.strerror}")]) from None
    if len(content) > BYTES_MAX:
        raise ConfigError([Problem(f"the file {file} is too large for a secret")])
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise ConfigError([Problem(f"the file {file} is not UTF-8 text")]) from None
    text = re.sub(r"\r?\n\Z", "", text)
    if not text.strip():
        raise ConfigError([Problem(f"the file {file} is empty")])
    return Secret(text)


def resolve_file(
    document: Document, section: str, values: dict[str, Any], key: str, folder: Path
) -> list[Problem]:
    """Store the secret of the file `<key>_file` under `<key>`; a relative name starts at `folder`."""
    reference = f"{key}_file"
    path = child_path(section, reference)
    name = values.get(reference)
    if name is None:
        return []
    if key in values:
        return [document.problem(path, f"`{key}` is given too", "keep one of the two")]
    values[key] = Secret("unreadable")  # if reading fails, the load fails with this one problem
    if not isinstance(name, str) or not name:
        return [document.problem(path, "the name of a file is needed")]
    values[reference] = str(folder / name)
    try:
        values[key] = read_secret(folder / name)
    except ConfigError as error:
        return [document.problem(path, problem.message) for problem in error.problems]
    return []
