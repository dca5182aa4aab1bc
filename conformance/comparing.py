"""The job behind `conformance compare`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from conformance.console import say
from conformance.errors import ExitCode
from conformance.report.compare import Change, compare
from conformance.report.compare_pages import write_comparison
from conformance.report.results_json import read_results


def compare_folders(
    folders: Sequence[Path],
    page: Path,
    *,
    upstream: str | None = None,
    over_time: bool = False,
    any_suites: bool = False,
) -> int:
    """Compare the bundles in `folders`: write `page`, and .json and .md beside it.

    Raises:
        UserError: a bundle cannot be read, or the runs cannot be compared.
    """
    base = (page.parent if page.suffix == ".html" else page).resolve()
    bundles = [
        (Path(os.path.relpath(folder.resolve(), base)).as_posix(), read_results(folder / "results.json"))
        for folder in folders
    ]
    made = compare(bundles, upstream=upstream, over_time=over_time, any_suites=any_suites)
    runs, rows = len(made.columns), len(made.rows)
    say(f"{len(made.differences)} of {rows} requirements differ over {runs} columns")
    for change in (*made.gateway, *made.changes):
        say(_told(change))
    for path in write_comparison(made, page):
        say(str(path))
    return ExitCode.CONFORMANT


def _told(change: Change) -> str:
    where = f"{change.after.title}, {change.after.run}"
    return f"  {change.kind}: {change.requirement.id} ({change.requirement.level}), {where}"
