"""The options of the plugin, and the session that they describe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.catalogue.suites import Suites
from conformance.errors import UserError
from conformance.gate.gate import FailOn, Gate
from conformance.inputs.options import BudgetOptions, ChoiceOptions, GateOptions, OutputOptions, TargetOptions
from conformance.judging.plugin.placeholders import placeholders
from conformance.judging.session import JudgingSession

RECORDINGS, ONLY, GATE = "conformance_recordings", "conformance_only", "conformance_gate"
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
    add("--conformance-insecure", action="store_true", help="do not verify TLS certificates")
    add("--conformance-label", default="", metavar="TEXT", help="what this run is of, such as version=1.2")
    add("--conformance-timeout", type=positive_number, metavar="SECONDS", help="time that one exchange may take [180]")
    add("--conformance-max-requests", type=positive_count, metavar="N", help="requests that a run may send [400]")
    add("--conformance-max-tokens", type=positive_count, metavar="N", help="tokens that it may spend [100000]")
    add("--conformance-max-seconds", type=positive_number, metavar="S", help="time that it may take [3600]")
    add("--conformance-max-per-minute", type=positive_number, metavar="N", help="requests in a minute [any]")
    add("--conformance-out", metavar="DIR", help="where the captured recording goes")
    add("--conformance-suites", action="append", default=[], metavar="DIR", help="a folder of your own suites")
    add("--conformance-select", metavar="EXPR", help="judge only these: areas, levels, capabilities, ids")
    add("--conformance-partial", action="store_true", help="judge an incomplete recording")
    add("--conformance-fail-on", choices=[*FailOn], default="must", help="the level whose failures fail [must]")
    add("--conformance-known-failures", metavar="FILE", help="failures that you know of; stale ones fail")
    add("--conformance-strict-inconclusive", action="store_true", help="what could not be judged fails too")
    add("--conformance-baseline", metavar="RESULTS", help="fail only by what failed since that results.json")
    add("--conformance-list", metavar="FILE", help="with --collect-only: write the collected ids to FILE")


def pytest_configure(config: pytest.Config) -> None:
    """Set up the judging, for whoever judges: a process with a recording, a URL, or only a collection to show."""
    config.addinivalue_line("markers", "requirement(id): the requirement that a test judges")
    config.pluginmanager.register(placeholders())
    if not isinstance(config.stash.get(SESSION, None), JudgingSession):
        config.stash[SESSION] = translate_errors(lambda: _session(config))


def positive_number(text: str) -> float:
    """A number above zero, and finite."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value


def positive_count(text: str) -> int:
    """A whole number above zero."""
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def target_options(config: pytest.Config) -> TargetOptions:
    """Whom pytest's options name."""
    option = config.option
    return TargetOptions(
        url=option.conformance_url,
        models=tuple(option.conformance_model),
        api_key_env=option.conformance_api_key_env,
        profile=option.conformance_profile,
        insecure=option.conformance_insecure,
        label=option.conformance_label,
        timeout=option.conformance_timeout,
    )


def budget_options(config: pytest.Config) -> BudgetOptions:
    """What pytest's options let a capture cost."""
    option = config.option
    return BudgetOptions(
        max_requests=option.conformance_max_requests,
        max_tokens=option.conformance_max_tokens,
        max_seconds=option.conformance_max_seconds,
        max_per_minute=option.conformance_max_per_minute,
    )


def choice_options(config: pytest.Config) -> ChoiceOptions:
    """What of the suites pytest's options choose."""
    option = config.option
    return ChoiceOptions(
        select=option.conformance_select, suites=tuple(Path(path) for path in option.conformance_suites)
    )


def output_options(config: pytest.Config) -> OutputOptions:
    """Where pytest's options let the recording go."""
    out = config.option.conformance_out
    return OutputOptions(out=Path(out) if out else None)


def gate_options(config: pytest.Config) -> GateOptions:
    """What pytest's options let fail."""
    option = config.option
    known, baseline = option.conformance_known_failures, option.conformance_baseline
    return GateOptions(
        fail_on=option.conformance_fail_on,
        strict_inconclusive=option.conformance_strict_inconclusive,
        known_failures=Path(known) if known else None,
        baseline=Path(baseline) if baseline else None,
    )


def _session(config: pytest.Config) -> JudgingSession:
    """The judging that the options describe; a worker's recordings and gate come from its controller."""
    told = getattr(config, "workerinput", {})
    target, suites = target_options(config), Suites(choice_options(config).suites)
    endpoint, host = _endpoint(config, target)
    recordings = told.get(RECORDINGS, config.option.conformance_recording)
    return JudgingSession(
        suites=suites,
        endpoint=endpoint,
        host=host,
        models=target.models,
        profile=target.profile,
        recordings=tuple(Path(path) for path in recordings),
        only=told.get(ONLY, ""),
        partial=config.option.conformance_partial,
        gate=_gate(told.get(GATE), gate_options(config), suites),
    )


def _gate(told: str | None, options: GateOptions, suites: Suites) -> Gate:
    """The gate that a controller told its worker of, or that the options describe."""
    from datetime import UTC, datetime

    from conformance.gate.options import load_gate, make_gate

    return make_gate(options, suites, datetime.now(UTC).date()) if told is None else load_gate(told)


def use_session(config: pytest.Config, judging: JudgingSession) -> None:
    """Judge with a judging made elsewhere (the command line does)."""
    config.stash[SESSION] = judging


def _endpoint(config: pytest.Config, target: TargetOptions) -> tuple[str, str]:
    """The endpoint's name, as a recording of it will say it, and its host."""
    if target.url is None:
        return "endpoint", ""
    from conformance.api.registry import operations
    from conformance.inputs.targets import resolve_url

    endpoint = resolve_url(target, budget_options(config), operations())
    return endpoint.name, endpoint.host


def translate_errors(call: Any) -> Any:
    """Turn a user's mistake into pytest's own usage error."""
    try:
        return call()
    except UserError as error:
        raise pytest.UsageError(f"{error.message}\n{error.hint}".strip()) from error
