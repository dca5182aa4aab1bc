"""Many results in one matrix: requirement × endpoint and model, the differences first. Pure; the formats show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from conformance.errors import UserError
from conformance.model import (
    Advertised,
    Basis,
    CapabilityResult,
    Level,
    Observed,
    Requirement,
    RequirementResult,
    Results,
    Verdict,
)
from conformance.report.compare.changes import (
    find_capability_changes,
    find_gateway_changes,
    find_turns,
    pair_with_upstream,
)
from conformance.report.compare.comparison import (
    PROMISES,
    Cell,
    Column,
    ComparedRow,
    Comparison,
    Score,
)


def compare(
    bundles: Sequence[tuple[str, Results]],
    *,
    upstream: str | None = None,
    over_time: bool = False,
    any_suites: bool = False,
) -> Comparison:
    """Compare runs.

    Args:
        bundles: the folder of each run as links shall name it, and its results.
        upstream: the name of an endpoint; what the others do differently is told as theirs.
        over_time: order the columns by time and tell what regressed and what was fixed.
        any_suites: compare runs of different suites too; what only one of them knows is marked.

    Raises:
        UserError: nothing to compare, different suites (unless told so), or no upstream of that name and model.
    """
    notes = _suites_differ(bundles, any_suites=any_suites)
    ordered = sorted(bundles, key=lambda pair: str(pair[1].run.get("created", ""))) if over_time else list(bundles)
    slots = _slots([results for _, results in ordered])
    if len(slots) < 2:
        raise UserError("there is nothing to compare", "Name at least two folders of reports.")
    columns = tuple(_column(number, *ordered[slot.run], slot) for number, slot in enumerate(slots, 1))
    rows = _rows(slots)
    capabilities = _capabilities(slots)
    made = Comparison(columns, rows, _scores(rows, columns), capabilities, _timings(slots), notes=notes)
    if upstream:
        pairs = pair_with_upstream(columns, upstream)
        made = replace(
            made,
            gateway=find_gateway_changes(rows, pairs),
            gateway_capabilities=find_capability_changes(capabilities, pairs),
        )
    return replace(made, changes=find_turns(made)) if over_time else made


def _suites_differ(bundles: Sequence[tuple[str, Results]], *, any_suites: bool) -> tuple[str, ...]:
    digests = {str(results.run.get("suites", "")) for _, results in bundles}
    if len(digests) < 2:
        return ()
    told = "; ".join(f"{folder}: {results.run.get('suites') or 'unknown'}" for folder, results in bundles)
    if not any_suites:
        raise UserError(
            f"the runs were judged by different suites ({told})",
            "Judge the recordings again with one version (`conformance judge`), or say --any-suites.",
        )
    return (f"The runs were judged by different suites: {told}. What only some of them know is marked.",)


@dataclass(frozen=True)
class _Slot:
    """One endpoint and model of one run, with its rows by requirement."""

    run: int
    results: Results
    endpoint: str
    model: str
    rows: dict[str, RequirementResult]


def _slots(runs: Sequence[Results]) -> list[_Slot]:
    """Whom each run speaks of; rows of the scope endpoint stand in all columns of their endpoint."""
    return [
        _Slot(run, results, endpoint, model, _rows_of(results, endpoint, model))
        for run, results in enumerate(runs)
        for endpoint, model in _whom(results)
    ]


def _whom(results: Results) -> list[tuple[str, str]]:
    found = dict.fromkeys((row.result.endpoint, row.result.model) for row in results.requirements)
    with_models = {endpoint for endpoint, model in found if model}
    named = [(endpoint, model) for endpoint, model in found if model or (endpoint and endpoint not in with_models)]
    return named or [("", "")]


def _rows_of(results: Results, endpoint: str, model: str) -> dict[str, RequirementResult]:
    own = [row for row in results.requirements if row.result.endpoint in {"", endpoint}]
    shared = {row.requirement.id: row for row in own if not row.result.model}
    return shared | {row.requirement.id: row for row in own if row.result.model == model}


def _column(number: int, folder: str, results: Results, slot: _Slot) -> Column:
    about, run = results.endpoint, results.run
    created, label = str(run.get("created", "")), str(about.get("label", ""))
    name = slot.endpoint or str(about.get("name", ""))
    url = str(about.get("url") or about.get("base_url", ""))
    return Column(number, name, slot.model, label, url, created, str(run.get("suites", "")), folder, label or created)


def _rows(slots: Sequence[_Slot]) -> tuple[ComparedRow, ...]:
    catalogue: dict[str, Requirement] = {}
    for slot in slots:
        for id_, row in slot.rows.items():
            catalogue.setdefault(id_, row.requirement)
    return tuple(
        ComparedRow(requirement, tuple(_cell(requirement, slot.rows.get(id_)) for slot in slots))
        for id_, requirement in catalogue.items()
    )


def _cell(requirement: Requirement, row: RequirementResult | None) -> Cell:
    if row is None:
        return Cell(None, comparable=False)
    first = row.result.findings[0] if row.result.findings else None
    expected, actual = (first.expected, first.actual) if first else ("", "")
    own = row.requirement
    alike = (own.level, own.statement) == (requirement.level, requirement.statement)
    return Cell(row.result.verdict, expected, actual, row.result.reason, alike)


def _scores(rows: Sequence[ComparedRow], columns: Sequence[Column]) -> dict[str, tuple[Score, ...]]:
    """Levels and areas are the yardstick for everyone; what only a provider promises is scored apart.

    Over different suites only what all of them know in the same words counts.
    """
    one_version = len({column.suites for column in columns}) < 2
    groups: dict[str, list[ComparedRow]] = {name: [] for name in (*(level.value for level in Level), PROMISES)}
    for row in rows:
        promised = row.requirement.basis is Basis.PROVIDER_DOC
        if promised:
            groups[PROMISES].append(row)
        elif one_version or row.comparable:
            groups[row.requirement.level.value].append(row)
            groups.setdefault(f"area {row.requirement.area}", []).append(row)
    return {
        name: tuple(_score(row.cells[column.number - 1] for row in members) for column in columns)
        for name, members in groups.items()
        if members
    }


def _score(cells: Iterable[Cell]) -> Score:
    verdicts = [cell.verdict for cell in cells if cell.verdict in {Verdict.PASS, Verdict.FAIL}]
    return Score(sum(verdict is Verdict.PASS for verdict in verdicts), len(verdicts))


def _capabilities(slots: Sequence[_Slot]) -> dict[str, tuple[CapabilityResult | None, ...]]:
    titles: dict[str, str] = {}
    found: list[dict[str, CapabilityResult]] = []
    for slot in slots:
        cells = [one for one in slot.results.capabilities if (one.endpoint, one.model) == (slot.endpoint, slot.model)]
        found.append({cell.capability: cell for cell in cells})
        for cell in cells:
            titles.setdefault(cell.capability, cell.title or cell.capability)
    return {title: tuple(cells.get(name) for cells in found) for name, title in titles.items()}


def differs(cells: Sequence[CapabilityResult | None]) -> bool:
    """Whether the columns differ in a capability, as advertised or as observed."""
    nothing = (Advertised.SILENT, Observed.NOT_TRIED)
    return len({(cell.advertised, cell.observed) if cell else nothing for cell in cells}) > 1


def _timings(slots: Sequence[_Slot]) -> dict[str, tuple[str, ...]]:
    """Tokens and times as the runs measured them: information, never a verdict."""
    measured = [_measured(slot, slots) for slot in slots]
    names = dict.fromkeys(name for one in measured for name in one)
    return {name: tuple(one.get(name, "·") for one in measured) for name in names}


def _measured(slot: _Slot, slots: Sequence[_Slot]) -> Mapping[str, str]:
    """What was measured of a slot; a run tells it by model, which says nothing where two endpoints share one."""
    namesakes = [one for one in slots if (one.run, one.model) == (slot.run, slot.model)]
    found: Mapping[str, str] = slot.results.run.get("timing", {}).get(slot.model, {})
    return found if len(namesakes) == 1 else {}
