"""The engine's time before and after a stall."""

from connector.model import SchemaVerdict
from connector.shell.stall_clock import AFTER_STALL_MS, TURN_MS_MAX, StallClock


def test_it_is_the_clock_while_nothing_stalls() -> None:
    """Turns that are merely slow change nothing."""
    time = StallClock(5_000)
    assert time.look(5_000 + TURN_MS_MAX) == 5_000 + TURN_MS_MAX
    assert time.behind_ms == 0


def test_a_stall_leaves_it_behind_until_the_client_was_polled() -> None:
    """A lease that was granted before the stall stays over, however long no poll is possible (F007, F097).

    A full buffer keeps the shell from polling for a second. The client reports a loss of partitions only in a
    poll, so time alone is no proof (found by the simulation).
    """
    time = StallClock(0)
    assert time.look(60_000) == TURN_MS_MAX
    time.polled(60_000 + AFTER_STALL_MS - 1)  # too early: the client has not heard yet
    assert time.look(60_900) == TURN_MS_MAX + 900
    assert time.look(61_800) == TURN_MS_MAX + 1_800  # no poll since
    time.polled(61_900)
    assert time.look(61_900) == 61_900


def test_stalls_add_up() -> None:
    """A second stall during the first one increases the lag."""
    time = StallClock(0)
    time.look(11_000)
    assert time.look(22_000) == 22_000 - 2 * 10_000
    assert time.heard_ms == 22_000 + AFTER_STALL_MS


def test_a_missing_schema_is_not_believed_while_it_is_behind() -> None:
    """The engine doubts it for two seconds, which the leap after a stall would cut short (F040)."""
    time = StallClock(0)
    time.look(61_000)
    assert time.trusted_verdict(SchemaVerdict.UNKNOWN) is SchemaVerdict.UNAVAILABLE
    assert time.trusted_verdict(SchemaVerdict.KNOWN) is SchemaVerdict.KNOWN
    time.polled(61_000 + AFTER_STALL_MS)
    assert time.trusted_verdict(SchemaVerdict.UNKNOWN) is SchemaVerdict.UNKNOWN
