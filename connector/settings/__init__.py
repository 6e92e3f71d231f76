"""Reads frozen settings from YAML files and the environment, and reports all problems together."""

from connector.settings.load import load
from connector.settings.models import Settings
from connector.settings.secrets import Secret, read_secret

__all__ = ["Secret", "Settings", "load", "read_secret"]
