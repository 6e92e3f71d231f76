"""Drawing from one seed, quickly: a fuzzer draws some hundred times for every input."""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """A source of choices; the same seed gives the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random  # noqa: S311 - an input must be repeatable

    def chance(self, share: float) -> bool:
        """Whether something happens that happens in this share of all cases."""
        return self._random() < share

    def below(self, limit: int) -> int:
        """Draw a number from 0 up to but not including the limit."""
        return int(self._random() * limit)

    def pick(self, choices: Sequence[T]) -> T:
        """Draw one of several."""
        return choices[int(self._random() * len(choices))]

    def small(self, limit: int) -> int:
        """Draw a number from 0 up to the limit, small ones more often."""
        return int(self._random() ** 3 * (limit + 1))

    def data(self, size: int) -> bytes:
        """Draw bytes of any kind."""
        return (
            int(self._random() * (1 << 53)).to_bytes(7, "big") * (size // 7 + 1)
            if size > 64
            else self._few(size)
        )

    def _few(self, size: int) -> bytes:
        return bytes([int(self._random() * 256) for _ in range(size)])
