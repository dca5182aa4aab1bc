"""One requirement over the exchanges of one scope slot: run the check on each, classify what it says, fold.

Pure: the same recording gives the same verdicts.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from conformance.api.answer import Answer, Trouble
from conformance.api.chat.reply import Reply
from conformance.api.errors import ErrorResponse
from conformance.api.views import (
    GROUPS,
    SEES_SUPERSEDED,
    Run,
    View,
    Views,
    applies,
    last_attempts,
    may_judge,
    transcripts,
)
from conformance.checks.check import Check
from conformance.checks.explanations import blame, find_trouble
from conformance.checks.outcomes import Blocked, Broken, Doubtful, Inconclusive, NotApplicable, NotOffered
from conformance.checks.repetition import is_the_rule
from conformance.judging.alike import join_alike
from conformance.judging.occasions import split_occasions
from conformance.judging.stand_ins import LOST, drop_stand_ins
from conformance.judging.unserved import blame_unserved, unserved_kinds
from conformance.model import Cause, CheckResult, Exchange, Finding, Request, Unjudged, Unrecorded, Verdict, fold

MAX_FINDINGS = 20
"""Findings kept for one requirement in one slot; the count says how many exchanges failed."""


@dataclass
class Slot:
    """The exchanges that one requirement is judged over: an endpoint, or an endpoint and a model.

    `context` holds what a check may ask for besides its view (see judging.CONTEXT). Views are made once and shared.
    """

    endpoint: str
    model: str
    exchanges: Sequence[Exchange]
    context: Mapping[str, Any] = field(default_factory=dict)
    made: Views = field(default_factory=Views, repr=False)

    @cached_property
    def latest(self) -> list[Exchange]:
        """The exchanges that were not tried again."""
        return last_attempts(self.exchanges)

    @cached_property
    def by_id(self) -> dict[str, Exchange]:
        """The exchanges by their ids."""
        return {one.id: one for one in self.exchanges}

    @cached_property
    def unserved(self) -> frozenset[tuple[str, bool]]:
        """The kinds of request that were never answered."""
        return unserved_kinds(self.latest)

    def views(self, check: Check) -> Iterator[View]:
        """The views that a check judges in this slot."""
        candidates = self._candidates(check)
        if check.view == "run":
            for together in split_occasions(candidates):
                yield Run(tuple(self.made.primary(one) for one in together))
        elif check.view == "transcript":
            yield from transcripts([self.made.primary(one) for one in candidates])
        else:
            yield from (self.made.named(one, check.view) for one in candidates)

    def holds(self, exchange: Exchange, view: str, *, stopped: bool) -> bool:
        """Whether checks may look at an exchange for a view."""
        return exchange.id in self._holding(view, stopped=stopped)

    def _candidates(self, check: Check) -> Iterator[Exchange]:
        held = self._holding(check.view, stopped=check.stopped)
        return (exchange for exchange in held.values() if is_about(check, exchange))

    def _holding(self, view: str, *, stopped: bool) -> dict[str, Exchange]:
        """The exchanges in which a check may look for a view, by id: found once for all checks that ask for it."""
        if (view, stopped) not in self._held:
            seen = self.exchanges if view in SEES_SUPERSEDED else self.latest
            ours = (one for one in seen if may_judge(one, stopped=stopped))
            self._held[view, stopped] = {one.id: one for one in ours if view in GROUPS or applies(one, view)}
        return self._held[view, stopped]

    @cached_property
    def _held(self) -> dict[tuple[str, bool], dict[str, Exchange]]:
        return {}


def is_about(check: Check, exchange: Exchange) -> bool:
    """Whether a check is about what was asked."""
    if check.scenario is not None and exchange.scenario != check.scenario:
        return False
    return check.when is None or check.when(exchange.request)


@dataclass(frozen=True)
class Judgement:
    """What a check said of one view."""

    verdict: Verdict
    exchange: str
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    crash: str = ""
    unjudged: Unjudged | None = None
    doubt: float = 0.0  # of a fail that the model may have caused: the part of all answers that makes it the rule
    request: Request | None = None  # of the answer that was judged
    of_refusal: bool = False  # the refusal itself was judged: its status, words and body


_CRASHED = Unjudged(Cause.CRASHED)


def judge_check(check: Check, slot: Slot) -> CheckResult:
    """Run a check over its slot and fold what it says."""
    return judge_views(check.requirement, slot, [check], call_of(check, slot))


def call_of(check: Check, slot: Slot) -> Callable[[View], None]:
    """What calls a check for one view, with what else it asks for."""
    context = {name: slot.context.get(name) for name in check.context}

    def run(one: View) -> None:
        check.body(**context, **({check.view: one} if check.takes_view else {}))

    return run


def judge_views(requirement: str, slot: Slot, checks: Iterable[Check], run: Callable[[View], None]) -> CheckResult:
    """Judge every view that the checks ask for with `run`, and fold the judgements into one result."""
    judgements = [judge_view(one, check, run) for check in checks for one in slot.views(check)]
    return fold_judgements(requirement, slot, judgements)


def judge_view(one: View, check: Check, run: Callable[[View], None]) -> Judgement:
    """What a check says of one view; `run` calls it."""
    exchange = one.exchange.id
    unready = _unready(one, check)
    if unready is not None:
        return unready
    try:
        run(one)
    except Broken as error:
        return _broken(error, one)
    except AssertionError as error:
        return Judgement(Verdict.FAIL, exchange, findings=(_plain(error, exchange),))
    except (NotApplicable, Inconclusive, Blocked, Unrecorded) as error:
        return _told(error, one)
    except Exception:  # noqa: BLE001  # a check that crashes is our own fault, and says so
        return Judgement(Verdict.ERROR, exchange, "the check crashed", (), traceback.format_exc(), _CRASHED)
    return Judgement(Verdict.PASS, exchange, request=one.exchange.request)


def _broken(error: Broken, one: View) -> Judgement:
    """What is broken, but for values that another tool's recorder replaced."""
    exchange = one.exchange.id
    answers = (one,) if isinstance(one, Answer) else one.answers
    own = drop_stand_ins(error.findings, {answer.exchange.id: answer.exchange for answer in answers}, exchange)
    if not own:
        return _without_verdict(Verdict.NOT_RUN, exchange, LOST, Unjudged(Cause.FACET_LOST))
    found = join_alike(_filed(finding, exchange) for finding in own)
    doubt = error.part if isinstance(error, Doubtful) else 0.0
    refused = isinstance(one, ErrorResponse)
    asked = one.exchange.request
    return Judgement(Verdict.FAIL, exchange, findings=found, doubt=doubt, request=asked, of_refusal=refused)


def _unready(one: View, check: Check) -> Judgement | None:
    """What is said of an answer that cannot be judged at all, or not as a whole."""
    if check.unusable and not one.exchange.undelivered:  # nobody is blamed for what never reached them
        return None
    if one.trouble is not None:
        return _troubled(one, *one.trouble)
    if check.view == "reply" and isinstance(one, Reply) and one.broken_off:
        return _told(Blocked(one.broken_off), one)
    return None


def _told(error: Exception, one: View) -> Judgement:
    exchange, words = one.exchange.id, str(error)
    if isinstance(error, NotOffered):
        return _without_verdict(Verdict.NOT_APPLICABLE, exchange, words, Unjudged(Cause.NOT_OFFERED, exchange=exchange))
    if isinstance(error, NotApplicable):
        return _without_verdict(Verdict.NOT_APPLICABLE, exchange, words, Unjudged(Cause.ABSENT))
    if isinstance(error, Inconclusive):
        return _without_verdict(Verdict.INCONCLUSIVE, exchange, words, Unjudged(Cause.UNDECIDED, exchange=exchange))
    if isinstance(error, Blocked):
        seen = error.exchange or ("" if isinstance(one, Run) else find_trouble(one).exchange.id)  # of a run any may be
        blocked = Unjudged(Cause.BLOCKED, error.by or blame(one), seen)
        where = f" (exchange {seen})" if seen else ""
        return _without_verdict(Verdict.NOT_RUN, exchange, f"blocked: {words}{where}", blocked)
    return _without_verdict(Verdict.NOT_RUN, exchange, words, Unjudged(Cause.FACET_LOST))


def _without_verdict(verdict: Verdict, exchange: str, words: str, unjudged: Unjudged) -> Judgement:
    return Judgement(verdict, exchange, words, unjudged=unjudged)


def _troubled(one: View, trouble: Trouble, words: str) -> Judgement:
    """What an exchange without a usable answer means for a check that needs one."""
    exchange = find_trouble(one).exchange
    request = exchange.request
    if trouble is Trouble.LIMITED:
        return _without_verdict(Verdict.INCONCLUSIVE, exchange.id, words, Unjudged(Cause.LIMITED, exchange=exchange.id))
    if trouble is Trouble.REFUSED and (request.needs or request.refusable):
        words = f"not offered: {find_trouble(one).refusal} (#{exchange.id})"
        lacking = Unjudged(Cause.NOT_OFFERED, exchange=exchange.id)
        return _without_verdict(Verdict.NOT_APPLICABLE, exchange.id, words, lacking)
    said = f"blocked: exchange {exchange.id} holds no answer to judge: {words}"
    return _without_verdict(Verdict.NOT_RUN, exchange.id, said, Unjudged(Cause.BLOCKED, blame(one), exchange.id))


def _filed(finding: Finding, exchange: str) -> Finding:
    return finding if finding.exchange else replace(finding, exchange=exchange)


def _plain(error: AssertionError, exchange: str) -> Finding:
    words = str(error).splitlines()
    return Finding("the assertion holds", words[0] if words else "it does not", exchange=exchange)


def fold_judgements(requirement: str, slot: Slot, judgements: Sequence[Judgement]) -> CheckResult:
    """All judgements of one requirement in one result.

    A refusal is no reason where other exchanges could have shown something, for it is about another thing.
    """
    judgements = [_blamed(one, requirement, slot) for one in judgements]
    judgements = _settle_doubts([one for one in judgements if not _is_refusal(one)] or judgements)
    verdict = fold(one.verdict for one in judgements)
    decided = [one for one in judgements if one.verdict in {Verdict.PASS, Verdict.FAIL}]
    findings = [finding for one in judgements for finding in one.findings]
    crash = next((one.crash for one in judgements if one.crash), "")
    reason, unjudged = _why(verdict, judgements)
    return CheckResult(
        requirement,
        slot.model,
        verdict,
        len(decided),
        reason,
        tuple(findings[:MAX_FINDINGS]),
        tuple(dict.fromkeys(one.exchange for one in decided)),
        crash,
        slot.endpoint,
        unjudged,
    )


def _blamed(one: Judgement, requirement: str, slot: Slot) -> Judgement:
    """The judgement, but blocked where its kind of request is not answered at all."""
    if not one.findings or one.of_refusal:
        return one
    unjudged = blame_unserved(requirement, one.findings, slot.by_id, slot.unserved)
    if unjudged is None:
        return one
    words = f"blocked: no request of this kind is answered, which {unjudged.by} tells (exchange {unjudged.exchange})"
    return _without_verdict(Verdict.NOT_RUN, one.exchange, words, unjudged)


def _is_refusal(one: Judgement) -> bool:
    return one.unjudged is not None and one.unjudged.cause is Cause.NOT_OFFERED


def _settle_doubts(judgements: Sequence[Judgement]) -> Sequence[Judgement]:
    """Doubtful findings where they are the rule, and nothing but an open question where they are not.

    An open question stands before the answers that pass: they show nothing of the one that does not.
    """
    doubts = [one for one in judgements if one.doubt]
    if not doubts:
        return judgements
    rule = _kinds_that_repeat(judgements, max(one.doubt for one in doubts))
    open_ones = [one for one in doubts if _streamed(one) not in rule]
    if any(one.verdict in {Verdict.FAIL, Verdict.ERROR} and one not in open_ones for one in judgements):
        return [one for one in judgements if one not in open_ones]
    finding, judged = doubts[0].findings[0], sum(one.verdict in {Verdict.PASS, Verdict.FAIL} for one in judgements)
    words = f"{len(doubts)} of {judged} answers: {finding.actual}; the model itself may have done so"
    unjudged = Unjudged(Cause.UNDECIDED, exchange=finding.exchange)
    return [_without_verdict(Verdict.INCONCLUSIVE, finding.exchange, words, unjudged)]


def _kinds_that_repeat(judgements: Sequence[Judgement], part: float) -> set[bool]:
    """The ways of answering, streamed or not, in which the doubtful thing is the rule: alone, or both together."""
    judged = [one for one in judgements if one.request is not None and one.verdict in {Verdict.PASS, Verdict.FAIL}]
    ways = {True, False}
    found = {way for way in ways if _repeats([one for one in judged if _streamed(one) is way], part)}
    return ways if _repeats(judged, part) else found


def _repeats(judged: Sequence[Judgement], part: float) -> bool:
    showing = [one.request for one in judged if one.request and one.verdict is Verdict.FAIL]
    return is_the_rule(showing, [one.request for one in judged if one.request], part)


def _streamed(judgement: Judgement) -> bool:
    return judgement.request is not None and judgement.request.asks("stream")


def _why(verdict: Verdict, judgements: Sequence[Judgement]) -> tuple[str, Unjudged | None]:
    """Why there is no pass or fail, for people and as data; for a fail, in how many exchanges."""
    if verdict is Verdict.PASS:
        return "", None
    if verdict is Verdict.FAIL:
        failed = sum(one.verdict is Verdict.FAIL for one in judgements)
        judge_view = sum(one.verdict in {Verdict.PASS, Verdict.FAIL} for one in judgements)
        return f"{failed} of {judge_view} judged exchanges", None
    same = [(one, one.unjudged) for one in judgements if one.verdict is verdict and one.unjudged]
    if not same:
        return "no exchange is about this", Unjudged(Cause.NOTHING_SEEN)
    often = Counter((unjudged.cause, unjudged.by) for _, unjudged in same)
    first, unjudged = min(same, key=lambda one: (one[1].cause is not Cause.BLOCKED, -often[one[1].cause, one[1].by]))
    return first.reason, unjudged
