"""Records come in: each into its partition's ledger, and its deliveries into their lanes.

A record whose schema has not been fetched yet is *parked*, and so is every later delivery of its partition.
Order holds there, and other partitions flow. Skipped and rejected records are not parked. Nothing of them is
delivered, and no commit passes the parked records before them anyway.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from connector.engine.lanes import Item
from connector.engine.ledger import Entry, Partition
from connector.engine.schema_requests import SchemaRequests
from connector.errors import InvariantError
from connector.model import (
    AwaitsSchema,
    Delivery,
    Record,
    Rejection,
    SchemaRef,
    Skip,
    Translated,
    Upsert,
)

LOOKED_AHEAD = 1_000
"""How many parked records are searched for schemas to ask for ahead."""


class Entered(NamedTuple):
    """New deliveries, each for its contact's lane, and rejected records, each for a dead letter."""

    items: Sequence[Item]
    rejected: Sequence[tuple[Entry, Rejection]]


class Arrivals:
    """Takes records in, and takes in again those that were parked.

    `translate` is called again for a parked record once its schema is there.
    """

    def __init__(
        self,
        schemas: SchemaRequests,
        endpoint_index: Mapping[type, int],
        translate: Callable[[Record], Translated],
    ) -> None:
        self._schemas = schemas
        self._endpoint_index = endpoint_index
        self._translate = translate
        self._items: list[Item] = []
        self._rejected: list[tuple[Entry, Rejection]] = []

    def take(
        self,
        partitions: Mapping[tuple[str, int], Partition],
        records: Sequence[tuple[Record, Translated]],
        now_ms: int,
    ) -> Entered:
        """Take in the records of one poll."""
        index_of, add = self._endpoint_index, self._items.append
        for record, translated in records:
            partition = partitions.get((record.topic, record.partition))
            if partition is None or partition.revoking:
                continue  # It was polled while its partition was being taken away.
            partition.arrived(record)
            partition.counts.consumed += 1
            if type(translated) is Skip:  # cheaper than isinstance: this is done for every record
                partition.counts.skipped[translated.rule] += 1
            elif partition.before is not None and partition.before.has(record.offset):
                _leave_out(partition, record, translated)
            elif type(translated) is Rejection:
                self._rejected.append((partition.open(record, 1), translated))
            elif partition.awaits is not None or type(translated) is AwaitsSchema:
                self._park(partition, record, translated, now_ms)
            else:
                deletes = partition.deletes
                if type(translated[0]) is not Upsert or deletes.key is not None:
                    if deletes.repeats(record, translated):
                        partition.counts.skipped["tombstone_after_delete"] += 1
                        continue
                    deletes.remember(record, translated)
                entry = partition.open(record, len(translated))
                entry.spread = _spread(translated) if len(translated) > 1 else 0
                for delivery in translated:
                    partition.open_by_endpoint[index_of[type(delivery)]] += 1
                    add(Item(delivery, entry))
        return self._entered()

    def _entered(self) -> Entered:
        entered = Entered(self._items, self._rejected)
        self._items, self._rejected = [], []
        return entered

    def _park(self, partition: Partition, record: Record, translated: Translated, now_ms: int) -> None:
        if isinstance(translated, AwaitsSchema):
            if partition.awaits is not None:
                self._schemas.want_ahead(translated.ref, now_ms)
            elif (unknown := self._unknown(translated, now_ms)) is not None:
                self._rejected.append((partition.open(record, 1), unknown))
                return
            else:
                self._await(partition, translated, now_ms)
        partition.park(record, translated)

    def release(self, partitions: Iterable[Partition], ref: SchemaRef, now_ms: int) -> Entered:
        """Go on with the partitions that waited for this schema: the registry has answered."""
        for partition in partitions:
            if partition.awaits == ref:
                self._unpark(partition, now_ms)
        return self._entered()

    def _unpark(self, partition: Partition, now_ms: int) -> None:
        """Take in the parked records again, up to one that waits for another schema."""
        while partition.parked:
            entry, translated = partition.parked[0]
            if isinstance(translated, AwaitsSchema):
                translated = self._translate(entry.record)
            if isinstance(translated, AwaitsSchema):
                unknown = self._unknown(translated, now_ms)
                if unknown is None:
                    if translated.ref == partition.awaits:
                        raise InvariantError(f"schema {translated.ref} was given in vain")
                    self._await(partition, translated, now_ms)
                    self._ask_ahead(partition, now_ms)
                    return
                translated = unknown
            partition.unpark()
            self._take_again(entry, translated)
        partition.awaits = None

    def _take_again(self, entry: Entry, translated: Sequence[Delivery] | Skip | Rejection) -> None:
        """As `take`, for a record that has its ledger entry already."""
        partition = entry.partition
        if isinstance(translated, Rejection):
            self._rejected.append((entry, translated))
        elif isinstance(translated, Skip):
            partition.leave_out(entry)
            partition.counts.skipped[translated.rule] += 1
        elif partition.deletes.repeats(entry.record, translated):
            partition.leave_out(entry)
            partition.counts.skipped["tombstone_after_delete"] += 1
        else:
            partition.deletes.remember(entry.record, translated)
            entry.open = len(translated)
            entry.spread = _spread(translated)
            for delivery in translated:
                partition.open_by_endpoint[self._endpoint_index[type(delivery)]] += 1
                self._items.append(Item(delivery, entry))

    def _await(self, partition: Partition, awaiting: AwaitsSchema, now_ms: int) -> None:
        partition.awaits = awaiting.ref
        self._schemas.want(awaiting.ref, now_ms)

    def _ask_ahead(self, partition: Partition, now_ms: int) -> None:
        """Ask for the schemas of the next parked records that were not asked for when they were parked."""
        for _, translated in islice(partition.parked, LOOKED_AHEAD):
            if isinstance(translated, AwaitsSchema):
                self._schemas.want_ahead(translated.ref, now_ms)

    def _unknown(self, awaiting: AwaitsSchema, now_ms: int) -> Rejection | None:
        """Reject a record whose schema certainly does not exist; None where that is not known."""
        reason = self._schemas.unknown(awaiting.ref, now_ms)
        return None if reason is None else Rejection("decode", f"schema {awaiting.ref}: {reason}")


def _leave_out(
    partition: Partition, record: Record, translated: Sequence[Delivery] | Rejection | AwaitsSchema
) -> None:
    """Skip a record that was settled before this assignment: it is neither delivered nor stored again."""
    partition.counts.skipped["settled_before"] += 1
    if isinstance(translated, AwaitsSchema):
        if record.value is not None:
            partition.deletes.forget(record.key)  # It may be an upsert.
    elif isinstance(translated, Rejection):
        pass
    elif partition.awaits is None:
        partition.deletes.remember(record, translated)  # Its tombstone may follow.
    else:
        partition.deletes.forget_only(record, translated)


def _spread(translated: Sequence[Delivery]) -> int:
    """Count the deliveries of a record if they are for several contacts; 0 otherwise."""
    user_id = translated[0].user_id
    return len(translated) if any(delivery.user_id != user_id for delivery in translated) else 0
