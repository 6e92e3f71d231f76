"""The numbers that no test covers, with the reason, and those that promise less than their titles suggest."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

_TABLES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))

UNTESTED: Mapping[str, str] = _TABLES["untested"]
NARROWER: Mapping[str, str] = _TABLES["narrower"]
