"""The connector's contenders: three loops that a good programmer would write in an hour.

All read the same topic with the connector's librdkafka settings (P30), parse with orjson, reuse one
client, and end after `--records` records. None keeps the order of a contact across requests, tries
again, or reads outcomes.
"""

import argparse
import http.client
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import click
import httpx
import orjson
from confluent_kafka import Consumer, KafkaException, Message

from connector.shell.kafka.client_settings import DEFAULTS
from tests.bench.workload import TOPIC, map_by_hand

BATCH_ITEMS = 100
COMMIT_SECONDS = 1.0
HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer bench"}


@dataclass(frozen=True, slots=True)
class Task:
    """One run: read `records` records as `consumer`, send to `url`."""

    consumer: Consumer
    records: int
    url: str


def parse_only(task: Task) -> None:
    """(a) The ceiling: `poll()` and `orjson.loads`, nothing else. Prints the seconds it read."""
    seen = 0
    first_at = 0.0
    while seen < task.records:
        message = task.consumer.poll(1.0)
        if message is not None:
            first_at = first_at or time.monotonic()
            orjson.loads(_value(message))
            seen += 1
    click.echo(time.monotonic() - first_at)


def post_and_commit(task: Task) -> None:
    """(b) What a team would write: `consume(100)`, map, `httpx.Client.post`, commit."""
    seen = 0
    with httpx.Client(headers=HEADERS) as client:
        while seen < task.records:
            messages = task.consumer.consume(BATCH_ITEMS, 0.1)
            if messages:
                body = orjson.dumps([_item(message) for message in messages])
                client.post(task.url, content=body).raise_for_status()
                task.consumer.commit(asynchronous=True)
                seen += len(messages)


def bare_loop(task: Task) -> None:
    """(c) The floor: `consume(500)`, map by hand, `http.client` kept alive, a commit a second."""
    target = urlsplit(task.url)
    connection = http.client.HTTPConnection(target.netloc)
    path = f"{target.path}?{target.query}"
    seen = 0
    committed_at = time.monotonic()
    while seen < task.records:
        items = [_item(message) for message in task.consumer.consume(500, 0.1)]
        for first in range(0, len(items), BATCH_ITEMS):
            connection.request("POST", path, orjson.dumps(items[first : first + BATCH_ITEMS]), HEADERS)
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.client.ACCEPTED:
                raise RuntimeError(f"the sink answered {answer.status}")
        seen += len(items)
        now = time.monotonic()
        if now - committed_at > COMMIT_SECONDS:
            task.consumer.commit(asynchronous=True)
            committed_at = now
    connection.close()


CONTENDERS: dict[str, Callable[[Task], None]] = {"a": parse_only, "b": post_and_commit, "c": bare_loop}


def _value(message: Message) -> bytes:
    if message.error() is not None:
        raise RuntimeError(str(message.error()))
    return message.value() or b""


def _item(message: Message) -> dict[str, Any]:
    return map_by_hand(orjson.loads(_value(message))["after"])


def main() -> None:
    """Run one contender and end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=CONTENDERS)
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--group", required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--records", type=int, required=True)
    told = parser.parse_args()
    consumer = Consumer(
        {
            **DEFAULTS,
            "bootstrap.servers": told.bootstrap_servers,
            "group.id": told.group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([TOPIC])
    CONTENDERS[told.name](Task(consumer, told.records, told.url))
    try:
        consumer.commit(asynchronous=False)
    except KafkaException as error:
        if error.args[0].name() != "_NO_OFFSET":  # everything was committed on the way
            raise
    consumer.close()


if __name__ == "__main__":
    main()
