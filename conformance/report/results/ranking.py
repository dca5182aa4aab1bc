"""What to mend first: by level, by what hangs on it, by who breaks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.gate.gate import is_unsettled
from conformance.model import Cause, CheckResult, Level, RequirementResult, Verdict
from conformance.text import cut

_LEVELS = list(Level)


def first_to_fix(rows: Sequence[RequirementResult], most: int = 3) -> list[dict[str, Any]]:
    """The failures to mend first: MUSTs, then what blocks or breaks most, then what was seen most often."""
    failed: dict[str, list[RequirementResult]] = defaultdict(list)
    for row in rows:
        if row.result.verdict is Verdict.FAIL and row.requirement.level is not Level.MAY:
            failed[row.requirement.id].append(row)
    blocks = {cause["by"]: len(cause["blocks"]) for cause in root_causes(rows) if cause["by"]}

    def weight(item: tuple[str, list[RequirementResult]]) -> tuple[int, ...]:
        requirement = item[1][0].requirement
        places = sum(finding.places for row in item[1] for finding in row.result.findings)
        return (
            _LEVELS.index(requirement.level),
            -blocks.get(requirement.id, 0),
            -len(requirement.breaks),
            -len(item[1]),
            -places,
        )

    ranked = sorted(failed.items(), key=weight)[:most]
    return [
        {
            "requirement": identity,
            "models": sorted({row.result.model for row in found if row.result.model}),
            "blocks": blocks.get(identity, 0),
        }
        for identity, found in ranked
    ]


@dataclass(frozen=True, slots=True)
class RootCause:
    """What one failure or lack keeps from being judged.

    `by` is the failing requirement, or else `exchange` where the trouble lies; neither where the run itself ended.
    """

    cause: Cause
    by: str = ""
    exchange: str = ""


def root_causes(rows: Iterable[RequirementResult]) -> list[dict[str, Any]]:
    """Each cause once, with the requirements that hang on it; what mending brings most stands first."""
    rows = list(rows)
    slots = _Slots(rows)
    hanging: dict[RootCause, list[RequirementResult]] = defaultdict(list)
    for row in rows:
        if is_unsettled(row.result):
            hanging[slots.root_of(row.result)].append(row)
    made = [_told(root, found) for root, found in hanging.items()]
    return sorted(made, key=lambda one: (-one["musts"], -len(one["blocks"])))


def _told(root: RootCause, rows: Sequence[RequirementResult]) -> dict[str, Any]:
    """One cause as results.json holds it; the words are those of the first row, for people."""
    return {
        "cause": root.cause.value,
        "by": root.by,
        "exchange": root.exchange,
        "words": cut(rows[0].result.reason, 300),
        "blocks": list(dict.fromkeys(row.requirement.id for row in rows)),
        "musts": len({row.requirement.id for row in rows if row.requirement.level is Level.MUST}),
    }


class _Slots:
    """The results by requirement, to go from what is blocked to what blocks it."""

    def __init__(self, rows: Iterable[RequirementResult]) -> None:
        self._by_id: dict[str, list[CheckResult]] = defaultdict(list)
        for row in rows:
            self._by_id[row.requirement.id].append(row.result)

    def root_of(self, result: CheckResult) -> RootCause:
        """The failing requirement at the end of the chain; where nobody fails, the exchange at the last link."""
        link, seen = result.unjudged, set[str]()
        while link is not None and link.by and link.by not in seen:
            seen.add(link.by)
            near = self._near(link.by, result)
            if any(one.verdict is Verdict.FAIL for one in near):
                return RootCause(link.cause, link.by)
            further = next((one.unjudged for one in near if is_unsettled(one)), None)
            if further is None:
                break
            link = further
        if link is None:
            return RootCause(Cause.BLOCKED)
        return RootCause(link.cause, exchange=link.exchange)

    def _near(self, requirement: str, result: CheckResult) -> list[CheckResult]:
        """The results of a requirement that speak of the same endpoint and model, or of the endpoint as such."""
        return [
            one
            for one in self._by_id.get(requirement, ())
            if one.endpoint == result.endpoint and (not one.model or not result.model or one.model == result.model)
        ]
