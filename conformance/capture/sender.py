"""The way that every request takes: budget, pace, transport, recording, retries."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from conformance.api.usage import count_tokens
from conformance.capture.budget import Budget, OverBudgetError, Pace, Sleep
from conformance.capture.heartbeat import Heartbeat
from conformance.capture.progress import Progress
from conformance.capture.retry import Retries
from conformance.capture.transport import Sender
from conformance.model import UNREACHABLE, Exchange, Footer, Outcome, Request
from conformance.planning.request_check import outgoing_problem

ENOUGH = 5
"""Failures to connect, one after the other, after which the endpoint counts as dead."""


class Writer(Protocol):
    """Where exchanges are written, in the order in which they finish; `recording.RecordingWriter` is one."""

    def append(self, exchange: Exchange) -> None:
        """Write one exchange."""

    def finish(self, footer: Footer) -> None:
        """Write the footer and close."""

    def close(self) -> None:
        """Close without a footer."""


class BrokenScenarioError(Exception):
    """A scenario breaks its own word, or the schema of what it sends; the harness's fault."""


class EndpointDiedError(Exception):
    """Nothing could connect any more."""


@dataclass(frozen=True, slots=True)
class Label:
    """Whose request it is; `repeats` names the exchange that broke and is asked for again."""

    scenario: str
    model: str = ""
    step: int = 0
    sample: int = 0
    repeats: str = ""


@dataclass(slots=True, eq=False)
class _Flight:
    """A request under way, and how many others there were meanwhile."""

    begun: float
    beside: int


class RecordedSender:
    """Sends requests and records every attempt.

    Exchanges are numbered in the order in which they finish. Until `open` gives a writer they are held back, because a
    recording's header says what the probe found. `dead` is set when the endpoint died, `count` counts exchanges.
    `heartbeat` tells when our own machine was away; whoever makes the line lets it beat.
    """

    def __init__(self, sender: Sender, budget: Budget, pace: Pace, progress: Progress, sleep: Sleep) -> None:
        self._sender, self._pace, self._progress, self._sleep = sender, pace, progress, sleep
        self.heartbeat = Heartbeat()
        self._flights: set[_Flight] = set()
        self.budget = budget
        self._retries = Retries()
        self._held: list[Exchange] = []
        self._append: Callable[[Exchange], None] = self._held.append
        self._known: dict[Label, Exchange] = {}
        self._failures = 0
        self.dead = False
        self.count = 0

    def open(self, writer: Writer) -> None:
        """Write what was held back, and all that follows."""
        for exchange in self._held:
            writer.append(exchange)
        self._held.clear()
        self._append = writer.append

    def know(self, answers: Mapping[Label, Exchange], count: int) -> None:
        """Take answers that need not be asked for again, and how many exchanges there are already."""
        self._known.update(answers)
        self.count = count

    async def send(self, request: Request, label: Label) -> Exchange:
        """Send a request, again where that may help, and return the last attempt.

        Raises:
            BrokenScenarioError: it breaks its schema, and does not say `invalid`; it was not sent.
            OverBudgetError: it was not sent, or not to its end, for nothing is left.
            EndpointDiedError: too many connections failed, one after the other.
            asyncio.CancelledError: the user interrupted; what had come is recorded.
        """
        attempt = 0
        if label in self._known:
            return self._known.pop(label)
        if problem := outgoing_problem(request):
            raise BrokenScenarioError(f"its request is not valid: it {problem}")
        while True:
            self._check_alive()
            exchange = await self._attempt(request, label, attempt)
            wait = self._retries.wait(exchange)
            if wait is None or not self.budget.open or wait > self.budget.seconds_left:
                self._check_alive()
                return exchange
            await self._sleep(wait)
            attempt += 1

    async def _attempt(self, request: Request, label: Label, attempt: int) -> Exchange:
        await self._turn()
        with self._flying() as flight:
            answer, cancelled = await self._in_time(request)
        self.count += 1
        exchange = replace(
            answer,
            id=str(self.count),
            scenario=label.scenario,
            model=label.model,
            step=label.step,
            sample=label.sample,
            attempt=attempt,
            beside=flight.beside,
            repeats=label.repeats,
            paused=self.heartbeat.missed_since(flight.begun),
        )
        self._append(exchange)
        if cancelled:
            raise asyncio.CancelledError
        if exchange.outcome is Outcome.INTERRUPTED:
            raise OverBudgetError(self.budget.out_of_time)
        self.budget.spend(count_tokens(exchange))
        self._failures = self._failures + 1 if exchange.outcome in UNREACHABLE else 0
        self.dead = self.dead or self._failures >= ENOUGH
        self._progress.exchange(exchange, self.budget.tokens)
        return exchange

    @contextlib.contextmanager
    def _flying(self) -> Iterator[_Flight]:
        """Count the request among those under way."""
        for other in self._flights:
            other.beside += 1
        flight = _Flight(self.heartbeat.now, len(self._flights))
        self._flights.add(flight)
        try:
            yield flight
        finally:
            self._flights.discard(flight)

    async def _turn(self) -> None:
        """Wait until another request may be sent."""
        self.budget.take()
        wait = self._pace.place()
        if wait > self.budget.seconds_left:
            raise OverBudgetError(self.budget.out_of_time)
        if wait:
            await self._sleep(wait)

    async def _in_time(self, request: Request) -> tuple[Exchange, bool]:
        """Send within the run's wall time; returns the exchange, and whether we were cancelled meanwhile.

        Either ends the exchange early, with the outcome `interrupted`: what had come is kept.
        """
        sending = asyncio.ensure_future(self._sender.send(request))
        cancelled = False
        try:
            await asyncio.wait({sending}, timeout=self.budget.seconds_left)
        except asyncio.CancelledError:
            cancelled = True
        sending.cancel()
        return await sending, cancelled

    def _check_alive(self) -> None:
        if self.dead:
            raise EndpointDiedError
