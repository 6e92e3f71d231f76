"""Recognises the tombstone that Debezium writes after a delete of the same key.

Such a tombstone needs no second deletion and no bookkeeping. It follows its delete in the partition, so no
commit passes one of them without the other.
"""

from collections.abc import Sequence

from connector.model import Delete, Delivery, Record, Upsert


class DeleteMemory:
    """Remembers the key of the last delete of one partition, until an upsert of that key.

    To forget is always safe: a contact is then deleted twice. A key that is remembered too long would
    lose a deletion.
    """

    __slots__ = ("key",)

    def __init__(self) -> None:
        self.key: bytes | None = None

    def repeats(self, record: Record, translated: Sequence[Delivery]) -> bool:
        """Whether this record is the tombstone of the delete that is remembered. Changes nothing."""
        if self.key is None or record.key != self.key:
            return False
        first_delete: Delete | None = None
        for delivery in translated:
            if type(delivery) is Upsert:
                return False
            if first_delete is None and type(delivery) is Delete:
                first_delete = delivery
        return first_delete is not None and first_delete.tombstone

    def remember(self, record: Record, translated: Sequence[Delivery]) -> None:
        """Take in a record that comes next in the partition."""
        deletes = False
        for delivery in translated:
            if type(delivery) is Upsert:
                self.forget(record.key)
                return
            deletes = deletes or type(delivery) is Delete
        if deletes:
            self.key = record.key

    def forget(self, key: bytes | None) -> None:
        """Take in that a record of this key is or may be an upsert: its next tombstone is a deletion."""
        if self.key == key:
            self.key = None

    def forget_only(self, record: Record, translated: Sequence[Delivery]) -> None:
        """As `remember`, while records before this one are parked: their tombstones must not rely on it."""
        before = self.key
        self.remember(record, translated)
        if self.key is not None:
            self.key = before
