"""What turned between two columns: over time, or from an upstream to its gateway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from conformance.errors import UserError
from conformance.model import (
    CapabilityResult,
    Observed,
    Verdict,
)
from conformance.report.compare.comparison import (
    CapabilityChange,
    Change,
    Column,
    ComparedRow,
    Comparison,
)


def pair_with_upstream(columns: Sequence[Column], upstream: str) -> list[tuple[Column, Column]]:
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


def find_gateway_changes(rows: Sequence[ComparedRow], pairs: Iterable[tuple[Column, Column]]) -> tuple[Change, ...]:
    """The verdicts that a gateway has otherwise than its upstream."""
    words = ("broken by the gateway", "mended by the gateway")
    return tuple(change for base, column in pairs for change in _changes(rows, base, column, words))


def find_capability_changes(
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


def find_turns(made: Comparison) -> tuple[Change, ...]:
    """What turned from one run to the next, for each endpoint and model."""
    found: list[Change] = []
    lines: dict[tuple[str, str], list[Column]] = {}
    for column in made.columns:
        lines.setdefault((column.endpoint, column.model), []).append(column)
    for line in lines.values():
        for row in made.rows:
            found += _turns(row, line)
    return tuple(found)


def _turns(row: ComparedRow, line: Sequence[Column]) -> list[Change]:
    """The turns of one requirement; runs that did not decide it are passed over."""
    decided = [one for one in line if row.cells[one.number - 1].verdict in {Verdict.PASS, Verdict.FAIL}]
    pairs = pairwise(decided)
    return [change for before, after in pairs for change in _changes([row], before, after, ("regressed", "fixed"))]


def _changes(rows: Iterable[ComparedRow], before: Column, after: Column, words: tuple[str, str]) -> list[Change]:
    found = []
    for row in rows:
        was, now = row.cells[before.number - 1], row.cells[after.number - 1]
        if (was.verdict, now.verdict) == (Verdict.PASS, Verdict.FAIL):
            found.append(Change(row.requirement, words[0], before, after, now.actual))
        elif (was.verdict, now.verdict) == (Verdict.FAIL, Verdict.PASS):
            found.append(Change(row.requirement, words[1], before, after, was.actual))
    return found
