"""The names of the files in an evidence bundle."""

from __future__ import annotations

RECORDING = "recording.jsonl"
TESTS_PAGE = "tests.html"
"""What the pytest-html plugin writes beside us."""

PAGES = ("results.json", "index.html", TESTS_PAGE, "junit.xml", "summary.md", "badge.json", "badge.svg")
"""Everything in a bundle but the recording."""
