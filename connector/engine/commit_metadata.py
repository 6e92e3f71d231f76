"""The text in the metadata of a commit: whose commit it is, and what is settled above its offset.

    instasent.1.<target>                       nothing is settled above the offset
    instasent.1.<target>.<seal>.<runs>         something is

`target` is a short hash of the data source. `runs` are the lengths of the runs that are unsettled and
settled in turn, from the committed offset on, in Elias' gamma code (a run of 1 takes a bit, one of 1,000,000
takes 39), as base64. The default buffer, settled at random, fits whatever share of it is settled.

The seal is a hash over all of it, the partition, the offset that it was committed with and the topic's id.
After a reset of the offsets, in a topic that was made anew, or in another cluster to which a tool has copied
it, a note counts for nothing; neither does one of another version, or anything that others have written.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

from connector.engine.settled_ranges import Runs
from connector.errors import InvariantError
from connector.model import TopicPartition

CHARS_MAX = 4_000
"""A broker whose `offset.metadata.max.bytes` is the default 4,096 takes 4,095; a note is ASCII."""

_MAKER = "instasent"
_VERSION = "1"
_HASH_BYTES = 6  # 8 characters


class CommitIdentity(NamedTuple):
    """What a note is bound to: one commit of one partition of one topic."""

    partition: TopicPartition
    offset: int
    topic_id: str


def target_of(project: str, datasource: str) -> str:
    """The short hash of a data source. Not of the address: that may change, and the data source stay."""
    return _hash(project, datasource)


def write(target: str, commit: CommitIdentity, runs: Runs, chars_max: int = CHARS_MAX) -> str:
    """Put down what is settled above a commit's offset; what is nearest to it, where not all of it fits."""
    head = f"{_MAKER}.{_VERSION}.{target}"
    room = chars_max - len(head) - 10  # two dots and the seal
    coded = _encode(commit.offset, runs, room * 6) if room > 0 else ""
    if not coded:
        return head if len(head) <= chars_max else ""
    return f"{head}.{_seal(target, commit, coded)}.{coded}"


def target_in(text: str) -> str | None:
    """The data source of whoever wrote a note; None where it is not a note of this version."""
    parts = text.split(".")
    ours = len(parts) in {3, 5} and parts[:2] == [_MAKER, _VERSION]
    return parts[2] if ours and parts[2] else None


def claims(text: str) -> bool:
    """Whether a note says that anything is settled above its offset."""
    return target_in(text) is not None and text.count(".") > 2


def read(text: str, commit: CommitIdentity) -> Runs:
    """What is settled above a commit's offset; nothing where the note does not belong to this very commit."""
    if not claims(text):
        return ()
    _, _, target, seal, coded = text.split(".")
    if seal != _seal(target, commit, coded):
        return ()
    try:
        return _decode(commit.offset, coded)
    except ValueError:  # somebody else's idea of it, with a seal of theirs
        return ()


def _seal(target: str, commit: CommitIdentity, coded: str) -> str:
    topic, partition = commit.partition
    return _hash(_VERSION, target, topic, str(partition), str(commit.offset), commit.topic_id, coded)


def _hash(*parts: str) -> str:
    """Hash texts so that no two lists of them are taken for each other."""
    digest = blake2b(digest_size=_HASH_BYTES)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(4, "big") + data)
    return urlsafe_b64encode(digest.digest()).decode()


def _encode(offset: int, runs: Runs, bits_max: int) -> str:
    """The lengths in turn, closed by a 1 and filled up with 0s; the first plus 1, since it may be 0."""
    bits: list[str] = []
    size, at, extra = 1, offset, 1
    for start, end in runs:
        if start - at + extra <= 0:
            raise InvariantError("runs overlap, touch, or begin before the committed offset")
        pair = _gamma(start - at + extra) + _gamma(end - start)
        size += len(pair)
        if size > bits_max // 8 * 8:
            break
        bits.append(pair)
        at, extra = end, 0
    if not bits:
        return ""
    text = "".join(bits) + "1"
    data = int(text, 2) << -len(text) % 8
    return urlsafe_b64encode(data.to_bytes((len(text) + 7) // 8, "big")).decode().rstrip("=")


def _decode(offset: int, coded: str) -> Runs:
    data = urlsafe_b64decode(coded + "=" * (-len(coded) % 4))
    text = f"{int.from_bytes(data, 'big'):0{len(data) * 8}b}".rstrip("0")[:-1]
    runs: list[tuple[int, int]] = []
    lengths = list(_lengths(text))
    at = offset - 1
    for unsettled, settled in zip(lengths[::2], lengths[1::2], strict=True):
        start = at + unsettled
        at = start + settled
        runs.append((start, at))
    return runs


def _gamma(length: int) -> str:
    binary = f"{length:b}"
    return "0" * (len(binary) - 1) + binary


def _lengths(text: str) -> Iterable[int]:
    at = 0
    while at < len(text):
        first = text.index("1", at)
        end = 2 * first - at + 1
        yield int(text[first:end], 2)
        at = end
