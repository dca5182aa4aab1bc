"""Why nothing was seen of a requirement: its scenarios were planned and not sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from conformance.api.breakage import Breakage
from conformance.api.views import GROUPS, applies
from conformance.catalogue.context import Context
from conformance.catalogue.coverage import CheckInfo, find_showing
from conformance.catalogue.scenario import Scenario
from conformance.checks.check import Check
from conformance.checks.explanations import ROW_OF_BREAKAGE
from conformance.judging.folding import is_about
from conformance.model import Cause, CheckResult, Exchange, Recording, Skipped, Unjudged, Verdict


def explain_unsent(
    result: CheckResult,
    checks: Sequence[CheckInfo],
    recordings: Iterable[Recording],
    scenarios: Mapping[str, Scenario],
) -> CheckResult:
    """The result; where nothing was seen because the budget or the endpoint gave out, with that for its reason.

    Where all that could have shown something is sent on request only, that is the cause.

    Args:
        result: what judging said.
        checks: the judges of the requirement.
        recordings: their footers tell what was not sent.
        scenarios: everything that can be sent, by name.
    """
    if result.unjudged is None or result.unjudged.cause is not Cause.NOTHING_SEEN:
        return result
    skipped = {row.scenario: row for row in _skipped(recordings, result) if row.scenario in scenarios}
    held_back = {name: scenarios[name] for name, row in skipped.items() if row.cause in _HOLDING_BACK}
    shown = find_showing(checks, held_back, Context(model=result.model)) if held_back else []
    if not shown:
        return _opted_out(result, checks, scenarios)
    row = skipped[shown[0]]
    return replace(result, reason=_words(row), unjudged=Unjudged(row.cause or Cause.NOTHING_SEEN))


def explain_set_aside(
    result: CheckResult, checks: Iterable[Check], aside: Iterable[tuple[Exchange, Breakage | None]]
) -> CheckResult:
    """The result; where all that is about it broke and has no repetition to judge by, with that for its reason.

    Args:
        result: what judging said.
        checks: the judges of the requirement.
        aside: what was set aside in its slot, and how its run broke; None where our own machine was away.
    """
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


def _opted_out(result: CheckResult, checks: Sequence[CheckInfo], scenarios: Mapping[str, Scenario]) -> CheckResult:
    """The result; where only scenarios that are sent on request could have shown anything, with that for its cause."""
    shown = find_showing(checks, scenarios, Context(model=result.model))
    if not shown or any(scenarios[name].opt_in is None for name in shown):
        return result
    return replace(result, unjudged=Unjudged(Cause.OPT_IN))


_HOLDING_BACK = frozenset({Cause.OVER_BUDGET, Cause.UNREACHABLE})


def _skipped(recordings: Iterable[Recording], result: CheckResult) -> list[Skipped]:
    """What was not sent, or died with the endpoint, of the model or, for the endpoint's slot, of any."""
    own = [one for one in recordings if one.footer and one.header.endpoint == result.endpoint]
    rows = [
        Skipped(dead.scenario, dead.model, "unreachable", Cause.UNREACHABLE) for one in own for dead in one.casualties
    ]
    rows += [row for one in own if one.footer for row in one.footer.skipped]
    return [row for row in rows if not result.model or row.model in {"", result.model}]


def _words(row: Skipped) -> str:
    if row.cause is Cause.OVER_BUDGET:
        return f"{row.reason}; {row.scenario} was not"
    return f"blocked: the endpoint was gone when {row.scenario} was to be sent"
