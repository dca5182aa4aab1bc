"""`--confirm N`: fire failing scenarios again, and tell a failure that stays from one that comes and goes."""

from __future__ import annotations

import os
from pathlib import Path

from conformance.config import Endpoint, api_key
from conformance.model import Results, Verdict
from conformance.plan import make_plan
from conformance.profiles import profile_for
from conformance.running import capture_to, digest
from conformance.trial import Trial

Failure = tuple[str, str]
"""A requirement's id and a model."""


def flaky_failures(
    endpoint: Endpoint, out: Path, results: Results, suites: tuple[Path, ...], times: int
) -> frozenset[Failure]:
    """The failures that stop the gate and did not happen again.

    Args:
        endpoint: whom to ask again.
        out: the bundle; the repeats are recorded there as confirm-2.jsonl and so on.
        results: the first run.
        suites: the user's own suites.
        times: how often a scenario is fired in all.

    Raises:
        UserError: the endpoint is gone, or a recording cannot be written.
    """
    failing = frozenset(
        (row.requirement.id, row.result.model)
        for row in results.requirements
        if row.gate == "fail" and row.result.verdict is Verdict.FAIL
    )
    scenarios = failing_scenarios(results)
    flaky: set[Failure] = set()
    for number in range(2, times + 1):
        if failing and scenarios:
            path = out / f"confirm-{number}.jsonl"
            path.unlink(missing_ok=True)
            flaky |= failing & _passing(endpoint, path, suites, scenarios)
    return frozenset(flaky)


def failing_scenarios(results: Results) -> frozenset[str]:
    """The scenarios whose exchanges show a failure that stops the gate."""
    cited = {finding.exchange for row in results.requirements if row.gate == "fail" for finding in row.result.findings}
    return frozenset(one.scenario for id_, one in results.exchanges.items() if id_ in cited and one.scenario)


def _passing(endpoint: Endpoint, path: Path, suites: tuple[Path, ...], scenarios: frozenset[str]) -> frozenset[Failure]:
    """What passes when the scenarios are fired once more."""
    trial = Trial(recordings=(path,), extra_suites=suites)
    profile = profile_for(endpoint.profile, endpoint.host, trial.profiles)
    plan = make_plan(trial.scenarios, endpoint, profile, needed=scenarios)
    capture_to(plan, path, key=api_key(endpoint, os.environ), suites=digest(trial.suite_dirs))
    trial.fill_checks()
    return frozenset(
        (row.id, result.model)
        for row in trial.catalogue.judged(profile.name)
        for name in trial.material.slots_of(row)
        if (result := trial.judge(row, name)).verdict is Verdict.PASS
    )
