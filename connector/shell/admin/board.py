"""What the admin server shows: written by the engine's thread, read by the server's, without a lock."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from connector.engine.snapshot import Snapshot
from connector.shell.clock import Clock

TURN_MS_MAX = 30_000
"""How long a turn of the engine's loop may take before `/healthz` doubts it (design section 4)."""

NOTHING: Mapping[str, int] = MappingProxyType({})
NO_FORMATS: Mapping[str, Sequence[str]] = MappingProxyType({})


class StatusBoard:
    """The newest state. Each attribute is replaced whole; a reader sees the old or the new one.

    `values_left_out` counts, by reason, the column values that a row had and that were not sent. `formats`
    names, by topic, the wire formats of the values that were read.
    `causes` names what is wrong, by dependency: `instasent`, `broker`, `group`, `offsets`, `topic …`,
    `partition …`, `dead letters`, `schema registry`. It is empty while everything is well.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.snapshot = Snapshot()
        self.causes: Mapping[str, str] = MappingProxyType({})
        self.values_left_out = NOTHING
        self.formats = NO_FORMATS
        self.last_turn_ms = clock.monotonic_ms()

    def turned(self) -> None:
        """Note that the engine's loop has come round."""
        self.last_turn_ms = self._clock.monotonic_ms()

    def publish(
        self,
        snapshot: Snapshot,
        causes: Mapping[str, str],
        values_left_out: Mapping[str, int] = NOTHING,
        formats: Mapping[str, Sequence[str]] = NO_FORMATS,
    ) -> None:
        """Show a new snapshot, what is wrong now, and what was left out and met until now."""
        self.formats = MappingProxyType(dict(formats))
        self.values_left_out = MappingProxyType(dict(values_left_out))
        self.causes = MappingProxyType(dict(causes))
        self.snapshot = snapshot

    @property
    def idle_ms(self) -> int:
        """How long ago the engine's loop turned."""
        return self._clock.monotonic_ms() - self.last_turn_ms
