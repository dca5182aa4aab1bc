"""Advertised against observed: what is said to work works, and nothing is accepted and ignored."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.judging import NotApplicable, broken, check, conclusive
from conformance.model import Advertised, CapabilityResult, Observed


def _judge(capability: str, offers: Mapping[str, CapabilityResult]) -> None:
    cell = offers.get(capability)
    if cell is None or cell.observed is Observed.NOT_TRIED:
        raise NotApplicable("not tried")
    exchange = cell.evidence[0] if cell.evidence else ""
    conclusive(cell.observed is not Observed.INCONCLUSIVE, cell.note)
    if cell.observed in {Observed.IGNORED, Observed.BROKEN}:
        raise broken(f"{capability} works, or is refused with 4xx", cell.note, "the answer", exchange=exchange)
    if cell.observed is Observed.REFUSED:
        if cell.advertised is Advertised.YES:
            raise broken(f"{capability} works, as advertised", f"refused: {cell.note}", "status", exchange=exchange)
        raise NotApplicable(f"not offered: {cell.note}")


@check("capability.tools")
def test_tools(offers: Mapping[str, CapabilityResult]) -> None:
    _judge("tools", offers)


@check("capability.json_schema")
def test_json_schema(offers: Mapping[str, CapabilityResult]) -> None:
    _judge("json_schema", offers)
