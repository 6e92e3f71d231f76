"""The topic files of docs/recipes.md and docs/your-debezium-connector.md pass the real `check`."""

import json
import re
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

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


def check(folder: Path, *texts: str) -> Result:
    """Run `check` on these topic files."""
    (folder / "topics").mkdir()
    for number, text in enumerate(texts):
        (folder / "topics" / f"{number}.yaml").write_text(text, encoding="utf-8")
    (folder / "connector.yaml").write_text(SERVICE, encoding="utf-8")
    return CliRunner().invoke(main, ["check", "-c", str(folder / "connector.yaml")])


@pytest.mark.parametrize(("page", "text"), topic_files())
def test_a_topic_file_of_the_page_works(page: str, text: str, tmp_path: Path) -> None:
    """It is valid, compiles, and its examples pass."""
    result = check(tmp_path, text)
    assert result.exit_code == 0, f"{page}\n{result.output}"


@pytest.mark.parametrize(("page", "text"), topic_files())
def test_a_topic_file_of_the_page_has_examples(page: str, text: str) -> None:
    """So a change of the mapping cannot make the page wrong."""
    assert "\nexamples:\n" in text, f"{page}\n{text}"


def test_the_topic_files_of_the_consents_work_together(tmp_path: Path) -> None:
    """Several files that write the same contact are one valid configuration, and the recipe says so."""
    section = (ROOT / "docs" / "recipes.md").read_text("utf-8").split("\n## Consents")[1].split("\n## ")[0]
    texts = [text for _, text in _YAML.findall(section)]
    assert len({YAML(typ="safe").load(text)["topic"] for text in texts}) == len(texts) == 3
    result = check(tmp_path, *texts)
    assert result.exit_code == 0, result.output
    (tmp_path / "again").mkdir()
    silent = [text.replace("  on_delete: ignore\n", "") for text in texts]
    assert "on_delete" in check(tmp_path / "again", *silent).output


def test_the_table_of_contents_names_each_recipe() -> None:
    """The page opens with the answers: a row for each section, in order."""
    text = (ROOT / "docs" / "recipes.md").read_text("utf-8")
    contents, *sections = text.split("\n## ")
    assert re.findall(r"\(#([\w-]+)\)", contents) == [
        re.sub(r"[^\w -]", "", section.partition("\n")[0].lower()).replace(" ", "-") for section in sections
    ]


def test_the_configurations_of_connect_are_json() -> None:
    """The JSON of the recipes can be copied."""
    text = (ROOT / "docs" / "recipes.md").read_text("utf-8")
    assert all(
        json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    )


@pytest.mark.parametrize(
    "unsayable",
    [
        'contact: {user_id: id, attributes: {a: b}, when: "x"}',
        'contact: {user_id: id, attributes: {a: b}, delete_when: "x"}',
        "contact: {user_id: id, attributes: {a: {from: phone, as: e164, region: country}}}",
        "contact: {user_id: id, attributes: {a: {from: prefs, as: json, path: colour}}}",
    ],
)
def test_the_mapping_cannot_say_it(unsayable: str, tmp_path: Path) -> None:
    """`check` refuses what the last section calls unsayable. A change that allows it rewrites the recipe."""
    assert check(tmp_path, f"topic: t\n{unsayable}\n").exit_code == 78


def test_two_topic_files_cannot_share_a_topic(tmp_path: Path) -> None:
    """Nor can one topic have two types of event."""
    event = "topic: t\nevent: {type: x, user_id: id}\n"
    assert "mapped in" in check(tmp_path, event, event.replace("x", "y")).output
