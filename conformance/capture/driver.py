"""Drives scenarios: sends what a generator yields, feeds it what came back, and says what was not sent and why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from conformance.api.answer import Answer, Trouble
from conformance.api.breakage import Breakage, breakage_of, is_due_again
from conformance.capture.budget import OverBudgetError
from conformance.capture.lanes import ScheduledScenario
from conformance.capture.progress import Progress
from conformance.capture.sender import BrokenScenarioError, EndpointDiedError, Label, RecordedSender
from conformance.catalogue.context import Context
from conformance.catalogue.scenario import Scenario
from conformance.errors import UserError
from conformance.model import Cause, Exchange, Request, Scope, Skipped

ContextFor = Callable[[str], Context]
SendStep = Callable[[Request, int], Awaitable[Exchange]]


def _is_refusal(exchange: Exchange) -> bool:
    """Whether an answer says no to what was asked; a key that is not known says no to everything, for all models."""
    trouble = Answer(exchange).trouble
    return exchange.status == 403 or (trouble is not None and trouble[0] is Trouble.REFUSED)


async def drive(scenario: Scenario, context: Context, send: SendStep) -> Exchange:
    """Run a scenario to its end: send what it yields, feed it what came back.

    Args:
        scenario: its generator is closed whatever happens.
        context: what the scenario may know.
        send: sends one request, told its step, counted from 0.

    Returns:
        The last exchange.

    Raises:
        BrokenScenarioError: it sends nothing, or more than it declares.
    """
    flow = scenario.generate(context)
    try:
        request = next(flow, None)
        if request is None:
            raise BrokenScenarioError("it sends nothing")
        for step in range(scenario.requests[1]):
            exchange = await send(request, step)
            try:
                request = flow.send(exchange)
            except StopIteration:
                return exchange
        raise BrokenScenarioError(f"it sends more than the {scenario.requests[1]} requests that it declares")
    finally:
        flow.close()


@dataclass
class SentRun:
    """What was sent of a job: the ids of its steps, how one broke, how one broke that is due again, and if it ended."""

    job: ScheduledScenario
    ids: list[str] = field(default_factory=list)
    broken: Breakage | None = None
    due: Breakage | None = None
    ended: bool = False

    @classmethod
    def of(cls, job: ScheduledScenario, exchanges: Iterable[Exchange]) -> SentRun:
        """A run that came to its end in an earlier capture."""
        run = cls(job, ended=True)
        for exchange in exchanges:
            run.add(exchange)
        return run

    def add(self, exchange: Exchange) -> None:
        """Take the next step."""
        self.ids.append(exchange.id)
        self.broken = self.broken or breakage_of(exchange)
        if self.due is None and is_due_again(exchange):
            self.due = breakage_of(exchange)


class Driver:
    """Runs jobs over a line.

    Args:
        line: sends and records.
        context_for: what a scenario may know when it is sent to a model.
        progress: is told when a job is done.
    """

    def __init__(self, line: RecordedSender, context_for: ContextFor, progress: Progress) -> None:
        self._line, self._context_for, self._progress = line, context_for, progress
        self._refused: dict[tuple[str, str], str] = {}
        self._accepted: set[tuple[str, str]] = set()
        self._skipped: dict[tuple[str, str], Skipped] = {}
        self.over_budget = ""  # in words, what was used up
        self.due: list[SentRun] = []  # what is to be sent again

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """What was not, or not wholly, sent."""
        return tuple(self._skipped.values())

    async def run(self, job: ScheduledScenario) -> None:
        """Send one job, or say why not.

        Raises:
            UserError: nothing can be recorded any more.
        """
        if reason := self._gate(job):
            self._skip(job, reason, Cause.NOT_OFFERED)
        else:
            run = SentRun(job)
            await self._sent(run)
            self._note_due(run)
        self._progress.done()

    async def repeat(self, first: SentRun) -> SentRun:
        """Send a job again, each step as a repetition of that of the first run, and say how that went.

        Raises:
            UserError: nothing can be recorded any more.
        """
        again = SentRun(first.job)
        await self._sent(again, first.ids)
        self._progress.done()
        return again

    def recall(self, job: ScheduledScenario, exchanges: Sequence[Exchange]) -> None:
        """Take the exchanges of a job that was sent in an earlier capture."""
        self._note_offer(job, exchanges)
        self._note_due(SentRun.of(job, exchanges))
        self._progress.done()

    def _note_due(self, run: SentRun) -> None:
        if run.ended and run.due is not None:
            self.due.append(run)

    async def _sent(self, run: SentRun, repeats: Sequence[str] = ()) -> None:
        job = run.job
        try:
            exchanges = await self._drive(run, repeats)
            run.ended = True
        except OverBudgetError as over:
            self.over_budget = str(over)
            self._skip(job, self.over_budget, Cause.OVER_BUDGET)
        except EndpointDiedError:
            self._skip(job, "unreachable", Cause.UNREACHABLE)
        except UserError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug in one scenario must not lose the others
            self._skip(job, f"harness crash: {type(error).__name__}: {error}", Cause.CRASHED)
        else:
            self._note_offer(job, exchanges)

    async def _drive(self, run: SentRun, repeats: Sequence[str]) -> list[Exchange]:
        job = run.job
        found: list[Exchange] = []

        async def send(request: Request, step: int) -> Exchange:
            repeated = repeats[min(step, len(repeats) - 1)] if repeats else ""
            label = Label(job.scenario.name, job.model, step, job.sample, repeated)
            found.append(await self._line.send(request, label))
            run.add(found[-1])
            return found[-1]

        await drive(job.scenario, self._context_for(job.model), send)
        return found

    def _gate(self, job: ScheduledScenario) -> str | None:
        if job.scenario.offers:
            return None
        keys = [(need, model) for need in job.scenario.needs for model in (job.model, "")]
        return next((self._refused[key] for key in keys if key in self._refused and key not in self._accepted), None)

    def _note_offer(self, job: ScheduledScenario, exchanges: Sequence[Exchange]) -> None:
        """What is taken in one of the forms in which it was asked for is offered."""
        if not job.scenario.offers:
            return
        key = (job.scenario.offers, "" if job.scenario.scope is Scope.ENDPOINT else job.model)
        if not all(map(_is_refusal, exchanges)):
            self._accepted.add(key)
            return
        first = exchanges[0]
        reason = f"not offered: {job.scenario.offers}: {Answer(first).refusal} (#{first.id})"
        self._refused.setdefault(key, reason)

    def _skip(self, job: ScheduledScenario, reason: str, cause: Cause) -> None:
        self._skipped.setdefault((job.scenario.name, job.model), Skipped(job.scenario.name, job.model, reason, cause))

    def skip_all(self, jobs: Iterable[ScheduledScenario], reason: str, cause: Cause) -> None:
        """Say of jobs that they were not sent."""
        for job in jobs:
            self._skip(job, reason, cause)
