"""`python -m tests.bench.loading`: writes the workload into a topic, as JSON or in another wire format."""

import argparse
from collections.abc import Callable, Sequence
from typing import TypeAlias

from confluent_kafka import Producer

from connector.sandbox.registry.store import RegistryStore
from connector.sandbox.writer import SampleRecord
from tests.bench.encoded import Encoder
from tests.bench.workload import PARTITIONS, chosen_contacts, record

FLUSH_SECONDS = 60
JSON = "json"

Headers: TypeAlias = Sequence[tuple[str, bytes | None]]
Encode: TypeAlias = Callable[[int, int], tuple[bytes | None, bytes | None, Headers]]
"""Gives key, value and headers of one update."""


def encoder(wire_format: str) -> Encode:
    """Give what writes updates; for bare JSON a template does, many times faster than a converter."""
    convert = Encoder(wire_format, RegistryStore()).record
    headers = convert(0, 0).headers
    if wire_format == JSON:
        return lambda contact, version: (*record(contact, version), headers)
    return lambda contact, version: _parts(convert(contact, version))


def _parts(written: SampleRecord) -> tuple[bytes | None, bytes | None, Headers]:
    return written.key, written.value, written.headers


def load(bootstrap_servers: str, topic: str, count: int, wire_format: str) -> None:
    """Write updates of random contacts, whose versions only grow, and wait until the broker has them all.

    Raises:
        TimeoutError: it does not take them.
    """
    encode = encoder(wire_format)
    producer = Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "linger.ms": 20,
            "batch.size": 500_000,
            "queue.buffering.max.messages": 100_000,
        }
    )
    for version, contact in enumerate(chosen_contacts(count)):
        key, value, headers = encode(contact, version)
        while True:
            try:
                producer.produce(topic, value, key, contact % PARTITIONS, headers=list(headers))
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    left = producer.flush(FLUSH_SECONDS)
    if left:
        raise TimeoutError(f"{left} records were not confirmed within {FLUSH_SECONDS} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--format", default=JSON)
    told = parser.parse_args()
    load(told.bootstrap_servers, told.topic, told.records, told.format)
