"""What index.html shows, arranged for its template: from Results and Evidence only."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from conformance.model import (
    CapabilityResult,
    Finding,
    Level,
    Location,
    Requirement,
    RequirementResult,
    Results,
    Verdict,
)
from conformance.report.evidence.collect import Evidence
from conformance.report.formats.html.issue import issue_text
from conformance.report.formats.root_causes import name_cause, say_gain
from conformance.report.results.left_out import has_several
from conformance.text import cut, slug

FINDINGS_SHOWN = 4
"""Findings of one requirement and model that the page shows; results.json holds them all."""

TEXT_BUDGET = 700_000
"""Characters, escaped, of findings that the page shows in full; after that, one of each row, cut short."""

_LONG, _SHORT = 1500, 120
_SEVERITY = list(Verdict)


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding, and the other exchanges in which the same was found."""

    finding: Finding
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SlotVerdict:
    """One requirement's verdict in one scope slot."""

    row: RequirementResult
    findings: tuple[Shown, ...]
    hidden: int  # findings that the page leaves out


@dataclass(frozen=True, slots=True)
class Entry:
    """One requirement with all its slots, the worst verdict first in mind."""

    anchor: str
    requirement: Requirement
    slots: tuple[SlotVerdict, ...]
    verdict: Verdict
    summary: str  # how many slots have which verdict, where they differ
    issue: str  # Markdown for a tracker, where it fails
    search: str
    capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Area:
    """The requirements of one area, and how many of them have which verdict."""

    name: str
    entries: tuple[Entry, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Fix:
    """One of the things to fix first."""

    entry: Entry
    models: tuple[str, ...]
    blocks: int
    finding: Finding | None
    endpoints: tuple[str, ...] = ()  # of a recording with several


class TextAllowance:
    """How much text the page may still show in full."""

    def __init__(self, left: int = TEXT_BUDGET) -> None:
        self.left = left

    def take(self, text: str) -> str:
        """The text, long while there is room and short after."""
        shown = cut(text, _LONG if self.left > 0 else _SHORT)
        self.left -= len(html.escape(shown))
        return shown


def areas_of(results: Results, evidence: Mapping[str, Evidence]) -> tuple[Area, ...]:
    """Requirements by area, each once, in the order of the results."""
    allowance = TextAllowance()
    areas = []
    for name, rows in groupby(results.requirements, key=lambda row: row.requirement.area):
        entries = tuple(_entries(list(rows), results, evidence, allowance))
        counts = {verdict.value: sum(1 for e in entries if e.verdict is verdict) for verdict in Verdict}
        areas.append(Area(name or "other", entries, counts))
    return tuple(areas)


def _entries(
    rows: Sequence[RequirementResult], results: Results, evidence: Mapping[str, Evidence], allowance: TextAllowance
) -> Iterable[Entry]:
    for _, found in groupby(rows, key=lambda row: row.requirement.id):
        yield _entry(list(found), results, evidence, allowance)


def _entry(
    rows: list[RequirementResult], results: Results, evidence: Mapping[str, Evidence], allowance: TextAllowance
) -> Entry:
    requirement = rows[0].requirement
    failed = [row for row in rows if row.result.verdict is Verdict.FAIL]
    issue = issue_text(failed, results, evidence) if failed and allowance.left > 0 else ""
    allowance.left -= len(html.escape(issue))
    return Entry(
        anchor=f"r-{slug(requirement.id)}",
        requirement=requirement,
        slots=tuple(_slot(row, allowance) for row in rows),
        verdict=worst(row.result.verdict for row in rows),
        summary=_spread(rows),
        issue=issue,
        search=f"{requirement.id} {requirement.statement} {' '.join(requirement.breaks)}".lower(),
        capabilities=rows[0].capabilities,
    )


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that a person must see first: a failure, our own crash, then passes before the undecided."""
    order = (Verdict.FAIL, Verdict.ERROR, Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE, Verdict.NOT_RUN)
    return min(verdicts, key=order.index)


def _slot(row: RequirementResult, allowance: TextAllowance) -> SlotVerdict:
    alike: dict[tuple[str | Location, ...], list[Finding]] = {}
    for finding in row.result.findings:
        alike.setdefault((finding.expected, finding.actual, finding.location, finding.message), []).append(finding)
    groups = list(alike.values())[: FINDINGS_SHOWN if allowance.left > 0 else 1]
    hidden = len(row.result.findings) - sum(map(len, groups))
    return SlotVerdict(row, tuple(_shown(group, allowance) for group in groups), hidden)


def _shown(group: Sequence[Finding], allowance: TextAllowance) -> Shown:
    """Findings that say the same, said once."""
    first = group[0]
    said = Finding(
        allowance.take(first.expected),
        allowance.take(first.actual),
        replace(first.location, name=cut(first.location.name, 100), pointer=cut(first.location.pointer, 100)),
        first.exchange,
        allowance.take(first.message),
        first.also,
        first.places,
    )
    others = dict.fromkeys(finding.exchange for finding in group[1:])
    return Shown(said, tuple(one for one in others if one and one != first.exchange))


def _spread(rows: Sequence[RequirementResult]) -> str:
    """`2 fail, 1 pass` where the models differ."""
    if len(rows) < 2:
        return ""
    counts = {verdict: sum(1 for row in rows if row.result.verdict is verdict) for verdict in _SEVERITY}
    return ", ".join(f"{count} {verdict.value.replace('_', ' ')}" for verdict, count in counts.items() if count)


def fixes_of(results: Results, areas: Sequence[Area]) -> tuple[Fix, ...]:
    """The things to fix first, as the summary ranks them."""
    entries = {entry.requirement.id: entry for area in areas for entry in area.entries}
    fixes = []
    for item in results.summary.get("first", ()):
        entry = entries.get(item["requirement"])
        if entry is not None:
            finding = next((shown.finding for slot in entry.slots for shown in slot.findings), None)
            failed = [slot.row.result for slot in entry.slots if slot.row.result.verdict is Verdict.FAIL]
            endpoints = dict.fromkeys(one.endpoint for one in failed) if has_several(results) else ()
            fixes.append(Fix(entry, tuple(item["models"]), item["blocks"], finding, tuple(endpoints)))
    return tuple(fixes)


@dataclass(frozen=True, slots=True)
class ShownCause:
    """What stands in the way of other requirements: a failing row of the page, or an exchange."""

    name: str
    anchor: str  # of the row, where it is one
    exchange: str
    words: str
    gain: str
    blocks: tuple[tuple[str, str], ...]  # anchor and id of what hangs on it


def causes_of(results: Results) -> tuple[ShownCause, ...]:
    """The root causes as the summary ranks them, with links to rows of the page."""
    known = {row.requirement.id for row in results.requirements}
    return tuple(_cause(cause, known) for cause in results.summary.get("root_causes", ()))


def _cause(cause: Mapping[str, Any], known: Collection[str]) -> ShownCause:
    by = cause["by"]
    anchor = f"r-{slug(by)}" if by in known else ""
    blocks = tuple((f"r-{slug(id_)}", id_) for id_ in cause["blocks"])
    return ShownCause(
        name_cause(cause), anchor, cause["exchange"], "" if by else cause["words"], say_gain(cause), blocks
    )


def abouts(results: Results) -> dict[str, str]:
    """What each yardstick is, by its name."""
    profile = cut(str(results.endpoint.get("profile") or ""), 60)
    told = "What the provider's own documents say" + (f" (profile {profile})" if profile else "")
    return {"openai": "The same yardstick for every vendor", "promises": told}


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One capability: a cell for each column, None where nothing is known."""

    capability: str
    title: str
    cells: tuple[CapabilityResult | None, ...]


def matrix_of(results: Results) -> tuple[tuple[str, ...], tuple[MatrixRow, ...]]:
    """The capability matrix: names of columns (models, with their endpoint where there are several), and rows."""
    several = len({cell.endpoint for cell in results.capabilities}) > 1
    columns = list(dict.fromkeys((cell.endpoint, cell.model) for cell in results.capabilities))
    held = {(cell.capability, cell.endpoint, cell.model): cell for cell in results.capabilities}
    titles = {cell.capability: cell.title for cell in reversed(results.capabilities)}
    names = list(dict.fromkeys(cell.capability for cell in results.capabilities))
    rows = tuple(
        MatrixRow(name, titles[name], tuple(held.get((name, *column)) for column in columns)) for name in names
    )
    heads = tuple(f"{endpoint} · {model}" if several else model or "endpoint" for endpoint, model in columns)
    return heads, rows


def capability_names(results: Results) -> dict[str, str]:
    """The capabilities that requirements are about, with their titles, in the order of the matrix."""
    named = {word for row in results.requirements for word in row.capabilities}
    titles = {cell.capability: cell.title or cell.capability for cell in reversed(results.capabilities)}
    order = [*dict.fromkeys(cell.capability for cell in results.capabilities), *sorted(named)]
    return {word: titles.get(word, word) for word in order if word in named}


def answer(results: Results) -> dict[str, Any]:
    """The sentence at the top, and what stands beside it."""
    musts = {word: results.summary["counts"][Level.MUST.value][word] for word in ("fail", "pass")}
    return {
        "sentence": sentence(results),
        "musts": musts,
        "levels": [(level.value, results.summary["counts"][level.value]) for level in Level],
    }


def sentence(results: Results) -> str:
    """The result in one sentence, for people."""
    musts = results.summary["counts"][Level.MUST.value]
    judged = musts["pass"] + musts["fail"]
    crashes = results.summary.get("crashes", 0)
    tail = (
        f" The harness itself crashed in {_count(crashes, 'check')}; that is not the endpoint's fault."
        if crashes
        else ""
    )
    rows = f"{judged} MUST requirements"
    if len(results.models) > 1:
        rows = f"{judged} MUST verdicts over {len(results.models)} models"
    verb = "fails" if musts["fail"] == 1 else "fail"
    words = {
        "conformant": f"None of the {rows} that could be judged fails.",
        "not conformant": f"{musts['fail']} of the {rows} that could be judged {verb}.",
        "incomplete": f"None of the {rows} that could be judged fails, but the run did not judge all that it should.",
        "undetermined": "No MUST requirement could be judged, so nothing can be said.",
    }
    return words[results.summary["result"]] + tail


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
