"""What judging says: verdicts, findings, capabilities, and a run's results as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from conformance.model.exchange import Outcome
from conformance.model.requirement import Requirement


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


class Advertised(StrEnum):
    """What an endpoint says of a capability."""

    YES = "yes"
    NO = "no"
    SILENT = "silent"


class Observed(StrEnum):
    """What was seen of a capability."""

    WORKS = "works"
    REFUSED = "refused"  # cleanly: 4xx with an error body
    IGNORED = "ignored"  # 200, and the answer shows no trace of it
    BROKEN = "broken"
    INCONCLUSIVE = "inconclusive"
    NOT_TRIED = "not_tried"


@dataclass(frozen=True, slots=True)
class CapabilityResult:
    """One cell of the matrix advertised × observed."""

    capability: str
    title: str
    model: str
    advertised: Advertised
    observed: Observed
    evidence: tuple[str, ...] = ()  # exchange ids
    note: str = ""
    endpoint: str = ""


@dataclass(frozen=True)
class RequirementResult:
    """A requirement's row and its verdict, as results.json holds them.

    `gate`: how the release gate took it (`pass`, `fail`, `known`, `stale`, `baseline`, `off`). `capabilities`: what
    every request that shows the requirement asks of a model, by name.
    """

    requirement: Requirement
    result: CheckResult
    gate: str = "off"
    note: str = ""
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExchangeSummary:
    """What results.json says of an exchange; its bytes lie in the recording."""

    id: str
    scenario: str
    model: str
    method: str
    url: str
    status: int | None
    outcome: Outcome
    source: str
    seconds: float
    attempt: int = 0


@dataclass(frozen=True)
class Results:
    """One run's results: everything that a report shows, save the bytes."""

    endpoint: Mapping[str, Any]
    models: tuple[str, ...]
    summary: Mapping[str, Any]
    capabilities: tuple[CapabilityResult, ...]
    requirements: tuple[RequirementResult, ...]
    exchanges: Mapping[str, ExchangeSummary]
    run: Mapping[str, Any] = field(default_factory=dict)
    format: int = 1


def fold(verdicts: Iterable[Verdict]) -> Verdict:
    """Fold the verdicts of one requirement over its exchanges: any fail, else a crash, else any pass, else the rest."""
    seen = set(verdicts)
    order = (Verdict.FAIL, Verdict.ERROR, Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE)
    return next((verdict for verdict in order if verdict in seen), Verdict.NOT_RUN)
