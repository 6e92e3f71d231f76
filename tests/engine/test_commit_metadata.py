"""The metadata of a commit: its content, and the readers for whom it counts for nothing."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.engine import commit_metadata
from connector.engine.settled_ranges import Runs
from tests.engine.driver import P0, P1

TARGET = commit_metadata.target_of("shop", "customers")
HERE = commit_metadata.CommitIdentity(P0, 1_000, "id")
PINNED = "instasent.1.g1YKY7Us.BOYzLWHO.Tz4"
BUFFER = 20_000  # the default of delivery.buffered_records_max

LENGTHS = st.lists(st.integers(1, 70) | st.integers(1, 10**9), min_size=2, max_size=200)


def runs_of(offset: int, lengths: list[int], first: int = 0) -> Runs:
    """Unsettled and settled lengths in turn; `first` is subtracted from the first one, which may be 0."""
    ends = [offset - first]
    for length in lengths[: len(lengths) // 2 * 2]:
        ends.append(ends[-1] + length)
    return list(pairwise(ends))[1::2]


def scattered(share: float, span: int) -> Runs:
    """A random share of the offsets is unsettled, among them the first."""
    random = Random(7)  # noqa: S311 - to be repeated
    lengths, last = [1], False
    for _ in range(span - 1):
        settled = random.random() >= share
        if settled == last:
            lengths[-1] += 1
        else:
            lengths.append(1)
        last = settled
    return runs_of(HERE.offset, lengths)


@given(st.integers(0, 2**62), LENGTHS, st.integers(0, 1))
def test_what_is_written_is_read(offset: int, lengths: list[int], first: int) -> None:
    """All runs come back, or the first ones, and the text is short enough and plain ASCII."""
    commit = commit_metadata.CommitIdentity(P0, offset, "")
    runs = runs_of(offset, lengths, first)
    text = commit_metadata.write(TARGET, commit, runs)
    assert len(text) <= commit_metadata.CHARS_MAX
    assert text.isascii()
    assert text.isprintable()
    found = commit_metadata.read(text, commit)
    assert list(found) == runs[: len(found)]
    assert len(found) == len(runs) or len(text) > commit_metadata.CHARS_MAX - 40
    assert commit_metadata.target_in(text) == TARGET


@example([1] * 200, 70)
@example([1] * 200, 71)
@example([1] * 200, 72)
@example([1] * 200, 73)
@given(LENGTHS, st.integers(0, 400))
def test_what_does_not_fit_is_cut_off_at_its_end(lengths: list[int], chars_max: int) -> None:
    """The part nearest to the committed offset stays; the target is dropped last (F015)."""
    runs = runs_of(HERE.offset, lengths)
    text = commit_metadata.write(TARGET, HERE, runs, chars_max)
    assert len(text) <= chars_max
    found = commit_metadata.read(text, HERE)
    assert list(found) == runs[: len(found)]
    assert commit_metadata.target_in(text) == (
        TARGET if chars_max >= len(commit_metadata.write(TARGET, HERE, ())) else None
    )


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2, 0.5, 0.8, 0.95])
def test_the_whole_buffer_fits(share: float) -> None:
    """Any random share of 20,000 records may be unsettled: all runs fit."""
    runs = scattered(share, BUFFER)
    assert list(commit_metadata.read(commit_metadata.write(TARGET, HERE, runs), HERE)) == runs


def test_one_record_that_stays_open_costs_nothing() -> None:
    """A million settled records after one that waits are one run."""
    runs = [(HERE.offset + 1, HERE.offset + 1_000_000)]
    text = commit_metadata.write(TARGET, HERE, runs)
    assert len(text) < 50
    assert list(commit_metadata.read(text, HERE)) == runs


@pytest.mark.parametrize(
    "other",
    [
        HERE._replace(partition=P1),
        HERE._replace(offset=HERE.offset + 1),  # the offset was reset, or translated by a mirroring tool
        HERE._replace(topic_id="another"),  # the topic was recreated (F026)
        HERE._replace(topic_id=""),
    ],
)
def test_a_note_belongs_to_one_commit(other: commit_metadata.CommitIdentity) -> None:
    """Under another offset, in another partition or another topic of that name it claims nothing."""
    text = commit_metadata.write(TARGET, HERE, [(1_001, 1_005)])
    assert commit_metadata.claims(text)
    assert commit_metadata.read(text, other) == ()


@given(st.data())
def test_a_note_that_was_changed_claims_nothing(data: st.DataObject) -> None:
    """One added, removed or changed character breaks the seal."""
    text = commit_metadata.write(TARGET, HERE, [(1_001, 1_005), (1_010, 1_400)])
    at = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.sampled_from(["", ".", "A", "z", "0", "é", "\x00", "=="]))
    changed = text[:at] + put + text[at + 1 :]
    assert changed == text or commit_metadata.read(changed, HERE) == ()


@pytest.mark.parametrize("coded", ["", "A", "AAAA", "____", "!"])
def test_a_seal_of_somebody_else_s_does_no_harm(coded: str) -> None:
    """A client that computes our seal cannot stop us with text that is no list of runs."""
    text = f"instasent.1.{TARGET}.{commit_metadata._seal(TARGET, HERE, coded)}.{coded}"
    assert len(commit_metadata.read(text, HERE)) <= 12


@given(st.text())
def test_what_others_have_written_says_nothing(text: str) -> None:
    """Foreign metadata claims nothing and is no error (F095)."""
    assert commit_metadata.read(text, HERE) == ()
    assert commit_metadata.target_in(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AQAAAXq0WYg=",  # Kafka Streams: version and timestamp
        "instasent.2.abcdefgh",  # a future version
        "instasent.2.abcdefgh.12345678.AAAA",
        "instasent.1.",
        "instasent.1.abcdefgh.12345678",
        "instasent.1.abcdefgh.12345678.AAAA.BBBB",
    ],
)
def test_other_versions_say_nothing(text: str) -> None:
    """Another version claims neither a target nor runs: upgrades and downgrades just work (F095)."""
    assert commit_metadata.target_in(text) is None
    assert not commit_metadata.claims(text)
    assert commit_metadata.read(text, HERE) == ()


def test_data_sources_are_told_apart() -> None:
    """Project and data source both count, and so does the border between them (F094)."""
    targets = [("a", "b"), ("a", "c"), ("b", "a"), ("ab", ""), ("", "ab"), ("a\x00b", "")]
    assert len({commit_metadata.target_of(*target) for target in targets}) == len(targets)
    assert commit_metadata.target_of("a", "b") == commit_metadata.target_of("a", "b")


def test_the_form_is_pinned() -> None:
    """Another version must be able to read this one's metadata, so one text is written down here (F095)."""
    text = commit_metadata.write(
        TARGET, commit_metadata.CommitIdentity(P0, 7, "id"), [(8, 11), (12, 13), (20, 21)]
    )
    assert text == PINNED
    assert commit_metadata.read(PINNED, commit_metadata.CommitIdentity(P0, 7, "id")) == [
        (8, 11),
        (12, 13),
        (20, 21),
    ]
