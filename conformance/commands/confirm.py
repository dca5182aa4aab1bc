"""`--confirm N`: fire failing scenarios again, and tell a failure that stays from one that comes and goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.api.usage import sum_usage
from conformance.capture.to_file import capture_to
from conformance.catalogue.digest import digest
from conformance.catalogue.profiles import profile_for
from conformance.catalogue.suites import Suites
from conformance.errors import UserError
from conformance.inputs.credentials import read_credentials
from conformance.inputs.endpoint import Endpoint
from conformance.judging.session import JudgingSession
from conformance.model import Results, Verdict
from conformance.planning.plan import make_plan
from conformance.recording import read_recording

if TYPE_CHECKING:
    from conformance.capture import Stop

Failure = tuple[str, str]
"""A requirement's id and a model."""


def capture_repeats(
    endpoint: Endpoint,
    out: Path,
    results: Results,
    suites: Suites,
    times: int,
    *,
    environ: Mapping[str, str],
    stop: Stop | None = None,
) -> bool:
    """Fire what failed again; returns whether there was anything to fire. Judging it is another process's work.

    Args:
        endpoint: whom to ask again.
        out: the bundle; the repeats are recorded there as confirm-2.repeat and so on: to be looked at, and not to be
            judged with the run's own recording when the folder is.
        results: the first run.
        suites: what to fire.
        times: how often a scenario is fired in all.
        environ: holds the credentials.
        stop: ends the captures from another thread.

    Raises:
        UserError: the endpoint is gone, a recording cannot be written, or the run has spent its budget.
    """
    for earlier in out.glob("confirm-*.repeat"):
        earlier.unlink()
    scenarios = frozenset(name for names in _failing(results).values() for name in names)
    if not scenarios:
        return False
    profile = profile_for(endpoint.profile, endpoint.host, suites.profiles)
    version = digest(suites.folders)
    said = results.summary
    left = _less(endpoint, said.get("requests", 0), said.get("tokens", {}).get("total", 0), said.get("seconds", 0.0))
    for number in range(2, times + 1):
        path = _repeat(out, number)
        plan = make_plan(suites.scenarios, left, profile, needed=scenarios)
        capture_to(plan, path, credentials=read_credentials(left, environ), suites=version, stop=stop)
        left = _less(left, *_spent(path)) if number < times else left
    return True


def flaky_failures(
    endpoint: Endpoint, out: Path, results: Results, suites: tuple[Path, ...], times: int
) -> frozenset[Failure]:
    """The failures that stop the gate and did not happen again: every scenario that showed one was judged, and passes.

    Args:
        endpoint: who was asked again.
        out: the bundle, with the repeats that `capture_repeats` recorded.
        results: the first run.
        suites: the user's own suites.
        times: how often a scenario was fired in all.

    Raises:
        UserError: a recording cannot be read.
    """
    failing = _failing(results)
    scenarios = frozenset(name for names in failing.values() for name in names)
    flaky: set[Failure] = set()
    for number in range(2, times + 1):
        seen = _passing(endpoint, _repeat(out, number), suites, scenarios)
        flaky |= {failure for failure, names in failing.items() if names and names <= seen.get(failure, frozenset())}
    return frozenset(flaky)


def _repeat(out: Path, number: int) -> Path:
    return out / f"confirm-{number}.repeat"


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
    """What passes when the scenarios were fired once more, and by which of them that was seen."""
    session = JudgingSession(Suites(suites), recordings=(path,))
    profile = profile_for(endpoint.profile, endpoint.host, session.suites.profiles)
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
