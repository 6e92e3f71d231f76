"""The fixtures that tests with a real cluster share with those of the stack."""

from tests.stack.conftest import endings, stack_jars, tell

__all__ = ["endings", "stack_jars", "tell"]
