"""The evidence bundle: every report of a run, in one folder that only its owner reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from conformance.errors import UserError
from conformance.model import Results
from conformance.report import badge, html, junit, markdown, results_json
from conformance.report.evidence import Evidence

FILES = ("results.json", "index.html", "tests.html", "junit.xml", "summary.md", "badge.json")
"""Everything in a bundle but the recording."""

TESTS_PAGE = "tests.html"
"""What the pytest-html plugin writes beside us."""


def write_bundle(out: Path, results: Results, evidence: Mapping[str, Evidence]) -> list[Path]:
    """Write results.json, index.html, junit.xml, summary.md and badge.json into `out`.

    Files are readable by their owner alone (0600), and so is the folder where it is made here (0700).

    Returns:
        The paths written.

    Raises:
        UserError: The folder cannot be made or written.
    """
    tests_page = TESTS_PAGE if (out / TESTS_PAGE).is_file() else ""
    contents = {
        "results.json": results_json.dumps(results),
        "index.html": html.render(results, evidence, tests_page=tests_page),
        "junit.xml": junit.render(results),
        "summary.md": markdown.render(results),
        "badge.json": badge.render(results),
    }
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        return [_write(out / name, content) for name, content in contents.items()]
    except OSError as error:
        raise UserError(
            f"The report cannot be written to {out}: {error.strerror or error}.", "Name another folder with --out."
        ) from None


def _write(path: Path, content: str) -> Path:
    """Write a file whole: it stands under its name only when it is complete."""
    draft = path.with_name(f".{path.name}.part")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.write(content)
    draft.replace(path)
    return path
