"""Added latency on an idle system: from the broker's confirmation of a record to its request at the sink."""

import time
from statistics import quantiles
from typing import NamedTuple

from confluent_kafka import KafkaError, Message, Producer

from tests.bench.measure import Sink
from tests.bench.workload import PARTITIONS, TOPIC, record
from tests.waiting import wait_for

GAP_SECONDS = 0.02
SECONDS = 30


class Latency(NamedTuple):
    """Milliseconds."""

    p50: float
    p99: float


def measure(bootstrap_servers: str, sink: Sink, samples: int, first_version: int) -> Latency:
    """Send one record at a time through a connector that is ready and idle."""
    producer = Producer({"bootstrap.servers": bootstrap_servers, "linger.ms": 0})
    sink.reset()
    taken = [_one(producer, sink, number, first_version + number) for number in range(samples)]
    cuts = quantiles(taken, n=100)
    return Latency(cuts[49], cuts[98])


def _one(producer: Producer, sink: Sink, number: int, version: int) -> float:
    confirmed: list[float] = []

    def note(error: KafkaError | None, _message: Message) -> None:
        if error is None:
            confirmed.append(time.monotonic())

    key, value = record(number, version)
    producer.produce(TOPIC, key=key, value=value, partition=number % PARTITIONS, on_delivery=note)
    producer.flush(SECONDS)
    wait_for(lambda: sink.stats()["items"] > number, SECONDS, f"the request for record {number}")
    time.sleep(GAP_SECONDS)
    return float(sink.stats()["last_at"] - confirmed[0]) * 1000
