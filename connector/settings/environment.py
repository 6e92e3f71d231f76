"""`${NAME}` and `${NAME:-default}` in the values of a YAML file.

References are replaced in scalars only, and once: the value of a variable is plain text. `$${` writes a
literal `${`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from connector.errors import Problem
from connector.settings.yaml_source import Document, child_path

REFERENCE = re.compile(r"(\$)?\$\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\})?")


def expand(document: Document, environ: Mapping[str, str]) -> tuple[Document, list[Problem]]:
    """Replace the references; an unset or empty variable needs a default."""
    problems: list[Problem] = []

    def scalar(path: str, text: str) -> str:
        def value_of(reference: re.Match[str]) -> str:
            name, default = reference["name"], reference["default"]
            if reference[1]:
                return reference[0][1:]
            if name is None:
                problems.append(
                    document.problem(
                        path, "not a reference: `${` without a name and `}`", "write $${ for a literal ${"
                    )
                )
                return ""
            value = environ.get(name) or default
            if value is None:
                state = "is empty" if name in environ else "is not set"
                problems.append(
                    document.problem(
                        path,
                        f"the environment variable {name} {state}",
                        f"set it, or write ${{{name}:-default}}",
                    )
                )
            return value or ""

        return REFERENCE.sub(value_of, text)

    return replace(document, value=_map_text(document.value, "", scalar)), problems


def _map_text(value: Any, path: str, change: Callable[[str, str], str]) -> Any:
    if isinstance(value, str):
        return change(path, value)
    if isinstance(value, dict):
        return {key: _map_text(inner, child_path(path, key), change) for key, inner in value.items()}
    if isinstance(value, list):
        return [_map_text(inner, child_path(path, index), change) for index, inner in enumerate(value)]
    return value
