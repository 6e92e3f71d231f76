"""`demo`: an embedded broker, a sandbox API, sample changes and the real service."""

from connector.cli.demo.command import command

__all__ = ["command"]
