"""What to mend first: by level, by what hangs on it, by who breaks."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from conformance.model import (
    Level,
    RequirementResult,
    Verdict,
)
from conformance.text import cut

_BLOCKED = re.compile(r"blocked(?: by:? +(?P<id>[a-z0-9][a-z0-9._-]*)|:? +(?P<words>.+))", re.DOTALL)
_LEVELS = list(Level)


def first_to_fix(rows: Sequence[RequirementResult], most: int = 3) -> list[dict[str, Any]]:
    """The failures to mend first: MUSTs, then what blocks or breaks most, then what was seen most often."""
    failed: dict[str, list[RequirementResult]] = defaultdict(list)
    for row in rows:
        if row.result.verdict is Verdict.FAIL and row.requirement.level is not Level.MAY:
            failed[row.requirement.id].append(row)
    blocks = {cause["cause"]: len(cause["blocks"]) for cause in root_causes(rows)}

    def weight(item: tuple[str, list[RequirementResult]]) -> tuple[int, ...]:
        requirement = item[1][0].requirement
        places = sum(len(row.result.findings) for row in item[1])
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


def root_causes(rows: Iterable[RequirementResult]) -> list[dict[str, Any]]:
    """What blocked requirements, each cause once: the id of another requirement, or words such as `exchange 3 …`."""
    blocked: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found = _BLOCKED.match(row.result.reason) if row.result.verdict is Verdict.NOT_RUN else None
        if found:
            blocked[(found["id"] or cut(found["words"], 300)).rstrip(".")].append(row.requirement.id)
    return [{"cause": cause, "blocks": list(dict.fromkeys(ids))} for cause, ids in blocked.items()]
