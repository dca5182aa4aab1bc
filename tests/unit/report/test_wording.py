"""Words are for people: another wording of every reason, place and note changes nothing that a program decides."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from campaign import CHAT, bench
from report_samples import catalogue, requirement, sample, sample_recording, verdicts

from conformance.gate.gate import Gate, KnownFailure, KnownFailures
from conformance.judging import folding
from conformance.judging.unsent import Unsent
from conformance.model import (
    Cause,
    CheckResult,
    Footer,
    Location,
    Recording,
    RequirementResult,
    Results,
    Skipped,
    Unjudged,
    Verdict,
)
from conformance.model.location import Kind
from conformance.reference.faults import faults_named
from conformance.report.evidence.collect import Evidence, collect, marks_of, wanted_ids
from conformance.report.formats.html.index_page import render
from conformance.report.results.build import build
from conformance.report.results.ranking import first_to_fix, root_causes

WORDINGS = (
    "blocked by chat.id",
    "over budget: all is spent",
    "status",
    "event 1 /choices",
    "header date",
    "unreachable",
)
SCENARIOS = {"chat.basic", "stream.basic", "stream.usage", "offer.tools", "tools.empty", "tools.none", "chat.system"}


@pytest.fixture(scope="module")
def recording() -> Recording:
    faults = faults_named(("message-instead-of-delta", "tools-empty-crash"))
    return bench().capture(CHAT, faults, SCENARIOS)


def made(recording: Recording, results: Sequence[CheckResult]) -> tuple[Results, dict[str, Evidence]]:
    rows = bench().suites.catalogue.requirements
    ids = [one.requirement for one in results if one.verdict is Verdict.NOT_RUN]
    gate = Gate(known=KnownFailures(tuple(KnownFailure(id_, "why", "1") for id_ in ids[::2])))
    built = build([recording], results, rows, (), gate=gate)
    return built, collect([recording], wanted_ids(built), marks_of(built))


def decided(results: Results) -> list[Any]:
    """All that programs read of the rows and of the summary, without a word for people."""
    rows = [
        (row.requirement.id, row.result.model, row.result.verdict, row.result.unjudged, row.gate,
         [(one.expected, one.actual, one.location, one.exchange) for one in row.result.findings])
        for row in results.requirements
    ]  # fmt: skip
    causes = [{**cause, "words": ""} for cause in results.summary["root_causes"]]
    return [rows, causes, {**results.summary, "root_causes": (), "seconds": 0}]


def marked(evidence: dict[str, Evidence]) -> dict[str, Any]:
    """What the findings mark, by exchange."""
    return {
        id_: (one.marks, one.status_marked, one.response_headers, one.pieces, one.blocks)
        for id_, one in evidence.items()
    }


def bones(page: str) -> list[str]:
    """The tags of a page with their links and classes: what it shows where, save the words."""
    tags = re.findall(r"<[a-z]+[^>]*>", page)
    kept = (re.findall(r"^<[a-z0-9]+| (?:href|id|class)=\"[^\"]*\"", tag) for tag in tags)
    return ["".join(parts) for parts in kept if parts]


@pytest.mark.parametrize("words", WORDINGS)
def test_another_wording_changes_nothing(recording: Recording, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    results, evidence = made(recording, bench().judge(recording).results)
    assert any(one.unjudged and one.unjudged.by for one in (row.result for row in results.requirements))
    assert results.summary["root_causes"][0]["by"] == "stream.delta"
    page = bones(render(results, evidence))
    with monkeypatch.context() as patch:
        say: Callable[..., Any] = folding._without_verdict
        patch.setattr(folding, "_without_verdict", lambda verdict, id_, _, why: say(verdict, id_, words, why))
        patch.setattr(Location, "__str__", lambda one: words if one.kind is not Kind.NOWHERE else "")
        reworded = tuple(replace(one, reason=words if one.reason else "") for one in bench().judge(recording).results)
        again, shown = made(recording, reworded)
        assert decided(again) == decided(results)
        assert marked(shown) == marked(evidence)
        assert bones(render(again, shown)) == page


@pytest.mark.parametrize("words", WORDINGS)
@pytest.mark.parametrize("cause", [Cause.OVER_BUDGET, Cause.UNREACHABLE, Cause.NOT_OFFERED, Cause.CRASHED])
def test_why_nothing_was_sent_is_read_from_its_cause(cause: Cause, words: str) -> None:
    suites = bench().suites
    skipped = tuple(Skipped(name, CHAT, words, cause) for name in suites.scenarios)
    cut_off = replace(sample_recording(), footer=Footer(words, skipped=skipped, cause=Cause.OVER_BUDGET))
    result = CheckResult(
        "stream.done", CHAT, Verdict.NOT_RUN, 0, words,
        endpoint=cut_off.header.endpoint, unjudged=Unjudged(Cause.NOTHING_SEEN),
    )  # fmt: skip
    said = Unsent([cut_off], suites.scenarios).explain(result, suites.catalogue.looks("stream.done"))
    assert said.unjudged is not None
    assert said.unjudged.cause is cause
    assert (said.verdict is Verdict.NOT_APPLICABLE) is (cause is Cause.NOT_OFFERED)


def test_what_is_sent_on_request_only_says_so() -> None:
    suites = bench().suites
    burst = next(name for name, one in suites.scenarios.items() if one.opt_in)
    row = next(id_ for id_ in suites.catalogue.requirements
               if any(look.scenario == burst for look in suites.catalogue.looks(id_)))  # fmt: skip
    for id_, cause in ((row, Cause.OPT_IN), ("stream.done", Cause.NOTHING_SEEN)):
        result = CheckResult(id_, CHAT, Verdict.NOT_RUN, unjudged=Unjudged(Cause.NOTHING_SEEN))
        said = Unsent([], suites.scenarios).explain(result, suites.catalogue.looks(id_))
        assert said.unjudged == Unjudged(cause)


def blocked(id_: str, by: str = "", exchange: str = "7", model: str = "m-1") -> CheckResult:
    return CheckResult(id_, model, Verdict.NOT_RUN, unjudged=Unjudged(Cause.BLOCKED, by, exchange))


def failed(id_: str, model: str = "m-1") -> CheckResult:
    return CheckResult(id_, model, Verdict.FAIL)


def rows_of(*results: CheckResult, breaks: Sequence[str] = ()) -> list[RequirementResult]:
    return [
        RequirementResult(requirement(one.requirement, breaks=("a", "b") if one.requirement in breaks else ()), one)
        for one in results
    ]


def test_what_blocks_more_is_fixed_before_what_breaks_more_clients() -> None:
    rows = rows_of(
        failed("a.breaks"), failed("a.blocks"), blocked("b.one", "a.blocks"), blocked("b.two", "a.blocks"),
        breaks=("a.breaks",),
    )  # fmt: skip
    assert [(one["requirement"], one["blocks"]) for one in first_to_fix(rows)] == [("a.blocks", 2), ("a.breaks", 0)]


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        pytest.param([failed("a.x"), blocked("b.x", "a.x")], [("a.x", "", 1)], id="its cause fails"),
        pytest.param([blocked("b.x", "a.x")], [("", "7", 1)], id="its cause was not judged"),
        pytest.param([failed("a.x", "m-2"), blocked("b.x", "a.x")], [("", "7", 1)], id="fails for another model"),
        pytest.param([failed("a.x", ""), blocked("b.x", "a.x")], [("a.x", "", 1)], id="fails for the endpoint"),
        pytest.param(
            [failed("a.x"), blocked("b.x", "a.x"), blocked("c.x", "b.x")], [("a.x", "", 2)], id="a chain has one root"
        ),
        pytest.param(
            [blocked("b.x", "c.x", "3"), blocked("c.x", "b.x", "4")], [("", "3", 1), ("", "4", 1)], id="circle"
        ),
        pytest.param(
            [failed("a.x"), blocked("b.x", exchange="9"), blocked("b.y", "a.x"), blocked("b.z", "a.x")],
            [("a.x", "", 2), ("", "9", 1)],
            id="most goes first",
        ),
    ],
)
def test_causes_are_told_once_with_all_that_hangs_on_them(
    results: list[CheckResult], expected: list[tuple[str, str, int]]
) -> None:
    causes = root_causes(rows_of(*results))
    assert [(one["by"], one["exchange"], len(one["blocks"])) for one in causes] == expected


def test_the_sample_names_the_row_in_the_way() -> None:
    assert [one["by"] for one in sample().summary["root_causes"]] == ["stream.done.last"]
    assert {one.requirement for one in verdicts()} <= set(catalogue())
