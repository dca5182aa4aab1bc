"""A scripted sender, a recording in memory, and a driver for the tests of lanes and retries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from conformance.capture.budget import Budget, Pace
from conformance.capture.driver import Driver
from conformance.capture.lanes import Schedule, run_schedule, schedule_plan
from conformance.capture.progress import Silent
from conformance.capture.sender import RecordedSender
from conformance.catalogue.context import Context
from conformance.catalogue.scenario import Scenario
from conformance.inputs.endpoint import Limits
from conformance.model import Exchange, Footer, Read, Request, Skipped
from conformance.planning.plan import Planned

Answer = Callable[[Request], Exchange]
BODY = {"json": {"model": "$model", "messages": [{"role": "user", "content": "Say hi."}]}}
ONE_TOKEN = b'{"usage":{"total_tokens":1}}'


def answer(request: Request, status: int | None = 200, body: bytes = ONE_TOKEN, **fields: object) -> Exchange:
    return Exchange("", request, "http://test", status=status, raw=(Read(0.1, body),), **fields)  # type: ignore[arg-type]


def simple(name: str, **fields: object) -> Scenario:
    return Scenario(name, "test", template=BODY, **fields)  # type: ignore[arg-type]


def planned(*scenarios: Scenario, model: str = "m") -> list[Planned]:
    return [Planned(scenario, model, scenario.samples, 0) for scenario in scenarios]


@dataclass
class Scripted:
    """A sender that answers by a function, after giving way once, and knows what was in flight together."""

    answers: Answer = answer
    flights: int = 0
    most: int = 0
    log: list[str] = field(default_factory=list)

    async def send(self, request: Request) -> Exchange:
        self.flights += 1
        self.most = max(self.most, self.flights)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.flights -= 1
        return self.answers(request)

    async def aclose(self) -> None:
        self.flights = 0


class Memory:
    """A writer that keeps what it is given."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def append(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    def finish(self, footer: Footer) -> None:
        self.footer = footer

    def close(self) -> None:
        self.closed = True


@dataclass
class Outcomes:
    exchanges: list[Exchange]
    skipped: tuple[Skipped, ...]
    sleeps: list[float]
    line: RecordedSender

    @property
    def order(self) -> list[str]:
        return [exchange.scenario for exchange in self.exchanges]


def drive(
    entries: list[Planned],
    sender: Scripted | None = None,
    *,
    concurrency: int = 8,
    requests: int = 99,
    limit: int = 9999,
    seconds: float = 99,
    per_minute: float | None = None,
) -> Outcomes:
    sleeps: list[float] = []

    async def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        await asyncio.sleep(0)

    async def run() -> Outcomes:
        writer = Memory()
        budget = Budget(Limits(requests=requests, tokens=limit, seconds=seconds))
        line = RecordedSender(sender or Scripted(), budget, Pace(per_minute), Silent(), sleep)
        line.open(writer)
        driver = Driver(line, Context, Silent())
        async with asyncio.timeout(5):
            await run_schedule(Schedule(schedule_plan(entries), concurrency), driver.run)
        return Outcomes(writer.exchanges, driver.skipped, sleeps, line)

    return asyncio.run(run())
