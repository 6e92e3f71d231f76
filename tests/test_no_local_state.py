"""The service keeps nothing on its disk: its state is in Kafka (docs/architecture.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent / "connector"

WRITERS = {
    # no part of the service: the demo, its topic files, a developer's tool
    "cli/demo/command.py", "cli/demo/demo_run.py", "sandbox/sample_config.py", "settings/editor_schemas.py",
}  # fmt: skip

METHODS = {"write_text", "write_bytes", "mkdir", "touch", "unlink", "symlink_to", "hardlink_to", "rmdir"}
MODULES = {"tempfile", "shutil", "sqlite3", "dbm", "shelve", "mmap"}


def written(source: Path) -> Iterator[str]:
    """Name each place at which a file writes to the disk, or opens something to write to it."""
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            yield from {node.module or ""} & MODULES
        elif isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            texts = [
                arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
            ]
            texts += [str(k.value.value) for k in node.keywords if isinstance(k.value, ast.Constant)]
            if called in METHODS or (called == "open" and any(set(text) & set("wax+") for text in texts)):
                yield f"{called}() in line {node.lineno}"


def test_the_service_writes_no_file() -> None:
    """A full disk takes nothing from it, and no damaged file can mislead it: there is none (F084, F085)."""
    found = {
        source.relative_to(ROOT).as_posix(): places
        for source in ROOT.rglob("*.py")
        if (places := list(written(source)))
    }
    assert found.keys() == WRITERS, found
