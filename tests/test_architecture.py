"""The rules of the inside that a reader relies on: who may import whom, and what never touches the world.

docs/architecture.md explains them.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "connector").rglob("*.py"))

SHARED = {"connector.model", "connector.errors", "connector"}

FOLDERS = {
    # folder -> what it may import of ours besides itself
    "translate": SHARED,
    "instasent": SHARED,
    "registry": SHARED,
    "engine": SHARED,
    "settings": SHARED | {"connector.translate"},
    "sandbox": SHARED,
    "shell": SHARED
    | {"connector.translate", "connector.instasent", "connector.engine", "connector.settings"}
    | {"connector.registry"},
    "cli": SHARED
    | {"connector.translate", "connector.instasent", "connector.engine", "connector.settings"}
    | {"connector.registry", "connector.shell", "connector.sandbox"},
}

TRANSLATE_ROOMS: dict[str, set[str]] = {
    # room -> the rooms that it may import: a record passes them in this order, and no arrow goes back
    "formats": set(),
    "debezium": {"formats"},
    "values": {"formats"},
    "mapping": {"formats", "debezium", "values"},
}

ENGINE_PARTS = {
    # part -> the parts that it knows: only the noun of the part below; composing is engine.py's
    # and, for what travels, dispatch.py's.
    "retries": set(),
    "budget": set(),
    "snapshot": set(),
    "report": {"endpoints", "intake", "ledger", "snapshot"},
    "limits": set(),
    "settled_ranges": set(),
    "commit_metadata": {"settled_ranges"},
    "events": {"settled_ranges"},
    "delete_memory": set(),
    "ledger": {"delete_memory", "settled_ranges"},
    "lanes": {"ledger"},
    "batches": {"lanes"},
    "contact_lanes": {"batches", "lanes"},
    "doubtful_deletes": {"endpoints"},
    "waiting_events": {"lanes"},
    "outage": {"retries"},
    "schema_requests": {"events", "retries"},
    "arrivals": {"lanes", "ledger", "schema_requests"},
    "pending_dead_letters": {"events", "ledger", "retries"},
    "commit_schedule": {"events", "ledger"},
    "endpoints": {"batches", "budget", "lanes", "limits", "retries", "snapshot"},
    "intake": {"events", "ledger", "limits"},
}

WORLD = {
    # modules with which code could touch a clock, a random source, I/O, a thread or a log
    "asyncio", "concurrent", "datetime.datetime.now", "http", "httpx", "io", "logging", "multiprocessing",
    "os", "pathlib", "queue", "secrets", "select", "socket", "ssl", "structlog", "subprocess", "tempfile",
    "threading", "time", "uuid", "confluent_kafka", "prometheus_client", "starlette", "uvicorn",
}  # fmt: skip

CALLS = {"open", "print", "input", "Random", ".now", ".utcnow", ".today"}
"""Functions and methods that reach a clock, a random source or a file without an import of the above."""


def module_name(source: Path) -> str:
    """Name a source file as Python does."""
    parts = source.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(source: Path) -> Iterator[str]:
    """Name everything that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}: a relative import hides where it goes"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def below(name: str, allowed: set[str]) -> bool:
    """Whether a dotted name is one of the allowed modules or is inside one."""
    return any(
        name == module or (module != "connector" and name.startswith(f"{module}.")) for module in allowed
    )


@pytest.mark.parametrize("folder", FOLDERS)
def test_folders_import_only_what_they_may(folder: str) -> None:
    """Each folder knows the shared nouns and those below it, so that deciding stays apart from doing."""
    allowed = FOLDERS[folder] | {f"connector.{folder}"}
    wrong = [
        f"{module_name(source)} imports {name}"
        for source in SOURCES
        if source.relative_to(ROOT / "connector").parts[0] == folder
        for name in imports(source)
        if name.split(".")[0] == "connector" and name != "connector.__version__" and not below(name, allowed)
    ]
    assert wrong == []


@pytest.mark.parametrize("room", TRANSLATE_ROOMS)
def test_rooms_of_translate_import_only_earlier_ones(room: str) -> None:
    """Formats, debezium, values, mapping: a record passes them in this order."""
    known = {
        name.split(".")[2]
        for source in (ROOT / "connector" / "translate" / room).rglob("*.py")
        for name in imports(source)
        if name.startswith("connector.translate.")
    }
    assert known - {room} == TRANSLATE_ROOMS[room]


def test_every_room_of_translate_has_its_rule() -> None:
    """A new room needs a line in the table above; only the entrance and the examples are in no room."""
    inside = {path.stem for path in (ROOT / "connector" / "translate").iterdir() if path.stem[:2] != "__"}
    assert inside - set(TRANSLATE_ROOMS) == {"translate", "examples"}


def test_only_the_runner_sees_the_whole_path() -> None:
    """Of the shell, only runner.py, and service.py which builds it, know all of the three that decide."""
    whole = {"connector.translate", "connector.instasent", "connector.engine.engine"}
    seers = {
        source.stem
        for source in (ROOT / "connector" / "shell").rglob("*.py")
        if {part for part in whole if any(below(name, {part}) for name in imports(source))} == whole
    }
    assert seers == {"runner", "service"}


@pytest.mark.parametrize("part", ENGINE_PARTS)
def test_engine_parts_know_only_the_part_below(part: str) -> None:
    """The parts of the engine do not know each other, except the nouns that they pass on."""
    known = {
        name.split(".")[2]
        for name in imports(ROOT / "connector" / "engine" / f"{part}.py")
        if name.startswith("connector.engine.")
    }
    assert known == ENGINE_PARTS[part]


def test_every_engine_part_has_its_rule() -> None:
    """A new file in the engine needs a line in the table above."""
    files = {source.stem for source in (ROOT / "connector" / "engine").glob("*.py")}
    assert files - set(ENGINE_PARTS) == {"__init__", "engine", "dispatch"}


@pytest.mark.parametrize("folder", ["engine", "translate", "instasent", "registry"])
def test_what_decides_touches_nothing(folder: str) -> None:
    """Deciding code names no clock, random source, I/O, thread or logger: a bug can be replayed."""
    wrong = []
    for source in (ROOT / "connector" / folder).rglob("*.py"):
        wrong += [f"{source.name}: {n}" for n in imports(source) if n.split(".")[0] in WORLD]
        # `random.Random` is a type that is passed in; anything else of that module would draw by itself.
        wrong += [
            f"{source.name}: {n}"
            for n in imports(source)
            if n.split(".")[0] == "random" and n != "random.Random"
        ]
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.id if isinstance(node.func, ast.Name) else f".{getattr(node.func, 'attr', '')}"
            if called in CALLS:
                wrong.append(f"{source.name}:{node.lineno}: {called}()")
    assert wrong == []


def test_public_names_occur_once() -> None:
    """A class or module name means one thing in the whole package."""
    classes = Counter(
        node.name
        for source in SOURCES
        for node in ast.parse(source.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    modules = Counter(source.name for source in SOURCES if source.name != "__init__.py")
    assert [name for name, count in classes.items() if count > 1] == []
    assert [name for name, count in modules.items() if count > 1] == []


def test_files_stay_small() -> None:
    """A file that needs more than 400 lines is two files."""
    long = {
        str(s.relative_to(ROOT)): n for s in SOURCES if (n := len(s.read_text("utf-8").splitlines())) > 400
    }
    assert long == {}
