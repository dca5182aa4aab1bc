"""summary.md: what a CI system shows below a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from conformance.model import Level, RequirementResult, Results, Verdict
from conformance.report.formats.root_causes import SHOWN as SHOWN_CAUSES
from conformance.report.formats.root_causes import name_cause, say_gain
from conformance.report.results.left_out import has_several, say_left_out
from conformance.text import code, link, markdown

SHOWN = 25
"""Failures that the summary lists; the report holds them all."""

_SIGNS = {"conformant": "✅", "not conformant": "❌", "incomplete": "⚠️", "undetermined": "⚠️"}
_VERDICTS = tuple(Verdict)


def render(results: Results) -> str:
    """The text of summary.md: the answer, counts, failures with expected and actual, the capability matrix."""
    lines = [*_head(results), "", *_counts(results), *_failures(results), *_root_causes(results), *_matrix(results)]
    return "\n".join(lines).rstrip() + "\n"


def _head(results: Results) -> list[str]:
    summary, endpoint = results.summary, results.endpoint
    name = markdown(str(endpoint.get("name") or "endpoint"), 120)
    facts = [
        *(f"**{one['name']}:** {one['result']}" for one in summary["yardsticks"]),
        f"**gate:** {'met' if summary['gate']['met'] else 'not met'} (fail on {summary['gate']['fail_on']})",
    ]
    where = [
        f"endpoint {code(str(endpoint.get('base_url', '')), 200)}" if endpoint.get("base_url") else "",
        f"proxy {code(str(endpoint['proxy']), 80)}" if endpoint.get("proxy") else "",
        f"models {', '.join(code(model, 80) for model in results.models[:8])}" if results.models else "",
        f"{summary['requests']} requests",
        f"{summary['tokens']['total']} tokens",
        f"{summary['seconds']:.1f} s",
    ]
    lines = [f"## {_SIGNS.get(summary['result'], '')} {name}: {summary['result']}", "", " · ".join(facts), ""]
    lines.append(" · ".join(word for word in where if word))
    if not results.run.get("complete"):
        lines += ["", "**The recording is incomplete:** what was not fetched could not be judged."]
    if results.run.get("left_out"):
        lines += ["", markdown(say_left_out(results.run["left_out"]), 1000)]
    if summary.get("crashes"):
        lines += ["", f"**The harness crashed** in {summary['crashes']} of its own checks; not the endpoint's fault."]
    return lines


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'|'.join(' --- ' for _ in head)}|"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def _counts(results: Results) -> list[str]:
    counts = results.summary["counts"]
    head = ["level", *(verdict.value.replace("_", " ") for verdict in _VERDICTS)]
    return _table(head, ([level, *(str(counts[level][verdict]) for verdict in _VERDICTS)] for level in Level))


def _failures(results: Results) -> list[str]:
    order = list(Level)
    failed = [row for row in results.requirements if row.result.verdict is Verdict.FAIL or row.gate == "stale"]
    failed.sort(key=lambda row: (row.gate not in {"fail", "stale"}, order.index(row.requirement.level)))
    if not failed:
        return []
    lines = [
        "",
        "### Failed",
        "",
        *_table(
            ["requirement", "level", "expected", "got", "gate"],
            _failure_rows(failed[:SHOWN], several=has_several(results)),
        ),
    ]
    hidden = len(failed) - SHOWN
    return [*lines, "", f"and {hidden} more in the report."] if hidden > 0 else lines


def _failure_rows(rows: Sequence[RequirementResult], *, several: bool) -> Iterator[list[str]]:
    """A row of the table for each failure; each names its endpoint where there are several."""
    for row in rows:
        named, *rest = _failure(row)
        yield [f"{named} at {markdown(row.result.endpoint, 80)}" if several else named, *rest]


def _failure(row: RequirementResult) -> list[str]:
    requirement, result = row.requirement, row.result
    source = link(requirement.source.url)
    name = code(requirement.id) if not source else f"[{code(requirement.id)}](<{source}>)"
    model = f" {markdown(result.model, 60)}" if result.model else ""
    finding = result.findings[0] if result.findings else None
    more = f", and {finding.more}" if finding and finding.more else ""
    more += f" (+{len(result.findings) - 1})" if len(result.findings) > 1 else ""
    return [
        f"{name}{model}",
        requirement.level.value,
        code(finding.expected, 160) if finding else markdown(requirement.statement, 160),
        (code(finding.actual, 160) + more) if finding else "—",
        row.gate + (f": {markdown(row.note, 160)}" if row.note else ""),
    ]


def _root_causes(results: Results) -> list[str]:
    causes = results.summary.get("root_causes", ())
    if not causes:
        return []
    said = [_root_cause(cause) for cause in causes[:SHOWN_CAUSES]]
    hidden = len(causes) - SHOWN_CAUSES
    more = ["", f"and {hidden} more in the report."] if hidden > 0 else []
    return ["", "### Root causes", "", *said, *more]


def _root_cause(cause: Mapping[str, Any]) -> str:
    words = "" if cause["by"] else f" ({markdown(cause['words'], 200)})"
    named = ", ".join(code(name) for name in cause["blocks"][:20])
    more = ", …" if len(cause["blocks"]) > 20 else ""
    return f"- {code(name_cause(cause), 120)}{words}: {say_gain(cause)}: {named}{more}"


def _matrix(results: Results) -> list[str]:
    if not results.capabilities:
        return []
    rows = (
        [markdown(cell.title or cell.capability, 60), markdown(cell.model, 60), cell.advertised.value,
         cell.observed.value.replace("_", " ")]
        for cell in results.capabilities
    )  # fmt: skip
    return ["", "### Capabilities", "", *_table(["capability", "model", "advertised", "observed"], rows)]
