"""The outcome of a run for machines: what `--json` prints; all else is in the bundle's results.json."""

from __future__ import annotations

import json
from pathlib import Path

from conformance.model import Results
from conformance.report.results_json import to_json

_MEMBERS = ("id", "level", "model", "verdict", "gate", "note", "findings")


def render(results: Results, bundle: Path, exit_code: int) -> str:
    """One JSON object on one line."""
    document = to_json(results)
    failed = [row for row in document["requirements"] if row["verdict"] in {"fail", "error"}]
    outcome = {
        "exit_code": int(exit_code),
        "bundle": str(bundle),
        "endpoint": document["endpoint"],
        "models": document["models"],
        "summary": document["summary"],
        "failed": [{name: row[name] for name in _MEMBERS} for row in failed],
    }
    return json.dumps(outcome, ensure_ascii=True)
