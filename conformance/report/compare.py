"""Many results in one matrix: requirement × endpoint and model, the differences first. Pure; the formats show it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from conformance.errors import UserError
from conformance.model import (
    Advertised,
    CapabilityResult,
    Level,
    Observed,
    Requirement,
    RequirementResult,
    Results,
    Verdict,
)


@dataclass(frozen=True)
class Column:
    """One endpoint and model of one run; `folder` is its bundle as links name it, `number` counts from 1."""

    number: int
    endpoint: str
    model: str
    label: str
    url: str
    created: str
    suites: str
    folder: str
    run: str  # what tells the runs apart: the label, or else the time

    @property
    def title(self) -> str:
        """A name for people."""
        return f"{self.endpoint} · {self.model}" if self.model else self.endpoint


@dataclass(frozen=True, slots=True)
class Cell:
    """What one column says of one requirement; `comparable` is False where its suites knew another catalogue."""

    verdict: Verdict | None
    expected: str = ""
    actual: str = ""
    reason: str = ""
    comparable: bool = True

    @property
    def word(self) -> str:
        """The verdict in words."""
        return self.verdict.value.replace("_", " ") if self.verdict else "not in this run"


@dataclass(frozen=True)
class Row:
    """One requirement over all columns."""

    requirement: Requirement
    cells: tuple[Cell, ...]

    @property
    def differs(self) -> bool:
        """Whether the columns that judged it disagree."""
        decided = {cell.verdict for cell in self.cells if cell.verdict in {Verdict.PASS, Verdict.FAIL}}
        return len(decided) > 1

    @property
    def fails(self) -> int:
        """How many columns fail it."""
        return sum(cell.verdict is Verdict.FAIL for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Score:
    """Passed and judged requirements of one column."""

    passed: int
    judged: int

    @property
    def words(self) -> str:
        """`12/13`, or a dot where nothing was judged."""
        return f"{self.passed}/{self.judged}" if self.judged else "·"


@dataclass(frozen=True, slots=True)
class Change:
    """A verdict that turned between two columns: `regressed` or `fixed`."""

    requirement: Requirement
    kind: str
    before: Column
    after: Column
    actual: str = ""


@dataclass(frozen=True)
class Comparison:
    """Everything that compare.html, .json and .md show."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    scores: dict[str, tuple[Score, ...]]  # `MUST`, `area streaming`, … → one score for each column
    capabilities: dict[str, tuple[CapabilityResult | None, ...]]
    timings: dict[str, tuple[str, ...]]
    gateway: tuple[Change, ...] = ()
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def differences(self) -> tuple[Row, ...]:
        """The rows on which the columns disagree, the weightiest first."""
        weight = list(Level)
        rows = [row for row in self.rows if row.differs]
        return tuple(
            sorted(rows, key=lambda row: (weight.index(row.requirement.level), -row.fails, row.requirement.id))
        )

    @property
    def alike(self) -> tuple[Row, ...]:
        """All other rows, in the catalogue's order."""
        return tuple(row for row in self.rows if not row.differs)


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
        UserError: fewer than two runs, different suites (unless told so), or no endpoint of the name `upstream`.
    """
    if len(bundles) < 2 and sum(len(results.models) for _, results in bundles) < 2:
        raise UserError("there is nothing to compare", "Name at least two folders of reports.")
    notes = _suites_differ(bundles, any_suites=any_suites)
    ordered = sorted(bundles, key=lambda pair: str(pair[1].run.get("created", ""))) if over_time else list(bundles)
    columns, cells = _columns(ordered)
    rows = _rows(columns, cells)
    timings = _timings([results for _, results in ordered], columns)
    made = Comparison(columns, rows, _scores(columns, rows), _capabilities(ordered, columns), timings, notes=notes)
    return Comparison(
        **{
            **vars(made),
            "gateway": _gateway(made, upstream) if upstream else (),
            "changes": _over_time(made) if over_time else (),
        }
    )


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


def _columns(
    bundles: Sequence[tuple[str, Results]],
) -> tuple[tuple[Column, ...], list[dict[str, RequirementResult]]]:
    """The columns, and for each its rows by requirement; rows of the scope endpoint stand in all its columns."""
    columns: list[Column] = []
    cells: list[dict[str, RequirementResult]] = []
    for folder, results in bundles:
        shared = {row.requirement.id: row for row in results.requirements if not row.result.model}
        pairs = {(row.result.endpoint, row.result.model): None for row in results.requirements if row.result.model}
        for endpoint, model in pairs or {(str(results.endpoint.get("name", "")), ""): None}:
            own = {row.requirement.id: row for row in results.requirements if row.result.model == model}
            columns.append(_column(len(columns) + 1, folder, results, endpoint, model))
            cells.append({**shared, **own})
    return tuple(columns), cells


def _column(number: int, folder: str, results: Results, endpoint: str, model: str) -> Column:
    about, run = results.endpoint, results.run
    created, label = str(run.get("created", "")), str(about.get("label", ""))
    name = endpoint or str(about.get("name", ""))
    url = str(about.get("url") or about.get("base_url", ""))
    return Column(number, name, model, label, url, created, str(run.get("suites", "")), folder, label or created)


def _rows(columns: Sequence[Column], cells: Sequence[dict[str, RequirementResult]]) -> tuple[Row, ...]:
    catalogue: dict[str, Requirement] = {}
    for own in cells:
        for id_, row in own.items():
            catalogue.setdefault(id_, row.requirement)
    return tuple(
        Row(requirement, tuple(_cell(cells[column.number - 1].get(id_)) for column in columns))
        for id_, requirement in catalogue.items()
    )


def _cell(row: RequirementResult | None) -> Cell:
    if row is None:
        return Cell(None, comparable=False)
    first = row.result.findings[0] if row.result.findings else None
    expected, actual = (first.expected, first.actual) if first else ("", "")
    return Cell(row.result.verdict, expected, actual, row.result.reason)


def _scores(columns: Sequence[Column], rows: Sequence[Row]) -> dict[str, tuple[Score, ...]]:
    groups: dict[str, list[Row]] = {level.value: [] for level in Level}
    for row in rows:
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


def _capabilities(
    bundles: Sequence[tuple[str, Results]], columns: Sequence[Column]
) -> dict[str, tuple[CapabilityResult | None, ...]]:
    found: dict[str, dict[tuple[str, str, str], CapabilityResult]] = {}
    for folder, results in bundles:
        for cell in results.capabilities:
            found.setdefault(cell.title, {})[folder, cell.endpoint, cell.model] = cell
    return {
        title: tuple(cells.get((column.folder, column.endpoint, column.model)) for column in columns)
        for title, cells in found.items()
    }


def differing(cells: Sequence[CapabilityResult | None]) -> bool:
    """Whether the columns differ in a capability, as advertised or as observed."""
    nothing = (Advertised.SILENT, Observed.NOT_TRIED)
    return len({(cell.advertised, cell.observed) if cell else nothing for cell in cells}) > 1


def _timings(runs: Sequence[Results], columns: Sequence[Column]) -> dict[str, tuple[str, ...]]:
    """Tokens and times as the runs measured them: information, never a verdict."""
    by_column = []
    for results in runs:
        measured: dict[str, Any] = results.run.get("timing", {})
        models = dict.fromkeys(row.result.model for row in results.requirements if row.result.model)
        by_column += [measured.get(model, {}) for model in models or {"": None}]
    names = dict.fromkeys(name for one in by_column for name in one)
    return {name: tuple(str(one.get(name, "·")) for one in by_column[: len(columns)]) for name in names}


def _gateway(made: Comparison, upstream: str) -> tuple[Change, ...]:
    """What each other column does differently from the upstream's column of the same model, or its only one."""
    above = [column for column in made.columns if column.endpoint == upstream]
    if not above:
        known = ", ".join(dict.fromkeys(column.endpoint for column in made.columns))
        raise UserError(f"no run is of an endpoint named `{upstream}`", f"Endpoints: {known}.")
    found: list[Change] = []
    for column in (column for column in made.columns if column.endpoint != upstream):
        base = next((one for one in above if one.model == column.model), above[0])
        found += _changes(made.rows, base, column, ("broken by the gateway", "mended by the gateway"))
    return tuple(found)


def _over_time(made: Comparison) -> tuple[Change, ...]:
    """What turned from one run to the next, for each endpoint and model."""
    found: list[Change] = []
    lines: dict[tuple[str, str], list[Column]] = {}
    for column in made.columns:
        lines.setdefault((column.endpoint, column.model), []).append(column)
    for line in lines.values():
        for row in made.rows:
            found += _turns(row, line)
    return tuple(found)


def _turns(row: Row, line: Sequence[Column]) -> list[Change]:
    """The turns of one requirement; runs that did not decide it are passed over."""
    decided = [one for one in line if row.cells[one.number - 1].verdict in {Verdict.PASS, Verdict.FAIL}]
    pairs = pairwise(decided)
    return [change for before, after in pairs for change in _changes([row], before, after, ("regressed", "fixed"))]


def _changes(rows: Iterable[Row], before: Column, after: Column, words: tuple[str, str]) -> list[Change]:
    found = []
    for row in rows:
        was, now = row.cells[before.number - 1], row.cells[after.number - 1]
        if (was.verdict, now.verdict) == (Verdict.PASS, Verdict.FAIL):
            found.append(Change(row.requirement, words[0], before, after, now.actual))
        elif (was.verdict, now.verdict) == (Verdict.FAIL, Verdict.PASS):
            found.append(Change(row.requirement, words[1], before, after, was.actual))
    return found
