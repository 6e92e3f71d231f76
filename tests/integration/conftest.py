"""The world of a test, taken down again whatever happened."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Give a broker, the sandbox API and a maker of services; print their logs at the end."""
    with Stage(tmp_path) as world:
        yield world
