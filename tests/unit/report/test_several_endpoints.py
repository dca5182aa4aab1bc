"""A recording of several endpoints says of each failure whose it is, wherever failures are shown."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from report_samples import catalogue, evidence_for, exchange, recording, sample, sample_recording

from conformance.gate.gate import Gate
from conformance.model import CheckResult, Finding, Location, Results, Verdict
from conformance.report.formats import markdown
from conformance.report.formats.html.index_page import render
from conformance.report.formats.html.issue import issue_text
from conformance.report.formats.json_line import outcome
from conformance.report.formats.terminal import print_summary
from conformance.report.results.build import build

HOSTS = ("one.example", "two.example")


@pytest.fixture(scope="module")
def results() -> Results:
    """Two hosts that break the same requirement in the same words."""
    lacks = [Finding("a member `type`", "it is missing", Location.at("/error"), str(at)) for at in (1, 2)]
    said = [
        CheckResult("chat.id", "m-1", Verdict.FAIL, 1, "1 of 1", (finding,), (finding.exchange,), endpoint=host)
        for finding, host in zip(lacks, HOSTS, strict=True)
    ]
    recorded = recording([exchange("1", b'{"error":{}}'), exchange("2", b'{"error":{}}')])
    return build([recorded], said, catalogue(), (), gate=Gate())


def test_each_row_of_the_summary_names_its_endpoint(results: Results) -> None:
    rows = [line for line in markdown.render(results).splitlines() if "`chat.id`" in line and "it is missing" in line]
    assert len(rows) == len(set(rows)) == 2
    assert [host for host, row in zip(HOSTS, rows, strict=True) if f"m-1 at {host}" in row] == list(HOSTS)


def test_each_failure_on_the_screen_names_its_endpoint(results: Results) -> None:
    out = io.StringIO()
    print_summary(results, file=out, colour=False, width=100)
    failed = [line for line in out.getvalue().splitlines() if "FAIL chat.id" in line]
    assert [host for host, line in zip(HOSTS, failed, strict=True) if host in line] == list(HOSTS)


def test_what_to_fix_first_names_the_endpoints(results: Results) -> None:
    first = render(results, evidence_for(results, sample_recording())).partition("Fix first")[2].partition("</ol>")[0]
    assert "one.example, two.example" in first


def test_a_copied_issue_names_the_endpoints(results: Results) -> None:
    rows = [row for row in results.requirements if row.requirement.id == "chat.id"]
    text = issue_text(rows, results, {})
    assert "- endpoint: `one.example`, `two.example`" in text
    assert text.count("This was `one.example`.") == text.count("This was `two.example`.") == 1
    assert "- endpoint: `one.example`" in issue_text(rows[:1], results, {})


def test_the_line_of_json_names_the_endpoints(results: Results, tmp_path) -> None:
    assert [row["endpoint"] for row in outcome(results, tmp_path, 1)["failed"]] == list(HOSTS)


def test_where_there_is_one_endpoint_it_is_not_repeated() -> None:
    made = sample()
    rows = tuple(replace(row, result=replace(row.result, endpoint="one.example")) for row in made.requirements)
    assert "one.example" not in markdown.render(replace(made, requirements=rows)).partition("### Failed")[2]
