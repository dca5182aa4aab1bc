"""The options of the plugin, and the session that they describe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.catalogue.suites import Suites
from conformance.errors import UserError
from conformance.gate.gate import FailOn, Gate
from conformance.judging.plugin.placeholders import placeholders
from conformance.judging.session import JudgingSession

RECORDINGS, GATE = "conformance_recordings", "conformance_gate"
"""What a controller of xdist tells its workers."""
SESSION = pytest.StashKey[JudgingSession]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the group `conformance`."""
    group = parser.getgroup("conformance", "judge an endpoint that claims to speak the OpenAI API")
    add = group.addoption
    add("--conformance-recording", action="append", default=[], metavar="PATH", help="judge this recording or folder")
    add("--conformance-url", metavar="URL", help="capture this endpoint first")
    add("--conformance-model", action="append", default=[], metavar="NAME", help="a model to try (repeatable)")
    add("--conformance-profile", metavar="NAME", help="whose promises to judge; by host if not given")
    add("--conformance-api-key-env", metavar="VAR", help="the variable that holds the key")
    add("--conformance-out", metavar="DIR", help="where the captured recording goes")
    add("--conformance-suites", action="append", default=[], metavar="DIR", help="a folder of your own suites")
    add("--conformance-select", metavar="EXPR", help="judge only these: areas, levels, capabilities, ids")
    add("--conformance-partial", action="store_true", help="judge an incomplete recording")
    add("--conformance-fail-on", choices=[*FailOn], default="must", help="the level whose failures fail [must]")
    add("--conformance-known-failures", metavar="FILE", help="failures that you know of; stale ones fail")
    add("--conformance-list", metavar="FILE", help="with --collect-only: write the collected ids to FILE")


def pytest_configure(config: pytest.Config) -> None:
    """Set up the judging, for whoever judges: a process with a recording, a URL, or only a collection to show."""
    config.addinivalue_line("markers", "requirement(id): the requirement that a test judges")
    config.pluginmanager.register(placeholders())
    if not isinstance(config.stash.get(SESSION, None), JudgingSession):
        config.stash[SESSION] = translated(lambda: _session(config))


def _session(config: pytest.Config) -> JudgingSession:
    """The judging that the options describe; a worker's recordings and gate come from its controller."""
    option = config.option
    given = getattr(config, "workerinput", {})
    endpoint, host = _endpoint(option.conformance_url)
    judging = JudgingSession(
        suites=Suites(tuple(Path(path) for path in option.conformance_suites)),
        endpoint=endpoint,
        host=host,
        models=tuple(option.conformance_model),
        profile=option.conformance_profile,
        recordings=tuple(Path(path) for path in given.get(RECORDINGS, option.conformance_recording)),
        partial=option.conformance_partial,
    )
    judging.gate = _gate(given.get(GATE), option, judging)
    return judging


def _gate(told: str | None, option: Any, judging: JudgingSession) -> Gate:
    """The gate that a controller told its worker of, or that the options describe."""
    from datetime import UTC, datetime

    fail_on, known = FailOn(option.conformance_fail_on), option.conformance_known_failures
    today = datetime.now(UTC).date()
    if told is None and not known:
        return Gate(fail_on, today=today)
    from conformance.gate.known_failures import load_known_failures
    from conformance.gate.options import loads

    if told is not None:
        return loads(told)
    return Gate(fail_on, known=load_known_failures(Path(known), judging.suites.catalogue.requirements), today=today)


def use_session(config: pytest.Config, judging: JudgingSession) -> None:
    """Judge with a judging made elsewhere (the command line does)."""
    config.stash[SESSION] = judging


def _endpoint(url: str | None) -> tuple[str, str]:
    """The endpoint's name, as a recording of it will say it, and its host."""
    if not url:
        return "endpoint", ""
    from conformance.api.registry import operations
    from conformance.inputs.endpoint import endpoint_from_url

    endpoint = endpoint_from_url(url, operations=operations())
    return endpoint.name, endpoint.host


def translated(call: Any) -> Any:
    """Turn a user's mistake into pytest's own usage error."""
    try:
        return call()
    except UserError as error:
        raise pytest.UsageError(f"{error.message}\n{error.hint}".strip()) from error
