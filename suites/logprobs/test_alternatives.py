"""Log probabilities that agree with themselves: a token with its bytes, and with the alternatives beside it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.api.chat.reply import Reply
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, gather, shown
from conformance.checks.outcomes import Inconclusive
from conformance.model import Request
from conformance.model.location import Location

_NEAR = 0.01
"""By how much two logarithms of one probability differ where they were rounded apart."""

_OVER = 1.02
"""The sum of probabilities that rounding does not explain."""

_MANY = 6
"""Tokens that are not equally likely by chance."""

_MOST = 32
"""Alternatives that are looked at; nobody may ask for more than 20."""

_FINITE = 1e6
"""No logarithm of a probability is as far from zero."""

_FLOOR = -9999
"""What servers write for a probability of zero; several tokens of one text may have it."""

_LOST = "\ufffd"
"""What a piece of a character is written as; several tokens look alike then."""


def _asked(request: Request) -> bool:
    return request.param("logprobs") is True and request.invalid is None


def _wanted(request: Request) -> int:
    wanted = request.param("top_logprobs", 0)
    return wanted if isinstance(wanted, int) else 0


def _entries(reply: Reply) -> Iterator[tuple[Mapping[str, Any], list[Mapping[str, Any]], Location]]:
    """The entries of logprobs.content that can be read, with their alternatives."""
    for choice in reply.choices:
        for position, entry in enumerate(choice.logprobs or []):
            tops = entry.get("top_logprobs") if isinstance(entry, dict) else None
            tops = tops[:_MOST] if isinstance(tops, list) else []
            if isinstance(entry, dict) and all(_readable(one) for one in (entry, *tops)):
                yield entry, tops, choice.place.down(f"/logprobs/content/{position}")


def _readable(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("token"), str):
        return False
    value = entry.get("logprob")
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _FINITE


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two entries are of one token; what is wrong with its name is another matter."""
    return one["token"] == other["token"] or bool(one.get("bytes") and one["bytes"] == other.get("bytes"))


def _free(request: Request) -> bool:
    """Whether nothing but the model chooses the tokens: no grammar and no bias, which change what is scored."""
    return _asked(request) and not any(request.param(name) for name in ("tools", "response_format", "logit_bias"))


def _chosen_among(request: Request) -> bool:
    return _free(request) and _wanted(request) > 0


@check("logprobs.vary", when=_free, shown_by=("offer.logprobs", "logprobs.stream"))
def test_logprobs_are_not_all_the_same(run: Run) -> None:
    told = [
        (entry["logprob"], reply)
        for reply in run.replies
        for choice in reply.choices
        for entry in choice.logprobs or []
        if _readable(entry)
    ]
    applicable(len(told) >= _MANY, "no answer with logprobs of enough tokens")
    if len({value for value, _ in told}) == 1 and told[0][0] <= 0:
        value, reply = told[0]
        prompts = {json.dumps(one.request.param("messages")) for _, one in told}
        conclusive(len(prompts) > 1 or value < -_NEAR, "one answer, of which the model may be certain")
        words = f"{value} for each of {len(told)} tokens, in every answer"
        raise broken("the logprob of each token", words, Location.at("/choices/0/logprobs"), exchange=reply.exchange.id)


@check("logprobs.token", when=_asked)
def test_tokens_are_their_bytes(reply: Reply) -> None:
    with gather("no entry with a token and its bytes") as found:
        for entry, tops, place in _entries(reply):
            for one in (entry, *tops):
                text = _text_of(one.get("bytes"))
                if text is not None:
                    with found.each():
                        if one["token"] != text:
                            words = f"the token {shown(one['token'])} beside the bytes of {shown(text)}"
                            raise broken("the token's text, as its bytes spell it", words, place)


def _text_of(spelling: Any) -> str | None:
    """The text that bytes spell; None where they are none, or a part of a character."""
    try:
        return bytes(spelling).decode() if isinstance(spelling, list) and spelling else None
    except (TypeError, ValueError):
        return None


def _telling(entry: Mapping[str, Any]) -> bool:
    """Whether an alternative is one token's alone: not a piece of a character, and likelier than the floor."""
    return _LOST not in entry["token"] and entry["logprob"] > _FLOOR


def _contradiction(entry: Mapping[str, Any], tops: list[Mapping[str, Any]]) -> tuple[str, str] | None:
    """Expected and actual, where a token and its alternatives cannot all be true."""
    again = next((one for at, one in enumerate(tops) if one in tops[:at] and _telling(one)), None)
    if again is not None and again["token"]:
        return "alternatives that differ", f"{shown(again['token'])} twice, both times {again['logprob']}"
    own = [one for one in tops if _same(one, entry)]
    lowest = min(one["logprob"] for one in tops)
    if not own and _LOST not in entry["token"] and entry["logprob"] > lowest + _NEAR:
        names = ", ".join(shown(one["token"]) for one in tops)
        return (
            f"{shown(entry['token'])} among its alternatives, for {entry['logprob']} is above their lowest, {lowest}",
            names,
        )
    if own and all(abs(one["logprob"] - entry["logprob"]) > _NEAR for one in own):
        return f"logprob {entry['logprob']} of {shown(entry['token'])} in both places", str(own[0]["logprob"])
    total = sum(math.exp(min(one["logprob"], 1)) for one in tops)
    return (
        None if total <= _OVER else ("probabilities that add up to at most 1", f"{total:.3g} for {len(tops)} of them")
    )


@check("logprobs.top.consistent", when=_chosen_among)
def test_alternatives_are_the_tokens_own(reply: Reply) -> None:
    with gather("no entry with alternatives") as found:
        for entry, tops, place in _entries(reply):
            if tops:
                with found.each():
                    wrong = _contradiction(entry, tops)
                    if wrong is not None:
                        raise broken(*wrong, place.down("/top_logprobs"))


@check("logprobs.top.null", when=_asked)
def test_no_alternatives_are_an_empty_array(reply: Reply) -> None:
    with gather("no entry") as found:
        for choice in reply.choices:
            for position, entry in enumerate(choice.logprobs or []):
                if isinstance(entry, dict) and "top_logprobs" in entry:
                    with found.each():
                        if entry["top_logprobs"] is None:
                            place = choice.place.down(f"/logprobs/content/{position}/top_logprobs")
                            raise broken("an array, if need be an empty one", "null", place)


@check("logprobs.top.enough", when=_chosen_among)
def test_all_alternatives_come(reply: Reply) -> None:
    wanted = _wanted(reply.request)
    counts = [(len(tops), place) for _, tops, place in _entries(reply)]
    if not counts:
        raise Inconclusive("no entry")
    few = [(count, place) for count, place in counts if count < wanted]
    if len(few) * 2 > len(counts):  # one or the other may be left out
        count, place = few[0]
        words = f"{count}; fewer than {wanted} for {len(few)} of {len(counts)} tokens"
        raise broken(f"{wanted} alternatives for a token", words, place.down("/top_logprobs"))
