"""Going on with a capture that was broken off: what it holds is not sent again.

A run of a scenario that was cut in the middle is sent anew as a whole, and what there was of it is dropped: half a
conversation and half of another one are none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from conformance.capture.lanes import ScheduledScenario
from conformance.capture.retry import Retries
from conformance.capture.sender import Label, Writer
from conformance.catalogue.context import Context
from conformance.errors import UserError
from conformance.model import UNREACHABLE, Exchange, Header, Outcome, Recording
from conformance.planning.plan import Plan
from conformance.recording import read_recording

_Run = tuple[str, str, int, bool]
"""Scenario, model, sample, and whether it is the repetition of a run that broke."""

_PROBE = "probe."
_HINT = "Give what the earlier run was given, or another --out."


def read_interrupted(path: Path, plan: Plan, suites: str) -> Recording:
    """The recording in `path`, if this plan may go on with it.

    Raises:
        UserError: it is no recording of ours, or one of another endpoint, profile, model or version of the suites.
    """
    recording = read_recording(path)
    header, endpoint = recording.header, plan.endpoint
    asked = {
        "endpoint": (header.endpoint, endpoint.name),
        "base URL": (header.base_url, endpoint.base_url),
        "profile": (header.profile, plan.profile.name),
        "models": (", ".join(header.models), ", ".join(endpoint.models or header.models)),
        "version of the suites": (header.suites, suites),
        "label": (header.label, endpoint.label),
    }
    for what, (recorded, wanted) in asked.items():
        if recorded != wanted:
            words = f"its {what} is `{recorded}`, and `{wanted}` is asked for"
            raise UserError(f"{path} cannot be gone on with: {words}.", _HINT)
    return recording


def is_finished(recording: Recording) -> bool:
    """Whether nothing is left to send."""
    return recording.footer is not None and recording.footer.cause is None


@dataclass(frozen=True)
class Finished:
    """The steps of the jobs that came to their end, by the job's index: of their first runs, and of repetitions."""

    first: dict[int, tuple[Exchange, ...]] = field(default_factory=dict)
    again: dict[int, tuple[Exchange, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Earlier:
    """What was recorded before.

    `reopen` takes its header and the ids of the exchanges to keep, and gives the recording to go on with.
    """

    recording: Recording
    reopen: Callable[[Header, frozenset[str]], Writer]

    @cached_property
    def _runs(self) -> dict[_Run, list[Exchange]]:
        found: dict[_Run, list[Exchange]] = {}
        for one in self.recording.exchanges:
            found.setdefault((one.scenario, one.model, one.sample, bool(one.repeats)), []).append(one)
        return found

    @cached_property
    def _casualties(self) -> frozenset[str]:
        return frozenset(one.id for one in self.recording.casualties)

    @property
    def probe(self) -> dict[Label, Exchange]:
        """What the probe was answered."""
        last = {_label(one): one for one in self.recording.exchanges if one.scenario.startswith(_PROBE)}
        return {label: one for label, one in last.items() if not _open(one)}

    @property
    def last_number(self) -> int:
        """The highest number of an exchange."""
        return max((int(one.id) for one in self.recording.exchanges if one.id.isdecimal()), default=0)

    @property
    def seconds(self) -> float:
        """How long it took, as far as its exchanges tell."""
        ends = (one.started_at + one.ended_at for one in self.recording.exchanges)
        return max(0.0, max(ends, default=0.0) - self.recording.header.created)

    def exchanges_of(self, job: ScheduledScenario, context: Context, *, repeated: bool = False) -> tuple[Exchange, ...]:
        """The exchanges of a scenario's run, or of its repetition, that came to its end; none where it did not."""
        run = self._runs.get((job.scenario.name, job.model, job.sample, repeated), ())
        steps = {one.step: one for one in sorted(run, key=lambda one: one.attempt)}
        if not steps or any(_open(one) or one.id in self._casualties for one in steps.values()):
            return ()
        flow = job.scenario.generate(context)
        try:
            next(flow)
            for step in range(len(steps)):
                flow.send(steps[step])
        except StopIteration:
            return tuple(steps[step] for step in sorted(steps))
        except Exception:  # noqa: BLE001 - whatever is amiss with the record: it is sent anew
            return ()
        finally:
            flow.close()
        return ()

    def finished(
        self, jobs: Iterable[ScheduledScenario], context_of: Callable[[ScheduledScenario], Context]
    ) -> Finished:
        """What came to its end of the jobs, and of their repetitions."""
        done = Finished()
        for job in jobs:
            if first := self.exchanges_of(job, context_of(job)):
                done.first[job.index] = first
                if again := self.exchanges_of(job, context_of(job), repeated=True):
                    done.again[job.index] = again
        return done

    def go_on(self, finished: Finished) -> Writer:
        """The recording, open, with the exchanges of the probe and of the runs that came to their end."""
        kept = [*finished.first.values(), *finished.again.values()]
        runs = {(one.scenario, one.model, one.sample, bool(one.repeats)) for steps in kept for one in steps}
        whole = [one for run in runs for one in self._runs[run]]
        probe = [one for one in self.recording.exchanges if one.scenario.startswith(_PROBE)]
        return self.reopen(self.recording.header, frozenset(one.id for one in [*probe, *whole]))


def _label(one: Exchange) -> Label:
    return Label(one.scenario, one.model, one.step, one.sample)


def _open(one: Exchange) -> bool:
    """Whether the exchange would have been tried again, or never reached anybody."""
    cut = one.outcome is Outcome.INTERRUPTED or one.outcome in UNREACHABLE
    return cut or Retries().wait(one) is not None
