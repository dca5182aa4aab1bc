"""Whether our own machine was away: it slept, or was so busy that the event loop came late.

A silence of that time is no endpoint's doing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

_BEAT = 0.25
"""Seconds between two beats."""
_TOLERANCE = 1.0
"""Seconds that a beat may be late on a busy machine."""
_KEPT = 1_000
"""Pauses that are remembered."""


class Heartbeat:
    """Beats as long as `beat` runs, and remembers when beats came late.

    A loop that was held up shows on the monotonic clock; a machine that slept shows on the wall clock, for on some
    systems the monotonic one stands still meanwhile.

    Args:
        clock: seconds that only ever grow.
        wall: seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._clock, self._wall = clock, wall
        self._last: tuple[float, float] | None = None
        self._pauses: list[tuple[float, float]] = []  # when each ended, and how long it was

    @property
    def now(self) -> float:
        """The monotonic clock."""
        return self._clock()

    async def beat(self) -> None:
        """Beat until cancelled."""
        while True:
            self._look()
            self._last = self._clock(), self._wall()
            await asyncio.sleep(_BEAT)

    def missed_since(self, begun: float) -> float:
        """Seconds of the time since `begun`, on the monotonic clock, in which our machine was away."""
        self._look()
        return round(sum(seconds for ended, seconds in self._pauses if ended > begun), 3)

    def _look(self) -> None:
        """Note a pause, if there was one: whoever wakes first after it may ask before the next beat."""
        if self._last is None:
            return
        now, wall = self._clock(), self._wall()
        passed = now - self._last[0]
        late, slept = passed - _BEAT, wall - self._last[1] - passed
        missed = sum(seconds for seconds in (late, slept) if seconds > _TOLERANCE)
        if missed:
            self._last = now, wall
            self._pauses = [*self._pauses[-_KEPT:], (now, missed)]
