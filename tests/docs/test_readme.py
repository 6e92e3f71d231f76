"""README and docs, read as a user does: YAML is valid, links lead somewhere, the picture is whole."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from connector.settings import Settings, load
from connector.settings.models import ServiceFile
from connector.translate import examples
from connector.translate.mapping.rules import TopicRules
from tests.docs.pages import ROOT, Block, blocks, links, rows
from tests.shell.certificates import self_signed

SERVICE: dict[str, Any] = {
    "kafka": {"bootstrap.servers": "localhost:9092", "group.id": "g"},
    "instasent": {"project": "p", "datasource": "d", "token": "t"},
}
"""The parts that complete a fragment of a service file, or a topic file."""

POD = {"terminationGracePeriodSeconds", "containers"}
"""Keys of Kubernetes, whose example `test_deploy` checks."""


def settings_of(block: Block, folder: Path) -> Settings:
    """Load a block as the file that its keys say it is; each file that it names holds what it should."""
    files = dict.fromkeys(re.findall(r"(\w+_file): ", block.text), folder / "secret")
    if "ca_file" in files:
        made = self_signed(folder, "client")
        files |= {"ca_file": made.file, "certificate_file": made.file, "key_file": made.key}
    text = re.sub(r"(\w+_file): \S+", lambda named: f"{named[1]}: {files[named[1]]}", block.text)
    (folder / "secret").write_text("secret\n")
    (folder / "topic.yaml").write_text("topic: t\ncontact: {user_id: id}\n")
    yaml = YAML(typ="safe")
    yaml.default_flow_style = False
    keys = yaml.load(text).keys()
    if keys <= TopicRules.model_fields.keys():
        (folder / "topic.yaml").write_text(text)
        service = SERVICE
    else:
        assert keys <= ServiceFile.model_fields.keys(), f"{block} is neither a service nor a topic file"
        service = SERVICE | yaml.load(text)
    with (folder / "connector.yaml").open("w") as file:
        yaml.dump({"topics": "topic.yaml"} | service, file)
    return load(folder / "connector.yaml", {})


@pytest.mark.parametrize(
    "block",
    [block for block in blocks("yaml") if not YAML(typ="safe").load(block.text).keys() >= POD],
    ids=str,
)
def test_yaml_is_valid(block: Block, tmp_path: Path) -> None:
    """Each YAML block passes the real loader, and the examples in it hold."""
    settings = settings_of(block, tmp_path)
    assert [problem for rules in settings.topics for problem in examples.failures(rules)] == []


def test_there_is_yaml_to_check() -> None:
    """The pages have topic files with examples and fragments of the service file."""
    texts = [block.text for block in blocks("yaml")]
    assert sum("examples:" in text for text in texts) >= 3
    assert sum("kafka:" in text for text in texts) >= 3


def test_the_picture_is_whole() -> None:
    """Every node of the flow has a label, every arrow has two ends, and every node is reached by an arrow."""
    (picture,) = blocks("mermaid")
    kind, *lines = picture.text.strip().splitlines()
    assert kind == "flowchart LR"
    labelled: set[str] = set()
    ends: set[str] = set()
    for line in lines:
        arrow = re.fullmatch(r"\s+(\w+)(\S.*?)? -->(?:\|[^|]+\|)? (\w+)(\S.*)?", line)
        assert arrow, line
        for name, label in ((arrow[1], arrow[2]), (arrow[3], arrow[4])):
            ends.add(name)
            if label:
                assert re.fullmatch(r"\[\(.+\)\]|\[[^\[\]()]+\]", label), label
                labelled.add(name)
    assert labelled == ends


def test_the_comparison_is_honest() -> None:
    """It compares with what we measured or read about, and has rows in which the others are better."""
    table = list(rows(ROOT / "README.md", "", "this"))
    assert list(table[0]) == ["", "this", "Redpanda Connect", "Kafka Connect + HTTP sink", "a script"]
    assert sum(row["this"] == "**no**" for row in table) >= 2


def test_every_page_is_listed() -> None:
    """The README leads to every page of docs."""
    listed = {link.partition("#")[0] for link in links(ROOT / "README.md")}
    linked_inside = {link.partition("#")[0] for page in (ROOT / "docs").glob("*.md") for link in links(page)}
    for page in (ROOT / "docs").glob("*.md"):
        assert f"docs/{page.name}" in listed or page.name in linked_inside
