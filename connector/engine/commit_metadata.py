"""The text in the metadata of a commit: whose commit it is, and what is settled above its offset.

    instasent.1.<target>                       no record above the offset is settled
    instasent.1.<target>.<seal>.<runs>         some records above it are

`target` is a short hash of the data source. `runs` are the lengths of unsettled and settled runs in turn,
from the committed offset on. They are in Elias' gamma code, as base64: a run of 1 takes one bit, a run of
1,000,000 takes 39. The default buffer, settled at random, fits whatever share of it is settled.

The seal is a hash over all of it, the partition, the committed offset and the topic's id. So metadata counts
for nothing after a reset of the offsets, in a recreated topic, or in another cluster that holds a copy of it.
The same holds for another version, and for text of other clients.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

from connector.engine.settled_ranges import Runs
from connector.errors import InvariantError
from connector.model import TopicPartition

CHARS_MAX = 4_000
"""A broker whose `offset.metadata.max.bytes` is the default 4,096 takes 4,095; the text is ASCII."""

_MAKER = "instasent"
_VERSION = "1"
_HASH_BYTES = 6  # 8 characters


class CommitIdentity(NamedTuple):
    """One commit of one partition of one topic: its metadata is bound to it."""

    partition: TopicPartition
    offset: int
    topic_id: str


def target_of(project: str, datasource: str) -> str:
    """Hash a data source. The address is left out: it may change while the data source stays."""
    return _hash(project, datasource)


def write(target: str, commit: CommitIdentity, runs: Runs, chars_max: int = CHARS_MAX) -> str:
    """Write down the runs above a commit's offset; where not all fit, those nearest to it."""
    head = f"{_MAKER}.{_VERSION}.{target}"
    room = chars_max - len(head) - 10  # two dots and the seal
    coded = _encode(commit.offset, runs, room * 6) if room > 0 else ""
    if not coded:
        return head if len(head) <= chars_max else ""
    return f"{head}.{_seal(target, commit, coded)}.{coded}"


def target_in(text: str) -> str | None:
    """Return the data source that metadata was written for; None where it is not of this version."""
    parts = text.split(".")
    ours = len(parts) in {3, 5} and parts[:2] == [_MAKER, _VERSION]
    return parts[2] if ours and parts[2] else None


def claims(text: str) -> bool:
    """Whether metadata says that anything is settled above its offset."""
    return target_in(text) is not None and text.count(".") > 2


def read(text: str, commit: CommitIdentity) -> Runs:
    """Return the settled runs above a commit's offset; none where the text belongs to another commit."""
    if not claims(text):
        return ()
    _, _, target, seal, coded = text.split(".")
    if seal != _seal(target, commit, coded):
        return ()
    try:
        return _decode(commit.offset, coded)
    except ValueError:  # written by another client, with a seal that fits
        return ()


def _seal(target: str, commit: CommitIdentity, coded: str) -> str:
    topic, partition = commit.partition
    return _hash(_VERSION, target, topic, str(partition), str(commit.offset), commit.topic_id, coded)


def _hash(*parts: str) -> str:
    """Hash texts so that no two lists of them are confused."""
    digest = blake2b(digest_size=_HASH_BYTES)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(4, "big") + data)
    return urlsafe_b64encode(digest.digest()).decode()


def _encode(offset: int, runs: Runs, bits_max: int) -> str:
    """Write the lengths in turn, then a 1, then 0s to the full byte. The first is plus 1: it may be 0."""
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
