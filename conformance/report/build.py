"""Recordings and verdicts → `Results`: rows in order, the gate's word on each, and the summary that answers first."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conformance.errors import ExitCode
from conformance.gate import STOPPING, Gate, judge_gate, unsettled
from conformance.model import (
    Basis,
    CapabilityResult,
    CheckResult,
    Exchange,
    ExchangeSummary,
    Finding,
    Level,
    Recording,
    Requirement,
    RequirementResult,
    Results,
    Verdict,
)
from conformance.report.text import cut
from conformance.report.tokens import spent

CONFORMANT = "conformant"
NOT_CONFORMANT = "not conformant"
INCOMPLETE = "incomplete"
UNDETERMINED = "undetermined"
NOTHING_PROMISED = "nothing promised"

LONGEST_TEXT = 4096
"""Characters of an expected or actual value that results keep; the whole lies in the recording."""

LONGEST_NAME = 512
"""Characters of a model's name that results keep; an endpoint may list any."""

_BLOCKED = re.compile(r"blocked(?: by:? +(?P<id>[a-z0-9][a-z0-9._-]*)|:? +(?P<words>.+))", re.DOTALL)
_LEVELS = list(Level)


def build(
    recordings: Sequence[Recording],
    results: Iterable[CheckResult],
    requirements: Mapping[str, Requirement],
    capabilities: Iterable[CapabilityResult],
    *,
    gate: Gate,
    endpoint: Mapping[str, Any] | None = None,
    timing: Mapping[str, Mapping[str, str]] | None = None,
    needs: Mapping[str, Sequence[str]] | None = None,
) -> Results:
    """Put one run's verdicts in order and sum them up.

    Args:
        recordings: What was judged; the ids of their exchanges must be unique among them.
        results: One per requirement and scope slot; a requirement of the catalogue without one becomes `not_run`.
        requirements: The catalogue, by id, in its order; areas keep the order in which they first appear.
        capabilities: The matrix advertised × observed.
        gate: What stops a release.
        endpoint: More facts of the endpoint, beside those of the recordings' headers.
        timing: What was measured of each model, in words.
        needs: The capabilities that requirements are about, by their ids.

    Raises:
        ValueError: A verdict names a requirement that the catalogue lacks, or two exchanges share an id.
    """
    about = needs or {}
    rows = tuple(
        replace(_gated(gate, requirement, result), capabilities=tuple(about.get(requirement.id, ())))
        for requirement, result in _rows(recordings, results, requirements)
    )
    made = Results(
        endpoint={**_endpoint(recordings), **(endpoint or {})},
        models=_models(recordings, rows),
        summary=_summary(recordings, rows, gate),
        capabilities=tuple(_bounded_cell(cell) for cell in capabilities),
        requirements=rows,
        exchanges=_exchanges(recordings),
        run={**_run(recordings), "timing": dict(timing or {})},
    )
    return replace(made, summary={**made.summary, "exit_code": int(exit_code(made))})


def exit_code(results: Results) -> ExitCode:
    """What the command line ends with; 0 only where a MUST was judged, the whole was judged, and the gate is met."""
    rows = results.requirements
    if any(row.result.verdict is Verdict.ERROR or row.result.crash for row in rows):
        return ExitCode.HARNESS
    if any(row.gate in STOPPING for row in rows):
        return ExitCode.FAILED
    if not results.run.get("complete") or results.summary["gate"]["open"] or not results.summary["musts_judged"]:
        return ExitCode.UNREACHABLE
    return ExitCode.CONFORMANT


def _rows(
    recordings: Sequence[Recording], results: Iterable[CheckResult], requirements: Mapping[str, Requirement]
) -> list[tuple[Requirement, CheckResult]]:
    """Requirements with their verdicts, by area, then in the catalogue's order, then by model."""
    by_id: dict[str, list[CheckResult]] = defaultdict(list)
    for result in results:
        by_id[result.requirement].append(result)
    strangers = by_id.keys() - requirements.keys()
    if strangers:
        raise ValueError(f"verdicts on requirements that the catalogue lacks: {', '.join(sorted(strangers))}")
    profiles = {recording.header.profile for recording in recordings}
    areas = list(dict.fromkeys(requirement.area for requirement in requirements.values()))
    rows: list[tuple[Requirement, CheckResult]] = []
    for requirement in sorted(requirements.values(), key=lambda requirement: areas.index(requirement.area)):
        found = sorted(by_id.get(requirement.id, ()), key=lambda result: (result.endpoint, result.model))
        if not found and _applies(requirement, profiles):
            found = [CheckResult(requirement.id, "", Verdict.NOT_RUN, reason="unselected")]
        rows += [(requirement, _bounded(result)) for result in found]
    return rows


def _applies(requirement: Requirement, profiles: set[str]) -> bool:
    return not requirement.excluded and requirement.profile in {None, *profiles}


def _bounded(result: CheckResult) -> CheckResult:
    """The result without the megabytes that an endpoint may have put into a value."""
    findings = tuple(
        Finding(
            expected=cut(finding.expected, LONGEST_TEXT),
            actual=cut(finding.actual, LONGEST_TEXT),
            at=cut(finding.at, 512),
            exchange=finding.exchange,
            message=cut(finding.message, LONGEST_TEXT),
            span=finding.span,
        )
        for finding in result.findings
    )
    return replace(
        result,
        model=cut(result.model, LONGEST_NAME),
        endpoint=cut(result.endpoint, LONGEST_NAME),
        findings=findings,
        reason=cut(result.reason, LONGEST_TEXT),
        crash=cut(result.crash, 65536),
    )


def _bounded_cell(cell: CapabilityResult) -> CapabilityResult:
    return replace(
        cell,
        title=cut(cell.title, LONGEST_NAME),
        model=cut(cell.model, LONGEST_NAME),
        endpoint=cut(cell.endpoint, LONGEST_NAME),
        note=cut(cell.note, LONGEST_TEXT),
    )


def _gated(gate: Gate, requirement: Requirement, result: CheckResult) -> RequirementResult:
    word, note = judge_gate(gate, requirement, result)
    return RequirementResult(requirement, result, word, note)


# --- the summary --------------------------------------------------------------------------------------------------


def _summary(recordings: Sequence[Recording], rows: Sequence[RequirementResult], gate: Gate) -> dict[str, Any]:
    complete = _complete(recordings)
    promised = [row for row in rows if row.requirement.basis is Basis.PROVIDER_DOC]
    openai = _part([row for row in rows if row.requirement.basis is not Basis.PROVIDER_DOC], complete=complete)
    promises = (
        _part(promised, complete=complete) if promised else {**_part([], complete=True), "result": NOTHING_PROMISED}
    )
    exchanges = [exchange for recording in recordings for exchange in recording.exchanges]
    return {
        "result": _worst(openai["result"], promises["result"]),
        "openai": openai,
        "promises": promises,
        "counts": _counts(rows),
        "areas": {area: _counts(found) for area, found in _by_area(rows).items()},
        "musts_judged": openai["musts_judged"] + promises["musts_judged"],
        "gate": _gate_summary(rows, gate),
        "first": first_to_fix(rows),
        "root_causes": root_causes(rows),
        "crashes": sum(1 for row in rows if row.result.verdict is Verdict.ERROR or row.result.crash),
        "requests": len(exchanges),
        "tokens": spent(exchanges),
        "seconds": round(sum(_seconds(recording) for recording in recordings), 3),
    }


def _part(rows: Sequence[RequirementResult], *, complete: bool) -> dict[str, Any]:
    """One of the two results: the truth of what was seen, whatever the gate forgives."""
    musts = [row.result for row in rows if row.requirement.level is Level.MUST]
    judged = sum(1 for result in musts if result.verdict in {Verdict.PASS, Verdict.FAIL})
    if any(result.verdict is Verdict.FAIL for result in musts):
        word = NOT_CONFORMANT
    elif not complete or any(unsettled(result) or result.verdict is Verdict.ERROR for result in musts):
        word = INCOMPLETE
    else:
        word = CONFORMANT if judged else UNDETERMINED
    return {"result": word, "musts_judged": judged, "counts": _counts(rows)}


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
    stuck = [row for row in rows if gate.covers(row.requirement.level) and row.gate == "off" and unsettled(row.result)]
    return {
        "fail_on": gate.fail_on.value,
        "met": not any(words[word] for word in STOPPING) and not stuck,
        "words": {word: words[word] for word in ("pass", "fail", "known", "stale", "baseline", "flaky", "off")},
        "open": [{"requirement": row.requirement.id, "model": row.result.model} for row in stuck],
    }


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


# --- what was recorded --------------------------------------------------------------------------------------------


def _complete(recordings: Sequence[Recording]) -> bool:
    """Whether every recording came to its end, and there is one; what others recorded has no end to come to."""
    return bool(recordings) and all(_came_to_its_end(recording) for recording in recordings)


def _came_to_its_end(recording: Recording) -> bool:
    return recording.header.foreign or (recording.footer is not None and recording.footer.reason == "complete")


def _seconds(recording: Recording) -> float:
    return recording.footer.seconds if recording.footer else 0.0


def _endpoint(recordings: Sequence[Recording]) -> dict[str, Any]:
    headers = [recording.header for recording in recordings]
    urls = list(dict.fromkeys(header.base_url for header in headers))
    names = list(dict.fromkeys(header.endpoint for header in headers if header.endpoint))
    return {
        "name": names[0] if len(names) == 1 else f"{len(names)} endpoints" if names else "",
        "base_url": urls[0] if len(urls) == 1 else "",
        "base_urls": urls,
        "profile": ", ".join(dict.fromkeys(header.profile for header in headers)),
        "label": ", ".join(dict.fromkeys(header.label for header in headers if header.label)),
    }


def _models(recordings: Sequence[Recording], rows: Iterable[RequirementResult]) -> tuple[str, ...]:
    named = [model for recording in recordings for model in recording.header.models]
    judged = [row.result.model for row in rows if row.result.model]
    return tuple(dict.fromkeys(cut(name, LONGEST_NAME) for name in [*named, *judged]))


def _exchanges(recordings: Sequence[Recording]) -> dict[str, ExchangeSummary]:
    found: dict[str, ExchangeSummary] = {}
    for exchange in (exchange for recording in recordings for exchange in recording.exchanges):
        if exchange.id in found:
            raise ValueError(f"two exchanges share the id {exchange.id}; recordings judged together need unique ids")
        found[exchange.id] = _exchange(exchange)
    return found


def _exchange(exchange: Exchange) -> ExchangeSummary:
    return ExchangeSummary(
        id=exchange.id,
        scenario=cut(exchange.scenario, LONGEST_NAME),
        model=cut(exchange.model, LONGEST_NAME),
        method=exchange.request.method,
        url=cut(exchange.url, LONGEST_TEXT),
        status=exchange.status,
        outcome=exchange.outcome,
        source=cut(exchange.source, LONGEST_TEXT),
        seconds=round(exchange.ended_at, 6),
        attempt=exchange.attempt,
    )


def _run(recordings: Sequence[Recording]) -> dict[str, Any]:
    headers = [recording.header for recording in recordings]
    created = min((header.created for header in headers if header.created), default=0.0)
    return {
        "created": datetime.fromtimestamp(created, UTC).isoformat(timespec="seconds") if created else "",
        "harness": ", ".join(dict.fromkeys(header.harness for header in headers if header.harness)),
        "suites": ", ".join(dict.fromkeys(header.suites for header in headers if header.suites)),
        "complete": _complete(recordings),
        "foreign": any(header.foreign for header in headers),
        "recordings": [Path(recording.path).name for recording in recordings],  # a report may be passed on
        "thinking": sorted({model for header in headers for model in header.thinking}),
        "skipped": [
            {"scenario": skipped.scenario, "model": skipped.model, "reason": cut(skipped.reason, LONGEST_TEXT)}
            for recording in recordings
            for skipped in (recording.footer.skipped if recording.footer else ())
        ],
        "notes": [cut(note, LONGEST_TEXT) for recording in recordings for note in recording.notes],
        "endings": list(dict.fromkeys(recording.footer.reason for recording in recordings if recording.footer)),
    }
