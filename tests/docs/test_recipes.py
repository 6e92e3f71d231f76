"""The topic files of docs/recipes.md and docs/your-debezium-connector.md pass the real `check`."""

import re
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner

from connector.__main__ import main
from tests.docs.pages import ROOT

PAGES = ("recipes.md", "your-debezium-connector.md")
SERVICE = """
kafka: {bootstrap.servers: "localhost:9092", group.id: docs}
instasent: {project: p, datasource: d, token: t}
topics: topics/*.yaml
"""
_YAML = re.compile(r"^( *)```yaml\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def topic_files() -> list[tuple[str, str]]:
    """Return each topic file with the page that shows it."""
    return [
        (page, dedent(text))
        for page in PAGES
        for _, text in _YAML.findall((ROOT / "docs" / page).read_text("utf-8"))
    ]


@pytest.mark.parametrize(("page", "text"), topic_files())
def test_a_topic_file_of_the_page_works(page: str, text: str, tmp_path: Path) -> None:
    """It is valid, compiles, and its examples pass."""
    (tmp_path / "topics").mkdir()
    (tmp_path / "topics" / "one.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "connector.yaml").write_text(SERVICE, encoding="utf-8")
    result = CliRunner().invoke(main, ["check", "-c", str(tmp_path / "connector.yaml")])
    assert result.exit_code == 0, f"{page}\n{result.output}"


def test_recipes_show_what_they_deliver() -> None:
    """Most recipes have examples, so that a change of the mapping cannot make the page wrong."""
    texts = [text for page, text in topic_files() if page == "recipes.md"]
    assert len(texts) >= 8
    assert sum("examples:" in text for text in texts) >= len(texts) - 1
