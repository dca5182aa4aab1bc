"""Every MUST says who loses what, and what to change in the server."""

from __future__ import annotations

import pytest

from conformance.catalogue.requirements import load_requirements
from conformance.model import Level, Requirement
from conformance.resources import suites_dir

LEAST, MOST = 20, 400  # characters: under it nothing is said, over it nobody reads it in a report
ROWS = [row for row in load_requirements([suites_dir()]).values() if row.level is Level.MUST and row.excluded is None]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_must_says_why_and_what_to_change(row: Requirement) -> None:
    assert len({row.statement, row.why, row.mend}) == 3, "neither repeats the statement or the other"
    assert LEAST <= len(row.why) <= MOST
    assert LEAST <= len(row.mend) <= MOST
    assert row.why.endswith(".")
    assert row.mend.endswith(".")
