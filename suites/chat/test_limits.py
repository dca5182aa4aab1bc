"""The limit of the output: it holds, and what it cut says so."""

from __future__ import annotations

from typing import Any

from conformance.api.answer import Trouble
from conformance.api.chat.reply import Reply
from conformance.api.chat.requests import prompt_of
from conformance.checks.batches import unsupported
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, expect, gather, shown, unblocked
from conformance.checks.heuristics.token_counts import counted as counted_tokens
from conformance.checks.heuristics.token_counts import describe_miscount, thought
from conformance.model import Request
from conformance.model.location import Location

_LIMITS = ("max_completion_tokens", "max_tokens")
_LONGEST_TOKEN = 40
"""Characters that no tokenizer puts into one token on average."""


def _limit(request: Request) -> int | None:
    value: Any = next((found for name in _LIMITS if (found := request.param(name)) is not None), None)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _needs_more(request: Request) -> bool:
    """Whether the answer is sure to need more than its limit: a count to 100 in a handful of tokens."""
    return prompt_of(request).startswith("Count from 1 to 100") and 0 < (_limit(request) or 0) <= 20


def _accepted(reply: Reply, name: str) -> None:
    if reply.trouble is not None:
        kind, words = reply.trouble
        conclusive(kind is not Trouble.LIMITED, words)
        unblocked(kind not in {Trouble.UNREADABLE, Trouble.CUT}, words)
        applicable(not unsupported(reply, {name}), f"not supported, and said so: {words}")
        raise broken(f"HTTP 200 with {name} {_limit(reply.request)}", words, Location.status())


@check("chat.max_tokens.accepted", scenario="chat.max_tokens", unusable=True)
def test_max_tokens_is_accepted(reply: Reply) -> None:
    _accepted(reply, "max_tokens")


@check("chat.max_completion_tokens.accepted", scenario="chat.max_completion_tokens", unusable=True)
def test_max_completion_tokens_is_accepted(reply: Reply) -> None:
    _accepted(reply, "max_completion_tokens")


def _counted_right(reply: Reply) -> None:
    """A count that is none of tokens says nothing of a limit; of a short text it may be the number of its letters."""
    size = sum(len(choice.content or "") for choice in reply.choices)
    unblocked(
        not size or counted_tokens(reply) != size,
        "completion_tokens may count characters: usage.plausible",
        by="usage.plausible",
    )
    unblocked(
        not describe_miscount(reply), "usage.plausible: completion_tokens do not count the text", by="usage.plausible"
    )


def _holds(reply: Reply, *, free: int) -> None:
    """The counted tokens and the text are within the limit, but for one token that ends the text and `free` ones."""
    limit, choices = _limit(reply.request) or 0, max(reply.request.param("n", 1), 1)
    for choice in reply.choices:
        size = len((choice.content or "").strip())
        if size > limit * _LONGEST_TOKEN:
            words = f"{size} characters: {shown(choice.content, 60)}"
            raise broken(f"text of at most {limit} tokens", words, choice.place.down("/message/content"))
    counted = counted_tokens(reply)
    applicable(counted is not None, "no completion_tokens to compare")
    _counted_right(reply)
    allowed = (limit + 1) * choices + free
    expect(counted, at=reply.usage_place, what="completion_tokens").at_most(allowed, f"at most {limit}")


@check("chat.max_tokens", when=lambda request: request.param("max_tokens") is not None)
def test_max_tokens_holds(reply: Reply) -> None:
    _holds(reply, free=thought(reply))


@check("chat.max_completion_tokens", when=lambda request: request.param("max_completion_tokens") is not None)
def test_max_completion_tokens_holds(reply: Reply) -> None:
    _holds(reply, free=0)


@check("chat.length", when=_needs_more)
def test_a_cut_answer_says_length(reply: Reply) -> None:
    limit, counted = _limit(reply.request) or 0, counted_tokens(reply)
    conclusive(counted is None or counted >= limit, f"the answer needed only {counted} of {limit} tokens")
    applicable(counted is None or counted <= limit + 1 + thought(reply), "the limit did not hold")
    with gather("no choice ended with stop or length") as found:
        for choice in reply.choices:
            if choice.finish_reason in {"stop", "length", "tool_calls"}:
                with found.each():
                    expect(choice.finish_reason, at=choice.place.down("/finish_reason")).equals("length")


@check("chat.length.honest", when=lambda request: _limit(request) is not None and request.param("n", 1) == 1)
def test_length_means_that_the_limit_was_reached(reply: Reply) -> None:
    limit, counted = _limit(reply.request) or 0, counted_tokens(reply)
    applicable(any(choice.finish_reason == "length" for choice in reply.choices), "nothing was cut")
    applicable(counted is not None, "no completion_tokens to compare")
    applicable(counted or not reply.choices[0].content, "completion_tokens is 0 for a text")
    _counted_right(reply)
    if (counted or 0) < 0.8 * limit:
        said = shown(reply.choices[0].content, 60)
        words = f'"length" after {counted} of {limit} tokens, with content {said}'
        raise broken('"length" only where the limit was reached', words, Location.at("/choices/0/finish_reason"))
