"""The outcome of a run for machines: what `--json` prints; all else is in the bundle's results.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from conformance.model import Results
from conformance.store.results_file import results_to_json

_MEMBERS = ("id", "level", "endpoint", "model", "verdict", "gate", "note", "findings")


def outcome(results: Results, bundle: Path, exit_code: int) -> dict[str, Any]:
    """The outcome of one run; `failed` holds what fails, what crashed, and known failures that are stale."""
    document = results_to_json(results)
    failed = [row for row in document["requirements"] if row["verdict"] in {"fail", "error"} or row["gate"] == "stale"]
    return {
        "exit_code": int(exit_code),
        "bundle": str(bundle),
        "endpoint": document["endpoint"],
        "models": document["models"],
        "summary": document["summary"],
        "failed": [{name: row[name] for name in _MEMBERS} for row in failed],
    }


def render(outcomes: Sequence[Mapping[str, Any]], exit_code: int, comparison: Path | None = None) -> str:
    """One JSON object on one line: the outcome of a run, or of several with their comparison."""
    document: Mapping[str, Any] = {
        "exit_code": int(exit_code),
        "runs": list(outcomes),
        "comparison": str(comparison) if comparison else None,
    }
    return json.dumps(outcomes[0] if len(outcomes) == 1 else document, ensure_ascii=True)
