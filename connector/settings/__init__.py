"""From YAML files and the environment to frozen settings, with every problem reported at once."""

from connector.settings.load import load
from connector.settings.models import Settings
from connector.settings.secrets import Secret, read_secret

__all__ = ["Secret", "Settings", "load", "read_secret"]
