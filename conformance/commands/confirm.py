"""`--confirm N`: fire failing scenarios again, and tell a failure that stays from one that comes and goes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from conformance.api.usage import sum_usage
from conformance.capture.to_file import capture_to
from conformance.catalogue.digest import digest
from conformance.catalogue.profiles import profile_for
from conformance.catalogue.suites import Suites
from conformance.errors import UserError
from conformance.inputs.endpoint import Endpoint, api_key
from conformance.judging.session import JudgingSession
from conformance.model import Results, Verdict
from conformance.planning.plan import make_plan
from conformance.recording import read_recording

Failure = tuple[str, str]
"""A requirement's id and a model."""


def flaky_failures(
    endpoint: Endpoint, out: Path, results: Results, suites: tuple[Path, ...], times: int
) -> frozenset[Failure]:
    """The failures that stop the gate and did not happen again: every scenario that showed one was judged, and passes.

    Args:
        endpoint: whom to ask again.
        out: the bundle; the repeats are recorded there as confirm-2.repeat and so on: to be looked at, and not to be
            judged with the run's own recording when the folder is.
        results: the first run.
        suites: the user's own suites.
        times: how often a scenario is fired in all.

    Raises:
        UserError: the endpoint is gone, a recording cannot be written, or the run has spent its budget.
    """
    failing = _failing(results)
    scenarios = frozenset(name for names in failing.values() for name in names)
    for earlier in out.glob("confirm-*.repeat"):
        earlier.unlink()
    flaky: set[Failure] = set()
    said = results.summary
    left = _less(endpoint, said.get("requests", 0), said.get("tokens", {}).get("total", 0), said.get("seconds", 0.0))
    for number in range(2, times + 1):
        if scenarios:
            path = out / f"confirm-{number}.repeat"
            seen = _passing(left, path, suites, scenarios)
            flaky |= {
                failure for failure, names in failing.items() if names and names <= seen.get(failure, frozenset())
            }
            left = _less(left, *_spent(path)) if number < times else left
    return frozenset(flaky)


def _less(endpoint: Endpoint, requests: int, tokens: int, seconds: float) -> Endpoint:
    """The endpoint with what is left of its limits: repeats are a part of the run that they confirm."""
    limits = endpoint.limits
    left = replace(
        limits,
        requests=limits.requests - requests,
        tokens=limits.tokens - tokens,
        seconds=limits.seconds - seconds,
    )
    if min(left.requests, left.tokens, left.seconds) <= 0:
        raise UserError("the run has spent its budget", "Raise limits.requests, .tokens or .seconds.")
    return replace(endpoint, limits=left)


def _spent(path: Path) -> tuple[int, int, float]:
    """Requests, tokens and seconds of a recording."""
    recording = read_recording(path)
    seconds = recording.footer.seconds if recording.footer else 0.0
    return len(recording.exchanges), sum_usage(recording.exchanges)["total"], seconds


def _failing(results: Results) -> dict[Failure, frozenset[str]]:
    """The failures that stop the gate, and the scenarios whose exchanges show each."""
    return {
        (row.requirement.id, row.result.model): _scenarios_of(results, (one.exchange for one in row.result.findings))
        for row in results.requirements
        if row.gate == "fail" and row.result.verdict is Verdict.FAIL
    }


def _scenarios_of(results: Results, exchanges: Iterable[str]) -> frozenset[str]:
    found = (results.exchanges[id_].scenario for id_ in exchanges if id_ in results.exchanges)
    return frozenset(name for name in found if name)


def _passing(
    endpoint: Endpoint, path: Path, suites: tuple[Path, ...], scenarios: frozenset[str]
) -> dict[Failure, frozenset[str]]:
    """What passes when the scenarios are fired once more, and by which of them that was seen."""
    session = JudgingSession(Suites(suites), recordings=(path,))
    profile = profile_for(endpoint.profile, endpoint.host, session.suites.profiles)
    plan = make_plan(session.suites.scenarios, endpoint, profile, needed=scenarios)
    capture_to(plan, path, key=api_key(endpoint, os.environ), suites=digest(session.suites.folders))
    session.suites.load_checks()
    sent = {exchange.id: exchange.scenario for one in session.material.recordings for exchange in one.exchanges}
    passing = {}
    for row in session.suites.catalogue.judged(profile.name):
        check = session.suites.catalogue.checks.get(row.id)
        for name in session.material.slots_of(row):
            result = session.judge(row, name)
            if result.verdict is Verdict.PASS:
                whole = check is not None and check.view == "run"  # it looked at all of them at once
                passing[row.id, result.model] = scenarios if whole else frozenset(sent[id_] for id_ in result.exchanges)
    return passing
