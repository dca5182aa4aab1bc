"""What judging says: a verdict, its findings, one result per requirement and slot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What was seen of a requirement."""

    FAIL = "fail"
    PASS = "pass"  # noqa: S105 - a verdict, no password
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"
    NOT_RUN = "not_run"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a requirement was broken.

    `at` names the place for people and machines: `event 12`, a JSON pointer such as `/choices/0/index`, `status`,
    `header content-type`. `span` is a range of byte offsets in the decoded body.
    """

    expected: str
    actual: str
    at: str = ""
    exchange: str = ""
    message: str = ""
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The folded verdict of one requirement in one scope slot; `judged` counts exchanges that passed or failed."""

    requirement: str
    model: str
    verdict: Verdict
    judged: int = 0
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    exchanges: tuple[str, ...] = ()
    crash: str = ""  # our own traceback, when the check crashed
    endpoint: str = ""


def fold(verdicts: Iterable[Verdict]) -> Verdict:
    """Fold the verdicts of one requirement over its exchanges: any fail, else a crash, else any pass, else the rest."""
    seen = set(verdicts)
    order = (Verdict.FAIL, Verdict.ERROR, Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE)
    return next((verdict for verdict in order if verdict in seen), Verdict.NOT_RUN)
