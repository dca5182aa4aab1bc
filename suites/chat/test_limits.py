"""The limit of the output: it holds, and what it cut says so."""

from __future__ import annotations

from typing import Any

from conformance.api.answer import Trouble
from conformance.api.chat.reply import Choice, Reply
from conformance.api.chat.requests import prompt_of
from conformance.api.chat.stream import ChatStream
from conformance.api.views import Run
from conformance.checks.batches import is_unsupported
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, doubtful, expect, gather, shown, unblocked
from conformance.checks.heuristics.token_counts import count_of as counted_tokens
from conformance.checks.heuristics.token_counts import describe_miscount, fills, thought
from conformance.checks.repetition import NEARLY_ALL
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
        applicable(not is_unsupported(reply, {name}), f"not supported, and said so: {words}")
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


def _is_at_limit(reply: Reply) -> bool:
    """Whether the text alone is counted up to the limit, so that it ended there of itself or was cut."""
    limit, counted = _limit(reply.request) or 0, counted_tokens(reply)
    return counted is not None and limit <= counted - thought(reply) <= limit + reply.request.param("n", 1)


@check("chat.length", when=lambda request: _limit(request) is not None)
def test_a_cut_answer_says_length(reply: Reply) -> None:
    limit, counted, needed = _limit(reply.request) or 0, counted_tokens(reply), _needs_more(reply.request)
    conclusive(counted is None or counted >= limit, f"the answer needed only {counted} of {limit} tokens")
    applicable(needed or (_is_at_limit(reply) and len(reply.choices) == 1), "the limit may not have been reached")
    applicable(counted is None or counted <= limit + 1 + thought(reply), "the limit did not hold")
    with gather("no choice ended with stop or length") as found:
        for choice in reply.choices:
            if choice.finish_reason in {"stop", "length", *(["tool_calls"] if needed else [])}:
                with found.each():
                    if choice.finish_reason != "length":
                        words = f"{shown(choice.finish_reason)} after {counted} of {limit} tokens"
                        place, certain = choice.place.down("/finish_reason"), _took_all(reply, choice)
                        raise doubtful('"length"', words, place, certain=certain, part=NEARLY_ALL)


def _took_all(reply: Reply, choice: Choice) -> bool:
    """Whether the text took every token of the limit: a token that ends it is counted by some, and is none of it."""
    limit, spent = _limit(reply.request) or 0, thought(reply)
    pieces = reply.pieces if isinstance(reply, ChatStream) else 0
    told = len(entries) if "".join(entries := _tokens(choice)) == choice.content and all(entries) else 0
    return fills(limit, choice.content or "", max(pieces, told), (counted_tokens(reply) or 0) - spent)


def _tokens(choice: Choice) -> list[str]:
    """The tokens of its log probabilities; an entry for the token that ends the text is empty, or no part of it."""
    entries = choice.logprobs if isinstance(choice.logprobs, list) else []
    return [str(entry.get("token")) for entry in entries if isinstance(entry, dict)]


def _was_cut(request: Request) -> bool:
    return _limit(request) is not None and request.param("n", 1) == 1


@check("chat.length.honest", when=_was_cut, shown_by=("chat.max_tokens", "chat.max_completion_tokens"))
def test_length_means_that_the_limit_was_reached(run: Run) -> None:
    cut = [reply for reply in run.replies if _says_length(reply)]
    applicable(cut, "nothing was cut")
    told = [(counted_tokens(reply), reply) for reply in cut]
    told = [(counted, reply) for counted, reply in told if counted is not None and _tells(counted, reply)]
    applicable(told, "no completion_tokens to compare")
    right = [one for one in told if not describe_miscount(one[1])]
    unblocked(right, "usage.plausible: completion_tokens do not count the text", by="usage.plausible")
    short = [(counted, reply) for counted, reply in right if counted < (_limit(reply.request) or 0)]
    rule = len(short) == len(right) > 1
    with gather() as found:
        for counted, reply in short:
            with found.each():
                limit, said = _limit(reply.request) or 0, shown(reply.choices[0].content, 60)
                words = f'"length" after {counted} of {limit} tokens, with content {said}'
                words += ", and so in every answer that says so" if rule else ""
                wanted, at = '"length" only where the limit was reached', Location.at("/choices/0/finish_reason")
                certain = rule or counted < min(_NEARLY * limit, limit - 1)
                raise doubtful(wanted, words, at, certain=certain, exchange=reply.exchange.id)


_NEARLY = 0.8
"""The part of the limit that an answer takes at least which a tokenizer, or half a character, ends before it."""


def _says_length(reply: Reply) -> bool:
    return not reply.broken_off and any(choice.finish_reason == "length" for choice in reply.choices)


def _tells(counted: int, reply: Reply) -> bool:
    """Whether a count may be one of tokens: 0 for a text is none, nor is the number of its letters."""
    text = reply.choices[0].content or ""
    return bool(counted or not text) and not (text and counted == len(text))
