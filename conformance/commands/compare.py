"""The job behind `conformance compare`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from conformance.commands.console import say
from conformance.errors import ExitCode
from conformance.model import Requirement, Results
from conformance.report.compare.comparison import Change, Comparison
from conformance.report.compare.formats import page_of, write_comparison
from conformance.report.compare.matrix import compare
from conformance.store.results_file import read_results
from conformance.text import one_line


def compare_folders(
    folders: Sequence[Path],
    page: Path,
    *,
    upstream: str | None = None,
    over_time: bool = False,
    any_suites: bool = False,
    quiet: bool = False,
    note: str = "",
) -> int:
    """Compare the bundles in `folders`: write `page`, and .json and .md beside it; `quiet` prints nothing.

    `note` is what the pages say of all of them.

    Raises:
        UserError: a bundle cannot be read, or the runs cannot be compared.
    """
    base = page_of(page).parent.resolve()
    known: dict[Requirement, Requirement] = {}
    bundles = [
        (
            Path(os.path.relpath(folder.resolve(), base)).as_posix(),
            _comparable(read_results(folder / "results.json"), known),
        )
        for folder in folders
    ]
    made = compare(bundles, upstream=upstream, over_time=over_time, any_suites=any_suites)
    made = replace(made, notes=(*made.notes, note)) if note else made
    written = write_comparison(made, page)
    if not quiet:
        _tell(made, written)
    return ExitCode.CONFORMANT


def _comparable(results: Results, known: dict[Requirement, Requirement]) -> Results:
    """What a comparison looks at, so that forty runs can be held at once: equal rows of the catalogue are kept once."""
    rows = tuple(
        replace(
            row,
            requirement=known.setdefault(row.requirement, row.requirement),
            result=replace(row.result, findings=row.result.findings[:1], exchanges=()),
        )
        for row in results.requirements
    )
    return replace(results, requirements=rows, exchanges={})


def _tell(made: Comparison, written: Sequence[Path]) -> None:
    runs, rows = len(made.columns), len(made.rows)
    say(f"{len(made.differences)} of {rows} requirements differ over {runs} columns")
    for change in (*made.gateway, *made.changes):
        say(_told(change))
    for offer in made.gateway_capabilities:
        where = one_line(offer.after.title, 80)
        say(f"  {one_line(offer.title, 80)}: {offer.was.value} upstream, {offer.now.value} at {where}")
    for path in written:
        say(str(path))


def _told(change: Change) -> str:
    where = one_line(f"{change.after.title}, {change.after.run}", 160)
    return f"  {change.words}: {change.requirement.id} ({change.requirement.level}), {where}"
