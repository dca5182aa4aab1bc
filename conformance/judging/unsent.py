"""Why nothing was seen of a requirement: what would have shown it was not sent, was refused, or broke."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from conformance.api.answer import ABSENT_STATUSES, Answer, Trouble
from conformance.api.registry import ERROR
from conformance.api.views import GROUPS, last_attempts
from conformance.catalogue.context import Context
from conformance.catalogue.coverage import CheckInfo, find_shown
from conformance.catalogue.scenario import Scenario
from conformance.model import Cause, CheckResult, Exchange, Recording, Request, Skipped, Unjudged, Verdict


@dataclass(frozen=True)
class _Reason:
    """Why one scenario showed nothing."""

    words: str
    unjudged: Unjudged

    @property
    def rank(self) -> int:
        """What weighs more comes first: what could have been judged, then what could not."""
        return _RANKS.index(self.unjudged.cause) if self.unjudged.cause in _RANKS else len(_RANKS)


_RANKS = (Cause.OVER_BUDGET, Cause.UNREACHABLE, Cause.CRASHED, Cause.BLOCKED, Cause.NOT_OFFERED, Cause.ABSENT)
_INAPPLICABLE = frozenset({Cause.NOT_OFFERED, Cause.ABSENT})
"""Causes for which nothing is due: there is nothing that the requirement could be about."""


@dataclass
class Unsent:
    """What was not sent or brought nothing, and why.

    Args:
        recordings: their exchanges and footers tell what became of each scenario.
        scenarios: everything that can be sent, by name.
    """

    recordings: Sequence[Recording]
    scenarios: Mapping[str, Scenario]

    def explain(self, result: CheckResult, checks: Sequence[CheckInfo]) -> CheckResult:
        """The result; where nothing was seen, with the reason that the run knows.

        Args:
            result: what judging said.
            checks: the judges of the requirement.
        """
        if result.unjudged is None or not self._is_open(result.unjudged.cause, checks):
            return result
        shown = [self.scenarios[name] for name in find_shown(checks, self.scenarios, self._requests)]
        reasons = [self._reason_of(one, result) for one in shown]
        known = [one for one in reasons if one is not None]
        if result.unjudged.cause is Cause.ABSENT and (len(known) < len(reasons) or not known):
            return result
        if known:
            best = min(known, key=lambda one: one.rank)
            absent = best.unjudged.cause in _INAPPLICABLE
            verdict = Verdict.NOT_APPLICABLE if absent else Verdict.NOT_RUN
            return replace(result, verdict=verdict, reason=best.words, unjudged=best.unjudged)
        return _opted_out(result, shown)

    @staticmethod
    def _is_open(cause: Cause, checks: Sequence[CheckInfo]) -> bool:
        """Whether nothing was seen, or a check of a whole run found nothing in it."""
        return cause is Cause.NOTHING_SEEN or (cause is Cause.ABSENT and all(one.view in GROUPS for one in checks))

    def _reason_of(self, scenario: Scenario, result: CheckResult) -> _Reason | None:
        """Why one scenario showed nothing; None where it was never to be sent, or all went well."""
        row = next((one for one in self._skipped.get(result.endpoint, ()) if _is_of(result, one, scenario.name)), None)
        if row is not None:
            return _reason_of_skipped(row)
        sent = [one for one in self._sent.get((result.endpoint, scenario.name), ()) if _is_model(result, one.model)]
        return _reason_of_sent(scenario.name, sent) if sent else None

    @cached_property
    def _requests(self) -> dict[str, Request]:
        """The first request of every scenario; whom it is sent to does not matter."""
        context = Context(model="model")
        return {name: one.build(context) for name, one in self.scenarios.items()}

    @cached_property
    def _skipped(self) -> dict[str, list[Skipped]]:
        """What was not sent, or died with the endpoint, by endpoint."""
        found: dict[str, list[Skipped]] = {}
        for one in self.recordings:
            rows = found.setdefault(one.header.endpoint, [])
            rows += [Skipped(dead.scenario, dead.model, "unreachable", Cause.UNREACHABLE) for dead in one.casualties]
            rows += one.footer.skipped if one.footer else ()
        return found

    @cached_property
    def _sent(self) -> dict[tuple[str, str], list[Exchange]]:
        """The last attempts of everything, by endpoint and scenario."""
        found: dict[tuple[str, str], list[Exchange]] = {}
        for one in self.recordings:
            for exchange in last_attempts(one.exchanges):
                found.setdefault((one.header.endpoint, exchange.scenario), []).append(exchange)
        return found


def _is_of(result: CheckResult, row: Skipped, scenario: str) -> bool:
    return row.scenario == scenario and _is_model(result, row.model)


def _is_model(result: CheckResult, model: str) -> bool:
    """Whether what was sent to a model concerns a result; that of the endpoint's slot is concerned by all."""
    return not result.model or model in {"", result.model}


def _reason_of_skipped(row: Skipped) -> _Reason:
    if row.cause is Cause.OVER_BUDGET:
        return _Reason(f"{row.reason}; {row.scenario} was not", Unjudged(Cause.OVER_BUDGET))
    if row.cause is Cause.UNREACHABLE:
        words = f"blocked: the endpoint was gone when {row.scenario} was to be sent"
        return _Reason(words, Unjudged(Cause.UNREACHABLE))
    if row.cause is Cause.UNSELECTED:  # what lacks its object, such as a key that could be wrong
        return _Reason(row.reason, Unjudged(Cause.ABSENT))
    return _Reason(row.reason, Unjudged(row.cause or Cause.NOTHING_SEEN))


def _reason_of_sent(scenario: str, sent: Iterable[Exchange]) -> _Reason | None:
    """Why what was sent did not come as far as the requirement: its last answer was a refusal, or none."""
    answers = [Answer(one) for one in sorted(sent, key=lambda one: (one.sample, one.step))]
    last = answers[-1]
    was_to_fail = last.request.invalid is not None or last.request.expects == ERROR
    if last.trouble is None or (was_to_fail and last.status not in ABSENT_STATUSES):
        return None
    number = last.exchange.id
    if last.trouble[0] is Trouble.REFUSED:
        return _Reason(f"not offered: {last.refusal} (#{number})", Unjudged(Cause.NOT_OFFERED, exchange=number))
    words = f"blocked: {scenario} came no further than exchange {number}: {last.trouble[1]}"
    return _Reason(words, Unjudged(Cause.BLOCKED, exchange=number))


def _opted_out(result: CheckResult, shown: Sequence[Scenario]) -> CheckResult:
    """The result; where only scenarios that are sent on request could have shown anything, with that for its cause."""
    if not shown or any(one.opt_in is None for one in shown):
        return result
    words = f"opt-in: {shown[0].name} is sent only when asked for, with --select opt:{shown[0].opt_in}"
    return replace(result, reason=words, unjudged=Unjudged(Cause.OPT_IN))
