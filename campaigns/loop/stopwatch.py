"""This file is the measure of the campaign's own time: everything but oracles, fits, acquisition and waiting."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Counts wall seconds from its making, without what is left out."""

    def __init__(self) -> None:
        self._since = time.perf_counter()
        self._out = 0.0

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave out what happens inside."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.leave_out(time.perf_counter() - start)

    def leave_out(self, seconds: float) -> None:
        """Leave out seconds that have passed."""
        self._out += seconds

    def take(self) -> float:
        """Seconds since this was last called, less what was left out; starts again from zero."""
        now = time.perf_counter()
        taken = max(0.0, now - self._since - self._out)
        self._since, self._out = now, 0.0
        return taken
