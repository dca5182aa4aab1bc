"""What a run may still spend, and how fast: requests, tokens, requests per minute."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Sleep = Callable[[float], Awaitable[None]]


class OverBudgetError(Exception):
    """The run has spent its requests or its tokens."""


class Budget:
    """Counts requests before they are sent, and tokens after.

    Requests in flight may spend more tokens than were left; no further one is sent then.
    """

    def __init__(self, *, requests: int, tokens: int) -> None:
        self._requests, self._tokens = requests, tokens
        self.requests = 0
        self.tokens = 0

    @property
    def open(self) -> bool:
        """Whether another request may be sent."""
        return self.requests < self._requests and self.tokens < self._tokens

    def take(self) -> None:
        """Count one request.

        Raises:
            OverBudgetError: nothing is left.
        """
        if not self.open:
            raise OverBudgetError
        self.requests += 1

    def spend(self, tokens: int) -> None:
        """Count tokens."""
        self.tokens += tokens


class Pace:
    """Spreads requests evenly over the minute; None means as fast as they come."""

    def __init__(self, per_minute: float | None, sleep: Sleep = asyncio.sleep) -> None:
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._sleep = sleep
        self._next = 0.0

    async def wait(self) -> None:
        """Wait for the next place."""
        if not self._gap:
            return
        now = asyncio.get_running_loop().time()
        place = max(now, self._next)
        self._next = place + self._gap
        if place > now:
            await self._sleep(place - now)
