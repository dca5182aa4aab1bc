"""The summary on one screen, readable without colour and at 80 columns; what an endpoint sent never arrives raw."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from conformance.model import Level, RequirementResult, Results, Verdict
from conformance.report.formats.root_causes import name_cause, say_gain
from conformance.report.results.left_out import has_several, say_left_out
from conformance.text import one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

SHOWN = 8
"""Failures that fit on the screen; the report holds them all."""

_STYLES = {
    "conformant": "bold green",
    "not conformant": "bold red",
    "incomplete": "bold yellow",
    "undetermined": "bold yellow",
}


def print_summary(
    results: Results,
    bundle: Path | None = None,
    *,
    file: IO[str] | None = None,
    colour: bool | None = None,
    width: int | None = None,
) -> None:
    """Print the result, counts by area, failed MUSTs with expected and actual, and where the bundle lies.

    Args:
        results: The run.
        bundle: The folder of the report.
        file: Where to print; standard output where it is None.
        colour: Whether to use colour; None asks the terminal (and NO_COLOR).
        width: Columns; None asks the terminal.
    """
    from rich.console import Console

    out = file or sys.stdout
    console = Console(
        file=out,
        width=width,
        no_color=True if colour is False else None,
        force_terminal=True if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )
    for part in _parts(results, bundle, console):
        console.print(part)


def _parts(results: Results, bundle: Path | None, console: Console) -> Iterator[Any]:
    yield _head(results)
    yield _areas(results)
    rows = _failed(results)
    for row in rows[:SHOWN]:
        yield _failure(row, console.width - 4, several=has_several(results))
    if len(rows) > SHOWN:
        yield _plain(f"  … and {len(rows) - SHOWN} more failures in the report")
    yield from (_plain(f"  {line}") for line in [*_causes(results), *_warnings(results)])
    yield _plain(_foot(results, bundle))


def _plain(words: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(words, style=style)


def _head(results: Results) -> Text:
    from rich.text import Text

    summary = results.summary
    target = results.endpoint.get("base_url") or results.endpoint.get("name") or "endpoint"
    text = Text("\n")
    text.append(summary["result"].upper(), _STYLES.get(summary["result"], "bold"))
    text.append(f"  {one_line(str(target), 100)}")
    if results.endpoint.get("proxy"):
        text.append(f"  through the proxy {one_line(str(results.endpoint['proxy']), 60)}")
    for model in results.models[:4]:
        text.append(f"  {one_line(model, 40)}", "cyan")
    if len(results.models) > 4:
        text.append(f"  and {len(results.models) - 4} more models")
    yardsticks = "  ".join(f"{one['name']}: {one['result']}" for one in summary["yardsticks"])
    text.append(f"\n{yardsticks}")
    text.append(f"  gate ({summary['gate']['fail_on']}): {'met' if summary['gate']['met'] else 'not met'}\n")
    return text


def _areas(results: Results) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column("area", no_wrap=True, max_width=20)
    for head in ("MUST", "SHOULD", "MAY"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("failed", justify="right")
    table.add_column("inconcl.", justify="right")
    table.add_column("not judged", justify="right")
    for area, counts in results.summary["areas"].items():
        table.add_row(*_area(area, counts))
    return table


def _area(area: str, counts: dict[str, dict[str, int]]) -> list[Any]:
    """Passed of judged for each level, then what failed, what was inconclusive and what was not judged."""

    def total(*verdicts: Verdict) -> int:
        return sum(counts[level][verdict] for level in Level for verdict in verdicts)

    levels = [_plain(_ratio(counts[level]), "red" if counts[level]["fail"] else "") for level in Level]
    failed = total(Verdict.FAIL)
    unjudged = total(Verdict.NOT_APPLICABLE, Verdict.NOT_RUN, Verdict.ERROR)
    inconclusive = total(Verdict.INCONCLUSIVE)
    numbers = [_plain(str(number or "·")) for number in (inconclusive, unjudged)]
    return [
        _plain(one_line(area or "other", 24)),
        *levels,
        _plain(str(failed or "·"), "red" if failed else ""),
        *numbers,
    ]


def _ratio(counts: dict[str, int]) -> str:
    judged = counts["pass"] + counts["fail"]
    return f"{counts['pass']}/{judged}" if judged else "·"


def _failed(results: Results) -> list[RequirementResult]:
    """What stops the release and every failed MUST, the gated first."""
    rows = [
        row
        for row in results.requirements
        if row.gate in {"fail", "stale", "flaky"}
        or (row.result.verdict is Verdict.FAIL and row.requirement.level is Level.MUST)
    ]
    return sorted(rows, key=lambda row: (row.gate not in {"fail", "stale"}, list(Level).index(row.requirement.level)))


def _failure(row: RequirementResult, width: int, *, several: bool) -> Text:
    from rich.text import Text

    requirement, result = row.requirement, row.result
    word = "FAIL" if result.verdict is Verdict.FAIL else row.gate.upper()
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"  {word} ", "bold red")
    text.append(requirement.id, "bold")
    text.append(f"  {requirement.level}")
    text.append(f"  {one_line(result.model, 40)}" if result.model else "")
    text.append(f"  at {one_line(result.endpoint, 60)}" if several and result.endpoint else "")
    text.append(f"  ({row.gate})" if row.gate in {"known", "baseline", "flaky", "off"} else "")
    for finding in result.findings[:1]:
        more = f"  (+{len(result.findings) - 1} more)" if len(result.findings) > 1 else ""
        place = "  ".join(part for part in (f"#{finding.exchange}" if finding.exchange else "", finding.where) if part)
        text.append(f"\n    expected {one_line(finding.expected)[: width - 11]}")
        text.append(f"\n    got      {one_line(finding.actual)[: width - 11]}")
        text.append(f"\n    at       {one_line(place)[: width - 26]}{more}" if place else "", "dim")
    text.append(f"\n    {one_line(row.note)[: width - 2]}" if row.note else "")
    return text


def _causes(results: Results) -> Iterator[str]:
    """What to mend so that more can be judged."""
    causes = results.summary.get("root_causes", ())
    for cause in causes[:3]:
        yield f"in the way: {one_line(name_cause(cause), 60)}: {say_gain(cause)}"
    if len(causes) > 3:
        yield f"in the way: {len(causes) - 3} more causes in the report"


def _warnings(results: Results) -> Iterator[str]:
    summary = results.summary
    if summary.get("crashes"):
        yield f"the harness crashed in {summary['crashes']} of its own checks (verdict error): not the endpoint's fault"
    if results.run.get("left_out"):
        yield one_line(say_left_out(results.run["left_out"]), 600)
    if not results.run.get("complete"):
        yield "the recording is incomplete: what was not fetched could not be judged"
    if summary["gate"]["open"]:
        yield f"gated requirements that are blocked or over budget: {len(summary['gate']['open'])}"
    if not summary["musts_judged"]:
        yield "no MUST could be judged"


def _foot(results: Results, bundle: Path | None) -> str:
    summary = results.summary
    cost = f"{summary['requests']} requests, {summary['tokens']['total']} tokens, {summary['seconds']:.1f} s"
    where = f"\nreport: {one_line(str(bundle / 'index.html'))}" if bundle else ""
    return f"\n{cost}{where}"
