"""The job behind `conformance try`: one scenario, its events as they arrive, and what every check says of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from conformance.api.registry import operations
from conformance.catalogue.profiles import profile_for
from conformance.catalogue.suites import Suites
from conformance.commands.console import say
from conformance.errors import ExitCode, UserError
from conformance.inputs.credentials import Credentials
from conformance.inputs.endpoint import Endpoint
from conformance.inputs.options import BudgetOptions, TargetOptions
from conformance.inputs.targets import resolve_targets
from conformance.judging.session import JudgingSession
from conformance.model import CheckResult, Exchange, Footer, Header, Level, Recording, Request, Requirement, Verdict
from conformance.planning.plan import make_plan
from conformance.secrets.known import known_secrets
from conformance.secrets.masking import Secrets
from conformance.text import one_line, visible
from conformance.wire.sse import SseParser

WIDTH = 1000
"""Characters of an event or a line that are shown."""

_MARKS = {Verdict.FAIL: "FAIL", Verdict.PASS: "pass", Verdict.ERROR: "CRASH"}


class _Live:
    """Prints the events of a stream as they arrive; other bodies when they are whole."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._parser = SseParser()

    def sending(self, request: Request, url: str) -> None:
        """Show a request."""
        self._parser = SseParser()
        say(f"\n> {request.method} {one_line(url)}")
        for line in _pretty(request.body or b""):
            say(f"> {line}")

    def reading(self, at: float, data: bytes) -> None:
        """Show the events that a read completes."""
        for event in self._parser.feed(data):
            say(f"< {at * 1000:8.1f} ms  {one_line(self._secrets.mask_text(event.data), WIDTH)}")

    def answered(self, exchange: Exchange) -> None:
        """Show the status, headers, and a body that was no stream."""
        shown = self._secrets.mask_exchange(exchange)
        status = f"HTTP {shown.status} {shown.reason}".strip() if shown.status else "no answer"
        ended = shown.outcome.value.replace("_", " ")
        told = f"{status}, {ended} after {shown.ended_at * 1000:.0f} ms {shown.detail}"
        say(f"< {one_line(told, WIDTH).rstrip()}")
        for name, value in shown.response_headers:
            say(f"< {one_line(name, WIDTH)}: {one_line(value, WIDTH)}")
        if not self._parser.close().events:
            for line in _pretty(shown.content[:20000]):
                say(f"< {line}")


def _pretty(body: bytes) -> Iterator[str]:
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = body.decode("utf-8", "backslashreplace")
    for line in text.splitlines()[:80]:
        yield one_line(line, WIDTH)


def try_one(scenario: str, target: TargetOptions, suites: Sequence[Path] = ()) -> int:
    """Fire one scenario at the first endpoint named; returns the exit code."""
    from conformance.inputs.credentials import read_credentials

    endpoint = resolve_targets(target, BudgetOptions(), operations())[0][0]
    return try_scenario(scenario, endpoint, read_credentials(endpoint, os.environ), suites)


def try_scenario(name: str, endpoint: Endpoint, credentials: Credentials, suites: Sequence[Path] = ()) -> int:
    """Fire one scenario and say what every check says of it.

    Raises:
        UserError: there is no such scenario, or no model.
    """
    from conformance.capture.fire import fire
    from conformance.inputs.suggestions import did_you_mean

    session = JudgingSession(Suites(tuple(suites)))
    if name not in session.suites.scenarios:
        raise UserError(
            f"no scenario `{name}`{did_you_mean(name, session.suites.scenarios)}",
            "`conformance list scenarios` shows all.",
        )
    plan = make_plan(
        session.suites.scenarios,
        endpoint,
        profile_for(endpoint.profile, endpoint.host, session.suites.profiles),
        needed=(),
    )
    secrets = known_secrets(credentials.key)
    found = fire(plan, session.suites.scenarios[name], credentials=credentials, watcher=_Live(secrets))
    masked = tuple(secrets.mask_exchange(exchange) for exchange in found)
    return _judge(session, endpoint, plan.profile.name, masked)


def _judge(session: JudgingSession, endpoint: Endpoint, profile: str, exchanges: tuple[Exchange, ...]) -> int:
    model = exchanges[0].model if exchanges else ""
    header = Header(endpoint.name, endpoint.base_url, profile, (model,))
    session.suites.load_checks()
    material = session.material_of([Recording(header, exchanges, Footer(exchanges=len(exchanges)))])
    results = [
        (row, material.judge(row, name))
        for row in session.suites.catalogue.judged(profile)
        for name in material.slots_of(row)
        if material.applies(row, name)
    ]
    decided = [(row, result) for row, result in results if result.verdict in _MARKS]
    say(f"\n{len(decided)} of {len(results)} requirements that look at this could be judged")
    for row, result in sorted(decided, key=lambda pair: pair[1].verdict is not Verdict.PASS):
        _show(row, result)
    return _code(decided)


def _show(row: Requirement, result: CheckResult) -> None:
    say(f"{_MARKS[result.verdict]:<5} {row.level.value:<6} {row.id}")
    for finding in result.findings[:3]:
        expected, actual = one_line(finding.expected, WIDTH), one_line(finding.actual, WIDTH)
        say(f"      at {one_line(finding.where)}: expected {expected}, got {actual}")
    if result.crash:
        say(visible(result.crash))


def _code(decided: Sequence[tuple[Requirement, CheckResult]]) -> int:
    """As of a run: what is no MUST is told, and fails nothing."""
    if any(result.verdict is Verdict.ERROR for _, result in decided):
        return ExitCode.HARNESS
    if not decided:
        return ExitCode.UNREACHABLE
    failed = [row for row, result in decided if result.verdict is Verdict.FAIL and row.level is Level.MUST]
    return ExitCode.FAILED if failed else ExitCode.CONFORMANT
