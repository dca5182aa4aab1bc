"""Judging what is too large to hold: every requirement over one exchange, and then the next exchange.

The results are those of judging every exchange for one requirement and then the next; only the order of the work is
another, so that no more than one exchange is held in its parsed form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from conformance.api.views import GROUPS, View
from conformance.checks.check import Check
from conformance.judging.folding import Judgement, Slot, fold_judgements, is_about, judge_view
from conformance.model import CheckResult, Exchange, Unjudged, Verdict

Said = tuple[Verdict, str, Unjudged | None]


@dataclass
class SlotJob:
    """A requirement to be judged in a slot: where its judges look, and what they do with a view."""

    requirement: str
    slot: Slot
    checks: Sequence[Check]
    run: Callable[[View], None]

    def __post_init__(self) -> None:
        self.said: list[list[Judgement]] = [[] for _ in self.checks]
        """What each of the checks says, exchange by exchange."""

    def finish(self, settle: Callable[[Exchange], None]) -> CheckResult:
        """Judge what takes a whole run, and fold everything."""
        for said, check in zip(self.said, self.checks, strict=True):
            if check.view in GROUPS:
                for view in self.slot.views(check):
                    said.append(judge_view(view, check, self.run))
                    for answer in view.answers:
                        settle(answer.exchange)
        return fold_judgements(self.requirement, self.slot, [one for said in self.said for one in said])


def sweep(
    jobs: Sequence[SlotJob], exchanges: Iterable[Exchange], settle: Callable[[Exchange], None]
) -> Iterator[CheckResult]:
    """The results of the jobs, in their order, each exchange having been visited once.

    Args:
        jobs: of any slots.
        exchanges: all that any of the slots holds.
        settle: lets go of what was read of an exchange.
    """
    looks = _looks(jobs)
    for exchange in exchanges:
        same: dict[Said, Judgement] = {}
        for look in looks:
            look.visit(exchange, same)
        settle(exchange)
    for job in jobs:
        yield job.finish(settle)


@dataclass
class _Look:
    """All checks of one slot that look at the same view: whether an exchange has it is asked once."""

    slot: Slot
    view: str
    stopped: bool
    checks: list[tuple[SlotJob, Check, list[Judgement]]] = field(default_factory=list)

    def visit(self, exchange: Exchange, same: dict[Said, Judgement]) -> None:
        """Judge one exchange; judgements that say nothing but a verdict and a reason are kept once."""
        if not self.slot.holds(exchange, self.view, stopped=self.stopped):
            return
        view = self.slot.made.named(exchange, self.view)
        for job, check, said in self.checks:
            if is_about(check, exchange):
                one = judge_view(view, check, job.run)
                bare = not one.findings and not one.crash
                said.append(same.setdefault((one.verdict, one.reason, one.unjudged), one) if bare else one)


def _looks(jobs: Iterable[SlotJob]) -> list[_Look]:
    found: dict[tuple[int, str, bool], _Look] = {}
    for job in jobs:
        for check, said in zip(job.checks, job.said, strict=True):
            if check.view not in GROUPS:
                look = _Look(job.slot, check.view, check.stopped)
                found.setdefault((id(job.slot), check.view, check.stopped), look).checks.append((job, check, said))
    return list(found.values())
