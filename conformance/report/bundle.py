"""The evidence bundle: every report of a run, in one folder that only its owner reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from conformance.model import Results
from conformance.report.evidence.collect import Evidence
from conformance.report.formats import badge, junit, markdown
from conformance.report.formats.html import index_page
from conformance.store import results_file
from conformance.store.atomic import replace_files
from conformance.store.bundle import TESTS_PAGE


def write_bundle(out: Path, results: Results, evidence: Mapping[str, Evidence], log: str | None = None) -> list[Path]:
    """Write results.json, index.html, junit.xml, summary.md and the badges into `out`, all in place of all.

    `log` is the text of the test log; an empty one takes away what is there, and None leaves it.

    Files are readable by their owner alone (0600), and so is the folder where it is made here (0700).

    Returns:
        The paths written.

    Raises:
        UserError: The folder cannot be made or written.
    """
    logged = (out / TESTS_PAGE).is_file() if log is None else bool(log)
    tests_page = TESTS_PAGE if logged else ""
    contents = {
        "results.json": results_file.dump_results(results),
        "index.html": index_page.render(results, evidence, tests_page=tests_page),
        "junit.xml": junit.render(results),
        "summary.md": markdown.render(results),
        "badge.json": badge.render(results),
        "badge.svg": badge.render_svg(results),
    }
    if log is None:
        return replace_files(out, contents)
    replace_files(out, {**contents, **({TESTS_PAGE: log} if log else {})}, old=[TESTS_PAGE])
    return [out / name for name in contents]
