"""Whether requests are answered beside others, and without a time in which nobody is."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.api.breakage import Breakage
from conformance.api.second_tries import Setback
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import applicable
from conformance.checks.setbacks import expect_none
from conformance.model import Facet, Request


def _ours(request: Request) -> bool:
    """Whether the request is one of the API; recordings of others hold pages of all kinds."""
    return request.expects != "other"


@check("transport.beside", when=_ours)
def test_requests_are_answered_beside_others(run: Run, setbacks: Sequence[Setback]) -> None:
    broken = [back for back in setbacks if back.kind is Breakage.ANSWER]
    expect_none(broken, "each request answered as it is alone", "requests failed beside others")
    applicable(any(one.exchange.beside for one in run.answers), "no request ran beside another")


@check("transport.stalls", when=_ours)
def test_no_request_waits_in_vain(run: Run, setbacks: Sequence[Setback]) -> None:
    stalled = [back for back in setbacks if back.kind is Breakage.STALLED]
    expect_none(stalled, "each request answered in time", "requests had no whole answer in time")
    run.exchange.require(Facet.READS)  # what other tools record holds no waiting
    applicable(any(one.exchange.status is not None for one in run.answers), "no request was answered")
