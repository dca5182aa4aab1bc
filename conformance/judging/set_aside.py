"""Why nothing was seen of a requirement: what is about it broke, and has no repetition to judge by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from conformance.api.breakage import Breakage
from conformance.api.views import GROUPS, applies
from conformance.checks.check import Check
from conformance.checks.explanations import ROW_OF_BREAKAGE
from conformance.judging.folding import is_about
from conformance.model import Cause, CheckResult, Exchange, Unjudged, Verdict


def explain_set_aside(
    result: CheckResult, checks: Iterable[Check], aside: Iterable[tuple[Exchange, Breakage | None]]
) -> CheckResult:
    """The result; where all that is about it broke and has no repetition to judge by, with that for its reason.

    Args:
        result: what judging said.
        checks: the judges of the requirement.
        aside: what was set aside in its slot, and how its run broke; None where our own machine was away.
    """
    if result.unjudged is None or result.unjudged.cause is not Cause.NOTHING_SEEN:
        return result
    found = next(((one, kind) for one, kind in aside if any(_looks_at(check, one) for check in checks)), None)
    if found is None:
        return result
    one, kind = found
    if kind is None:
        words = f"our own machine was away for {one.paused:.1f} s of exchange {one.id}, and it was not sent again"
        unjudged = Unjudged(Cause.UNDECIDED, exchange=one.id)
        return replace(result, verdict=Verdict.INCONCLUSIVE, reason=words, unjudged=unjudged)
    words = f"blocked: exchange {one.id} broke as others did that are right alone, and it was not sent again"
    return replace(result, reason=words, unjudged=Unjudged(Cause.BLOCKED, ROW_OF_BREAKAGE[kind], one.id))


def _looks_at(check: Check, exchange: Exchange) -> bool:
    return is_about(check, exchange) and (check.view in GROUPS or applies(exchange, check.view))
