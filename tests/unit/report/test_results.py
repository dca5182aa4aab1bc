"""Results from verdicts: order, summary, exit codes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from report_samples import (
    catalogue,
    cells,
    exchange,
    missing_done,
    recording,
    requirement,
    sample,
    sample_recording,
    stream_body,
    verdicts,
)

from conformance.api.usage import sum_usage
from conformance.errors import ExitCode
from conformance.gate.gate import FailOn, Gate, KnownFailure, KnownFailures, baseline_of
from conformance.model import Basis, Cause, CheckResult, Finding, Level, Unjudged, Verdict
from conformance.report.results.build import LONGEST_TEXT, build, exit_code

FAIL, PASS = Verdict.FAIL, Verdict.PASS


def run(*results: CheckResult, gate: Gate | None = None, complete: bool = True, rows=None):
    rows = rows or {row.id: row for row in (requirement("a.must"), requirement("a.should", Level.SHOULD))}
    return build([recording([exchange("1", b"{}")], complete=complete)], results, rows, (), gate=gate or Gate())


def must(verdict: Verdict, reason: str = "", **more) -> CheckResult:
    return CheckResult("a.must", "m-1", verdict, reason=reason, **more)


def should(verdict: Verdict) -> CheckResult:
    return CheckResult("a.should", "m-1", verdict)


@pytest.mark.parametrize(
    ("results", "more", "expected"),
    [
        ([must(PASS)], {}, ExitCode.CONFORMANT),
        ([must(FAIL)], {}, ExitCode.FAILED),
        ([must(PASS), should(FAIL)], {}, ExitCode.CONFORMANT),
        ([must(PASS), should(FAIL)], {"gate": Gate(FailOn.SHOULD)}, ExitCode.FAILED),
        ([must(FAIL)], {"gate": Gate(FailOn.NEVER)}, ExitCode.CONFORMANT),
        ([], {"gate": Gate(FailOn.NEVER)}, ExitCode.UNREACHABLE),
        ([must(PASS), must(Verdict.ERROR)], {}, ExitCode.HARNESS),
        ([must(FAIL, crash="Traceback …")], {}, ExitCode.HARNESS),
        ([must(PASS)], {"complete": False}, ExitCode.UNREACHABLE),
        ([must(FAIL)], {"complete": False}, ExitCode.FAILED),
        ([], {}, ExitCode.UNREACHABLE),
        ([should(PASS)], {}, ExitCode.UNREACHABLE),
        ([must(Verdict.INCONCLUSIVE)], {}, ExitCode.UNREACHABLE),
        ([must(PASS), must(Verdict.INCONCLUSIVE)], {"gate": Gate(strict_inconclusive=True)}, ExitCode.FAILED),
        ([must(PASS), must(Verdict.NOT_RUN, unjudged=Unjudged(Cause.BLOCKED, "x.y"))], {}, ExitCode.UNREACHABLE),
        ([must(PASS), must(Verdict.NOT_RUN, unjudged=Unjudged(Cause.OVER_BUDGET))], {}, ExitCode.UNREACHABLE),
        ([must(PASS), must(Verdict.NOT_RUN, unjudged=Unjudged(Cause.OPT_IN))], {}, ExitCode.CONFORMANT),
        ([must(PASS)], {"gate": Gate(known=KnownFailures((KnownFailure("a.must", "r", "s"),)))}, ExitCode.FAILED),
        ([must(FAIL)], {"gate": Gate(known=KnownFailures((KnownFailure("a.must", "r", "s"),)))}, ExitCode.CONFORMANT),
        ([must(FAIL)], {"gate": Gate(baseline=frozenset({("a.must", "m-1")}))}, ExitCode.CONFORMANT),
    ],
    ids=[
        "passes", "fails", "should-fails-ungated", "should-fails-gated", "gate-never", "gate-never-nothing-judged",
        "crash", "crash-beside-failure", "incomplete", "incomplete-and-fails", "nothing", "no-must", "inconclusive",
        "strict", "blocked", "over-budget", "opt-in", "stale", "known", "baseline",
    ],
)  # fmt: skip
def test_exit_codes(results, more, expected):
    made = run(*results, **more)
    assert exit_code(made) is expected
    assert made.summary["exit_code"] == expected


@pytest.mark.parametrize(
    ("results", "complete", "expected"),
    [
        ([must(PASS)], True, "conformant"),
        ([must(FAIL)], True, "not conformant"),
        ([must(FAIL)], False, "not conformant"),
        ([must(PASS)], False, "incomplete"),
        ([must(PASS), must(Verdict.NOT_RUN, unjudged=Unjudged(Cause.OVER_BUDGET))], True, "incomplete"),
        ([must(Verdict.INCONCLUSIVE)], True, "undetermined"),
        ([], True, "undetermined"),
    ],
)
def test_the_word_at_the_top(results, complete, expected):
    made = run(*results, complete=complete)
    assert made.summary["result"] == made.summary["yardsticks"][0]["result"] == expected
    assert [(one["name"], one["result"]) for one in made.summary["yardsticks"]][1] == ("promises", "nothing promised")


def test_no_gate_makes_a_failing_endpoint_conformant():
    made = run(must(FAIL), gate=Gate(FailOn.NEVER))
    assert (made.summary["result"], made.summary["gate"]["met"]) == ("not conformant", True)


def test_promises_are_a_result_of_their_own():
    rows = {row.id: row for row in (requirement("a.must"), requirement("p.doc", basis=Basis.PROVIDER_DOC))}
    made = run(must(PASS), CheckResult("p.doc", "m-1", FAIL), rows=rows)
    words = [one["result"] for one in made.summary["yardsticks"]]
    assert (words, made.summary["result"]) == (["conformant", "not conformant"], "not conformant")


def test_rows_stand_by_area_then_as_in_the_catalogue():
    made = sample()
    assert [row.requirement.id for row in made.requirements] == [
        "chat.id", "chat.extra", "stream.done.last", "stream.usage", "errors.allow", "tools.call", "tools.roundtrip",
        "promises.balance",
    ]  # fmt: skip


def test_requirement_without_a_verdict_is_unselected():
    row = next(row for row in sample().requirements if row.requirement.id == "chat.extra")
    assert (row.result.verdict, row.result.reason) == (Verdict.NOT_RUN, "unselected")


def test_rows_of_other_profiles_and_excluded_rows_stay_out():
    rows = {
        "a.must": requirement("a.must"),
        "b.doc": requirement("b.doc", basis=Basis.PROVIDER_DOC, profile="elsewhere"),
        "c.out": requirement("c.out", excluded="cannot be seen"),
    }
    assert [row.requirement.id for row in run(must(PASS), rows=rows).requirements] == ["a.must"]


def test_root_cause_stands_once():
    assert sample().summary["root_causes"] == [
        {
            "cause": "blocked",
            "by": "stream.done.last",
            "exchange": "",
            "words": "the stream is not whole",
            "blocks": ["tools.roundtrip"],
            "musts": 1,
        }
    ]


def test_first_to_fix_is_the_must_that_blocks():
    first = sample().summary["first"]
    assert [(item["requirement"], item["blocks"]) for item in first] == [("stream.done.last", 1), ("errors.allow", 0)]


def test_tokens_are_what_the_answers_say():
    cumulative = b'data: {"usage":{"total_tokens":3}}\n\ndata: {"usage":{"total_tokens":7}}\n\ndata: [DONE]\n\n'
    answers = [exchange("1", stream_body()), exchange("2", cumulative), exchange("3", b'{"usage":{"total_tokens":-1}}')]
    assert sum_usage(answers) == {"prompt": 9, "completion": 5, "total": 21}


def test_verdict_on_an_unknown_requirement_is_refused():
    with pytest.raises(ValueError, match=r"lacks: no\.such"):
        run(CheckResult("no.such", "m-1", PASS))


def test_exchanges_of_two_recordings_must_not_share_an_id():
    twice = [sample_recording(), sample_recording()]
    with pytest.raises(ValueError, match="share the id 1"):
        build(twice, verdicts(), catalogue(), cells(), gate=Gate())


def test_megabytes_in_a_value_are_cut():
    made = run(must(FAIL, findings=(Finding("e", "x" * 2**20),)))
    actual = made.requirements[0].result.findings[0].actual
    assert len(actual) < LONGEST_TEXT + 50
    assert actual.endswith("(1,048,576 characters)")


def test_baseline_from_an_earlier_run_gates_nothing_old():
    before = baseline_of(sample())
    again = build([sample_recording()], verdicts(), catalogue(), cells(), gate=Gate(baseline=before))
    worse = [*verdicts()[1:], CheckResult("chat.id", "m-1", FAIL, findings=(missing_done(),))]
    made = build([sample_recording()], worse, catalogue(), cells(), gate=Gate(baseline=before))
    assert again.summary["gate"]["words"]["fail"] == 0
    assert [row.requirement.id for row in made.requirements if row.gate == "fail"] == ["chat.id"]


def test_blocked_since_the_baseline_is_no_obstacle():
    before = baseline_of(sample())
    made = build([sample_recording()], verdicts(), catalogue(), cells(), gate=Gate(baseline=before))
    assert made.summary["gate"]["open"] == []


def test_foreign_recordings_need_no_footer():
    foreign = replace(recording([], complete=False), header=replace(sample_recording().header, foreign=True))
    made = build([foreign], (), catalogue(), (), gate=Gate())
    assert made.run["complete"] is True
    assert json.dumps(made.run["endings"]) == "[]"
