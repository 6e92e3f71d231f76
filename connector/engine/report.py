"""Puts the snapshot together from the parts of the engine."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from connector.engine.endpoints import EndpointState
from connector.engine.intake import Intake
from connector.engine.ledger import Partition, TopicCounts
from connector.engine.snapshot import PartitionStatus, Snapshot, TopicStatus


def report(
    start: Snapshot,
    *,
    partitions: Collection[Partition],
    counts: Mapping[str, TopicCounts],
    endpoints: Sequence[EndpointState],
    intake: Intake,
    gone: int,
    now_ms: int,
) -> Snapshot:
    """Fill in a snapshot that holds the state, its causes and the registry's answers.

    `gone` counts the records of partitions that are not ours any more. Every consumed record is skipped,
    gone, settled or buffered. Any other one is unaccounted, and their count must be 0.
    """
    consumed = sum(topic.consumed for topic in counts.values())
    skipped = sum(topic.skipped.total() for topic in counts.values())
    settled = sum(partition.settled for partition in partitions)
    return replace(
        start,
        topics=tuple(_topic(name, topic) for name, topic in counts.items()),
        partitions=tuple(_partition(partition) for partition in partitions),
        endpoints=tuple(endpoint.status(now_ms) for endpoint in endpoints),
        in_flight_records=sum(partition.unsettled for partition in partitions),
        buffered_records=intake.buffered_records,
        buffered_bytes=intake.buffered_bytes,
        unaccounted_records=consumed - skipped - gone - settled - intake.buffered_records,
    )


def _topic(name: str, counts: TopicCounts) -> TopicStatus:
    return TopicStatus(
        topic=name,
        records_consumed=counts.consumed,
        deliveries_accepted=counts.accepted,
        skipped=dict(counts.skipped),
        dead_lettered=dict(counts.dead_lettered),
    )


def _partition(partition: Partition) -> PartitionStatus:
    awaits = partition.awaits
    return PartitionStatus(
        topic=partition.name.topic,
        partition=partition.name.partition,
        position=partition.position or 0,
        committed=partition.committed,
        end=partition.end,
        in_flight=partition.unsettled,
        paused=partition.offsets_lost or ("" if awaits is None else f"waits for schema {awaits}"),
        parked=len(partition.parked),
    )
