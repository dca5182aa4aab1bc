"""What a run may still spend, and how fast: requests, tokens, wall time, requests per minute."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from conformance.inputs.endpoint import Limits

Sleep = Callable[[float], Awaitable[None]]


class OverBudgetError(Exception):
    """The run has spent what it may; the words say of what."""


class Budget:
    """Counts requests before they are sent, tokens after, and seconds from its making.

    Requests in flight may spend more tokens than were left; no further one is sent then.

    Args:
        limits: of one run.
        clock: seconds that only ever grow.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock, self._begun = limits, clock, clock()
        self.requests = 0
        self.tokens = 0

    @property
    def seconds_left(self) -> float:
        """Seconds of wall time that are left, never below 0."""
        return max(0.0, self._limits.seconds - (self._clock() - self._begun))

    @property
    def spent(self) -> str:
        """In words, what is used up; empty while another request may be sent."""
        limits = self._limits
        if self.requests >= limits.requests:
            return f"over budget: {self.requests} of {limits.requests} requests were sent"
        if self.tokens >= limits.tokens:
            return f"over budget: {self.tokens} of {limits.tokens} tokens were spent"
        return "" if self.seconds_left else self.out_of_time

    @property
    def out_of_time(self) -> str:
        """In words, that the wall time is used up."""
        return f"over budget: {self._limits.seconds:g} seconds have passed"

    @property
    def open(self) -> bool:
        """Whether another request may be sent."""
        return not self.spent

    def take(self) -> None:
        """Count one request.

        Raises:
            OverBudgetError: nothing is left.
        """
        if words := self.spent:
            raise OverBudgetError(words)
        self.requests += 1

    def spend(self, tokens: int) -> None:
        """Count tokens."""
        self.tokens += tokens


class Pace:
    """Spreads requests evenly over the minute; None means as fast as they come."""

    def __init__(self, per_minute: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._clock = clock
        self._next = 0.0

    def place(self) -> float:
        """Take the next place; returns the seconds until then."""
        if not self._gap:
            return 0.0
        now = self._clock()
        place = max(now, self._next)
        self._next = place + self._gap
        return place - now
