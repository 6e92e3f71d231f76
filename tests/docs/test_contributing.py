"""The recipes of CONTRIBUTING.md work as written: each is performed in a copy of the repository."""

from pathlib import Path

import pytest

from tests.docs.recipes import Recipe, apply, copy_to, recipes, run


@pytest.mark.parametrize("recipe", recipes(), ids=str)
def test_a_recipe_works_as_written(recipe: Recipe, tmp_path: Path) -> None:
    """Its places exist, its tests pass after the change, and every test it names has run."""
    copy_to(tmp_path)
    for step in recipe.steps:
        if step.kind == "diff":
            apply(step.text, tmp_path)
            continue
        for command, done in run(step.text, tmp_path):
            assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}"


def test_every_kind_of_addition_has_a_recipe() -> None:
    """The page says how to add each kind of part, and each recipe ends with a command that proves it."""
    titles = [recipe.title for recipe in recipes()]
    assert titles == [
        "Add an `as:` form",
        "Add a wire format",
        "Add a registry",
        "Add an endpoint",
        "Add an event of the engine",
        "Add a command",
    ]
    assert all(recipe.steps[-1].kind == "console" for recipe in recipes())
