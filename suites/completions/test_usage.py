"""What text completions count: prompts, texts, and their sum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.api.chat.stream import place_of
from conformance.api.completions import TextReply, TextStream
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, doubtful, gather, shown
from conformance.checks.outcomes import NotApplicable
from conformance.checks.wording import name_value
from conformance.model.location import Location


@check("completions.usage.total")
def test_total_is_the_sum(text_reply: TextReply) -> None:
    usage = text_reply.usage or {}
    prompt, completion, total = (usage.get(f"{name}_tokens") for name in ("prompt", "completion", "total"))
    if not (isinstance(prompt, int) and isinstance(completion, int) and isinstance(total, int)):
        raise NotApplicable("no three counts")
    if total != prompt + completion:
        raise broken(
            f"{prompt} + {completion} = {prompt + completion}", f"{total}", text_reply.usage_place.down("/total_tokens")
        )


def _count(text_reply: TextReply, name: str) -> int | None:
    value = (text_reply.usage or {}).get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _prompts(text_reply: TextReply) -> list[Any]:
    given = text_reply.request.param("prompt")
    return given if isinstance(given, list) else [given]


@check("completions.usage.counted")
def test_prompt_and_text_are_counted(text_reply: TextReply) -> None:
    prompt, completion = _count(text_reply, "prompt_tokens"), _count(text_reply, "completion_tokens")
    echoed = sum(len(one) for one in _prompts(text_reply) if isinstance(one, str)) * text_reply.request.asks("echo")
    made = sum(len(choice.text) for choice in text_reply.choices)
    made -= echoed * max(len(text_reply.choices) // text_reply.prompts, 1)
    with gather("no counts") as found:
        if prompt is not None and any(_prompts(text_reply)):
            with found.each():
                if not prompt:
                    words = f"0, for {name_value(_prompts(text_reply)[0], 60)}"
                    raise broken("a count above 0", words, text_reply.usage_place.down("/prompt_tokens"))
        if completion is not None and made > 0 and not _tokens_are_echoed(text_reply):
            with found.each():
                if not completion:
                    words = f"0, for {shown(text_reply.choices[0].text, 60)}"
                    raise broken("a count above 0", words, text_reply.usage_place.down("/completion_tokens"))


def _tokens_are_echoed(text_reply: TextReply) -> bool:
    return text_reply.request.asks("echo") and not all(isinstance(one, str) for one in _prompts(text_reply))


@check("completions.usage.choices")
def test_the_output_of_every_choice_is_counted(text_reply: TextReply) -> None:
    count, limit = _count(text_reply, "completion_tokens"), text_reply.request.param("max_tokens", 0)
    choices = text_reply.choices
    applicable(count and len(choices) > 1, "no completion_tokens, or one choice")
    with gather("the choices do not tell how many tokens they hold") as found:
        if limit and (count or 0) % limit == 0 and all(choice.finish_reason == "length" for choice in choices):
            with found.each():
                _judge_sum(text_reply, len(choices) * (limit - 1), f"{len(choices)} times {limit}: all were cut")
        pieces = [len(choice.pieces) for choice in choices]
        if isinstance(text_reply, TextStream) and count in pieces and not text_reply.request.asks("echo"):
            with found.each():
                _judge_sum(text_reply, round(sum(pieces) / _MOST_PIECES), f"{sum(pieces)}, for so many pieces came")


_MOST_PIECES = 1.5
"""Pieces of a stream to a token, over its choices, where one choice alone has a piece for each token."""


def _judge_sum(text_reply: TextReply, least: int, words: str) -> None:
    count = _count(text_reply, "completion_tokens") or 0
    if count < least:
        place = text_reply.usage_place.down("/completion_tokens")
        said = f"{count}, for {len(text_reply.choices)} choices"
        raise broken(f"completion_tokens of all choices together, about {words}", said, place)


def _counted(run: Run) -> Iterator[tuple[tuple[str, str], list[Any], int, TextReply]]:
    """What may be compared (recording, model), the prompts, their count, the reply."""
    for one in run.answers:
        count = _count(one, "prompt_tokens") if isinstance(one, TextReply) and not one.trouble else None
        if isinstance(one, TextReply) and count:
            yield (one.exchange.source.rpartition("#")[0], str(one.request.param("model"))), _prompts(one), count, one


@check("completions.usage.batch", shown_by=("completions.batch", "offer.completions", "completions.stream"))
def test_every_prompt_is_counted(run: Run) -> None:
    alone = {(group, given[0]): count for group, given, count, _ in _counted(run) if _is_one_text(given)}
    with gather("no prompt was sent alone and with others") as found:
        for group, given, count, one in _counted(run):
            parts = [alone.get((group, prompt)) for prompt in given if isinstance(prompt, str)]
            largest = max((part for part in parts if part), default=0)
            if len(given) > 1 and len(parts) == len(given) and largest:
                with found.each():
                    if count <= largest:
                        wanted = f"prompt_tokens above {largest}, which one of its prompts has alone"
                        at = one.usage_place.down("/prompt_tokens")
                        raise broken(wanted, f"{count} for {len(given)} prompts", at, exchange=one.exchange.id)


def _is_one_text(given: list[Any]) -> bool:
    return len(given) == 1 and isinstance(given[0], str)


def _numbers(reply: TextReply) -> Iterator[tuple[Any, Location]]:
    """Every number that is a whole one by the schema, and where it stands."""
    bodies = [(reply.body, Location())]
    if isinstance(reply, TextStream):
        bodies = [(chunk, place_of(event)) for event, chunk in reply.chunks]
    for value, place in bodies:
        yield value.get("created"), place.down("/created")
        choices = value.get("choices")
        for at, choice in enumerate(choices if isinstance(choices, list) else ()):
            if isinstance(choice, dict):
                yield choice.get("index"), place.down(f"/choices/{at}/index")
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        yield (reply.usage or {}).get(name), reply.usage_place.down(f"/{name}")


@check("completions.integers")
def test_whole_numbers_are_written_as_such(text_reply: TextReply) -> None:
    with gather("no number") as found:
        for value, place in _numbers(text_reply):
            if isinstance(value, int | float) and not isinstance(value, bool):
                with found.each():
                    if isinstance(value, float) and value.is_integer():
                        raise broken(f"an integer, {int(value)}", f"{value}, with a decimal point", place)


_NEARLY = 0.8
"""The part of the limit that a text takes at least which half a character ends before it."""


@check(
    "completions.length.honest",
    when=lambda request: isinstance(request.param("max_tokens"), int) and not request.asks("echo"),
)
def test_length_means_that_the_limit_was_reached(text_reply: TextReply) -> None:
    count, limit, choices = (
        _count(text_reply, "completion_tokens"),
        text_reply.request.param("max_tokens"),
        text_reply.choices,
    )
    applicable(
        len(choices) == 1 and choices[0].finish_reason == "length", "nothing was cut, or there are several texts"
    )
    text, place = choices[0].text, choices[0].finishes[-1][1]
    tells = count is not None and bool(count or not text) and not (text and count == len(text))
    applicable(tells, "no completion_tokens that count tokens")
    if count is not None and count < limit:
        words = f'"length" after {count} of {limit} tokens, with text {shown(text, 60)}'
        certain = count < min(_NEARLY * limit, limit - 1)
        raise doubtful('"length" only where the limit was reached', words, place, certain=certain)
