"""Every reported bug that a client can see is planted and caught, or docs/field-bugs.md says why not."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pins
import pytest
from places import ROOT

from conformance.reference.faults import FAULTS

REPORTS = ROOT.parent / "shared" / "field-bugs.jsonl"
LISTED = set(
    re.findall(r"^\| ([a-z0-9][a-zA-Z0-9_-]+) \|", (ROOT / "docs" / "field-bugs.md").read_text("utf-8"), re.MULTILINE)
) - {"report"}

needs_reports = pytest.mark.skipif(
    not REPORTS.exists(), reason="the collection of field bugs is not beside the checkout"
)


@cache
def pinned() -> dict[str, Any]:
    return pins.load()


def caught(bug: str) -> bool:
    planted = [name for name, fault in FAULTS.items() if bug in fault.field_bugs or bug == name]
    return any(pinned().get(name, {}).get("fails") for name in planted)


@needs_reports
def test_every_report_is_caught_or_explained():
    bugs = [json.loads(line)["id"] for line in REPORTS.read_text("utf-8").splitlines()]
    silent = {bug for bug in bugs if not caught(bug)}
    assert silent - LISTED == set()


@pytest.mark.parametrize("bug", sorted(LISTED))
def test_no_exception_is_stale(bug):
    mistaken = bug in {"usage-null-read-as-zero", "usage-absent-when-not-asked-client-expects"}
    assert mistaken or not caught(bug)
