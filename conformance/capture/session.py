"""A capture from the first request to the footer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from conformance import __version__
from conformance.api.registry import ERROR
from conformance.api.usage import count_tokens
from conformance.capture.budget import Budget, OverBudgetError, Pace, Sleep
from conformance.capture.driver import Driver, SentRun
from conformance.capture.interrupts import Stop, run_interruptible
from conformance.capture.lanes import Schedule, ScheduledScenario, run_schedule, schedule_plan
from conformance.capture.probe import Found, Probe
from conformance.capture.progress import Progress, Silent
from conformance.capture.resume import Earlier, Finished
from conformance.capture.second_tries import Repeater
from conformance.capture.sender import BrokenScenarioError, EndpointDiedError, RecordedSender, Writer
from conformance.capture.transport import Sender, Transport
from conformance.catalogue.context import UNNAMED, Context
from conformance.errors import ExitCode, UserError
from conformance.inputs.proxies import Proxy
from conformance.model import Cause, Footer, Header, Headers
from conformance.planning.plan import Plan
from conformance.secrets.validation import check_key

OpenWriter = Callable[[Header], Writer]


@dataclass(frozen=True)
class Settings:
    """How a capture is done.

    `suites` is the digest that the recording's header carries, `sender` replaces the network and `sleep` the waiting.
    `stop` ends the capture from another thread. With `earlier` a capture that was broken off is gone on with. `headers`
    go along with every request, secret as the key is; `proxy` is asked in the endpoint's place.
    """

    suites: str = ""
    sender: Sender | None = None
    sleep: Sleep = asyncio.sleep
    stop: Stop = field(default_factory=Stop)
    earlier: Earlier | None = None
    headers: Headers = ()
    proxy: Proxy | None = None


@dataclass(frozen=True)
class CaptureResult:
    """What a capture came to: the recording's header and footer."""

    header: Header
    footer: Footer

    @property
    def models(self) -> tuple[str, ...]:
        """The models asked."""
        return self.header.models

    @property
    def thinking(self) -> tuple[str, ...]:
        """Those that think before they speak."""
        return self.header.thinking


def capture(
    plan: Plan,
    open_writer: OpenWriter,
    *,
    key: str | None = None,
    progress: Progress | None = None,
    settings: Settings | None = None,
) -> CaptureResult:
    """Send a plan to its endpoint and record what comes back.

    Args:
        plan: what is sent, to whom and under which profile.
        open_writer: makes the recording once the probe has found what the header says; `RecordingWriter` does it.
        key: the key's value; it goes into requests and nowhere else.
        progress: told of every exchange.
        settings: all else.

    Raises:
        UserError: the endpoint is unreachable or refuses the key, a model is unknown, the recording cannot be written,
            or the user interrupted (the recording stays without a footer).
    """
    _check(plan, key)
    settings = settings or Settings()
    session = _Session(plan, open_writer, key, progress or Silent(), settings)
    try:
        return asyncio.run(run_interruptible(session.run(), settings.stop))
    except asyncio.CancelledError:
        raise session.interrupted() from None
    finally:
        session.close()


def _check(plan: Plan, key: str | None) -> None:
    check_key(key, plan.endpoint.api_key_env or "")
    if "@" in urlsplit(plan.endpoint.base_url).netloc:
        raise UserError("The base URL holds a user name or password.", "Keys come from the environment: --api-key-env.")


def _ending(driver: Driver, *, dead: bool) -> tuple[str, Cause | None]:
    """How capture ended: in words, and why it ended early, if it did."""
    if dead:
        return "endpoint died", Cause.UNREACHABLE
    return (driver.over_budget, Cause.OVER_BUDGET) if driver.over_budget else ("complete", None)


def _checks_keys(job: ScheduledScenario) -> bool:
    """Whether the scenario is about a key that is missing or wrong."""
    scenario = job.scenario
    return scenario.auth == "wrong" or (scenario.auth == "none" and scenario.expects == ERROR)


class _Session:
    """One capture under way."""

    def __init__(
        self, plan: Plan, open_writer: OpenWriter, key: str | None, progress: Progress, settings: Settings
    ) -> None:
        self._plan, self._open_writer, self._key = plan, open_writer, key
        self._progress, self._settings = progress, settings
        self._writer: Writer | None = None
        self._begun = time.monotonic()

    async def run(self) -> CaptureResult:
        """Probe, send everything, write the footer."""
        settings, endpoint = self._settings, self._plan.endpoint
        sender = settings.sender or Transport(
            endpoint, self._key, (*self._plan.headers, *settings.headers), proxy=settings.proxy
        )
        pace = Pace(endpoint.limits.per_minute)
        line = RecordedSender(sender, Budget(endpoint.limits), pace, self._progress, settings.sleep)
        beating = asyncio.ensure_future(line.heartbeat.beat())
        try:
            if earlier := settings.earlier:
                self._recall(line, earlier)
            found = await self._probe(line)
            header = self._header(found)
            jobs = self._jobs(found)
            done = earlier.finished(jobs, lambda job: self._context(job.model, found)) if earlier else Finished()
            self._writer = earlier.go_on(done) if earlier else self._open_writer(header)
            line.open(self._writer)
            footer = await self._send(line, found, jobs, done)
        finally:
            beating.cancel()
            await sender.aclose()
        self._writer.finish(footer)
        return CaptureResult(header, footer)

    async def _probe(self, line: RecordedSender) -> Found:
        self._progress.begin("probe", 1)
        try:
            found = await Probe(self._plan, line, self._key, self._settings.proxy).run()
        except BrokenScenarioError as broken:
            message = f"The probe is broken: {broken}."
            raise UserError(message, "Please report it: the endpoint is not to blame.", ExitCode.HARNESS) from None
        except EndpointDiedError:
            raise UserError("The endpoint went away.", "Try again later.", ExitCode.UNREACHABLE) from None
        except OverBudgetError as over:
            what = f"The budget does not suffice for the probe ({over})."
            raise UserError(what, "Raise the limit.", ExitCode.UNREACHABLE) from None
        self._progress.done()
        return found

    @staticmethod
    def _recall(line: RecordedSender, earlier: Earlier) -> None:
        """What was spent before counts too."""
        line.know(earlier.probe, earlier.last_number)
        line.budget.requests = len(earlier.recording.exchanges)
        line.budget.spend(sum(map(count_tokens, earlier.recording.exchanges)))

    async def _send(
        self, line: RecordedSender, found: Found, jobs: tuple[ScheduledScenario, ...], done: Finished
    ) -> Footer:
        needless = [job for job in jobs if self._key is None and _checks_keys(job)]
        jobs = tuple(job for job in jobs if job not in needless)
        self._progress.begin("capture", len(jobs))
        driver = Driver(line, lambda model: self._context(model, found), self._progress)
        driver.skip_all(needless, "no key is configured: there is nothing to refuse", Cause.UNSELECTED)
        for job in jobs:
            if job.index in done.first:
                driver.recall(job, done.first[job.index])
        left = (job for job in jobs if job.index not in done.first)
        await run_schedule(Schedule(left, self._plan.endpoint.concurrency), driver.run)
        again = Repeater(driver, self._plan.second_tries, self._progress)
        await again.run(SentRun.of(job, done.again[job.index]) for job in jobs if job.index in done.again)
        before = self._settings.earlier.seconds if self._settings.earlier else 0.0
        seconds = round(before + time.monotonic() - self._begun, 3)
        reason, cause = _ending(driver, dead=line.dead)
        if cause is not None:
            self._progress.cut(reason)
        return Footer(reason, line.count, seconds, driver.skipped, cause)

    def _jobs(self, found: Found) -> tuple[ScheduledScenario, ...]:
        """The plan's jobs; what was planned for a model yet to be found goes to the one found."""
        picked = found.models[0]
        entries = [replace(entry, model=picked) if entry.model == UNNAMED else entry for entry in self._plan.entries]
        return schedule_plan(entries if not self._plan.endpoint.models else self._plan.entries)

    def _context(self, model: str, found: Found) -> Context:
        asked = model or found.models[0]
        context = self._plan.context(asked, thinking=asked in found.thinking)
        return replace(
            context,
            output_limit_field=found.limit_fields.get(asked, context.output_limit_field),
            embedding_model=found.embedding_model,
        )

    def _header(self, found: Found) -> Header:
        endpoint = self._plan.endpoint
        return Header(
            endpoint=endpoint.name,
            base_url=endpoint.base_url,
            profile=self._plan.profile.name,
            models=found.models,
            label=endpoint.label,
            harness=__version__,
            suites=self._settings.suites,
            created=time.time(),
            thinking=found.thinking,
            proxy=self._settings.proxy.place if self._settings.proxy else "",
        )

    def interrupted(self) -> UserError:
        """What to say when the user pressed Ctrl-C."""
        if self._writer is None:
            return UserError("Interrupted before anything was recorded.", "Run it again.", ExitCode.UNREACHABLE)
        path = getattr(self._writer, "path", "recording.jsonl")
        hint = f"Go on with --resume, or judge what there is with: conformance judge {path} --partial"
        return UserError("Interrupted: the recording is incomplete.", hint, ExitCode.UNREACHABLE)

    def close(self) -> None:
        """Close what is open; without a footer, unless it was written."""
        self._progress.end()
        if self._writer is not None:
            self._writer.close()
