"""Recordings and verdicts → `Results`: rows in order, the gate's word on each, and the summary that answers first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conformance.errors import ExitCode
from conformance.gate.gate import STOPPING, Gate, judge_gate
from conformance.model import (
    CapabilityResult,
    Cause,
    CheckResult,
    Exchange,
    ExchangeSummary,
    Finding,
    Location,
    Recording,
    Requirement,
    RequirementResult,
    Results,
    Unjudged,
    Verdict,
)
from conformance.report.results.left_out import count_left_out
from conformance.report.results.summary import is_complete, summarize
from conformance.text import cut

LONGEST_TEXT = 4096
"""Characters of an expected or actual value that results keep; the whole lies in the recording."""

LONGEST_NAME = 512
"""Characters of a model's name that results keep; an endpoint may list any."""


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
        summary=summarize(recordings, rows, gate),
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
            found = [_unselected(requirement)]
        rows += [(requirement, _bounded(result)) for result in found]
    return rows


def _unselected(requirement: Requirement) -> CheckResult:
    unjudged = Unjudged(Cause.UNSELECTED)
    return CheckResult(requirement.id, "", Verdict.NOT_RUN, reason="unselected", unjudged=unjudged)


def _applies(requirement: Requirement, profiles: set[str]) -> bool:
    return not requirement.excluded and requirement.profile in {None, *profiles}


def _bounded(result: CheckResult) -> CheckResult:
    """The result without the megabytes that an endpoint may have put into a value."""
    findings = tuple(
        Finding(
            expected=cut(finding.expected, LONGEST_TEXT),
            actual=cut(finding.actual, LONGEST_TEXT),
            location=_bounded_location(finding.location, LONGEST_NAME // 2),
            exchange=finding.exchange,
            message=cut(finding.message, LONGEST_TEXT),
            also=tuple(_bounded_location(one, LONGEST_NAME // 2) for one in finding.also),
            places=finding.places,
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


def _bounded_location(location: Location, limit: int) -> Location:
    return replace(location, name=cut(location.name, limit), pointer=cut(location.pointer, limit))


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


# --- what was recorded --------------------------------------------------------------------------------------------


def _endpoint(recordings: Sequence[Recording]) -> dict[str, Any]:
    headers = [recording.header for recording in recordings if recording.exchanges or not recording.header.foreign]
    headers = headers or [recording.header for recording in recordings]  # of some files of others nothing is judged
    urls = list(dict.fromkeys(header.base_url for header in headers if header.base_url or not header.foreign))
    proxies = ", ".join(dict.fromkeys(cut(header.proxy, LONGEST_NAME) for header in headers if header.proxy))
    names = list(dict.fromkeys(header.endpoint for header in headers if header.endpoint))
    return {
        "name": names[0] if len(names) == 1 else f"{len(names)} endpoints" if names else "",
        "base_url": urls[0] if len(urls) == 1 else "",
        "base_urls": urls,
        "profile": ", ".join(dict.fromkeys(header.profile for header in headers)),
        "label": ", ".join(dict.fromkeys(header.label for header in headers if header.label)),
        **({"proxy": proxies} if proxies else {}),
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
        repeats=exchange.repeats,
    )


def _run(recordings: Sequence[Recording]) -> dict[str, Any]:
    headers = [recording.header for recording in recordings]
    created = min((header.created for header in headers if header.created), default=0.0)
    return {
        "created": datetime.fromtimestamp(created, UTC).isoformat(timespec="seconds") if created else "",
        "harness": ", ".join(dict.fromkeys(header.harness for header in headers if header.harness)),
        "suites": ", ".join(dict.fromkeys(header.suites for header in headers if header.suites)),
        "complete": is_complete(recordings),
        "foreign": any(header.foreign for header in headers),
        "recordings": [one.name or Path(one.path).name for one in recordings],  # no whole path: it may be passed on
        "thinking": sorted({model for header in headers for model in header.thinking}),
        "skipped": [
            {
                "scenario": skipped.scenario,
                "model": skipped.model,
                "reason": cut(skipped.reason, LONGEST_TEXT),
                "cause": skipped.cause,
            }
            for recording in recordings
            for skipped in (recording.footer.skipped if recording.footer else ())
        ],
        "notes": [cut(note, LONGEST_TEXT) for recording in recordings for note in recording.notes],
        **({"left_out": left_out} if (left_out := count_left_out(recordings)) else {}),
        "endings": list(dict.fromkeys(recording.footer.reason for recording in recordings if recording.footer)),
    }
