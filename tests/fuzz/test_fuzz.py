"""Ten thousand hostile inputs through the translator; `make fuzz` tries a million."""

import signal
import subprocess
import sys

import pytest

from connector.model import Delete, Rejection, SchemaArtifact, Skip, Translated, Upsert
from connector.translate.formats.avro.schema_text import read_avro_schema
from connector.translate.formats.connect_schema import SchemaRefusedError
from tests.fuzz import breaking_worker
from tests.fuzz.hostile import CANARY
from tests.fuzz.inputs import BLOCK, input_of
from tests.fuzz.judge import FaultError, Judge, judged
from tests.fuzz.memory import MEASURED, Peak
from tests.fuzz.rules import mappings
from tests.fuzz.run import Report, measure, run, workers_of_this_machine

KINDS = {
    *("capture", "bytes", "JSON", "JSON with schema", "Extended JSON", "Avro", "hostile Avro", "JSON Schema"),
    "Connect schema",
}
OUTCOMES = ("delivered", "skipped", "rejected by decode", "rejected by contact")


@pytest.mark.timeout(600)
def test_ten_thousand_inputs_break_no_promise() -> None:
    """Each is delivered, skipped, rejected or waits: none raises, hangs or fills memory (F036, F042, S14)."""
    report = run(0, 10_000, workers_of_this_machine())
    assert [f"seed {fault.seed}: {fault.words}" for fault in report.faults] == []
    assert report.inputs == sum(report.outcomes.values()) == 10_000
    assert {name.partition(":")[0] for name in report.outcomes} == KINDS
    for outcome in OUTCOMES:
        assert sum(count for name, count in report.outcomes.items() if name.endswith(outcome)) > 100


def test_an_input_can_be_made_again() -> None:
    """The same seed gives the same record, schema and topic file, whatever was tried before."""
    topics = len(mappings())
    for seed in (7, BLOCK + 7, 123_456_789):
        first, again = input_of(seed, topics), input_of(seed, topics)
        assert first.kind == again.kind
        assert first.artifact == again.artifact
        for name in ("topic", "key", "value", "headers", "timestamp_ms"):
            assert getattr(first.record, name) == getattr(again.record, name)


def test_one_input_is_measured_alone() -> None:
    """A seed is tried in a separate process, after the seeds before it, with its time and memory."""
    cost = measure(BLOCK + 3)
    assert cost.outcome
    assert cost.milliseconds > 0
    assert cost.bytes < 64 * 2**20


@pytest.fixture(scope="module")
def broken() -> Report:
    """Return the report of inputs of which some break a promise."""
    return run(0, 150, worker="tests.fuzz.breaking_worker")


def words(report: Report, seed: int) -> str:
    """Return what the report says about a seed, empty where it says nothing."""
    return next((fault.words for fault in report.faults if fault.seed == seed), "")


def test_a_crash_is_the_fault_of_its_seed(broken: Report) -> None:
    """A child that ends by a signal is named by the seed it was at, and the others are tried all the same."""
    assert "SIGSEGV" in words(broken, breaking_worker.CRASHES)
    assert broken.inputs == 150
    assert sum(broken.outcomes.values()) >= 150 - breaking_worker.IS_KILLED - 2


def test_an_exception_is_the_fault_of_its_seed(broken: Report) -> None:
    """The translator's exception is in the report."""
    assert words(broken, breaking_worker.RAISES) == "the outcome is none"


def test_only_what_is_slow_every_time_is_slow(broken: Report) -> None:
    """A suspect is measured again alone; a busy machine is not the input's fault."""
    assert "150 ms" in words(broken, breaking_worker.IS_SLOW)
    assert words(broken, breaking_worker.WAS_SLOW_ONCE) == ""


def test_a_child_that_somebody_killed_is_no_fault(broken: Report) -> None:
    """Its input is tried again alone, and is fine."""
    assert words(broken, breaking_worker.IS_KILLED) == ""


def test_memory_is_the_fault_of_the_seed_that_took_it(broken: Report) -> None:
    """Of the inputs between two looks at the memory, the one that takes it alone is named."""
    expected = {breaking_worker.TAKES_MEMORY} if MEASURED else set()
    assert {fault.seed for fault in broken.faults if "80 MiB" in fault.words} == expected


def test_memory_that_was_given_back_counts() -> None:
    """The peak is what was in use at most, not what is in use in the end."""
    peak = Peak()
    held = bytearray(b"x") * (90 * 2**20)
    del held
    assert not MEASURED or peak.bytes() > 64 * 2**20


RECURSIVE = '{"type":"record","name":"N","fields":[{"name":"n","type":["null","N"]}]}'
BODY = "b'\\2' * 5000 + b'\\0'"
READ_BY_FASTAVRO = (
    "import fastavro, io, json;"
    f"fastavro.schemaless_reader(io.BytesIO({BODY}), fastavro.parse_schema(json.loads('{RECURSIVE}')), None)"
)


def test_where_fastavro_ends_the_process_we_refuse_the_schema() -> None:
    """Five kilobytes of a recursive record kill fastavro; here the schema is a typed error (F042)."""
    victim = subprocess.run([sys.executable, "-c", READ_BY_FASTAVRO], capture_output=True, check=False)
    assert victim.returncode == -signal.SIGSEGV
    with pytest.raises(SchemaRefusedError, match="recursive"):
        read_avro_schema(RECURSIVE)


def test_the_record_of_a_recursive_schema_is_rejected() -> None:
    """So the record becomes a dead letter whose reason says it, and the service lives on (F042, S15)."""
    seed = next(seed for seed in range(BLOCK) if input_of(seed, 1).kind == "hostile Avro")
    given = input_of(seed, len(mappings()))
    given.record.value = b"\0\0\0\0\7" + b"\2" * 5_000 + b"\0"
    given.record.topic = "t0"
    hostile = given._replace(artifact=SchemaArtifact(RECURSIVE, "AVRO"), schemas={})
    assert Judge().outcome(hostile) == "rejected by decode"


@pytest.mark.parametrize(
    ("translated", "fault"),
    [
        (Rejection("decode", f"not JSON: {CANARY}"), "quotes the record"),
        (Rejection("decode", "something is wrong"), "does not say what was tried"),
        (Rejection("decode", "not JSON" * 200), "longer than anybody reads"),
        (Rejection("decode", ""), "no reason"),
        (Skip(""), "no rule"),
        ([], "nothing to deliver"),
        ([Delete("")], "user id is empty"),
        ([Upsert("7", {"_user_id": "8"}, instant=True)], "another user id"),
    ],
)
def test_the_judge_knows_a_bad_outcome(translated: Translated, fault: str) -> None:
    """A forbidden outcome is a fault, so that a fuzzer without faults proves something."""
    with pytest.raises(FaultError, match=fault):
        judged(translated)


@pytest.mark.parametrize("value", ["\ud800", 2**64, {1: 2}, object()])
def test_what_cannot_be_written_is_a_fault(value: object) -> None:
    """A body that the JSON writer refuses would take its whole batch with it."""
    with pytest.raises(TypeError):
        judged([Upsert("7", {"_user_id": "7", "a": value}, instant=True)])
