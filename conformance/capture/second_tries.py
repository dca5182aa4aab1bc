"""What broke is sent once more at the end, one job after the other, with nothing beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from conformance.api.breakage import Breakage
from conformance.capture.driver import Driver, SentRun
from conformance.capture.progress import Progress

_ENOUGH = 3
"""Repetitions of one kind that are broken as well, and none that is right, after which that kind is not tried again."""


class Repeater:
    """Sends again what is due, within a number of requests.

    Args:
        driver: sends a job, and knows which are due.
        most: requests that all repetitions may take together; waits for a limit to pass are not counted.
        progress: is told of the phase.
    """

    def __init__(self, driver: Driver, most: int, progress: Progress) -> None:
        self._driver, self._left, self._progress = driver, most, progress
        self._right: Counter[Breakage] = Counter()
        self._broken: Counter[Breakage] = Counter()

    async def run(self, earlier: Iterable[SentRun] = ()) -> None:
        """Send everything that is due and was not sent again before.

        Args:
            earlier: repetitions of an earlier capture; they count.

        Raises:
            UserError: nothing can be recorded any more.
        """
        due = sorted(self._driver.due, key=lambda run: (len(run.ids), run.job.index))  # the more of them fit
        known = {run.job.index: run for run in earlier}
        for first in due:
            if first.job.index in known:
                self._count(first, known[first.job.index])
        await self._repeat([first for first in due if first.job.index not in known])

    async def _repeat(self, due: Collection[SentRun]) -> None:
        if not due:
            return
        self._progress.begin("second try", len(due))
        for first in due:
            if self._may(first) and not self._driver.over_budget:
                self._count(first, await self._driver.repeat(first))

    def _may(self, first: SentRun) -> bool:
        kind = first.due
        vain = kind is not None and self._broken[kind] >= _ENOUGH and not self._right[kind]
        return not vain and self._left >= first.job.scenario.requests[1]

    def _count(self, first: SentRun, again: SentRun) -> None:
        self._left -= len(again.ids)
        if first.due is not None and again.ended:
            (self._right if again.broken is None else self._broken)[first.due] += 1
