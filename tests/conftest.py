"""The run as a whole: what shares a worker, what begins first, what is slow, and the summary at the end."""

from collections import Counter, defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).parent

SLOW = (
    "tests/bench/",
    "tests/chaos/",
    "tests/docs/test_commands.py",
    "tests/docs/test_contributing.py",
    "tests/docs/test_demo.py",
    "tests/fuzz/",
    "tests/integration/",
    "tests/sandbox/test_sandbox_api_command.py",
    "tests/shell/kafka/",
    "tests/simulation/test_mutants.py",
    "tests/simulation/test_simulation.py",
    "tests/stack/",
)
"""Folders and files that start the service or a broker, or take long: `make test-fast` leaves them out."""

GROUPS = {
    "tests/stack/test_dead_letters.py": "secured",
    "tests/stack/test_forgotten_brokers.py": "forgotten",
    "tests/stack/test_groups.py": "kafka",
    "tests/stack/test_logs.py": "secured",
    "tests/stack/test_offsets.py": "kafka",
    "tests/stack/test_reader.py": "secured",
    "tests/stack/test_rebalance.py": "kafka",
    "tests/stack/test_secured_kafka.py": "secured",
    "tests/stack/test_settled.py": "kafka",
    "tests/stack/test_soak.py": "kafka",
    "tests/stack/": "stack",
}
"""The tests of a group share servers, so one worker runs them all. Any other file is a separate group."""

FIRST = (
    "stack",
    "kafka",
    "secured",
    "tests/simulation/test_mutants.py",
    "forgotten",
    "tests/docs/test_contributing.py",
    "tests/chaos/test_chaos.py",
    "tests/integration/test_machine.py",
    "tests/docs/test_demo.py",
    "tests/integration/",
    "tests/shell/kafka/",
    "tests/simulation/",
    "tests/translate/",
)
"""The groups that take longest begin first, so that no worker has one left when the others are done."""

NOTE = "note"
"""The name of a user property: a line of the summary, which a test writes with the fixture `tell`."""

settings.register_profile(
    "any machine",
    deadline=None,  # a busy machine makes any example slow
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")


class Groups(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives a worker one group of tests after another, in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Groups:
    """Schedule by our groups, whatever `--dist` says."""
    config.option.loadscopereorder = False
    return Groups(config, log)


def group_of(nodeid: str) -> str:
    """Return the group of a test by its file."""
    file = nodeid.partition("::")[0]
    return next((group for start, group in GROUPS.items() if file.startswith(start)), file)


def place(nodeid: str) -> int:
    """Return how early the group of a test begins."""
    group = group_of(nodeid)
    return next((number for number, start in enumerate(FIRST) if group.startswith(start)), len(FIRST))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the slow tests, before `-m` chooses; in a worker, put the long groups first."""
    for item in items:
        if item.nodeid.startswith(SLOW):
            item.add_marker("slow")
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: place(item.nodeid))


class Summary:
    """The notes of the tests, and the tests that could not run."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.skipped: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.ran: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in the report of one phase of one test, from whichever worker it comes."""
        suite = suite_of(report.nodeid)
        if report.skipped:
            self.skipped[suite][reason_of(report)] += 1
        elif report.when == "call" or report.failed:
            self.ran.add(suite)
        if report.when == "call":
            self.notes += [f"{suite}: {text}" for name, text in report.user_properties if name == NOTE]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take in a module that is skipped or broken as a whole."""
        if report.skipped or report.failed:
            self.skipped[suite_of(report.nodeid)][reason_of(report)] += 1

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, config: pytest.Config
    ) -> Generator[None, None, None]:
        """Print last the notes, then each suite that did not run, with the reason."""
        yield
        lines = [*self.notes]
        for suite, reasons in sorted(self.skipped.items()):
            lines += [f"NOT RUN: {suite}, {count} of its tests: {why}" for why, count in reasons.items()]
        if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
            left_out = suites() - self.ran - self.skipped.keys()
            if left_out:
                lines.append(f"NOT RUN: {', '.join(sorted(left_out))}: left out by the options of this run")
            lines.append(f"ran: {', '.join(sorted(self.ran))}")
        if lines:
            terminalreporter.section("suites")
        for line in lines:
            terminalreporter.write_line(line)


def suites() -> set[str]:
    """Return the folders of `tests` that hold tests."""
    return {suite_of(str(file.relative_to(TESTS.parent))) for file in TESTS.rglob("test_*.py")}


def suite_of(nodeid: str) -> str:
    """Return the folder of `tests` that a test is in; a test that is in none is its own suite."""
    return nodeid.partition("::")[0].removeprefix("tests/").partition("/")[0]


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return why a test or a module did not run."""
    told = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
    return told.strip().removeprefix("Skipped: ").rpartition("\n")[2]


def pytest_configure(config: pytest.Config) -> None:
    """Collect for the summary where it is printed: not in the workers."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Summary())
