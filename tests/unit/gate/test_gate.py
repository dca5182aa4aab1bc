"""The release gate, case by case."""

from __future__ import annotations

from datetime import date

import pytest
from report_samples import requirement, sample

from conformance.gate.gate import FailOn, Gate, KnownFailure, KnownFailures, baseline_of, judge_gate
from conformance.model import Cause, CheckResult, Level, Unjudged, Verdict

TODAY = date(2026, 11, 20)
MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY
FAIL, PASS, INCONCLUSIVE, NOT_RUN = Verdict.FAIL, Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.NOT_RUN


def known(**more) -> KnownFailures:
    return KnownFailures((KnownFailure("chat.id", "upstream", "2026-10-01", **more),), "known.yaml")


def word(gate: Gate, level: Level, verdict: Verdict, *, model: str = "m-1", cause: Cause | None = None) -> str:
    unjudged = Unjudged(cause) if cause else None
    return judge_gate(gate, requirement("chat.id", level), CheckResult("chat.id", model, verdict, unjudged=unjudged))[0]


@pytest.mark.parametrize(
    ("fail_on", "level", "verdict", "expected"),
    [
        (FailOn.MUST, MUST, FAIL, "fail"),
        (FailOn.MUST, MUST, PASS, "pass"),
        (FailOn.MUST, MUST, INCONCLUSIVE, "off"),
        (FailOn.MUST, MUST, NOT_RUN, "off"),
        (FailOn.MUST, MUST, Verdict.NOT_APPLICABLE, "off"),
        (FailOn.MUST, MUST, Verdict.ERROR, "off"),
        (FailOn.MUST, SHOULD, FAIL, "off"),
        (FailOn.SHOULD, SHOULD, FAIL, "fail"),
        (FailOn.SHOULD, MUST, FAIL, "fail"),
        (FailOn.SHOULD, MAY, FAIL, "off"),
        (FailOn.NEVER, MUST, FAIL, "off"),
    ],
)
def test_level_and_verdict_decide(fail_on, level, verdict, expected):
    assert word(Gate(fail_on), level, verdict) == expected


@pytest.mark.parametrize(("level", "expected"), [(MUST, "fail"), (SHOULD, "off")])
def test_strict_gate_takes_inconclusive_for_failed(level, expected):
    assert word(Gate(strict_inconclusive=True), level, INCONCLUSIVE) == expected


@pytest.mark.parametrize(
    ("entry", "verdict", "expected"),
    [
        ({}, FAIL, "known"),
        ({"model": "m-1"}, FAIL, "known"),
        ({"model": "other"}, FAIL, "fail"),
        ({}, PASS, "stale"),
        ({"model": "other"}, PASS, "pass"),
        ({}, INCONCLUSIVE, "off"),
        ({"expires": date(2026, 11, 20)}, FAIL, "known"),
        ({"expires": date(2026, 11, 19)}, FAIL, "stale"),
        ({"expires": date(2026, 11, 19)}, INCONCLUSIVE, "stale"),
    ],
)
def test_known_failures(entry, verdict, expected):
    assert word(Gate(known=known(**entry), today=TODAY), MUST, verdict) == expected


def test_known_failure_covers_what_is_blocked():
    gate = Gate(known=known())
    assert word(gate, MUST, NOT_RUN, cause=Cause.BLOCKED) == "known"
    assert word(gate, MUST, NOT_RUN, cause=Cause.UNSELECTED) == "off"


@pytest.mark.parametrize("entry", [{}, {"expires": date(2026, 1, 1)}], ids=["passes", "expired"])
def test_stale_note_says_to_remove_it(entry):
    result = CheckResult("chat.id", "m-1", PASS)
    _, note = judge_gate(Gate(known=known(**entry), today=TODAY), requirement("chat.id"), result)
    assert "remove it from known.yaml" in note


def test_entry_that_names_the_model_goes_first():
    entries = (KnownFailure("a", "all", "x"), KnownFailure("a", "one", "x", model="m-1"))
    assert KnownFailures(entries).find("a", "m-1") == entries[1]


def test_unknown_requirements_are_named_once():
    entries = (
        KnownFailure("a.b", "r", "s"),
        KnownFailure("a.b", "r", "s", model="m"),
        KnownFailure("chat.id", "r", "s"),
    )
    assert KnownFailures(entries).unknown({"chat.id"}) == ("a.b",)


def test_baseline_gates_regressions_only():
    gate = Gate(baseline=frozenset({("chat.id", "m-1")}))
    assert word(gate, MUST, FAIL) == "baseline"
    assert word(gate, MUST, FAIL, model="m-2") == "fail"
    assert word(gate, MUST, PASS) == "pass"


def test_baseline_of_holds_failed_and_blocked_rows():
    failed = {("stream.done.last", "m-1"), ("errors.allow", ""), ("tools.roundtrip", "m-1")}
    assert baseline_of(sample()) == failed
