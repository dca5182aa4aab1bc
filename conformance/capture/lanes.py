"""Which job may run now: a graph of dependencies over three lanes, with no barriers between waves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from conformance.catalogue.scenario import Lane, Scenario
from conformance.model import Scope
from conformance.planning.plan import Planned


@dataclass(frozen=True)
class ScheduledScenario:
    """One sample of one scenario for one model; `waits_for` holds the indexes of jobs that must be done before it."""

    index: int
    scenario: Scenario
    model: str
    sample: int
    waits_for: frozenset[int] = frozenset()


def schedule_plan(entries: Iterable[Planned]) -> tuple[ScheduledScenario, ...]:
    """The jobs of a plan; what needs a capability waits for the offers of that capability to the same model."""
    drafts = [(entry, sample) for entry in entries for sample in range(entry.samples)]
    offers: dict[tuple[str, str], set[int]] = {}
    for index, (entry, _) in enumerate(drafts):
        if entry.scenario.offers:
            model = "" if entry.scenario.scope is Scope.ENDPOINT else entry.model
            offers.setdefault((entry.scenario.offers, model), set()).add(index)
    return tuple(
        ScheduledScenario(index, entry.scenario, entry.model, sample, _waits(entry, offers))
        for index, (entry, sample) in enumerate(drafts)
    )


def _waits(entry: Planned, offers: dict[tuple[str, str], set[int]]) -> frozenset[int]:
    """An offer waits for nothing, so that no circle can arise."""
    if entry.scenario.offers:
        return frozenset()
    found = [offers.get((need, model), set()) for need in entry.scenario.needs for model in (entry.model, "")]
    return frozenset().union(*found)


class Schedule:
    """Says which job may start: shared jobs side by side, a serial one alone, exclusive ones alone and last.

    Among those that may start, the head of the longest chain of requests comes first, then the plan's order.
    """

    def __init__(self, jobs: Iterable[ScheduledScenario], concurrency: int) -> None:
        jobs = tuple(jobs)
        self._concurrency = max(1, concurrency)
        self._waiting = {job.index: job for job in sorted(jobs, key=_Chains(jobs).rank)}
        self._undone = set(self._waiting)
        self._running: dict[int, ScheduledScenario] = {}

    @property
    def exhausted(self) -> bool:
        """Whether every job is done."""
        return not self._undone

    def start(self) -> ScheduledScenario | None:
        """Take the next job that may start now, or None."""
        for lane in (Lane.SHARED, Lane.SERIAL, Lane.EXCLUSIVE):  # the latter only when nothing before may start
            if job := self._startable(lane):
                del self._waiting[job.index]
                self._running[job.index] = job
                return job
        return None

    def done(self, job: ScheduledScenario) -> None:
        """Say that a job has ended."""
        del self._running[job.index]
        self._undone.discard(job.index)

    def _startable(self, lane: Lane) -> ScheduledScenario | None:
        if not self._free(lane):
            return None
        ready = (job for job in self._waiting.values() if job.scenario.lane is lane)
        return next((job for job in ready if not job.waits_for & self._undone), None)

    def _free(self, lane: Lane) -> bool:
        if lane is Lane.SHARED:
            alone = any(job.scenario.lane is not Lane.SHARED for job in self._running.values())
            return not alone and len(self._running) < self._concurrency
        return not self._running


class _Chains:
    """How many requests follow from a job, one after the other: its own and its longest dependant's."""

    def __init__(self, jobs: tuple[ScheduledScenario, ...]) -> None:
        self._after: dict[int, int] = {}
        for job in jobs:
            for before in job.waits_for:
                self._after[before] = max(self._after.get(before, 0), job.scenario.requests[0])

    def rank(self, job: ScheduledScenario) -> tuple[int, int]:
        """Sorts the longest chain first; ties keep the plan's order."""
        return -(job.scenario.requests[0] + self._after.get(job.index, 0)), job.index


async def run_schedule(schedule: Schedule, run: Callable[[ScheduledScenario], Awaitable[None]]) -> None:
    """Run every job as soon as its lane and its dependencies allow.

    A cancellation or an exception out of `run` cancels the other jobs; it is raised when they have ended.
    """
    running: dict[asyncio.Future[None], ScheduledScenario] = {}
    try:
        while not schedule.exhausted:
            while job := schedule.start():
                running[asyncio.ensure_future(run(job))] = job
            finished, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                schedule.done(running.pop(task))
                task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
