"""Whether streams come whole beside other requests."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.api.breakage import Breakage
from conformance.api.registry import STREAMS
from conformance.api.second_tries import Setback
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import applicable
from conformance.checks.setbacks import expect_none


@check("stream.beside", when=lambda request: request.expects in STREAMS)
def test_streams_come_whole_beside_other_requests(run: Run, setbacks: Sequence[Setback]) -> None:
    broken = [back for back in setbacks if back.kind is Breakage.STREAM]
    expect_none(broken, "each stream whole, whatever runs beside it", "streams broke off beside other requests")
    beside = any(one.exchange.beside and one.exchange.ok for one in run.answers)
    applicable(beside, "no stream ran beside another request")
