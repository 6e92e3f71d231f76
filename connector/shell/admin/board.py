"""The state that the admin server shows. One thread writes it and another reads it, without a lock."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from connector.engine.snapshot import Snapshot
from connector.shell.clock import Clock

TURN_MS_MAX = 30_000
"""How long a turn of the engine's loop may take before `/healthz` fails (docs/metrics.md)."""

NOTHING: Mapping[str, int] = MappingProxyType({})
NO_FORMATS: Mapping[str, Sequence[str]] = MappingProxyType({})


class StatusBoard:
    """The newest state. Each attribute is replaced as one object, so a reader sees the old or the new one.

    `values_left_out` counts the column values that were not sent, by reason. `formats` names the wire
    formats that were met, by topic. `causes` holds the current troubles by dependency: `instasent`,
    `broker`, `group`, `offsets`, `topic …`, `partition …`, `dead letters`, `schema registry`. Without a
    trouble it is empty.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.snapshot = Snapshot()
        self.causes: Mapping[str, str] = MappingProxyType({})
        self.values_left_out = NOTHING
        self.formats = NO_FORMATS
        self.last_turn_ms = clock.monotonic_ms()

    def turned(self) -> None:
        """Note that the engine's loop has completed a turn."""
        self.last_turn_ms = self._clock.monotonic_ms()

    def publish(
        self,
        snapshot: Snapshot,
        causes: Mapping[str, str],
        values_left_out: Mapping[str, int] = NOTHING,
        formats: Mapping[str, Sequence[str]] = NO_FORMATS,
    ) -> None:
        """Show a new snapshot with the current troubles, the counts and the formats."""
        self.formats = MappingProxyType(dict(formats))
        self.values_left_out = MappingProxyType(dict(values_left_out))
        self.causes = MappingProxyType(dict(causes))
        self.snapshot = snapshot

    @property
    def idle_ms(self) -> int:
        """The time since the last turn of the engine's loop."""
        return self._clock.monotonic_ms() - self.last_turn_ms
