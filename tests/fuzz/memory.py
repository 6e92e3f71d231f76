"""How much memory the process has needed at most, by what Linux counts."""

import re
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_FIELDS = re.compile(r"Vm(HWM|RSS):\s*(\d+) kB")

MEASURED = _CLEAR.exists()
"""Whether this system measures it."""


class Peak:
    """Measures from its making on: the most memory that was in use at one time, beyond what was at first."""

    def __init__(self) -> None:
        if MEASURED:
            _CLEAR.write_text("5")  # from here on the high-water mark counts again
        self._begin = _in_use("RSS")

    def bytes(self) -> int:
        """Return the bytes in use at most since then."""
        return _in_use("HWM") - self._begin


def _in_use(field: str) -> int:
    return int(dict(_FIELDS.findall(_STATUS.read_text()))[field]) * 1024 if MEASURED else 0
