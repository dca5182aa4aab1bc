"""Conversations with tools: what is granted, what is refused, and that results go back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from conformance.api.answer import Answer, Trouble
from conformance.api.chat.reply import Reply
from conformance.api.chat.stream import ChatStream
from conformance.api.chat.tools import CUT, at_limit, calls_of, choice_of, declared_functions, is_call_forced
from conformance.api.errors import ErrorResponse
from conformance.api.views import Run, Transcript
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, expect, gather, unblocked
from conformance.checks.explanations import blame
from conformance.checks.outcomes import Blocked, Inconclusive, NotOffered
from conformance.checks.refusals import expect_refused, said
from conformance.model import LIMIT_STATUSES, CapabilityResult, Observed
from conformance.model.location import Location

Offers = Mapping[str, CapabilityResult]
_COUNTED = re.compile(r"(?:\D*\d{1,2})?")
"""No id, or one that only counts the calls of an answer, such as `call_0`: the next answer has it again."""


def _granted(answer: Answer) -> bool:
    conclusive(answer.trouble is None or answer.trouble[0] is not Trouble.LIMITED, said(answer))
    return answer.exchange.ok


def _some_granted(answers: Iterable[Answer], wanted: str, offers: Offers | None) -> None:
    """At least one was answered; a refusal counts only where tools themselves work."""
    asked = [answer for answer in answers if answer.request.invalid is None and declared_functions(answer.request)]
    applicable(asked, "not asked for")
    tools = (offers or {}).get("tools")
    applicable(tools is not None and tools.observed is Observed.WORKS, "tools are not offered")
    if not any(_granted(answer) for answer in asked):
        raise broken(f"HTTP 200 with {wanted}", said(asked[0]), Location.status(), exchange=asked[0].exchange.id)


@check("tools.stream.granted", unusable=True, shown_by=("offer.parallel_tools",))
def test_tools_and_stream_go_together(run: Run, offers: Offers) -> None:
    _some_granted((one for one in run.answers if isinstance(one, ChatStream)), "tools together with stream", offers)


def _is_taken(one: Answer, asked: Iterable[Answer]) -> bool:
    """Whether tools are accepted in the way in which an answer is asked for, streamed or not."""
    return any(other.exchange.ok and other.request.asks("stream") is one.request.asks("stream") for other in asked)


@check("tools.choice", shown_by=("offer.tools", "tools.named"))
def test_a_choice_that_demands_a_call_is_accepted(run: Run) -> None:
    asked = [one for one in run.answers if one.request.invalid is None and declared_functions(one.request)]
    applicable(any(one.exchange.ok for one in asked), "tools are not offered")
    with gather("no call was demanded") as found:
        for kind in ("required", "named"):
            demanded = [one for one in asked if choice_of(one.request) == kind and _is_taken(one, asked)]
            if demanded and not any(_granted(one) for one in demanded):
                with found.each():
                    first = min(demanded, key=lambda one: len(one.request.json))
                    wanted = "a tool_choice that names a function" if kind == "named" else 'tool_choice "required"'
                    words = f"forced choice is refused: {said(first)}"
                    raise broken(f"{wanted}, as tools are accepted without it", words, exchange=first.exchange.id)
            found.judged += bool(demanded)


@check("tools.none.accepted", unusable=True, shown_by=("tools.none", "offer.parallel_tools"))
def test_none_and_parallel_false_go_together(run: Run, offers: Offers) -> None:
    others = [*run.of("tools.parallel_false"), *run.of("offer.parallel_tools")]
    none = [one for one in run.of("tools.none") if one.request.param("parallel_tool_calls") is False]
    none = [one for one in none if choice_of(one.request) == "none"]
    applicable(none, "not asked for")
    unblocked(
        _granted(none[0]) or any(one.exchange.ok for one in others),
        "parallel_tool_calls is refused altogether",
        by="capability.parallel_tools",
    )
    _some_granted(none, 'tool_choice "none" beside parallel_tool_calls: false', offers)


@check("tools.strict.null", scenario="tools.roundtrip", unusable=True)
def test_strict_may_be_null(transcript: Transcript) -> None:
    with_null = [one for one in transcript.answers if _null_strict(one)]
    if with_null and not any(_granted(one) for one in with_null):
        first = with_null[0]
        without = [one for one in transcript.answers if not _null_strict(one)]
        words = f"refused without `strict` as well: {said(first)}"
        unblocked(any(one.exchange.ok for one in without), words, blame(first))
        raise broken(
            "HTTP 200 with a function that has strict: null", said(first), Location.status(), exchange=first.exchange.id
        )


def _null_strict(answer: Answer) -> bool:
    """Whether a function was declared with `strict` null."""
    return any("strict" in one and one["strict"] is None for one in declared_functions(answer.request).values())


@check("tools.parameters.absent", scenario="tools.roundtrip", unusable=True)
def test_parameters_may_be_absent(transcript: Transcript, offers: Offers) -> None:
    bare = next((one for one in transcript.answers if _bare(one)), None)
    if bare is None:
        _answer_to_results(transcript, offers)
        raise Inconclusive("the model went on calling, or said nothing")
    if bare is not None and not _granted(bare):
        conclusive(bare.status not in {502, 503, 504}, said(bare))
        twin = transcript.answers[-1]
        unblocked(twin is not bare, f"not tried with `parameters`: {said(bare)}", blame(bare))
        unblocked(_granted(twin), f"refused with `parameters` as well: {said(bare)}", blame(bare))
        raise broken(
            "HTTP 200 with a function that has no parameters", said(bare), Location.status(), exchange=bare.exchange.id
        )


def _bare(answer: Answer) -> bool:
    """Whether a function without parameters was declared."""
    return any("parameters" not in one for one in declared_functions(answer.request).values())


def _answer_to_results(transcript: Transcript, offers: Offers | None) -> tuple[Answer, Answer]:
    """The answer with calls, and the answer to their results; where there is none, why."""
    for before, answer in zip(transcript.answers, transcript.answers[1:], strict=False):
        last = (answer.request.param("messages") or [{}])[-1]
        if isinstance(last, dict) and last.get("role") == "tool":
            return before, answer
    _heeded(offers)
    raise _uncalled(transcript)


def _heeded(offers: Offers | None) -> None:
    """Tools are not ignored altogether, which is said once."""
    tools = (offers or {}).get("tools")
    words = "tools are ignored altogether: capability.tools"
    unblocked(tools is None or tools.observed is not Observed.IGNORED, words, by="capability.tools")


def _uncalled(transcript: Transcript) -> Exception:
    """Why no call came that could be sent back: the model's freedom, the limit, or a failure that others tell of."""
    asked = [one for one in transcript.answers if isinstance(one, Reply) and one.trouble is None]
    if not asked:
        last = transcript.answers[-1]
        words = last.trouble[1] if last.trouble else "no answer"
        return Blocked(f"no tool call came to be answered: {words}", blame(last), last.exchange.id)
    last = asked[-1]
    if at_limit(last) or any(choice.finish_reason in CUT for choice in last.choices):
        return Inconclusive("the answer was cut before a whole call")
    if not is_call_forced(last.request):
        return Inconclusive("the model was free to call, and did not")
    return Blocked("no tool call came that could be answered", by="tools.required")


@check("tools.roundtrip", scenario="tools.roundtrip", unusable=True)
def test_a_result_is_answered(transcript: Transcript, offers: Offers) -> None:
    _, answer = _answer_to_results(transcript, offers)
    if answer.trouble is not None:
        kind, words = answer.trouble
        conclusive(kind is not Trouble.LIMITED, words)
        raise broken(
            "HTTP 200 with an answer to the tools' results", words, Location.status(), exchange=answer.exchange.id
        )


@check("tools.roundtrip.heeded", scenario="tools.roundtrip", unusable=True)
def test_a_result_is_heeded(transcript: Transcript, offers: Offers) -> None:
    before, answer = _answer_to_results(transcript, offers)
    unblocked(answer.trouble is None and isinstance(answer, Reply), "the result was not answered", by="tools.roundtrip")
    if isinstance(before, Reply) and isinstance(answer, Reply):
        asked = [(call.id, call.name, call.arguments) for call in calls_of(before)]
        again = [call for call in calls_of(answer) if (call.id, call.name, call.arguments) in asked]
        if again and not _COUNTED.fullmatch(str(again[0].id or "")):
            words = f"the call {again[0].id} of {again[0].name} once more"
            raise broken("an answer that goes on from the result", words, again[0].place, exchange=answer.exchange.id)
        made = [one[1:] for one in asked]
        repeated = any((call.name, call.arguments) in made for call in calls_of(answer))
        conclusive(not repeated, "the model made the same call anew")  # which the server cannot help


@check("tools.roundtrip.counted", scenario="tools.roundtrip", unusable=True)
def test_results_reach_the_model(transcript: Transcript, offers: Offers) -> None:
    before, answer = _answer_to_results(transcript, offers)
    first, second = (_prompt(one) for one in (before, answer))
    applicable(first is not None and second is not None, "prompt_tokens are not counted")
    if (second or 0) <= (first or 0):
        words = f"{second}: the call and its result are not part of the prompt"
        raise broken(
            f"more than the {first} prompt_tokens before the call",
            words,
            Location.at("/usage"),
            exchange=answer.exchange.id,
        )


def _prompt(answer: Answer) -> int | None:
    counted = answer.usage if isinstance(answer, Reply) and answer.trouble is None else None
    tokens = (counted or {}).get("prompt_tokens")
    return tokens if isinstance(tokens, int) else None


def _kind(answer: Answer) -> str:
    """Which way to write an earlier call a request of tools.history tries."""
    messages = answer.request.param("messages") or []
    if len(messages) > 3:
        return "all"
    called = messages[1]
    return "absent" if "content" not in called else "null" if called["content"] is None else "empty"


def _tried(transcript: Transcript, offers: Offers | None) -> tuple[dict[str, Answer], set[str]]:
    """What was tried, and what of it was refused."""
    tools = (offers or {}).get("tools")
    refused = tools is not None and tools.observed is Observed.REFUSED
    if refused and not any(answer.exchange.ok for answer in transcript.answers):
        raise NotOffered(f"not offered: {tools.note if tools else ''}")
    plain = [answer for answer in transcript.answers if len(answer.request.param("messages") or []) == 1]
    words = "the same request is refused without an earlier call as well"
    unblocked(all(_granted(answer) for answer in plain), words, by="chat.answered")
    tried = {_kind(answer): answer for answer in transcript.answers if answer not in plain}
    return tried, {kind for kind, answer in tried.items() if not _granted(answer)}


def _judge_history(transcript: Transcript, offers: Offers | None, kind: str, words: str) -> None:
    tried, wrong = _tried(transcript, offers)
    unblocked(len(wrong) < 4, "every conversation with an earlier call is refused: tools.history", by="tools.history")
    if kind in wrong:
        raise broken(f"HTTP 200 with {words}", said(tried[kind]), Location.status(), exchange=tried[kind].exchange.id)


@check("tools.history", scenario="tools.history", unusable=True)
def test_earlier_calls_are_accepted(transcript: Transcript, offers: Offers) -> None:
    tried, wrong = _tried(transcript, offers)
    if len(wrong) == 4:
        words = "tools do not work at all: capability.tools"
        tools = (offers or {}).get("tools")
        unblocked(tools is None or tools.observed is not Observed.BROKEN, words, by="capability.tools")
        told = tried["null"]
        wanted = "HTTP 200 with an earlier call and its result"
        raise broken(wanted, said(told), Location.status(), exchange=told.exchange.id)


@check("tools.history.null", scenario="tools.history", unusable=True)
def test_content_may_be_null(transcript: Transcript, offers: Offers) -> None:
    _judge_history(transcript, offers, "null", "a message with tool_calls and content null")


@check("tools.history.empty", scenario="tools.history", unusable=True)
def test_content_may_be_empty(transcript: Transcript, offers: Offers) -> None:
    _judge_history(transcript, offers, "empty", 'a message with tool_calls and content ""')


@check("tools.history.absent", scenario="tools.history", unusable=True)
def test_content_may_be_absent(transcript: Transcript, offers: Offers) -> None:
    _judge_history(transcript, offers, "absent", "a message with tool_calls and without content")


@check("tools.history.parts", scenario="tools.history", unusable=True)
def test_parts_and_several_results_are_accepted(transcript: Transcript, offers: Offers) -> None:
    _, wrong = _tried(transcript, offers)
    simpler = next((kind for kind in ("null", "empty", "absent") if kind in wrong), "")
    words = "a simpler conversation with an earlier call is refused"
    unblocked(not simpler, words, by=f"tools.history.{simpler}" if len(wrong) < 4 else "tools.history")
    _judge_history(transcript, offers, "all", "content in parts, two results, several turns with calls")


def _refused(error: ErrorResponse, offers: Offers | None) -> None:
    _heeded(offers)
    expect_refused(error)


@check("tools.no_name", scenario="tools.no_name", unusable=True)
def test_a_function_without_a_name_is_refused(error: ErrorResponse, offers: Offers) -> None:
    _refused(error, offers)


@check("tools.unknown_choice", scenario="tools.unknown_choice", unusable=True)
def test_an_undeclared_choice_is_refused(error: ErrorResponse, offers: Offers) -> None:
    _refused(error, offers)


@check("tools.stray_result", scenario="tools.stray_result", unusable=True)
def test_a_result_without_a_call_is_refused(error: ErrorResponse, offers: Offers) -> None:
    _refused(error, offers)


@check("tools.empty", scenario="tools.empty", unusable=True)
def test_an_empty_array_is_no_tools_or_invalid(error: ErrorResponse) -> None:
    calm = error.status in LIMIT_STATUSES or (error.status or 500) < 500
    unblocked(calm, f"a crash, which tools.empty.calm judges: {said(error)}", by="tools.empty.calm")
    if not error.exchange.ok:
        expect_refused(error, (400, 422))


@check("tools.empty.calm", scenario="tools.empty", unusable=True)
def test_an_empty_array_is_no_crash(answer: Answer) -> None:
    conclusive(answer.status not in LIMIT_STATUSES, said(answer))
    expect((answer.status or 500) < 500, at=Location.status()).is_true("an answer or a refusal", said(answer))
