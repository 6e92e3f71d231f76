"""How a broken promise is said."""


class Violation(Exception):  # noqa: N818 - what it is called in every test here
    """A promise was broken: which one, and how."""

    def __init__(self, promise: str, *what: object) -> None:
        super().__init__(" ".join((promise, *map(str, what))))
        self.promise = promise


def expect(kept: bool, promise: str, *what: object) -> None:
    """Raise `Violation` unless the promise was kept."""
    if not kept:
        raise Violation(promise, *what)
