"""junit.xml, written from Results so that a crash of ours is an error and never a failure of the endpoint.

A test case fails exactly where the gate does; a failure that the gate lets pass (another level, a known failure, the
baseline) is skipped with its finding as the message, so that a CI system shows the same colour as the exit code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from conformance.model import Finding, RequirementResult, Results, Verdict
from conformance.text import cut, visible

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SHOWN = 10


def render(results: Results) -> str:
    """The text of junit.xml: one suite per area, one case per requirement and scope slot."""
    suites = [
        _suite(cut(area, 200) or "other", list(rows))
        for area, rows in groupby(results.requirements, key=lambda row: row.requirement.area)
    ]
    kinds = [_kind(row) for row in results.requirements]
    head = f"<testsuites name={_attribute('conformance')} {_totals(kinds)} time={_attribute(_seconds(results))}>"
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>"]) + "\n"


def _suite(area: str, rows: Sequence[RequirementResult]) -> str:
    kinds = [_kind(row) for row in rows]
    cases = [_case(area, row, kind) for row, kind in zip(rows, kinds, strict=True)]
    head = f"  <testsuite name={_attribute(area)} {_totals(kinds)}>"
    return "\n".join([head, *cases, "  </testsuite>"])


def _totals(kinds: Sequence[str]) -> str:
    count = {kind: kinds.count(kind) for kind in ("failure", "error", "skipped")}
    return f'tests="{len(kinds)}" failures="{count["failure"]}" errors="{count["error"]}" skipped="{count["skipped"]}"'


def _seconds(results: Results) -> str:
    return f"{float(results.summary.get('seconds', 0)):.3f}"


def _kind(row: RequirementResult) -> str:
    """`error`, `failure`, `skipped` or nothing."""
    if row.result.verdict is Verdict.ERROR or row.result.crash:
        return "error"
    if row.gate in {"fail", "stale"}:
        return "failure"
    return "" if row.result.verdict is Verdict.PASS else "skipped"


def _case(area: str, row: RequirementResult, kind: str) -> str:
    names = [name for name in (row.result.endpoint, row.result.model) if name]
    name = f"{row.requirement.id}[{', '.join(names)}]" if names else row.requirement.id
    head = f"    <testcase classname={_attribute(f'conformance.{area}')} name={_attribute(cut(name, 300))}"
    if not kind:
        return f"{head}/>"
    message = _attribute(cut(_message(row), 500))
    if kind == "skipped":
        return f"{head}>\n      <skipped message={message}/>\n    </testcase>"
    kind_of = _attribute(str(row.requirement.level) if kind == "failure" else "harness")
    return f"{head}>\n      <{kind} message={message} type={kind_of}>{_text(_details(row))}</{kind}>\n    </testcase>"


def _message(row: RequirementResult) -> str:
    """One line: what it is about, with the gate's word where the gate let it pass."""
    result = row.result
    if result.verdict is Verdict.ERROR or result.crash:
        last = result.crash.strip().splitlines()[-1:] or [result.reason]
        return f"the harness crashed: {last[0]}"
    if result.verdict is Verdict.FAIL:
        first = _finding(result.findings[0]) if result.findings else result.reason
        noted = {"known": f"{row.note}: ", "baseline": f"{row.note}: ", "flaky": "flaky: "}
        gate = {**noted, "off": "fails, not gated: "}.get(row.gate, "")
        return f"{gate}{first}" if first else f"{gate}{row.requirement.statement}"
    words = [result.verdict.value.replace("_", " "), result.reason, row.note]
    return ": ".join(word for word in words if word)


def _finding(finding: Finding) -> str:
    place = f" at {finding.where}" if finding.at else ""
    where = f" in exchange {finding.exchange}" if finding.exchange else ""
    return f"expected {cut(finding.expected, 300)}, got {cut(finding.actual, 300)}{place}{where}"


def _details(row: RequirementResult) -> str:
    requirement, result = row.requirement, row.result
    lines = [requirement.statement, f"{requirement.level}, {requirement.basis}, {requirement.source.title}"]
    lines += [requirement.source.url] if requirement.source.url else []
    lines += [f"clients that break: {', '.join(requirement.breaks)}"] if requirement.breaks else []
    lines += [row.note] if row.note else []
    lines = [cut(line, 2000) for line in lines]
    lines += [_finding(finding) for finding in result.findings[:_SHOWN]]
    hidden = len(result.findings) - _SHOWN
    lines += [f"and {hidden} more in results.json"] if hidden > 0 else []
    lines += ["", cut(result.crash, 8000)] if result.crash else []
    return "\n".join(lines)


def _legal(text: str) -> str:
    """Text that XML 1.0 can hold, everything unseen written as an escape."""
    return _ILLEGAL.sub(lambda match: f"\\u{ord(match.group()):04x}", visible(text))


def _text(text: str) -> str:
    return escape(_legal(text))


def _attribute(text: str) -> str:
    return quoteattr(_legal(text).replace("\n", " "))
