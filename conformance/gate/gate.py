"""The release gate: what of a run's verdicts stops a release. Pure; files are parsed elsewhere.

A verdict tells what was seen; the gate word tells what it means for this release: `pass`, `fail`, `known` (a known
failure), `stale` (a known failure that is to be removed), `baseline` (failed already in the earlier run), `flaky` (did
not fail again) or `off`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from conformance.model import Cause, CheckResult, Level, Requirement, Results, Verdict

STOPPING = frozenset({"fail", "stale"})
"""Gate words that stop a release."""


class FailOn(StrEnum):
    """The levels whose failures stop a release."""

    MUST = "must"
    SHOULD = "should"
    NEVER = "never"


_GATED: Mapping[FailOn, frozenset[Level]] = {
    FailOn.MUST: frozenset({Level.MUST}),
    FailOn.SHOULD: frozenset({Level.MUST, Level.SHOULD}),
    FailOn.NEVER: frozenset(),
}


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """One entry of an endpoint owner's list; without `model` it holds for every model."""

    requirement: str
    reason: str
    since: str
    model: str | None = None
    link: str = ""
    expires: date | None = None

    def covers(self, requirement: str, model: str) -> bool:
        """Whether the entry speaks of this requirement and model."""
        return self.requirement == requirement and self.model in {None, model}


@dataclass(frozen=True, slots=True)
class KnownFailures:
    """The entries of one file; `path` is where to remove a stale one."""

    entries: tuple[KnownFailure, ...] = ()
    path: str = ""

    def find(self, requirement: str, model: str) -> KnownFailure | None:
        """The entry for a requirement and model; one that names the model goes first."""
        found = [entry for entry in self.entries if entry.covers(requirement, model)]
        return min(found, key=lambda entry: entry.model is None, default=None)

    def unknown(self, ids: Collection[str]) -> tuple[str, ...]:
        """Requirements that are listed and exist nowhere: a mistake in the file."""
        return tuple(dict.fromkeys(entry.requirement for entry in self.entries if entry.requirement not in ids))


@dataclass(frozen=True, slots=True)
class Gate:
    """What stops a release.

    `baseline` holds (requirement, model) pairs that failed in the earlier run, None where there is none to compare
    with. `today` decides which known failures have expired; None lets none expire. `flaky` holds the pairs that failed
    once and passed when they were fired again: they are told, and do not stop a release.
    """

    fail_on: FailOn = FailOn.MUST
    strict_inconclusive: bool = False
    known: KnownFailures = field(default_factory=KnownFailures)
    baseline: frozenset[tuple[str, str]] | None = None
    today: date | None = None
    flaky: frozenset[tuple[str, str]] = frozenset()

    def covers(self, level: Level) -> bool:
        """Whether failures of this level stop a release."""
        return level in _GATED[self.fail_on]


def judge_gate(gate: Gate, requirement: Requirement, result: CheckResult) -> tuple[str, str]:
    """How the gate takes one verdict.

    Returns:
        The gate word and a note for people, empty where the word says it all.
    """
    entry = gate.known.find(requirement.id, result.model)
    if entry is not None:
        word, note = _judge_known(gate, entry, result)
        if word:
            return word, note
    if result.verdict is Verdict.PASS:
        return "pass", ""
    return _judge_new(gate, requirement, result) if gate.covers(requirement.level) else ("off", "")


def _judge_new(gate: Gate, requirement: Requirement, result: CheckResult) -> tuple[str, str]:
    """The word for a gated row that did not pass and is no known failure."""
    pair = (requirement.id, result.model)
    if gate.baseline is not None and pair in gate.baseline and (_counts(gate, result) or is_unsettled(result)):
        return "baseline", "failed or was blocked already in the baseline"
    if not _counts(gate, result):
        return "off", ""
    if pair in gate.flaky:
        return "flaky", "failed, and passed when it was fired again"
    return "fail", "inconclusive, and the gate is strict" if result.verdict is Verdict.INCONCLUSIVE else ""


def _counts(gate: Gate, result: CheckResult) -> bool:
    """Whether a verdict is a failure in the eyes of the gate."""
    strict = gate.strict_inconclusive and result.verdict is Verdict.INCONCLUSIVE
    return strict or result.verdict is Verdict.FAIL


def _judge_known(gate: Gate, entry: KnownFailure, result: CheckResult) -> tuple[str, str]:
    """The word for a row with a known failure, or an empty one where the entry does not decide."""
    place = f" from {gate.known.path}" if gate.known.path else " from the known failures"
    if entry.expires is not None and gate.today is not None and entry.expires < gate.today:
        return "stale", f"this known failure expired on {entry.expires.isoformat()}: remove it{place} or renew it"
    if result.verdict is Verdict.PASS:
        return "stale", f"this known failure passes now: remove it{place}"
    if result.verdict is Verdict.FAIL or is_unsettled(result):
        return "known", f"known since {entry.since}: {entry.reason}"
    return "", ""


_UNSETTLED = frozenset({Cause.BLOCKED, Cause.OVER_BUDGET, Cause.UNREACHABLE})


def is_unsettled(result: CheckResult) -> bool:
    """Whether a verdict is missing because a failure blocked it, the budget was spent, or the endpoint was gone."""
    return result.unjudged is not None and result.unjudged.cause in _UNSETTLED


def baseline_of(results: Results) -> frozenset[tuple[str, str]]:
    """The pairs of an earlier run that failed or were blocked, for `Gate.baseline`."""
    return frozenset(
        (row.requirement.id, row.result.model)
        for row in results.requirements
        if row.result.verdict is Verdict.FAIL or is_unsettled(row.result)
    )
