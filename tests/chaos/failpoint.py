"""`python -m tests.chaos.failpoint NAME COUNT run -c …`: the connector, which kills itself at a named point.

The product has no code for it. One of its functions is wrapped before its own `main` runs, and the process
sends itself SIGKILL at the `COUNT`-th passage.
"""

import functools
import importlib
import inspect
import itertools
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple, NoReturn

from tests.chaos.sabotage import VARIABLE, sabotage


class When(Enum):
    """On which side of the function the process ends."""

    BEFORE = "before"
    AFTER = "after"


class Occasion(Enum):
    """The event that brings a process to a point that it seldom reaches by itself."""

    WORK = "work"
    REBALANCE = "rebalance"  # another member goes and comes
    FREEZE = "freeze"  # it is frozen until its partitions belong to another instance
    LEAVE = "leave"  # SIGTERM


class FailPoint(NamedTuple):
    """A function of the product by module and name, and how often it may be passed at most before the end."""

    module: str
    function: str
    when: When
    passages_max: int
    occasion: Occasion = Occasion.WORK


RUNNER = "connector.shell.runner"
COMMITS = "connector.shell.kafka.offset_commits"
LETTERS = "connector.shell.kafka.dead_letter_writer"
KAFKA = "connector.shell.kafka.consumer"
HTTP1 = "connector.shell.http.connection"

FAIL_POINTS: Mapping[str, FailPoint] = {
    "offsets looked up, nothing assigned": FailPoint(
        "connector.shell.kafka.start_offsets", "look_up", When.AFTER, 1
    ),
    "partitions assigned": FailPoint(RUNNER, "Runner.assigned", When.AFTER, 2),
    "records polled, engine does not know": FailPoint(KAFKA, "Consumer.poll_records", When.AFTER, 60),
    "request built, not written": FailPoint(HTTP1, "_request_bytes", When.AFTER, 30),
    "request written, no answer read": FailPoint(HTTP1, "_Protocol.get_buffer", When.BEFORE, 30),
    "answer read, engine does not know": FailPoint(RUNNER, "Runner._answered", When.BEFORE, 30),
    "answer handled, not committed": FailPoint(RUNNER, "Runner._answered", When.AFTER, 30),
    "commit decided, not asked": FailPoint(COMMITS, "OffsetCommits.ask", When.BEFORE, 4),
    "commit asked, not answered": FailPoint(COMMITS, "OffsetCommits.ask", When.AFTER, 4),
    "commit answered, engine does not know": FailPoint(COMMITS, "OffsetCommits.answered", When.BEFORE, 4),
    "revoke begun": FailPoint(RUNNER, "Runner.revoked", When.BEFORE, 1, Occasion.REBALANCE),
    "revoke drained, not returned": FailPoint(RUNNER, "Runner.revoked", When.AFTER, 1, Occasion.REBALANCE),
    "commit confirmed inside a revoke": FailPoint(
        COMMITS, "OffsetCommits.confirm", When.AFTER, 1, Occasion.REBALANCE
    ),
    "loss heard": FailPoint(RUNNER, "Runner.lost", When.BEFORE, 1, Occasion.FREEZE),
    "dead letter decided": FailPoint(LETTERS, "DeadLetterWriter.write", When.BEFORE, 2),
    "dead letter produced, not confirmed": FailPoint(LETTERS, "DeadLetterWriter.write", When.AFTER, 2),
    "dead letter confirmed, engine does not know": FailPoint(
        LETTERS, "DeadLetterWriter._note", When.BEFORE, 2
    ),
    "leaving the group": FailPoint(KAFKA, "Consumer.close", When.BEFORE, 1, Occasion.LEAVE),
}
"""The moments for a kill, by the step that has happened and the step that has not."""


def die() -> NoReturn:
    """End this process as the kernel does."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("SIGKILL was survived")


def found(point: FailPoint) -> tuple[object, str, Callable[..., Any]]:
    """Find the function: what holds it, under which name, and itself."""
    holder: object = importlib.import_module(point.module)
    *classes, name = point.function.split(".")
    for one in classes:
        holder = getattr(holder, one)
    return holder, name, getattr(holder, name)


def arm(point: FailPoint, count: int) -> None:
    """Put a wrapper in the function's place, which ends the process at the `count`-th passage."""
    holder, name, function = found(point)
    passages = itertools.count(1)

    def around() -> Iterator[None]:
        last = next(passages) >= count
        if last and point.when is When.BEFORE:
            die()
        yield
        if last:
            die()

    @functools.wraps(function)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        for _ in around():
            result = function(*arguments, **named)
        return result

    @functools.wraps(function)
    async def wrapped_async(*arguments: Any, **named: Any) -> Any:
        for _ in around():
            result = await function(*arguments, **named)
        return result

    setattr(holder, name, wrapped_async if inspect.iscoroutinefunction(function) else wrapped)


if __name__ == "__main__":
    from connector.__main__ import main

    if VARIABLE in os.environ:
        sabotage(os.environ[VARIABLE])
    arm(FAIL_POINTS[sys.argv[1]], int(sys.argv[2]))
    main(sys.argv[3:], prog_name="instasent-connector")
