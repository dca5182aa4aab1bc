"""The summary that answers first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from conformance.api.usage import sum_usage
from conformance.gate.gate import STOPPING, Gate, is_unsettled
from conformance.model import (
    Basis,
    Level,
    Recording,
    RequirementResult,
    Verdict,
)
from conformance.report.results.ranking import first_to_fix, root_causes

CONFORMANT = "conformant"
NOT_CONFORMANT = "not conformant"
INCOMPLETE = "incomplete"
UNDETERMINED = "undetermined"
NOTHING_PROMISED = "nothing promised"
OPENAI = "openai"
PROMISES = "promises"


# --- the summary --------------------------------------------------------------------------------------------------


def summarize(recordings: Sequence[Recording], rows: Sequence[RequirementResult], gate: Gate) -> dict[str, Any]:
    """The summary: results, counts, gate, what to fix first, what it cost."""
    complete = is_complete(recordings)
    promised = [row for row in rows if row.requirement.basis is Basis.PROVIDER_DOC]
    common = [row for row in rows if row.requirement.basis is not Basis.PROVIDER_DOC]
    openai = _yardstick(OPENAI, Basis.OPENAI_SPEC, common, complete=complete)
    promises = _yardstick(PROMISES, Basis.PROVIDER_DOC, promised, complete=complete or not promised)
    if not promised:
        promises["result"] = NOTHING_PROMISED
    exchanges = [exchange for recording in recordings for exchange in recording.exchanges]
    return {
        "result": _worst(openai["result"], promises["result"]),
        "yardsticks": [openai, promises],
        "counts": _counts(rows),
        "areas": {area: _counts(found) for area, found in _by_area(rows).items()},
        "musts_judged": openai["musts_judged"] + promises["musts_judged"],
        "gate": _gate_summary(rows, gate),
        "first": first_to_fix(rows),
        "root_causes": root_causes(rows),
        "crashes": sum(1 for row in rows if row.result.verdict is Verdict.ERROR or row.result.crash),
        "requests": len(exchanges),
        "tokens": sum_usage(exchanges),
        "seconds": round(sum(_seconds(recording) for recording in recordings), 3),
    }


def _yardstick(name: str, basis: Basis, rows: Sequence[RequirementResult], *, complete: bool) -> dict[str, Any]:
    """The result by one yardstick: the truth of what was seen, whatever the gate forgives."""
    musts = [row.result for row in rows if row.requirement.level is Level.MUST]
    judged = sum(1 for result in musts if result.verdict in {Verdict.PASS, Verdict.FAIL})
    if any(result.verdict is Verdict.FAIL for result in musts):
        word = NOT_CONFORMANT
    elif not complete or any(is_unsettled(result) or result.verdict is Verdict.ERROR for result in musts):
        word = INCOMPLETE
    else:
        word = CONFORMANT if judged else UNDETERMINED
    return {
        "name": name,
        "basis": basis.value,
        "result": word,
        "musts_judged": judged,
        "musts_total": len(musts),
        "partial": None,
        "counts": _counts(rows),
    }


def _worst(openai: str, promises: str) -> str:
    """The result of the whole: promises count only where there are some that could be judged."""
    if promises in {NOT_CONFORMANT, INCOMPLETE} and openai != NOT_CONFORMANT:
        return promises
    return openai


def _counts(rows: Iterable[RequirementResult]) -> dict[str, dict[str, int]]:
    """Level × verdict; every level and verdict is there, zeros too."""
    seen = Counter((row.requirement.level, row.result.verdict) for row in rows)
    return {level.value: {verdict.value: seen[level, verdict] for verdict in Verdict} for level in Level}


def _by_area(rows: Iterable[RequirementResult]) -> dict[str, list[RequirementResult]]:
    areas: dict[str, list[RequirementResult]] = defaultdict(list)
    for row in rows:
        areas[row.requirement.area].append(row)
    return areas


def _gate_summary(rows: Sequence[RequirementResult], gate: Gate) -> dict[str, Any]:
    words = Counter(row.gate for row in rows)
    stuck = [
        row for row in rows if gate.covers(row.requirement.level) and row.gate == "off" and is_unsettled(row.result)
    ]
    return {
        "fail_on": gate.fail_on.value,
        "met": not any(words[word] for word in STOPPING) and not stuck,
        "words": {word: words[word] for word in ("pass", "fail", "known", "stale", "baseline", "flaky", "off")},
        "open": [{"requirement": row.requirement.id, "model": row.result.model} for row in stuck],
    }


def _seconds(recording: Recording) -> float:
    return recording.footer.seconds if recording.footer else 0.0


def is_complete(recordings: Sequence[Recording]) -> bool:
    """Whether every recording came to its end, and there is one; what others recorded has no end to come to."""
    return bool(recordings) and all(_came_to_its_end(recording) for recording in recordings)


def _came_to_its_end(recording: Recording) -> bool:
    return recording.header.foreign or (recording.footer is not None and recording.footer.cause is None)
