"""Scores of legacy text completions, which evaluation harnesses live on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.api.completions import TextReply
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, gather, shown
from conformance.checks.wording import list_values
from conformance.model import LIMIT_STATUSES, Request
from conformance.model.location import Location

_ROUNDING = 1e-4
"""What half precision adds to the logarithm of a certainty: api.openai.com sent 0.00003."""


def _asked(request: Request) -> bool:
    return isinstance(request.param("logprobs"), int) and request.invalid is None


def _scores(text_reply: TextReply) -> Iterator[tuple[list[Any], list[Any], Location]]:
    """The tokens and their scores of every logprobs object that has both."""
    for choice in text_reply.choices:
        for logprobs, place in choice.logprobs:
            tokens, scores = logprobs.get("tokens"), logprobs.get("token_logprobs")
            if isinstance(tokens, list) and isinstance(scores, list):
                yield tokens, scores, place


@check("completions.logprobs.answered", when=_asked, unusable=True)
def test_scores_are_no_crash(text_reply: TextReply) -> None:
    conclusive(text_reply.status not in LIMIT_STATUSES, text_reply.said)
    if text_reply.status is None or text_reply.status >= 500:
        raise broken("an answer, or a 4xx status", text_reply.said, Location.status())


@check("completions.logprobs.present", when=_asked)
def test_every_token_has_a_score(text_reply: TextReply) -> None:
    with gather("no choice has text") as found:
        for choice in text_reply.choices:
            if choice.text and not choice.logprobs:
                with found.each():
                    raise broken("an object with tokens and token_logprobs", "none", choice.place.down("/logprobs"))
        for tokens, scores, place in _scores(text_reply):
            with found.each():
                if len(tokens) != len(scores) or not tokens:
                    raise broken("a score for each token", f"{len(tokens)} tokens, {len(scores)} scores", place)


@check("completions.logprobs.negative", when=_asked)
def test_scores_are_not_positive(text_reply: TextReply) -> None:
    echoed = text_reply.request.asks("echo")
    with gather("no score") as found:
        for _, scores, place in _scores(text_reply):
            for position, score in enumerate(scores):
                bare = score is None and echoed and position == 0
                with found.each():
                    if not bare and not (isinstance(score, int | float) and score <= _ROUNDING):
                        at = place.down(f"/token_logprobs/{position}")
                        raise broken("a number not above 0", shown(score), at)


@check("completions.logprobs.echo", when=lambda request: _asked(request) and request.asks("echo"))
def test_the_prompt_is_scored(text_reply: TextReply) -> None:
    prompt = (text_reply.usage or {}).get("prompt_tokens")
    applicable(isinstance(prompt, int) and text_reply.prompts == 1, "no prompt_tokens to compare")
    with gather("no scores") as found:
        for tokens, _, place in _scores(text_reply):
            with found.each():
                if len(tokens) < int(prompt or 0):
                    words = f"{len(tokens)} in all"
                    raise broken(f"scores for the {prompt} tokens of the prompt as well", words, place.down("/tokens"))


def _spelled(tokens: list[Any]) -> bool:
    """Whether every token is text: a part of a character is shown otherwise, or as U+FFFD."""
    return all(isinstance(one, str) and "\ufffd" not in one and not one.startswith("bytes:") for one in tokens)


@check("completions.logprobs.text", when=_asked)
def test_tokens_spell_the_text(text_reply: TextReply) -> None:
    with gather("no choice with scores and tokens that are text") as found:
        for choice in text_reply.choices:
            tokens = [token for logprobs, _ in choice.logprobs for token in _list(logprobs.get("tokens"))]
            if not tokens or not _spelled(tokens) or not choice.text:
                continue
            spelt = "".join(tokens).strip()
            unscored = len(spelt) < len(choice.text.strip()) and choice.text.strip().endswith(spelt)
            if text_reply.request.asks("echo") and unscored:
                continue  # the prompt is not scored, which completions.logprobs.echo says
            with found.each():
                if not spelt.startswith(choice.text.strip()):  # what ends the text need not stand in it
                    at = choice.logprobs[0][1].down("/tokens")
                    raise broken(
                        f"tokens that spell the text, {shown(choice.text, 80)}", list_values(tokens, limit=80), at
                    )


@check("completions.logprobs.offset", when=_asked)
def test_offsets_are_where_tokens_begin(text_reply: TextReply) -> None:
    with gather("no text_offset of two tokens that are text") as found:
        for choice in text_reply.choices:
            for logprobs, place in choice.logprobs:
                tokens, offsets = _list(logprobs.get("tokens")), _list(logprobs.get("text_offset"))
                if len(tokens) < 2 or len(offsets) != len(tokens) or not _spelled(tokens):
                    continue
                with found.each():
                    if not all(isinstance(one, int) for one in offsets) or offsets != sorted(offsets):
                        raise broken("offsets that rise", list_values(offsets, limit=60), place.down("/text_offset"))
                    if len(set(offsets)) == 1 and any(tokens[:-1]):
                        wanted = f"the offset at which each token begins, for {list_values(tokens, limit=60)}"
                        raise broken(wanted, list_values(offsets, limit=60), place.down("/text_offset"))


@check("completions.logprobs.top", when=lambda request: _asked(request) and request.param("logprobs") > 0)
def test_alternatives_are_there(text_reply: TextReply) -> None:
    with gather("no tokens") as found:
        for tokens, scores, place in _scores(text_reply):
            if len(scores) == len(tokens) > 0:
                top = next(one for choice in text_reply.choices for one, at in choice.logprobs if at is place)
                with found.each():
                    given = top.get("top_logprobs")
                    at = place.down("/top_logprobs")
                    if not isinstance(given, list) or len(given) != len(tokens):
                        words = f"{len(given)} entries" if isinstance(given, list) else shown(given)
                        raise broken(f"an object for each of the {len(tokens)} tokens", words, at)
                    bare = [place for place, one in enumerate(given) if not one and scores[place] is not None]
                    if bare:
                        raise broken(
                            "an object with alternatives for each scored token", f"{shown(given[bare[0]])}", at
                        )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
