"""Usage of any answer: counts that agree with each other, with the text, and between answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby

from conformance.api.chat.reply import Choice, Reply
from conformance.api.chat.stream import ChatStream
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, expect, gather, shown
from conformance.checks.heuristics.token_counts import (
    characters_counted,
    countable,
    describe_miscount,
    describe_undercount,
    shows_thinking,
)
from conformance.checks.wording import name_value
from conformance.model import Request

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_PLAIN = frozenset({"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens"})
_LIMITS = ("max_tokens", "max_completion_tokens")
_MOST_PIECES = 1.5
"""Pieces of a stream to a token, over its choices, where one choice alone has a piece for each token."""

_MOST_WORDS = 1.25
"""Words to a token, over the choices of an answer, that no vocabulary reaches whose tokens end with a word."""

_LONGER = 300
"""Characters by which a prompt must be longer, so that every tokenizer counts more."""


def _count(reply: Reply, name: str) -> int | None:
    value = (reply.usage or {}).get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


@check("usage.total")
def test_total_is_the_sum(reply: Reply) -> None:
    prompt, completion, total = (_count(reply, name) for name in _COUNTS)
    applicable(prompt is not None and completion is not None and total is not None, "no three counts")
    wanted = (prompt or 0) + (completion or 0)
    if total != wanted:
        words = f"{total}, beside prompt_tokens {prompt} and completion_tokens {completion}"
        raise broken(f"the sum, {wanted}", words, reply.usage_place.down("/total_tokens"))


@check("usage.prompt")
def test_the_prompt_is_counted(reply: Reply) -> None:
    count = _count(reply, "prompt_tokens")
    applicable(count is not None, "no prompt_tokens")
    expect(count, at=reply.usage_place.down("/prompt_tokens")).is_true("a count above 0, for every prompt has tokens")


@check("usage.completion")
def test_the_output_is_counted(reply: Reply) -> None:
    count = _count(reply, "completion_tokens")
    said = next((choice for choice in reply.choices if choice.content or choice.tool_calls), None)
    applicable(count is not None and said is not None, "no completion_tokens, or no output")
    if not count and said is not None:
        words = f"{count}, for {_output(said)}"
        raise broken("a count above 0", words, reply.usage_place.down("/completion_tokens"))


def _output(choice: Choice) -> str:
    """What a choice holds, in words."""
    calls = ", ".join(str(call[0]) for call in choice.functions)
    return shown(choice.content, 60) if choice.content else f"a call of {calls}"


@check("usage.plausible", shown_by=("chat.basic", "stream.usage"))
def test_the_output_is_counted_in_tokens(run: Run) -> None:
    replies = [reply for reply in run.replies if countable(reply)]
    letters = [words for reply in replies if (words := characters_counted(reply))]
    with gather("no completion_tokens, or no text") as found:
        for reply in replies:
            with found.each():
                words = describe_undercount(reply) or (
                    characters_counted(reply) if len(letters) > 1 else ""
                )  # one is chance
                if words:
                    wanted = "the number of tokens of the answer, 1 to 12 characters each"
                    place = reply.usage_place.down("/completion_tokens")
                    raise broken(wanted, words, place, exchange=reply.exchange.id)


@check("usage.cached")
def test_cached_tokens_are_part_of_the_prompt(reply: Reply) -> None:
    details = (reply.usage or {}).get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    prompt = _count(reply, "prompt_tokens")
    applicable(isinstance(cached, int) and prompt is not None, "no cached_tokens")
    place = reply.usage_place.down("/prompt_tokens_details/cached_tokens")
    expect(cached, at=place, what="cached_tokens").at_most(prompt or 0, f"at most the {prompt} prompt_tokens")


@check("usage.details")
def test_details_are_given(reply: Reply) -> None:
    usage = reply.usage
    applicable(usage, "no usage")
    with gather() as found:
        for name, member in (("prompt", "cached_tokens"), ("completion", "reasoning_tokens")):
            details = (usage or {}).get(f"{name}_tokens_details")
            with found.each():
                if not isinstance(details, dict) or not isinstance(details.get(member), int):
                    place = reply.usage_place.down(f"/{name}_tokens_details")
                    raise broken(f"an object with {member}", shown(details), place)


@check("usage.counters")
def test_usage_holds_counters_only(reply: Reply) -> None:
    applicable(reply.usage, "no usage")
    with gather() as found:
        for name, value in (reply.usage or {}).items():
            with found.each():
                whole = isinstance(value, int) and not isinstance(value, bool)
                if not whole and not isinstance(value, dict) and value is not None and name not in _COUNTS:
                    raise broken(
                        "whole numbers, and objects of them", name_value(value), reply.usage_place.down(f"/{name}")
                    )


def _plain(request: Request) -> bool:
    """A chat request of text alone, whose prompt nothing else lengthens."""
    if not isinstance(request.json, dict) or not set(request.json) <= _PLAIN or request.invalid:
        return False
    messages = request.json.get("messages")
    return isinstance(messages, list) and all(isinstance(one, dict) and _is_text(one) for one in messages)


def _is_text(message: dict[str, object]) -> bool:
    return isinstance(message.get("content"), str) and not set(message) - {"role", "content"}


def _prompts(run: Run) -> Iterator[tuple[str, str, int, Reply]]:
    """What may be compared (recording, model, stream or not), the messages as text, their count, the reply."""
    for reply in run.replies:
        count = _count(reply, "prompt_tokens")
        if count is not None:
            recording = reply.exchange.source.rpartition("#")[0]
            mode = "stream" if reply.streamed else "whole"
            yield f"{recording} {reply.model} {mode}", json.dumps(reply.request.json["messages"]), count, reply


@check("usage.prompt.same", when=_plain, shown_by=("chat.basic", "stream.usage"))
def test_the_same_prompt_counts_the_same(run: Run) -> None:
    first: dict[tuple[str, str], tuple[int, str]] = {}
    with gather("no prompt was sent twice") as found:
        for group, text, count, reply in _prompts(run):
            known, earlier = first.setdefault((group, text), (count, reply.exchange.id))
            if earlier != reply.exchange.id:
                with found.each():
                    if count != known:
                        words = f"{count}, and {known} in exchange {earlier} for the same messages"
                        place = reply.usage_place.down("/prompt_tokens")
                        raise broken("the same prompt_tokens", words, place, exchange=reply.exchange.id)


@check("usage.prompt.grows", when=_plain, shown_by=("chat.basic", "messages.forms"))
def test_a_longer_prompt_counts_more(run: Run) -> None:
    prompts = sorted(_prompts(run), key=lambda one: (one[0], len(one[1])))
    with gather("no two prompts of very different length") as found:
        for _, group in groupby(prompts, key=lambda one: one[0]):
            (_, short, less, _), *_, (_, long, more, reply) = [*group] * 2
            if len(long) - len(short) >= _LONGER:
                with found.each():
                    if 0 < more <= less:
                        words = f"{more} for {len(long)} characters of messages, {less} for {len(short)}"
                        place = reply.usage_place.down("/prompt_tokens")
                        raise broken("more prompt_tokens", words, place, exchange=reply.exchange.id)


def _of_several(request: Request) -> bool:
    return isinstance(request.json, dict) and set(request.json) <= _PLAIN | {"n"} and request.invalid is None


def _alone(run: Run) -> Iterator[tuple[Reply, Reply]]:
    """Every answer of several choices with one of a single choice to the same messages, both whole or both streamed."""
    single: dict[str, Reply] = {}
    for reply in run.replies:
        if _count(reply, "prompt_tokens") is not None:
            recording, messages = reply.exchange.source.rpartition("#")[0], reply.request.json["messages"]
            key = json.dumps([recording, reply.model, reply.streamed, messages])
            if reply.request.param("n", 1) == 1:
                single.setdefault(key, reply)
            elif key in single:
                yield reply, single[key]


@check("usage.n", when=_of_several, shown_by=("chat.basic", "chat.n"))
def test_several_choices_have_one_prompt(run: Run) -> None:
    with gather("no answer of several choices tells enough of its counts") as found:
        for several, one in _alone(run):
            with found.each():
                count, known = (_count(reply, "prompt_tokens") or 0 for reply in (several, one))
                if len(several.choices) > 1 and 0 < count == known * len(several.choices):
                    wanted = f"{known} prompt_tokens, as in exchange {one.exchange.id} with one choice"
                    place = several.usage_place.down("/prompt_tokens")
                    words = f"{count}: the prompt is counted for each choice"
                    raise broken(wanted, words, place, exchange=several.exchange.id)
            with found.each():
                _all_counted(several, one)
        for several in run.replies:
            if _count(several, "completion_tokens") and len(several.choices) > 1:
                with found.each():
                    _no_choice_left_out(several)


def _says_it_twice(several: ChatStream) -> bool:
    """Whether a stream brings its text again, so that its pieces are more than what was made."""
    texts = [choice.content or "" for choice in several.choices]
    return not several.choices_are_distinct or any(text[:_OPENING] in text[1:] for text in texts)


_OPENING = 12
"""Characters by which a text that starts anew is known."""


def _no_choice_left_out(several: Reply) -> None:
    """What all choices hold together by the server's own words: each its limit, or each its pieces of a stream."""
    count, choices = _count(several, "completion_tokens") or 0, several.choices
    limits = [value for name in _LIMITS if isinstance(value := several.request.param(name), int)]
    cut = bool(limits) and all(choice.finish_reason == "length" for choice in choices)
    cut = cut and count % min(limits) == 0  # else "length" may be said of what was not cut
    least = len(choices) * (min(limits) - 1) if cut else 0  # a tokenizer may end one token before it
    wanted = f"about {len(choices)} times {min(limits)} tokens, as every choice was cut" if cut else ""
    if isinstance(several, ChatStream):
        pieces = [
            len([one for one, _ in choice.pieces("content") if one]) for choice in several.folded.choices.values()
        ]
        if count in pieces and sum(pieces) > _MOST_PIECES * count and not _says_it_twice(several):
            least, wanted = sum(pieces), f"about {sum(pieces)}, for so many pieces came"
    if count < least:
        words = f"{count}, for {len(choices)} choices"
        place = several.usage_place.down("/completion_tokens")
        raise broken(f"completion_tokens of all choices together, {wanted}", words, place, exchange=several.exchange.id)


def _all_counted(several: Reply, one: Reply) -> None:
    """The output of several choices has a token for each word, as that of one has; with fewer, some was left out."""
    words, known = (sum(len((choice.content or "").split()) for choice in reply.choices) for reply in (several, one))
    count, alone = (_count(reply, "completion_tokens") or 0 for reply in (several, one))
    told = count and 0 < known <= alone and not (shows_thinking(several) or describe_miscount(several))
    told = told and len(several.choices) > 1 and not several.streamed  # a stream may bring its text twice
    if told and words > _MOST_WORDS * count:
        said = f"{count}, for {words} words in {len(several.choices)} choices"
        place = several.usage_place.down("/completion_tokens")
        raise broken("completion_tokens of all choices together", said, place, exchange=several.exchange.id)
