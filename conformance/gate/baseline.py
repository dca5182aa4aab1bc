"""The failures of an earlier run."""

from __future__ import annotations

from pathlib import Path

from conformance.errors import UserError
from conformance.gate.gate import baseline_of


def load_baseline(path: Path | None) -> frozenset[tuple[str, str]] | None:
    """The (requirement, model) pairs that failed in an earlier run; None without a file.

    Raises:
        UserError: it cannot be read.
    """
    if path is None:
        return None
    from conformance.store.results_file import read_results

    file = path / "results.json" if path.is_dir() else path
    if not file.exists():
        raise UserError(f"{file}: there is no such file", "--baseline takes the results.json of an earlier run.")
    return baseline_of(read_results(file))
