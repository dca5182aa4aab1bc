"""Legacy text completions, streamed or not: every prompt answered, within its limit."""

from __future__ import annotations

import re

from conformance.api.completions import TextChoice, TextCompletion, TextReply
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, doubtful, expect, gather, shown, unblocked
from conformance.checks.heuristics.token_counts import fills
from conformance.checks.refusals import expect_granted
from conformance.checks.repetition import NEARLY_ALL
from conformance.checks.wording import tell_indexes
from conformance.model import TRANSIENT_STATUSES, Exchange, Request
from conformance.model.location import Location

WANTED = "HTTP 200 with a text completion"


def _speaks_tokens(request: Request) -> bool:
    """Whether the prompt is token ids, one array or several."""
    given = request.param("prompt")
    return isinstance(given, list) and not all(isinstance(one, str) for one in given)


def _is_array(request: Request) -> bool:
    return isinstance(request.param("prompt"), list) and not _speaks_tokens(request)


def _is_plain(request: Request) -> bool:
    return isinstance(request.param("prompt"), str) and request.param("logprobs") is None and not request.refusable


@check("completions.answered", when=_is_plain, unusable=True)
def test_a_valid_request_is_answered(text_reply: TextReply) -> None:
    expect_granted(text_reply, "a stream of text" if text_reply.request.asks("stream") else WANTED)


@check("completions.prompt.array", when=_is_array, unusable=True)
def test_an_array_of_prompts_is_accepted(text_reply: TextReply) -> None:
    if text_reply.request.refusable:
        applicable(text_reply.trouble is None, "refused with n or echo; the prompts alone are sent next")
    expect_granted(text_reply, f"{WANTED} for an array of prompts")


@check(
    "completions.optional",
    when=lambda request: bool(_optional(request)),
    unusable=True,
    shown_by=("completions.batch",),
)
def test_n_and_echo_are_no_crash(text_reply: TextReply) -> None:
    conclusive(text_reply.status not in TRANSIENT_STATUSES, text_reply.said)
    asked = _optional(text_reply.request)
    conclusive(len(asked) == 1 or text_reply.status == 200, f"{' and '.join(asked)} are tried one by one next")
    if text_reply.status is None or text_reply.status >= 500:
        raise broken(f"an answer to {asked[0]}, or a 4xx status", text_reply.said, Location.status())


def _optional(request: Request) -> list[str]:
    return [name for name in ("n", "echo") if request.param(name) and request.param("logprobs") is None]


@check("completions.prompt.tokens", when=_speaks_tokens, unusable=True)
def test_token_ids_are_accepted(text_reply: TextReply) -> None:
    alone = not (text_reply.request.param("echo") or text_reply.request.param("logprobs"))
    applicable(alone or text_reply.trouble is None, "refused with echo and logprobs; token ids alone are sent next")
    applicable(text_reply.status is None or text_reply.status < 500, text_reply.said)
    expect_granted(text_reply, f"{WANTED} for a prompt in token ids")


@check("completions.count")
def test_every_prompt_gets_its_choices(text_reply: TextReply) -> None:
    wanted = list(range(text_reply.prompts * text_reply.request.param("n", 1)))
    applicable(text_reply.choices, "no choice")
    indexes = [choice.index for choice in text_reply.choices]
    applicable(all(isinstance(index, int) for index in indexes), "a choice has no index")
    if sorted(indexes) != wanted:
        words = tell_indexes(sorted(indexes), wanted, "choice", "choices")
        raise broken(f"{len(wanted)} choices, as asked for, with indexes from 0", words, Location.at("/choices"))


def _is_limited(request: Request) -> bool:
    return request.param("max_tokens") is not None and request.param("best_of") is None


def _counted(text_reply: TextReply) -> tuple[int, int]:
    """The completion tokens, and how many may be: the limit for every choice."""
    counted = (text_reply.usage or {}).get("completion_tokens")
    applicable(isinstance(counted, int), "no completion_tokens to compare")
    choices = text_reply.prompts * text_reply.request.param("n", 1)
    return int(counted or 0), text_reply.request.param("max_tokens", 0) * choices


def _ends(text_reply: TextReply) -> int:
    """How many tokens may be counted beyond the limit: one that ends the text of each choice."""
    return text_reply.prompts * int(max(text_reply.request.param("n", 1), 1))


@check("completions.max_tokens", when=_is_limited)
def test_the_output_limit_holds(text_reply: TextReply) -> None:
    counted, limit = _counted(text_reply)
    at = text_reply.usage_place.down("/completion_tokens")
    expect(counted, at=at, what="completion_tokens").at_most(limit + _ends(text_reply), f"at most {limit}")


@check("completions.length", when=_is_limited)
def test_a_cut_text_says_length(text_reply: TextReply) -> None:
    counted, limit = _counted(text_reply)
    conclusive(counted >= limit > 0, f"the text needed only {counted} of {limit} tokens")
    applicable(counted <= limit + _ends(text_reply) and text_reply.choices, "the limit did not hold")
    once = any(choice.finish_reason == "length" for choice in text_reply.choices)  # then others may just have ended
    with gather("no finish_reason at all") as found:
        for choice in text_reply.choices:
            if choice.finishes:
                with found.each():
                    if choice.finish_reason != "length" and not (once and not _took_all(text_reply, choice)):
                        words, place = shown(choice.finish_reason), choice.finishes[-1][1]
                        certain = _took_all(text_reply, choice)
                        raise doubtful(
                            '"length"',
                            f"{words} after {counted} of {limit} tokens",
                            place,
                            certain=certain,
                            part=NEARLY_ALL,
                        )


def _took_all(text_reply: TextReply, choice: TextChoice) -> bool:
    """Whether the text took every token of its limit: a token that ends it is counted by some, and is none of it."""
    echoed, alone = text_reply.request.asks("echo"), len(text_reply.choices) == 1
    count = (text_reply.usage or {}).get("completion_tokens") if alone else None
    pieces = 0 if echoed else len(choice.pieces)
    return fills(text_reply.request.param("max_tokens", 0), "" if echoed else choice.text, pieces, count)


@check("completions.order")
def test_choices_come_in_order(text_completion: TextCompletion) -> None:
    indexes = [choice.index for choice in text_completion.choices]
    applicable(len(indexes) > 1 and all(isinstance(index, int) for index in indexes), "no two choices with an index")
    if indexes != sorted(indexes):
        words = tell_indexes(indexes, sorted(indexes), "choice", "choices")
        raise broken("choices in the order of their indexes", words, Location.at("/choices"))


def _echoes(request: Request) -> bool:
    speaks = isinstance(request.param("prompt"), str) or _is_array(request)
    return request.asks("echo") and speaks and request.param("suffix") is None


@check("completions.echo", when=_echoes, shown_by=("completions.batch",))
def test_the_prompt_is_repeated(text_reply: TextReply) -> None:
    given, n = text_reply.request.param("prompt"), max(text_reply.request.param("n", 1), 1)
    prompts = given if isinstance(given, list) else [given]
    counted = len(text_reply.choices) == len(prompts) * n
    unblocked(counted, "not every prompt has its choices, which completions.count says", by="completions.count")
    unblocked(any(choice.text for choice in text_reply.choices), "no choice has a text", by="completions.text")
    with gather("no choice with an index") as found:
        for choice in text_reply.choices:
            place = choice.index // n if isinstance(choice.index, int) else -1
            if not 0 <= place < len(prompts):
                continue
            text = _LEADING.sub("", choice.text)
            with found.each():
                if not (choice.text.startswith(prompts[place]) or text.startswith(prompts[place].lstrip())):
                    other = next((at for at, one in enumerate(prompts) if text.startswith(one)), None)
                    words = shown(choice.text, 80) + ("" if other is None else f", which answers prompt {other}")
                    wanted = f"a text that begins with prompt {place}, {shown(prompts[place], 60)}"
                    raise broken(wanted, words, choice.place.down("/text"))


_CONTROL = re.compile(r"<\|[A-Za-z_]{2,40}\|>|</?s>|<(?:start|end)_of_turn>|\[/?INST\]|<\uff5c[^\uff5c>]{1,40}\uff5c>")


_LEADING = re.compile(rf"\A(?:\s|{_CONTROL.pattern})++")
"""What tokenizers put before a prompt; completions.text.control tells the tokens."""


@check("completions.text.control")
def test_no_control_token_shows(text_reply: TextReply) -> None:
    prompt = str(text_reply.request.json)
    with gather("no text") as found:
        for choice in text_reply.choices:
            if choice.text:
                with found.each():
                    leaked = _CONTROL.search(choice.text)
                    if leaked and leaked.group() not in prompt:
                        words = f"{leaked.group()} in {shown(choice.text, 100)}"
                        raise doubtful("the answer's own text", words, choice.place.down("/text"))


@check("completions.id.unique", shown_by=("offer.completions", "completions.batch"))
def test_ids_are_unique(run: Run) -> None:
    first: dict[tuple[str, str], Exchange] = {}
    with gather("no two different requests have an answer") as found:
        for one in run.answers:
            id_ = one.id if isinstance(one, TextReply) and not one.trouble else None
            if not isinstance(id_, str) or not id_:
                continue
            key = (one.exchange.source.rpartition("#")[0], id_)  # cassettes of others may hold an exchange twice
            known = first.setdefault(key, one.exchange)
            if known.request.body != one.request.body:  # a cache may answer the same request with the same answer
                with found.each():
                    words = f"{shown(id_)} again, as in exchange {known.id} for another request"
                    raise broken("an id of its own", words, Location.at("/id"), exchange=one.exchange.id)
            found.judged += len(first) > 1
