"""The report of a stretch is the measurement of that stretch."""

import os

from tests.soak.resident import SLOPE_SECONDS, Sample, stretch, watching


def test_what_fills_up_once_is_no_slope() -> None:
    """The first part is left out, and the rest is level."""
    seen = stretch([Sample(second, min(60 + second, 80)) for second in range(600)])
    assert (seen.first, seen.last, seen.peak) == (80, 80, 80)
    assert seen.slope == 0
    assert str(seen) == (
        "10.0 minutes, resident 80.0 MiB at first and 80.0 at the end, +0.0 MiB an hour, peak 80.0 MiB"
    )


def test_what_grows_has_a_slope() -> None:
    """A megabyte a minute is sixty an hour; of a short stretch none is said."""
    growing = [Sample(second, second / 60) for second in range(3600)]
    assert round(stretch(growing).slope, 6) == 60
    assert "an hour" not in str(stretch(growing[:SLOPE_SECONDS]))


def test_a_process_is_looked_at() -> None:
    """The memory of a process during a stretch is measured in it, and not in the one before."""
    with watching(os.getpid()) as watch:
        before = watch.cut()
        held = bytearray(80_000_000)
        grown = watch.cut()
        assert held
    assert grown.peak - before.peak > 70
