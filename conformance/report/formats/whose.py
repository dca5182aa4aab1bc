"""Whom a row speaks of: the model, and the endpoint too where one recording holds several."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.model import RequirementResult, Results


def has_several_endpoints(results: Results) -> bool:
    """Whether rows of more than one endpoint stand side by side."""
    return len({row.result.endpoint for row in results.requirements if row.result.endpoint}) > 1


def name_endpoints(rows: Iterable[RequirementResult], results: Results) -> tuple[str, ...]:
    """The endpoints that rows speak of, in their order; none where all of the run is about one."""
    if not has_several_endpoints(results):
        return ()
    return tuple(dict.fromkeys(row.result.endpoint for row in rows if row.result.endpoint))


def name_slots(rows: Iterable[RequirementResult], results: Results) -> list[tuple[RequirementResult, str]]:
    """Each row with whom it speaks of: `api.example · m-1`, or the model alone; empty for the one endpoint as such."""
    several = has_several_endpoints(results)
    return [(row, _words(row, several=several)) for row in rows]


def _words(row: RequirementResult, *, several: bool) -> str:
    endpoint = row.result.endpoint if several else ""
    return " · ".join(word for word in (endpoint, row.result.model) if word)
