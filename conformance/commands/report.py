"""`conformance report`: the pages of a bundle, written again."""

from __future__ import annotations

from pathlib import Path

from conformance.commands.console import say
from conformance.errors import ExitCode
from conformance.store.bundle import RECORDING


def report(folder: Path) -> int:
    """Write a bundle's pages again."""
    from conformance.recording import read_recordings
    from conformance.report.bundle import write_bundle
    from conformance.report.evidence.collect import collect, marks_of, wanted_ids
    from conformance.store.results_file import read_results

    results = read_results(folder / "results.json")
    recording = folder / RECORDING
    recordings = list(read_recordings([recording])) if recording.exists() else []
    variable = str(results.endpoint.get("api_key_env") or "")
    evidence = collect(recordings, wanted_ids(results), marks_of(results), key_variable=variable)
    for path in write_bundle(folder, results, evidence):
        say(str(path))
    return ExitCode.CONFORMANT
