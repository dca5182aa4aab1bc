"""Reasoning: apart from the answer, in order, and counted."""

from __future__ import annotations

import re

from conformance.api.chat.folding import REASONING_FIELDS, Delta
from conformance.api.chat.reply import Reply, has_ended
from conformance.api.chat.stream import ChatStream
from conformance.api.chat.tools import declared_functions
from conformance.api.errors import ErrorResponse
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, doubtful, expect, gather, shown
from conformance.checks.heuristics.markup import markup_in
from conformance.checks.heuristics.token_counts import count_of, thought
from conformance.checks.outcomes import Blocked
from conformance.checks.refusals import expect_granted, expect_refused
from conformance.checks.repetition import NEARLY_ALL
from conformance.checks.wording import name_member, tell_member

_MARKUP = re.compile(r"</?(think|thinking|thought|reasoning)>|<\|?(begin|end)_of_thought\|?>|\[/?THINK\]|◁/?think▷")

_ENDS = 3
"""Tokens that a model may make and nobody sees: those that end its answer."""


def _thought(delta: Delta) -> str:
    pieces = (delta.value.get(name) for name in REASONING_FIELDS)
    return next((piece for piece in pieces if isinstance(piece, str) and piece), "")


@check("reasoning.alias")
def test_both_names_hold_the_same(reply: Reply) -> None:
    with gather("reasoning is not given under two names") as found:
        for choice in reply.choices:
            texts = [choice.message.get(name) for name in REASONING_FIELDS]
            if all(isinstance(text, str) for text in texts):
                with found.each():
                    expect(texts[1], at=choice.place.down("/message/reasoning")).equals(texts[0])


@check("reasoning.details.twice")
def test_reasoning_is_given_in_one_way(stream: ChatStream) -> None:
    deltas = [delta for choice in stream.folded.choices.values() for delta in choice.distinct]
    with gather("no reasoning") as found:
        for delta in deltas:
            if _thought(delta):
                with found.each():
                    if delta.value.get("reasoning_details"):
                        raise broken("reasoning as text or as details", "both", delta.place.down("/delta"))


@check(
    "reasoning.order", when=lambda request: not declared_functions(request)
)  # with tools, models think again between steps
def test_reasoning_comes_first(stream: ChatStream) -> None:
    with gather("no choice with reasoning and text") as found:
        for choice in stream.folded.choices.values():
            if not any(_thought(delta) for delta in choice.distinct):
                continue
            texts = [n for n, delta in enumerate(choice.deltas) if delta.value.get("content")]
            thoughts = [n for n, delta in enumerate(choice.deltas) if _thought(delta)]
            if texts and thoughts and not choice.calls:
                with found.each():
                    if thoughts[-1] > texts[0]:
                        place = choice.deltas[thoughts[-1]].place
                        raise broken("all reasoning before the text", "reasoning after the text began", place)


@check("reasoning.apart")
def test_reasoning_and_text_are_apart(stream: ChatStream) -> None:
    applicable(any(_thought(d) for c in stream.folded.choices.values() for d in c.distinct), "no reasoning")
    with gather() as found:
        for delta in (delta for choice in stream.folded.choices.values() for delta in choice.distinct):
            with found.each():
                if _thought(delta) and delta.value.get("content"):
                    raise broken("reasoning or text in a delta", "both", delta.place)


@check("reasoning.markup")
def test_no_thinking_markup_in_the_text(reply: Reply) -> None:
    with gather("no text") as found:
        for choice in reply.choices:
            if choice.content:
                with found.each():
                    leaked = _MARKUP.search(choice.content)
                    if leaked:
                        around = choice.content[max(leaked.start() - 30, 0) : leaked.end() + 30]
                        raise doubtful(
                            "the answer only",
                            f"{leaked.group()} in {shown(around)}",
                            choice.place.down("/message/content"),
                        )


@check("reasoning.answer")
def test_the_answer_is_in_the_content(reply: Reply) -> None:
    with gather("no finished choice with reasoning") as found:
        for choice in reply.choices:
            if choice.reasoning and has_ended(choice.finish_reason) and not choice.refusal and not choice.tool_calls:
                with found.each():
                    if not (choice.content or "").strip():
                        words = f"{name_member(choice.message, 'content')}, and reasoning {shown(choice.reasoning, 80)}"
                        place = choice.place.down("/message/content")
                        spoken = thought(reply) and (count_of(reply) or 0) - thought(reply) > _ENDS
                        certain = spoken or markup_in(choice.reasoning)  # what was taken for a thought is a call
                        raise doubtful("text in content", words, place, certain=certain, part=NEARLY_ALL)


@check("reasoning.tokens")
def test_reasoning_tokens_are_a_part(reply: Reply) -> None:
    usage = reply.usage or {}
    details = usage.get("completion_tokens_details")
    counted = details.get("reasoning_tokens") if isinstance(details, dict) else None
    applicable(counted is not None, "no reasoning_tokens")
    place = reply.usage_place.down("/completion_tokens_details/reasoning_tokens")
    expect(counted, at=place).is_a(int)
    expect(counted >= 0, at=place).is_true("at least 0", str(counted))
    completion = usage.get("completion_tokens")
    applicable(isinstance(completion, int), "no completion_tokens to compare")
    expect(counted, at=place).at_most(completion, f"at most completion_tokens, {completion}")


@check("reasoning.counted")
def test_shown_reasoning_is_counted(reply: Reply) -> None:
    applicable(any(choice.reasoning for choice in reply.choices), "no reasoning is shown")
    if isinstance(reply, ChatStream) and not (reply.whole and reply.asked_for_usage):
        raise Blocked("no usage was due")
    details = (reply.usage or {}).get("completion_tokens_details")
    counted = details.get("reasoning_tokens") if isinstance(details, dict) else None
    if not counted:
        place = reply.usage_place.down("/completion_tokens_details")
        raise broken("reasoning_tokens above 0", _uncounted(reply.usage, details), place)


def _uncounted(usage: object, details: object) -> str:
    """What stands where reasoning_tokens should: it, or what should hold it, may also be missing."""
    if isinstance(details, dict):
        return tell_member(details, "reasoning_tokens")
    return tell_member(usage, "completion_tokens_details") if usage else "no usage"


@check("reasoning.bad_effort", scenario="reasoning.bad_effort", unusable=True)
def test_an_unknown_effort_is_refused(error: ErrorResponse) -> None:
    expect_refused(error)


@check("reasoning.history", scenario="reasoning.history", unusable=True)
def test_reasoning_may_come_back(reply: Reply) -> None:
    expect_granted(reply, "an answer")
