"""A call that can be made in several ways, of which the fastest is to count."""

from collections.abc import Callable
from time import perf_counter
from typing import Any


class Fastest:
    """One of several ways to compute the same.

    Args:
        ways: What to call, by its name for the report. Until `tune`, the first is taken.

    Attributes:
        note: Name of the way that is taken.
    """

    def __init__(self, ways: dict[str, Callable[[], dict[str, Any]]]):
        self.ways = ways
        self.note = next(iter(ways))

    def __call__(self) -> dict[str, Any]:
        """Computes."""
        return self.ways[self.note]()

    def tune(self) -> None:
        """Tries all ways and keeps to the fastest."""
        self.note = min(self.ways, key=lambda name: _seconds(self.ways[name]))


def _seconds(call, most=7, enough=0.3):
    """The fastest of a few calls after the first."""
    call()
    seconds: list[float] = []
    while len(seconds) < most and sum(seconds) < enough:
        start = perf_counter()
        call()
        seconds.append(perf_counter() - start)
    return min(seconds)
