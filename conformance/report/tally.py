"""How many exchanges each requirement judged, for recordings of many endpoints."""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import IO

from conformance.model import Results, Verdict
from conformance.report.text import one_line


def print_tally(results: Results, *, file: IO[str] | None = None) -> None:
    """Print a line for each requirement: level, exchanges judged, where it failed."""
    judged: dict[str, int] = defaultdict(int)
    failed: dict[str, set[str]] = defaultdict(set)
    levels = {row.requirement.id: row.requirement.level.value for row in results.requirements}
    for row in results.requirements:
        judged[row.requirement.id] += row.result.judged
        if row.result.verdict is Verdict.FAIL:
            failed[row.requirement.id].add(row.result.endpoint)
    out = file or sys.stdout
    print(f"{'requirement':<28} {'level':<7} {'judged':>6}  fails at", file=out)
    for id_, count in judged.items():
        hosts = ", ".join(sorted(failed[id_])) or "-"
        print(f"{id_:<28} {levels[id_]:<7} {count:>6}  {one_line(hosts)}", file=out)
