"""Results ⇄ results.json: one shape, keys in one order, checked by schema when written and when read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from conformance.errors import UserError
from conformance.inputs.regular_files import read_regular
from conformance.model import (
    Advertised,
    Basis,
    CapabilityResult,
    Cause,
    CheckResult,
    ExchangeSummary,
    Finding,
    Level,
    Location,
    Observed,
    Outcome,
    Requirement,
    RequirementResult,
    Results,
    Scope,
    Source,
    Unjudged,
    Verdict,
)
from conformance.store.format_1 import upgrade
from conformance.wire.json_bounds import holds_more_values

_LARGEST, _MOST_VALUES = 32 * 1024 * 1024, 1_000_000
"""Bytes and values of a results.json; a run of a hundred models makes a fifth of that."""

FORMAT = 2
"""The number of the format that is written; 1 is read too."""


def results_to_json(results: Results) -> dict[str, Any]:
    """Results as JSON values; text that UTF-8 cannot hold is written as an escape."""
    document = {
        "format": results.format,
        "endpoint": dict(results.endpoint),
        "models": list(results.models),
        "run": dict(results.run),
        "summary": dict(results.summary),
        "capabilities": [_plain(cell) for cell in results.capabilities],
        "requirements": [_row(row) for row in results.requirements],
        "exchanges": {key: _plain(exchange) for key, exchange in results.exchanges.items()},
    }
    clean: dict[str, Any] = _clean(document)
    return clean


def _plain(value: Any) -> dict[str, Any]:
    """A flat frozen type as a mapping."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _row(row: RequirementResult) -> dict[str, Any]:
    requirement, result = row.requirement, row.result
    return {
        "id": requirement.id,
        "level": requirement.level,
        "area": requirement.area,
        "basis": requirement.basis,
        "scope": requirement.scope,
        **verdict_to_json(result),
        "gate": row.gate,
        "note": row.note,
        "capabilities": row.capabilities,
        "statement": requirement.statement,
        "source": _plain(requirement.source),
        "breaks": requirement.breaks,
        "why": requirement.why,
        "mend": requirement.mend,
        "since": requirement.since,
        "covers": requirement.covers,
        "profile": requirement.profile,
        "unwitnessed": requirement.unwitnessed,
        "excluded": requirement.excluded,
    }


def verdict_to_json(result: CheckResult) -> dict[str, Any]:
    """A verdict and all that belongs to it, but the id of its requirement."""
    return {
        "endpoint": result.endpoint,
        "model": result.model,
        "verdict": result.verdict,
        "judged": result.judged,
        "unjudged": None if result.unjudged is None else _plain(result.unjudged),
        "reason": result.reason,
        "findings": [_finding(finding) for finding in result.findings],
        "exchanges": result.exchanges,
        "crash": result.crash,
    }


def verdict_from_json(requirement: str, row: Mapping[str, Any]) -> CheckResult:
    """What `verdict_to_json` made."""
    unjudged = row["unjudged"]
    return CheckResult(
        requirement=requirement,
        model=row["model"],
        verdict=Verdict(row["verdict"]),
        judged=row["judged"],
        reason=row["reason"],
        findings=tuple(_read_finding(finding) for finding in row["findings"]),
        exchanges=tuple(row["exchanges"]),
        crash=row["crash"],
        endpoint=row["endpoint"],
        unjudged=None if unjudged is None else Unjudged(**{**unjudged, "cause": Cause(unjudged["cause"])}),
    )


def dump_verdict(result: CheckResult) -> str:
    """A verdict as a line of text, for another process."""
    return json.dumps({"id": result.requirement, **verdict_to_json(result)})


def load_verdict(text: str) -> CheckResult:
    """The verdict that `dump_verdict` wrote."""
    row = json.loads(text)
    return verdict_from_json(row["id"], row)


def _finding(finding: Finding) -> dict[str, Any]:
    also = [{"location": one.to_json(), "span": one.span} for one in finding.also]
    return {
        "exchange": finding.exchange,
        "expected": finding.expected,
        "actual": finding.actual,
        "at": finding.at,
        "location": finding.location.to_json(),
        "message": finding.message,
        "span": finding.span,
        **({"also": also, "places": finding.places} if also else {}),
    }


def _clean(value: Any) -> Any:
    """Plain JSON values; lone surrogates as escapes, enumerations as their words."""
    if isinstance(value, str):
        return str(value).encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, Mapping):
        return {_clean(key): _clean(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(member) for member in value]
    return value


def from_json(document: Mapping[str, Any]) -> Results:
    """Results from JSON values that satisfy the schema."""
    return Results(
        endpoint=document["endpoint"],
        models=tuple(document["models"]),
        summary=document["summary"],
        capabilities=tuple(_read_capability(cell) for cell in document["capabilities"]),
        requirements=tuple(_read_row(row) for row in document["requirements"]),
        exchanges={key: _read_exchange(value) for key, value in document["exchanges"].items()},
        run=document["run"],
        format=document["format"],
    )


def _read_capability(cell: Mapping[str, Any]) -> CapabilityResult:
    typed = {"advertised": Advertised(cell["advertised"]), "observed": Observed(cell["observed"])}
    return CapabilityResult(**{**cell, **typed, "evidence": tuple(cell["evidence"])})


def _read_exchange(value: Mapping[str, Any]) -> ExchangeSummary:
    return ExchangeSummary(**{**value, "outcome": Outcome(value["outcome"])})


def _read_row(row: Mapping[str, Any]) -> RequirementResult:
    requirement = Requirement(
        id=row["id"],
        level=Level(row["level"]),
        basis=Basis(row["basis"]),
        statement=row["statement"],
        source=Source(**row["source"]),
        area=row["area"],
        scope=Scope(row["scope"]),
        since=row["since"],
        why=row["why"],
        mend=row.get("mend", ""),
        breaks=tuple(row["breaks"]),
        covers=tuple(row["covers"]),
        profile=row["profile"],
        unwitnessed=row["unwitnessed"],
        excluded=row["excluded"],
    )
    result = verdict_from_json(row["id"], row)
    return RequirementResult(requirement, result, row["gate"], row["note"], tuple(row.get("capabilities", ())))


def _read_finding(finding: Mapping[str, Any]) -> Finding:
    also = tuple(_read_place(one) for one in finding.get("also", ()))
    place = _read_place(finding)
    return Finding(
        finding["expected"],
        finding["actual"],
        place,
        finding["exchange"],
        finding["message"],
        also,
        finding.get("places", 1),
    )


def _read_place(place: Mapping[str, Any]) -> Location:
    span = None if place["span"] is None else (place["span"][0], place["span"][1])
    return Location.from_json(place["location"], span)


def dump_results(results: Results) -> str:
    """The text of results.json, checked by its schema.

    Raises:
        ValueError: The harness made results that its own schema refuses.
    """
    document = results_to_json(results)
    defect = _defect(document)
    if defect:
        raise ValueError(f"results that the schema of results.json refuses: {defect}")
    return json.dumps(document, indent=1) + "\n"


def read_results(path: Path) -> Results:
    """Results from a results.json, or from the folder that holds one.

    Raises:
        UserError: There is no such file, or it is not what `conformance` writes.
    """
    file = path / "results.json" if path.is_dir() else path
    try:
        document = json.loads(_read(file))
    except (ValueError, RecursionError):
        raise UserError(f"{file} is not JSON.", "Make it again with `conformance judge RECORDING`.") from None
    if isinstance(document, dict) and document.get("format") == 1:
        document = upgrade(document, file)
    return from_json(_checked(document, file))


def _read(file: Path) -> bytes:
    data = read_regular(file, _LARGEST)
    if len(data) > _LARGEST or holds_more_values(data, _MOST_VALUES):
        raise UserError(f"{file} is larger than any results.json.", "Make it again with `conformance judge RECORDING`.")
    return data


def _checked(document: Any, file: Path) -> Mapping[str, Any]:
    found = document.get("format") if isinstance(document, dict) else None
    if isinstance(found, int) and found > FORMAT:
        raise UserError(
            f"{file} has format {found}, newer than this version reads.", "Update conformance and try again."
        )
    defect = _defect(document)
    if defect:
        raise UserError(f"{file} is not a results.json: {defect}", "Make it again with `conformance judge RECORDING`.")
    checked: Mapping[str, Any] = document
    return checked


def _defect(document: Any) -> str:
    """The first thing that the schema refuses, in one line, or nothing."""
    try:
        error = next(_validator().iter_errors(document), None)
    except ValueError as refused:  # numbers or nesting that the validator cannot take in
        return str(refused)[:300]
    if error is None:
        return ""
    place = "/" + "/".join(str(step) for step in error.instance_path)
    return f"{error.message[:300]} (at {place})"


@cache
def _validator() -> Any:
    import jsonschema_rs

    from conformance.resources import schemas_dir

    schema = json.loads((schemas_dir() / "harness" / "results.schema.json").read_text(encoding="utf-8"))
    return jsonschema_rs.validator_for(schema)
