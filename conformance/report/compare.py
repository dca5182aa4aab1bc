"""Many results in one matrix: requirement × endpoint and model, the differences first. Pure; the formats show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

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

PROMISES = "promises"
"""The score of what providers promise on their own."""


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
    """What one column says of one requirement; `comparable` is False where its run lacks it or words it otherwise."""

    verdict: Verdict | None
    expected: str = ""
    actual: str = ""
    reason: str = ""
    comparable: bool = True

    @property
    def word(self) -> str:
        """The verdict in words."""
        if self.verdict is None:
            return "not in this run"
        word = self.verdict.value.replace("_", " ")
        return word if self.comparable else f"{word}, by another wording"


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
    def comparable(self) -> bool:
        """Whether every column has it, in the same words and at the same level."""
        return all(cell.comparable for cell in self.cells)

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

    @property
    def same_suites(self) -> bool:
        """Whether both were judged by one version of the suites; else the turn may be the suites' own."""
        return self.before.suites == self.after.suites

    @property
    def words(self) -> str:
        """What happened, for people."""
        return self.kind if self.same_suites else f"{self.kind} (the suites changed too)"


@dataclass(frozen=True, slots=True)
class CapabilityChange:
    """A capability that a gateway shows otherwise than its upstream."""

    title: str
    before: Column
    after: Column
    was: Observed
    now: Observed


@dataclass(frozen=True)
class Comparison:
    """Everything that compare.html, .json and .md show."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    scores: dict[str, tuple[Score, ...]]  # `MUST`, `promises`, `area streaming`, … → one score for each column
    capabilities: dict[str, tuple[CapabilityResult | None, ...]]  # by title
    timings: dict[str, tuple[str, ...]]
    gateway: tuple[Change, ...] = ()
    gateway_capabilities: tuple[CapabilityChange, ...] = ()
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
        pairs = _gateway_pairs(columns, upstream)
        made = replace(made, gateway=_gateway(rows, pairs), gateway_capabilities=_offers(capabilities, pairs))
    return replace(made, changes=_over_time(made)) if over_time else made


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


def _rows(slots: Sequence[_Slot]) -> tuple[Row, ...]:
    catalogue: dict[str, Requirement] = {}
    for slot in slots:
        for id_, row in slot.rows.items():
            catalogue.setdefault(id_, row.requirement)
    return tuple(
        Row(requirement, tuple(_cell(requirement, slot.rows.get(id_)) for slot in slots))
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


def _scores(rows: Sequence[Row], columns: Sequence[Column]) -> dict[str, tuple[Score, ...]]:
    """Levels and areas are the yardstick for everyone; what only a provider promises is scored apart.

    Over different suites only what all of them know in the same words counts.
    """
    one_version = len({column.suites for column in columns}) < 2
    groups: dict[str, list[Row]] = {name: [] for name in (*(level.value for level in Level), PROMISES)}
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


def differing(cells: Sequence[CapabilityResult | None]) -> bool:
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


def _gateway_pairs(columns: Sequence[Column], upstream: str) -> list[tuple[Column, Column]]:
    """Each other column with the upstream's column of the same model, or the upstream's only one."""
    above = [column for column in columns if column.endpoint == upstream]
    if not above:
        known = ", ".join(dict.fromkeys(column.endpoint for column in columns))
        raise UserError(f"no run is of an endpoint named `{upstream}`", f"Endpoints: {known}.")
    pairs = []
    for column in (column for column in columns if column.endpoint != upstream):
        same = [one for one in above if one.model == column.model] or (above if len(above) == 1 else [])
        pairs += [(same[-1], column)] if same else []
    if not pairs:
        raise UserError(
            f"no run shares a model with the upstream `{upstream}`", "Run both with the same --model, or with one each."
        )
    return pairs


def _gateway(rows: Sequence[Row], pairs: Iterable[tuple[Column, Column]]) -> tuple[Change, ...]:
    words = ("broken by the gateway", "mended by the gateway")
    return tuple(change for base, column in pairs for change in _changes(rows, base, column, words))


def _offers(
    capabilities: Mapping[str, Sequence[CapabilityResult | None]], pairs: Iterable[tuple[Column, Column]]
) -> tuple[CapabilityChange, ...]:
    """What works on one side of the gateway and not on the other; what was not tried tells nothing."""
    found = []
    for base, column in pairs:
        for title, cells in capabilities.items():
            was, now = cells[base.number - 1], cells[column.number - 1]
            if was and now and _tells(was.observed, now.observed):
                found.append(CapabilityChange(title, base, column, was.observed, now.observed))
    return tuple(found)


def _tells(was: Observed, now: Observed) -> bool:
    return was is not now and not {was, now} & {Observed.NOT_TRIED, Observed.INCONCLUSIVE}


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
