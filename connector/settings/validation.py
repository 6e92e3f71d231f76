"""Checks values against a model, and turns pydantic's errors into problems with lines and hints."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from connector.errors import Problem
from connector.settings.yaml_source import Section, child_path

M = TypeVar("M", bound=BaseModel)

MESSAGES: Mapping[str, tuple[str, str]] = {
    "missing": ("is required", ""),
    "extra_forbidden": ("unknown key", ""),
    "string_type": ("text is needed", "put it in quotes"),
    "string_pattern_mismatch": ("has characters or a length that are not allowed", "it must match {pattern}"),
    "string_too_short": ("is empty", ""),
    "dict_type": ("a mapping is needed", ""),
    "model_type": ("a mapping is needed", ""),
    "tuple_type": ("a list is needed", ""),
    "int_parsing": ("a whole number is needed", ""),
    "int_type": ("a whole number is needed", ""),
    "bool_parsing": ("true or false is needed", ""),
    "bool_type": ("true or false is needed", ""),
}
"""Error type of pydantic -> message and hint; other types keep pydantic's message."""


def validate(model: type[M], values: Any, section: Section) -> tuple[M | None, list[Problem]]:
    """Return the model, or None with all problems of that section."""
    try:
        return model.model_validate(values), []
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    problems: dict[str, Problem] = {}
    for detail in found:  # each branch of a union reports the same value
        problem = _problem_of(model, values, detail)
        problems.setdefault(problem.path, section.place(problem))
    return None, list(problems.values())


def _problem_of(model: type[BaseModel], values: Any, detail: ErrorDetails) -> Problem:
    context = detail.get("ctx", {})
    message, hint = MESSAGES.get(detail["type"], (detail["msg"].replace("Input should", "should", 1), ""))
    if detail["type"] == "extra_forbidden":
        hint = _did_you_mean(str(detail["loc"][-1]), _keys_at(model, detail["loc"]))
    return Problem(message, _yaml_path(values, detail), context.get("hint") or hint.format(**context))


def _yaml_path(values: Any, detail: ErrorDetails) -> str:
    """Return the place as a YAML path; steps that are no key of the file name branches of a union."""
    path = ""
    location = detail["loc"]
    for step in location:
        keys = values if isinstance(values, dict) else range(len(values)) if isinstance(values, list) else ()
        if step in keys:
            values = values[step]
            path = child_path(path, step)
    return child_path(path, location[-1]) if detail["type"] == "missing" else path


def _did_you_mean(key: str, allowed: list[str]) -> str:
    close = difflib.get_close_matches(key, allowed, n=1)
    return f"did you mean `{close[0]}`?" if close else f"allowed: {', '.join(allowed)}"


def _keys_at(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """Return the keys that are allowed in the place of an unknown one."""
    here = {model}
    for step in location[:-1]:
        named = {candidate for candidate in here if candidate.__name__ == step}
        inner = {found for candidate in here for found in _models_of_key(candidate, step)}
        here = named or inner or here
    return sorted({key for candidate in here for key in _fields(candidate)})


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    """Map each key of a model, as YAML writes it, to its type."""
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _models_of_key(model: type[BaseModel], key: str | int) -> set[type[BaseModel]]:
    return _models_in(_fields(model).get(str(key)))


def _models_in(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {model for part in get_args(annotation) for model in _models_in(part)}
