"""What judging says: a verdict, its findings, one result per requirement and slot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from conformance.model.location import NOWHERE, Kind, Location


class Verdict(StrEnum):
    """What was seen of a requirement."""

    FAIL = "fail"
    PASS = "pass"  # noqa: S105 - a verdict, no password
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"
    NOT_RUN = "not_run"
    ERROR = "error"


class Cause(StrEnum):
    """Why nothing was judged."""

    UNSELECTED = "unselected"
    OPT_IN = "opt_in"  # its scenarios are sent only when asked for
    OVER_BUDGET = "over_budget"
    UNREACHABLE = "unreachable"  # the endpoint was gone when it was to be sent
    BLOCKED = "blocked"  # another failure leaves nothing to judge
    FACET_LOST = "facet_lost"  # the recording lacks the part that it is about
    NOTHING_SEEN = "nothing_seen"  # no exchange is about this
    LIMITED = "limited"  # 429 or 503 for ever
    UNDECIDED = "undecided"  # the model did not play along
    NOT_OFFERED = "not_offered"  # a capability that was refused cleanly
    ABSENT = "absent"  # what was seen holds nothing that this is about
    CRASHED = "crashed"  # our own check


@dataclass(frozen=True, slots=True)
class Unjudged:
    """Why there is neither pass nor fail; the words for people stand beside it, as the result's `reason`.

    `by` is the id of the requirement whose failure is in the way, `exchange` where that was seen; empty if unknown.
    """

    cause: Cause
    by: str = ""
    exchange: str = ""


_NOUNS = {
    Kind.EVENT: ("event", "events"),
    Kind.LISTING: ("entry", "entries"),
}
"""What people call places of a kind."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a requirement was broken; `also` are some of the other `places` in the same answer."""

    expected: str
    actual: str
    location: Location = NOWHERE
    exchange: str = ""
    message: str = ""
    also: tuple[Location, ...] = ()
    places: int = 1

    @property
    def at(self) -> str:
        """The location in words: `event 12`, `/choices/0/index`, `status`, `header content-type`."""
        return str(self.location)

    @property
    def where(self) -> str:
        """The location in words, and how many more there are: `event 3 and at least 19 more events`."""
        return f"{self.at} and {self.more}" if self.more else self.at

    @property
    def more(self) -> str:
        """How many more places there are, in words: `19 more events`; empty where there are none."""
        if self.places < 2:
            return ""
        one, many = _NOUNS.get(self.location.kind, ("place", "places"))
        least = "at least " if self.location.kind is Kind.EVENT else ""  # chunks alike an earlier one are not looked at
        return f"{least}{self.places - 1} more {one if self.places == 2 else many}"

    @property
    def span(self) -> tuple[int, int] | None:
        """The location's range of byte offsets in the decoded body, where known."""
        return self.location.span


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The folded verdict of one requirement in one scope slot; `judged` counts exchanges that passed or failed.

    `reason` is for people alone; what programs ask of a result without pass or fail is `unjudged`.
    """

    requirement: str
    model: str
    verdict: Verdict
    judged: int = 0
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    exchanges: tuple[str, ...] = ()
    crash: str = ""  # our own traceback, when the check crashed
    endpoint: str = ""
    unjudged: Unjudged | None = None


def fold(verdicts: Iterable[Verdict]) -> Verdict:
    """Fold the verdicts of one requirement over its exchanges: any fail, else a crash, else any pass, else the rest."""
    seen = set(verdicts)
    order = (Verdict.FAIL, Verdict.ERROR, Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE)
    return next((verdict for verdict in order if verdict in seen), Verdict.NOT_RUN)
