"""compare.html, compare.md and compare.json, from a Comparison only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from conformance import text
from conformance.model import Verdict
from conformance.report.compare.comparison import Cell, Change, Column, ComparedRow, Comparison
from conformance.report.compare.matrix import differs
from conformance.report.formats.html import index_page
from conformance.store.atomic import replace_files


def write_comparison(made: Comparison, out: Path) -> list[Path]:
    """Write the comparison beside `out`: the page, and .json and .md of the same name.

    Raises:
        UserError: a file cannot be written.
    """
    page = page_of(out)
    contents = {
        page.name: render_html(made),
        page.with_suffix(".json").name: json.dumps(comparison_to_json(made), ensure_ascii=False, indent=1) + "\n",
        page.with_suffix(".md").name: render_markdown(made),
    }
    return replace_files(page.parent, contents)


def page_of(out: Path) -> Path:
    """The page that `out` names: itself, the one beside a .json or .md, or compare.html in a folder."""
    if out.suffix in {".html", ".json", ".md"} and not out.is_dir():
        return out.with_suffix(".html")
    return out / "compare.html"


def render_html(made: Comparison) -> str:
    """The self-contained page."""
    style, script = index_page.read("style.css") + "\n" + index_page.read("compare.css"), index_page.read("compare.js")
    shown: str = (
        index_page.environment()
        .get_template("compare.html")
        .render(
            made=made,
            style=style,
            script=script,
            policy=index_page.policy(style, script),
            evidence=evidence_link,
            symbol=symbol,
            differing=differs,
            anchor=lambda row: f"r-{text.slug(row.requirement.id)}",
        )
    )
    return shown


def evidence_link(column: Column, anchor: str = "") -> str:
    """Where a column's own report shows the evidence."""
    folder = quote(column.folder.encode("utf-8", "surrogateescape"))  # a folder's name need not be UTF-8
    return f"{folder}/index.html" + (f"#{anchor}" if anchor else "")


_SYMBOLS = {
    Verdict.PASS: "✓",
    Verdict.FAIL: "✕",
    Verdict.INCONCLUSIVE: "?",
    Verdict.NOT_APPLICABLE: "–",
    Verdict.NOT_RUN: "–",
    Verdict.ERROR: "!",
    None: "n/c",
}


def symbol(cell: Cell) -> str:
    """A cell in one sign; its words stand beside it for those who do not see it."""
    return _SYMBOLS[cell.verdict]


def comparison_to_json(made: Comparison) -> dict[str, Any]:
    """The comparison as JSON values."""
    return {
        "format": 1,
        "columns": [{**vars(column), "title": column.title} for column in made.columns],
        "notes": list(made.notes),
        "scores": {name: [score.words for score in scores] for name, scores in made.scores.items()},
        "capabilities": {
            title: [{"advertised": cell.advertised, "observed": cell.observed} if cell else None for cell in cells]
            for title, cells in made.capabilities.items()
        },
        "timing": {name: list(values) for name, values in made.timings.items()},
        "requirements": [_row_json(row) for row in (*made.differences, *made.alike)],
        "gateway": [_change_json(change) for change in made.gateway],
        "gateway_capabilities": [
            {"title": one.title, "before": one.before.number, "after": one.after.number, "was": one.was, "now": one.now}
            for one in made.gateway_capabilities
        ],
        "changes": [_change_json(change) for change in made.changes],
    }


def _row_json(row: ComparedRow) -> dict[str, Any]:
    about = row.requirement
    cells = [
        {
            "verdict": cell.verdict,
            "comparable": cell.comparable,
            "expected": cell.expected,
            "actual": cell.actual,
            "reason": cell.reason,
        }
        for cell in row.cells
    ]
    return {"id": about.id, "level": about.level, "area": about.area, "differs": row.differs, "cells": cells}


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "requirement": change.requirement.id,
        "level": change.requirement.level,
        "kind": change.kind,
        "before": change.before.number,
        "after": change.after.number,
        "since": change.after.run,
        "same_suites": change.same_suites,
        "actual": change.actual,
    }


def render_markdown(made: Comparison) -> str:
    """The comparison for a step summary or an issue."""
    lines = ["# Comparison", ""]
    for note in made.notes:
        lines += [f"> {text.markdown(note)}", ""]
    lines += _table(["#", "endpoint", "model", "run"], [_column_cells(column) for column in made.columns])
    numbers = [str(column.number) for column in made.columns]
    lines += [
        "",
        "## Scores",
        "",
        *_table(["", *numbers], [[text.markdown(n, 60), *(s.words for s in v)] for n, v in made.scores.items()]),
    ]
    lines += _capabilities(made, numbers) + _offers(made)
    lines += _changes("What the gateway changed", made.gateway) + _changes("What turned over time", made.changes)
    lines += ["", f"## Differences ({len(made.differences)})", ""]
    rows = [_markdown_row(row) for row in made.differences]
    lines += _table(["requirement", "level", *numbers], rows) if rows else ["The runs do not differ."]
    return "\n".join(lines) + "\n"


def _capabilities(made: Comparison, numbers: Sequence[str]) -> list[str]:
    if not made.capabilities:
        return []
    rows = [
        [text.markdown(title, 60), *(cell.observed.value.replace("_", " ") if cell else "·" for cell in cells)]
        for title, cells in made.capabilities.items()
    ]
    return ["", "## Capabilities, as observed", "", *_table(["capability", *numbers], rows)]


def _offers(made: Comparison) -> list[str]:
    rows = [
        [text.markdown(one.title, 60), text.markdown(one.after.title, 60), one.was.value, one.now.value]
        for one in made.gateway_capabilities
    ]
    head = ["capability", "where", "upstream", "through the gateway"]
    return ["", "## Capabilities that the gateway changed", "", *_table(head, rows)] if rows else []


def _column_cells(column: Column) -> list[str]:
    return [str(column.number), *(text.markdown(part, 60) for part in (column.endpoint, column.model, column.run))]


def _markdown_row(row: ComparedRow) -> list[str]:
    return [f"`{row.requirement.id}`", row.requirement.level.value, *(symbol(cell) for cell in row.cells)]


def _changes(title: str, changes: Sequence[Change]) -> list[str]:
    if not changes:
        return []
    rows = [
        [
            f"`{c.requirement.id}`",
            c.requirement.level.value,
            c.words,
            text.markdown(c.after.title, 60),
            text.markdown(c.after.run, 40),
        ]
        for c in changes
    ]
    return ["", f"## {title}", "", *_table(["requirement", "level", "what", "where", "since"], rows)]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]
