"""A results.json of format 1 brought to the shape of today, where causes and places are data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.errors import UserError
from conformance.model import Location
from conformance.store.old_words import blocker_of, cause_of


def upgrade(document: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """The document as format 2 holds it.

    Raises:
        UserError: it is no document of format 1.
    """
    try:
        return _upgrade(document)
    except (KeyError, TypeError, AttributeError) as error:
        words = f"{file} is not a results.json: {error!r} in format 1"
        raise UserError(words, "Make it again with `conformance judge RECORDING`.") from None


def _upgrade(document: Mapping[str, Any]) -> dict[str, Any]:
    ids = frozenset(row["id"] for row in document["requirements"])
    return {
        **document,
        "format": 2,
        "run": _run(document["run"]),
        "summary": _summary(document["summary"], ids),
        "requirements": [_row(row, ids) for row in document["requirements"]],
    }


def _run(run: Mapping[str, Any]) -> dict[str, Any]:
    return {**run, "skipped": [{**row, "cause": cause_of(row["reason"])} for row in run["skipped"]]}


def _row(row: Mapping[str, Any], ids: frozenset[str]) -> dict[str, Any]:
    findings = [{**finding, "location": Location.part(finding["at"]).to_json()} for finding in row["findings"]]
    return {**row, "unjudged": _unjudged(row, ids), "findings": findings}


def _unjudged(row: Mapping[str, Any], ids: frozenset[str]) -> dict[str, str] | None:
    cause = cause_of(row["reason"]) if row["verdict"] == "not_run" else None
    return None if cause is None else {"cause": cause, "by": blocker_of(row["reason"], ids), "exchange": ""}


def _summary(summary: Mapping[str, Any], ids: frozenset[str]) -> dict[str, Any]:
    kept = {name: value for name, value in summary.items() if name not in {"openai", "promises"}}
    parts = (("openai", "openai-spec"), ("promises", "provider-doc"))
    yardsticks = [_yardstick(name, basis, summary[name]) for name, basis in parts]
    return {**kept, "yardsticks": yardsticks, "root_causes": [_cause(one, ids) for one in summary["root_causes"]]}


def _yardstick(name: str, basis: str, part: Mapping[str, Any]) -> dict[str, Any]:
    total = sum(part["counts"]["MUST"].values())
    return {"name": name, "basis": basis, **part, "musts_total": total, "partial": None}


def _cause(cause: Mapping[str, Any], ids: frozenset[str]) -> dict[str, Any]:
    by = cause["cause"] if cause["cause"] in ids else ""
    told = {"cause": "blocked", "by": by, "exchange": "", "words": cause["cause"]}
    return {**told, "blocks": cause["blocks"], "musts": 0}
