"""Legacy text completions, streamed or not: every prompt answered, within its limit, counted."""

from __future__ import annotations

from conformance.judging import NotApplicable, applicable, broken, check, conclusive, expect
from conformance.model import Request
from conformance.refusal import granted
from conformance.wire.completions import TextReply

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
    granted(text_reply, "a stream of text" if text_reply.request.asks("stream") else WANTED)


@check("completions.prompt.array", when=_is_array, unusable=True)
def test_an_array_of_prompts_is_accepted(text_reply: TextReply) -> None:
    granted(text_reply, f"{WANTED} for an array of prompts")


@check("completions.prompt.tokens", when=_speaks_tokens, unusable=True)
def test_token_ids_are_accepted(text_reply: TextReply) -> None:
    said = text_reply.error_message.lower()
    applicable(not any(word in said for word in ("echo", "logprob")), f"refused for another reason: {said}")
    applicable(text_reply.status is None or text_reply.status < 500, f"HTTP {text_reply.status}")
    granted(text_reply, f"{WANTED} for a prompt in token ids")


@check("completions.count")
def test_every_prompt_gets_its_choices(text_reply: TextReply) -> None:
    wanted = list(range(text_reply.prompts * text_reply.request.param("n", 1)))
    applicable(text_reply.choices, "no choice")
    indexes = [choice.index for choice in text_reply.choices]
    applicable(all(isinstance(index, int) for index in indexes), "a choice has no index")
    expect(sorted(indexes), at="/choices", what="indexes of the choices").equals(wanted)


def _is_limited(request: Request) -> bool:
    return request.param("max_tokens") is not None and request.param("best_of") is None


def _counted(text_reply: TextReply) -> tuple[int, int]:
    """The completion tokens, and how many may be: the limit for every choice."""
    counted = (text_reply.usage or {}).get("completion_tokens")
    applicable(isinstance(counted, int), "no completion_tokens to compare")
    choices = text_reply.prompts * text_reply.request.param("n", 1)
    return int(counted or 0), text_reply.request.param("max_tokens", 0) * choices


@check("completions.max_tokens", when=_is_limited)
def test_the_output_limit_holds(text_reply: TextReply) -> None:
    counted, limit = _counted(text_reply)
    at = text_reply.usage_place.down("/completion_tokens")
    expect(counted, at=at, what="completion_tokens").at_most(limit, f"at most {limit}")


@check("completions.length", scenario="completions.stream")
def test_a_cut_text_says_length(text_reply: TextReply) -> None:
    counted, limit = _counted(text_reply)
    conclusive(counted >= limit, f"the text needed only {counted} of {limit} tokens")
    applicable(counted == limit and text_reply.choices, "the limit did not hold")
    for choice in text_reply.choices:
        applicable(choice.finishes, "no finish_reason at all")
        expect(choice.finish_reason, at=choice.finishes[-1][1]).equals("length")


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
