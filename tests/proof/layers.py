"""The layer at which a test proves something: its file decides."""

from enum import Enum
from fnmatch import fnmatch


class Layer(Enum):
    """From the most real to the most thorough; the value is the layer's name on the page."""

    REAL_BROKER = "real broker"
    PROCESS = "process"
    BROKER = "embedded broker"
    HTTP = "HTTP"
    SIMULATION = "simulation"
    FUZZ = "fuzzing"
    UNIT = "unit"


INSTRUMENTS = (
    "bench/*",
    "docs/*",
    "fixtures/*",
    "imitation/*",
    "proof/*",
    "sandbox/*",
    "stack/test_harness.py",
)
"""Tests of what tests and pages are made of: that a fault can be provoked proves nothing of the service."""

FILES = (
    # the first pattern that fits a path below tests/ decides
    ("chaos/*", Layer.REAL_BROKER),
    ("stack/*", Layer.REAL_BROKER),
    ("integration/*", Layer.PROCESS),
    ("simulation/*", Layer.SIMULATION),
    ("fuzz/*", Layer.FUZZ),
    ("shell/kafka/test_client_settings.py", Layer.UNIT),
    ("shell/kafka/*", Layer.BROKER),
    ("shell/http/*", Layer.HTTP),
    ("shell/registry/*", Layer.HTTP),
    ("shell/admin/*", Layer.HTTP),
    ("*", Layer.UNIT),
)


def layer(path: str) -> Layer | None:
    """Return the layer of a file, named from tests/ on; None for the tests of instruments."""
    if any(fnmatch(path, pattern) for pattern in INSTRUMENTS):
        return None
    return next(found for pattern, found in FILES if fnmatch(path, pattern))
