"""A body of either documented shape → one outcome per item (`ingest-api.md 3.1`, `ingest-api.md 3.2`).

It is not known which shape is live, whether `position` counts from 0 or 1, or which field identifies an
event. So all of them are read, and no item counts as accepted unless the answer proves it (F047, F048).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import orjson

from connector.instasent.reasons import describe
from connector.model import ItemOutcome, OutcomeKind

_ACCEPTED = ItemOutcome(OutcomeKind.ACCEPTED)
_UNREPORTED = ItemOutcome(OutcomeKind.RETRY, "the answer does not mention the item")
_CONTRADICTED = ItemOutcome(OutcomeKind.RETRY, "the answer contradicts itself about the item")


class ReportedItem(NamedTuple):
    """One item in the answer: its contact's id, its position, and the error if any.

    `named` is whether the entry holds an item with a contact; a bare text may be anything.
    """

    user_id: str | None
    position: int | None
    reason: str
    named: bool


class Report(NamedTuple):
    """Both shapes as one. The counters are None where the answer has none."""

    succeeded: int | None
    failed: int | None
    accepted: Sequence[object]
    errors: Sequence[object]


class AmbiguousReport(Exception):  # noqa: N818 - it is an answer of ours, not an error
    """Items were refused, and the answer does not say which."""


def parse(body: bytes) -> Report | None:
    """Read a body as shape A or B; None where it is neither."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(answer, dict):
        return None
    entity = answer.get("entity")
    if isinstance(entity, dict):
        return _shape_b(entity)
    return _shape_a(answer)


def outcomes(report: Report, user_ids: Sequence[str]) -> tuple[ItemOutcome, ...] | None:
    """One outcome per item, None where all were accepted.

    Raises AmbiguousReport where an error cannot be matched to one item; never for a batch of one.
    """
    count = len(user_ids)
    if report.succeeded == count and not report.failed and not report.errors:
        return None
    accepted = [_entry(raw) for raw in report.accepted]
    errors = [_entry(raw) for raw in report.errors]
    index_of = _Finder(user_ids, [*accepted, *errors]).find
    rejected: dict[int, str] = {}
    for error in errors:
        index = index_of(error)
        if index is None:
            raise AmbiguousReport(error.reason)
        rejected[index] = error.reason
    if len(rejected) < (report.failed or 0):
        if count > 1:
            raise AmbiguousReport("fewer errors are listed than counted")
        rejected[0] = "refused without a reason"
    proven = {index for index in map(index_of, accepted) if index is not None}
    if report.succeeded is not None and report.succeeded < len(proven):
        contradicted, proven = proven, set()
    else:
        contradicted = proven & rejected.keys()
    if not accepted and report.succeeded == count - len(rejected) and report.failed == len(rejected):
        proven = set(range(count)) - rejected.keys()  # nothing is listed, and the counters leave no doubt
    return tuple(_outcome(index, proven, contradicted, rejected) for index in range(count))


def _outcome(
    index: int, proven: set[int], contradicted: set[int], rejected: Mapping[int, str]
) -> ItemOutcome:
    if index in contradicted:
        return _CONTRADICTED
    if index in rejected:
        return ItemOutcome(OutcomeKind.REJECTED, rejected[index])
    return _ACCEPTED if index in proven else _UNREPORTED


class _Finder:
    """Finds the item of an entry: by the contact that it names, otherwise by its position."""

    def __init__(self, user_ids: Sequence[str], entries: Sequence[ReportedItem]) -> None:
        self._count = len(user_ids)
        self._index_of = {user_id: index for index, user_id in enumerate(user_ids)}
        self._base = self._first_position(entries)

    def find(self, entry: ReportedItem) -> int | None:
        if self._count == 1:
            return 0
        if entry.user_id in self._index_of:
            return self._index_of[entry.user_id]
        if entry.named or entry.position is None or self._base is None:
            return None  # An item of a contact that was not sent is none of ours, whatever its position.
        index = entry.position - self._base
        return index if 0 <= index < self._count else None

    def _first_position(self, entries: Sequence[ReportedItem]) -> int | None:
        """Return 0 or 1; None where the answer shows neither or both."""
        bases = set(self._bases(entries))
        return bases.pop() if bases in ({0}, {1}) else None

    def _bases(self, entries: Sequence[ReportedItem]) -> Iterator[int]:
        for user_id, position, _, named in entries:
            if position is None:
                continue
            if user_id in self._index_of:
                yield position - self._index_of[user_id]
            elif named:
                continue
            elif position == 0:
                yield 0
            elif position == self._count:
                yield 1


def _shape_a(answer: Mapping[str, object]) -> Report | None:
    succeeded, failed = _counter(answer, "entitiesSuccess"), _counter(answer, "entitiesFailures")
    accepted, errors = _list(answer, "accepted"), _list(answer, "errors")
    if succeeded is None and failed is None and not accepted and not any(map(_is_item_error, errors)):
        return None
    return Report(succeeded, failed, accepted, errors)


def _shape_b(entity: Mapping[str, object]) -> Report | None:
    succeeded, failed, items = (
        _counter(entity, "successful"),
        _counter(entity, "failed"),
        _list(entity, "items"),
    )
    if succeeded is None and failed is None and not items:
        return None
    accepted = [item for item in items if isinstance(item, dict) and item.get("status") == "success"]
    errors = [item for item in items if isinstance(item, dict) and item.get("status") == "error"]
    return Report(succeeded, failed, accepted, errors)


def _entry(raw: object) -> ReportedItem:
    """Shape A echoes the `item`, shape B has its `_user_id` in the entry itself."""
    if not isinstance(raw, dict):
        return ReportedItem(None, None, describe(raw), named=False)
    item = raw.get("item", raw)
    user_id = item.get("_user_id") if isinstance(item, dict) else item
    known = isinstance(user_id, (str, int)) and not isinstance(user_id, bool)
    return ReportedItem(
        user_id=str(user_id) if known else None,
        position=_counter(raw, "position"),
        reason=describe(raw.get("error") or raw.get("errors"), raw.get("item", user_id))
        or "refused without a reason",
        named=known and isinstance(item, dict),
    )


def _is_item_error(raw: object) -> bool:
    """Whether an error is about one item, and not about a request that was refused as a whole."""
    return isinstance(raw, dict) and ("position" in raw or "item" in raw)


def _counter(fields: Mapping[str, object], name: str) -> int | None:
    value = fields.get(name)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _list(fields: Mapping[str, object], name: str) -> list[object]:
    """Read a list; another value becomes its one entry, so that no error is overlooked."""
    value = fields.get(name) or []
    return value if isinstance(value, list) else [value]
