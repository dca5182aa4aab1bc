"""What is only sent when asked for by name: a prompt longer than the context window, and a burst."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from campaign import CHAT, TEXT, bench, shown

from conformance.model import CheckResult, Verdict
from conformance.reference.faults import faults_named


def judged(scenario: str, model: str, faults: Iterable[str] = ()) -> dict[str, CheckResult]:
    """The verdicts over the exchanges of one opt-in scenario."""
    scenarios = bench().suites.scenarios
    asleep = scenarios[scenario]
    scenarios[scenario] = replace(asleep, opt_in=None)
    try:
        recording = bench().capture(model, faults_named(faults), [scenario])
    finally:
        scenarios[scenario] = asleep
    return {result.requirement: result for result in bench().judge(recording).results}


def test_a_prompt_that_is_too_long_is_refused() -> None:
    results = judged("limit.context", TEXT)
    assert results["limit.context.code"].verdict is Verdict.PASS
    assert results["limit.large_body"].verdict is Verdict.PASS
    assert results["limit.context"].verdict is Verdict.NOT_APPLICABLE


def test_a_prompt_that_fits_is_answered() -> None:
    results = judged("limit.context", CHAT)
    assert results["limit.context"].verdict is Verdict.PASS
    assert results["limit.large_body"].verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("fault", "requirement", "says"),
    [
        (
            "context-overflow-silent-truncation",
            "limit.context",
            "expected a refusal, or an answer to all of at least 100000 tokens",
        ),
        (
            "context-overflow-code-not-standard",
            "limit.context.code",
            "expected HTTP 400 with code context_length_exceeded",
        ),
        ("large-body-413-html", "limit.large_body", "expected HTTP 200, or a 4xx status with an error body"),
    ],
)
def test_overflow_gone_wrong_is_seen(fault: str, requirement: str, says: str) -> None:
    result = judged("limit.context", TEXT, [fault])[requirement]
    assert result.verdict is Verdict.FAIL
    assert shown(result).startswith(says)


def test_a_burst_ends_at_the_first_refusal() -> None:
    results = judged("limit.burst", CHAT, ["rate-limit-as-500"])
    assert results["limit.status"].verdict is Verdict.FAIL
    assert results["limit.status"].exchanges == ("probe.chat", "limit.burst")
