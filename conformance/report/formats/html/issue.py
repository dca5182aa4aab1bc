"""A failure as Markdown for the provider's tracker: what is wrong, by which rule, how to see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from conformance.model import RequirementResult, Results
from conformance.report.evidence.collect import Evidence
from conformance.report.results.left_out import has_several
from conformance.text import code, cut, fence, link, markdown

_SHOWN = 3
_EXCERPT = 1200


def issue_text(rows: Sequence[RequirementResult], results: Results, evidence: Mapping[str, Evidence]) -> str:
    """One requirement's failures over all models as an issue to paste.

    Args:
        rows: The failing rows of one requirement.
        results: The run that they are of.
        evidence: The bytes, where the report has them.
    """
    requirement = rows[0].requirement
    source = link(requirement.source.url)
    lines = [
        f"### {markdown(requirement.statement, 300)}",
        "",
        f"- requirement: {code(requirement.id)} ({requirement.level}, {requirement.basis})",
        f"- source: {markdown(requirement.source.title, 200)}" + (f" <{source}>" if source else ""),
        f"- endpoint: {_endpoints(rows, results)}",
    ]
    models = list(dict.fromkeys(row.result.model for row in rows if row.result.model))
    lines += [f"- models: {', '.join(code(model, 100) for model in models[:10])}"] if models else []
    lines += [f"- clients that break: {markdown(', '.join(requirement.breaks), 400)}"] if requirement.breaks else []
    findings = [finding for row in rows for finding in row.result.findings]
    hosts = {finding: row.result.endpoint for row in rows for finding in row.result.findings}
    several = has_several(results) and len({row.result.endpoint for row in rows}) > 1
    for finding in findings[:_SHOWN]:
        lines += ["", f"Expected {code(finding.expected, 400)}, got {code(finding.actual, 400)}"]
        lines += [f"at {code(finding.where, 200)}."] if finding.at else ["."]
        lines += [f"This was {code(hosts[finding], 200)}."] if several else []
        lines += [markdown(finding.message, 400)] if finding.message else []
    shown = next((evidence[finding.exchange] for finding in findings if finding.exchange in evidence), None)
    lines += _reproduction(shown) if shown else []
    return "\n".join(lines) + "\n"


def _endpoints(rows: Sequence[RequirementResult], results: Results) -> str:
    """Where it fails: the run's endpoint, or of several those that are meant."""
    if has_several(results):
        names = dict.fromkeys(row.result.endpoint for row in rows if row.result.endpoint)
        return ", ".join(code(name, 100) for name in list(names)[:10])
    return code(str(results.endpoint.get("base_url") or results.endpoint.get("name", "")), 200)


def _reproduction(shown: Evidence) -> list[str]:
    marked = _excerpt(shown)
    lines = ["", "To see it:", "", fence(cut(shown.curl, 4000), "sh"), "", f"It answers {code(shown.status_line)}:"]
    return [*lines, "", fence(marked)] if marked else lines


def _excerpt(shown: Evidence) -> str:
    """The part of the answer that the findings point at, or its beginning."""
    blocks = ["".join(piece.text for piece in block.pieces) for block in shown.blocks if block.marks]
    pieces = [piece for block in shown.blocks for piece in block.pieces] or list(shown.pieces)
    marked = [piece.text for piece in pieces if piece.marks]
    text = "".join(blocks or marked or [piece.text for piece in pieces[:20]])
    return cut(text.strip(), _EXCERPT)
