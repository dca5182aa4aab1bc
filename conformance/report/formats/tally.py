"""How many exchanges each requirement judged, for recordings of many endpoints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from conformance.model import Results, Verdict
from conformance.text import one_line


def render(runs: Iterable[Results]) -> str:
    """A line for each requirement: level, exchanges judged, where it failed."""
    judged: dict[str, int] = defaultdict(int)
    failed: dict[str, set[str]] = defaultdict(set)
    levels: dict[str, str] = {}
    for row in (row for results in runs for row in results.requirements):
        levels[row.requirement.id] = row.requirement.level.value
        judged[row.requirement.id] += row.result.judged
        if row.result.verdict is Verdict.FAIL:
            failed[row.requirement.id].add(row.result.endpoint)
    lines = [f"{'requirement':<28} {'level':<7} {'judged':>6}  fails at"]
    for id_, count in judged.items():
        hosts = ", ".join(sorted(failed[id_])) or "-"
        lines.append(f"{id_:<28} {levels[id_]:<7} {count:>6}  {one_line(hosts)}")
    return "\n".join(lines)
