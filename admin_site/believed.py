"""Figures that take long to add up where there is much of them, and look the same after one more: HOME believes those for a while.

In a small business nothing is believed: what somebody did a moment ago is in the figure.
"""

from collections.abc import Callable, Hashable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")

SECONDS = 30


class Believed(Generic[T]):
    """The last figure of one kind that this process added up."""

    def __init__(self, at_least: int) -> None:
        self.at_least = at_least
        self._known: tuple[Hashable, float, T] | None = None

    def find(self, key: Hashable, add_up: Callable[[], tuple[T, int]]) -> T:
        """The figure for this key (the database, the day); `add_up` gives it, and of how many rows it is the sum. One of
        `at_least` rows or more is given again for half a minute."""
        if self._known is not None and self._known[0] == key and monotonic() < self._known[1]:
            return self._known[2]
        figure, n = add_up()
        self._known = (key, monotonic() + SECONDS, figure) if n >= self.at_least else None
        return figure

    @property
    def waits(self) -> bool:
        """Is the last figure one that is believed, so that the page should say so?"""
        return self._known is not None
