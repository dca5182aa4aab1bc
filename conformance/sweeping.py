"""Judging what is too large to hold: every requirement over one exchange, and then the next exchange.

The results are those of judging every exchange for one requirement and then the next; only the order of the work is
another, so that no more than one exchange is held in its parsed form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from conformance.folding import Judgement, Slot, folded, judged
from conformance.judging import Check
from conformance.model import CheckResult, Exchange
from conformance.wire.views import GROUPS, View


@dataclass
class Job:
    """A requirement to be judged in a slot: where its judges look, and what they do with a view."""

    requirement: str
    slot: Slot
    checks: Sequence[Check]
    run: Callable[[View], None]
    _said: list[list[Judgement]] = field(init=False)

    def __post_init__(self) -> None:
        self._said = [[] for _ in self.checks]

    def visit(self, exchange: Exchange, same: dict[Judgement, Judgement]) -> None:
        """Judge one exchange; equal judgements are kept once."""
        for said, check in zip(self._said, self.checks, strict=True):
            if check.view not in GROUPS and self.slot.sees(check, exchange):
                judgement = judged(self.slot.made.named(exchange, check.view), check, self.run)
                said.append(same.setdefault(judgement, judgement))

    def finish(self, settle: Callable[[Exchange], None]) -> CheckResult:
        """Judge what takes a whole run, and fold everything."""
        for said, check in zip(self._said, self.checks, strict=True):
            if check.view in GROUPS:
                for view in self.slot.views(check):
                    said.append(judged(view, check, self.run))
                    for answer in view.answers:
                        settle(answer.exchange)
        return folded(self.requirement, self.slot, [one for said in self._said for one in said])


def sweep(
    jobs: Sequence[Job], exchanges: Iterable[Exchange], settle: Callable[[Exchange], None]
) -> Iterator[CheckResult]:
    """The results of the jobs, in their order, each exchange having been visited once.

    Args:
        jobs: of any slots.
        exchanges: all that any of the slots holds.
        settle: lets go of what was read of an exchange.
    """
    for exchange in exchanges:
        same: dict[Judgement, Judgement] = {}
        for job in jobs:
            job.visit(exchange, same)
        settle(exchange)
    for job in jobs:
        yield job.finish(settle)
