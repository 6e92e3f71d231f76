"""The events of a run, line by line, and one hash of all of them."""

import hashlib
from collections.abc import Iterator

from connector.engine import events as ev
from tests.simulation.world import Note, World


def lines(world: World) -> Iterator[str]:
    """Write each event of each engine, and indented its commands; times in simulated milliseconds."""
    for note in world.trace or ():
        yield f"{note.now_ms:>9} #{note.who} {_event(note)}"
        for command in note.commands:
            yield f"{'':>12} -> {_command(command)}"


def digest(world: World) -> str:
    """Hash a traced run: two runs of a seed must have the same."""
    text = "\n".join(lines(world))
    return hashlib.sha256(text.encode()).hexdigest()


def _event(note: Note) -> str:
    event = note.event
    if isinstance(event, ev.Arrived):
        read = ", ".join(f"{pair[0].topic}@{pair[0].offset}" for pair in event.records)
        return f"Arrived {read}"
    if isinstance(event, ev.Answered):
        answer = event.answer
        items = "" if answer.items is None else " ".join(item.kind.value for item in answer.items)
        return f"Answered #{event.send_id}: {answer.verdict.value} {items} {answer.reason}".rstrip()
    return repr(event)


def _command(command: ev.Command) -> str:
    if isinstance(command, ev.DeadLetter):
        record = command.record
        return (
            f"DeadLetter #{command.letter_id} {record.topic}@{record.offset} {command.rule}: {command.reason}"
        )
    if isinstance(command, ev.Send):
        what = command.bodies or command.user_ids
        sync = " (sync)" if command.sync else ""
        return f"Send #{command.send_id} {command.endpoint}{sync} until {command.not_after_ms}: {what}"
    return repr(command)
