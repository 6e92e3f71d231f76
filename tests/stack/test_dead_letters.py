"""Dead letters and the real broker's limits: what is too large for a topic, and a disk that is full."""

import resource
from pathlib import Path
from random import Random

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from tests.stack.group import SECONDS, Group, change_of, group, key_of
from tests.stack.log_surgery import bounds, configure
from tests.stack.secured import SecuredBroker
from tests.waiting import wait_for

pytestmark = pytest.mark.stack

LARGE = 8_000_000
ROOM = 12_000_000
"""How large a topic may let its records be, and a full disk its files: more than an index of Kafka has."""

POISON_BYTES = 900_000
POISON = 16


def poison(seed: int, size: int) -> bytes:
    """Return bytes that are no JSON and do not compress."""
    return b"?" + Random(seed).randbytes(size)  # noqa: S311 - the same bytes every time


def produce(world: Group, *records: tuple[bytes, bytes]) -> None:
    """Write records (key and value) of any size."""
    client = Producer({"bootstrap.servers": world.kafka.bootstrap_servers, "message.max.bytes": ROOM})
    for key, value in records:
        client.produce(world.topic, value, key, 0)
    assert client.flush(SECONDS) == 0


def letters_of(world: Group, count: int) -> list[bytes]:
    """Return the values of the first so many dead letters."""
    client = Consumer({"bootstrap.servers": world.kafka.bootstrap_servers, "group.id": "letters"})
    client.assign([TopicPartition(f"{world.topic}.dead-letters", 0, OFFSET_BEGINNING)])
    values: list[bytes] = []
    try:
        while len(values) < count:
            message = client.poll(SECONDS)
            assert message is not None
            assert message.error() is None
            values.append(message.value() or b"")
    finally:
        client.close()
    return values


def test_records_of_eight_megabytes(secured: SecuredBroker, tmp_path: Path) -> None:
    """They are read whole; one that the dead-letter topic is too small for waits until it is not.

    Nothing overtakes its offset meanwhile, and the cause says what to raise (F035, F041, F082).
    """
    with group("large", tmp_path, secured, partitions=1) as world:
        letters = f"{world.topic}.dead-letters"
        secured.create_topic(letters)
        configure(secured, world.topic, max_message_bytes=ROOM)
        instance = world.instance()
        instance.start()
        filler = b'{"filler": "%s", ' % Random(1).randbytes(LARGE // 2).hex().encode()  # noqa: S311
        produce(world, (key_of("1"), change_of("1", 1).replace(b"{", filler, 1)))
        world.versions["1"] = 1
        world.await_delivered()
        world.await_committed()
        produce(world, (b"bad", poison(2, LARGE)), (key_of("2"), change_of("2", 1)))
        instance.await_not_ready("raise max.message.bytes of the topic")
        assert world.committed() == 1
        configure(secured, letters, max_message_bytes=ROOM)
        wait_for(lambda: world.committed() == 3, SECONDS, "the commit", instance.process)
        assert letters_of(world, 1) == [poison(2, LARGE)]
        assert set(world.delivered()) == {"1", "2"}
        instance.await_ready()
        assert instance.stop() == 0


def test_a_disk_that_is_full(secured: SecuredBroker, tmp_path: Path) -> None:
    """The broker of the dead letters fails in the middle of them: with room again every one is there.

    The kernel refuses to let the log grow, and the broker gives up, as it does on a full disk. No offset
    was committed ahead of its letter (F081, F084).
    """
    with group("full", tmp_path, secured, partitions=1) as world:
        letters = f"{world.topic}.dead-letters"
        secured.create_topic(letters)
        configure(secured, world.topic, segment_bytes=2**20)
        values = [poison(seed, POISON_BYTES) for seed in range(POISON)]
        produce(world, *((b"bad", value) for value in values))
        instance = world.instance({"reconnect.backoff.max.ms": 500})
        broker = secured.process.child
        resource.prlimit(broker.pid, resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))
        instance.start()
        assert broker.wait(SECONDS) != 0
        instance.await_not_ready("broker")
        instance.kill()
        secured.start()
        secured.await_ready()
        assert world.committed() <= bounds(secured, letters)[1] < POISON
        instance.start()
        wait_for(lambda: world.committed() == POISON, SECONDS, "the commit", instance.process)
        assert set(letters_of(world, bounds(secured, letters)[1])) == set(values)
        instance.await_ready()
        assert instance.stop() == 0
