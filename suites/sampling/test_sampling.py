"""Parameters: what is allowed is accepted, what is not is refused."""

from __future__ import annotations

import json

from conformance.api.answer import Answer, Trouble
from conformance.api.chat.reply import Choice, Reply
from conformance.api.errors import ErrorResponse
from conformance.api.views import Transcript
from conformance.checks.batches import expect_accepted
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, doubtful, shown, unblocked
from conformance.checks.explanations import blame
from conformance.checks.heuristics.token_counts import count_of, tokens_unseen
from conformance.checks.refusals import expect_refused
from conformance.model import LIMIT_STATUSES, Request
from conformance.model.location import Location

_ALWAYS = frozenset({"model", "messages", "max_tokens", "max_completion_tokens"})
_PENALTIES = ("frequency_penalty", "presence_penalty")
_DEFAULTS = ("stream false", "n", "logprobs")
_HALF = "half a character"


def _traits(request: Request) -> set[str]:
    """What a request names beyond the usual; several nulls count as one thing, `stream` where it is null or false."""
    given = {name: value for name, value in request.json.items() if name != "stream"}
    named = {name for name, value in given.items() if value is not None and name not in _ALWAYS}
    named |= {"null"} if None in given.values() else set()
    if "stream" in request.json and request.json["stream"] is not True:
        named.add(f"stream {json.dumps(request.json['stream'])}")
    return named | _odd(request)


def _odd(request: Request) -> set[str]:
    """What is out of the ordinary in the messages of a request."""
    roles = [one["role"] for one in request.json["messages"]]
    found = {_HALF} if any("\ud83d" in one["content"] for one in request.json["messages"]) else set()
    found |= {"a begun answer"} if roles[-1] == "assistant" else set()
    return found | ({"no message of the user"} if "user" not in roles else set())


def _ordinary(transcript: Transcript) -> Transcript:
    """The answers without those that odd messages may have spoilt: all is tried again without these."""
    plain = tuple(one for one in transcript.answers if one.trouble is None or not _odd(one.request))
    return Transcript(plain or transcript.answers)


def _words(names: tuple[str, ...]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _nulls(request: Request) -> str:
    """In words, which members are null."""
    names = [name for name, value in request.json.items() if value is None and name != "stream"]
    return f"{names[0]}: null" if len(names) == 1 else "null for each optional parameter"


def _accepted(transcript: Transcript, *names: str, in_words: bool = True) -> None:
    """The named parameters were taken, with and without stream where they were tried with both."""
    answers = _ordinary(transcript).answers
    for streamed in (False, True):
        alike = tuple(one for one in answers if one.request.asks("stream") is streamed)
        if any(set(names) <= _traits(one.request) for one in alike):
            expect_accepted(Transcript(alike), names, _traits, _words(names), in_words=in_words)


@check("sampling.temperature", scenario="sampling.values", unusable=True)
def test_temperature_is_accepted(transcript: Transcript) -> None:
    _accepted(transcript, "temperature")


@check("sampling.top_p", scenario="sampling.values", unusable=True)
def test_top_p_is_accepted(transcript: Transcript) -> None:
    _accepted(transcript, "top_p")


@check("sampling.penalties", scenario="sampling.values", unusable=True)
def test_penalties_are_accepted(transcript: Transcript) -> None:
    _accepted(transcript, *_PENALTIES)


@check("sampling.seed", scenario="sampling.values", unusable=True)
def test_seed_is_accepted(transcript: Transcript) -> None:
    _accepted(transcript, "seed")


@check("sampling.logit_bias", scenario="sampling.values", unusable=True)
def test_logit_bias_is_accepted(transcript: Transcript) -> None:
    _accepted(transcript, "logit_bias")


def _things(request: Request) -> set[str]:
    """What a request tries, as many things as there are in it to refuse one by one."""
    groups = {name: group[0] for group in (_PENALTIES, _DEFAULTS) for name in group}
    return {groups.get(one, one) for one in _traits(request)}


@check("sampling.together", scenario="sampling.values", unusable=True)
def test_what_is_accepted_alone_is_accepted_together(transcript: Transcript) -> None:
    answers = _ordinary(transcript).answers
    alone = [one for one in answers if len(_things(one.request)) <= 1]
    for one in answers:
        if one.trouble is not None and one not in alone:
            kind, words = one.trouble
            conclusive(kind is not Trouble.LIMITED, words)
            unblocked(kind not in {Trouble.UNREADABLE, Trouble.CUT}, words, blame(one))
            applicable(all(single.trouble is None for single in alone), "one of the parameters is refused alone")
            raise broken("HTTP 200, as for each parameter alone", words, Location.status(), exchange=one.exchange.id)


@check("sampling.nulls", scenario="sampling.optional", unusable=True)
def test_nulls_stand_for_defaults(transcript: Transcript) -> None:
    expect_accepted(_ordinary(transcript), ["null"], _traits, _nulls)


@check("sampling.stream.null", scenario="sampling.optional", unusable=True)
def test_stream_null_is_false(transcript: Transcript) -> None:
    _accepted(transcript, "stream null")


@check("sampling.user", scenario="sampling.optional", unusable=True)
def test_user_is_accepted(transcript: Transcript) -> None:
    _accepted(transcript, "user")


@check("sampling.metadata", scenario="sampling.optional", unusable=True)
def test_metadata_and_store_are_accepted(transcript: Transcript) -> None:
    _accepted(transcript, "metadata", "store")


@check("sampling.response_format.text", scenario="sampling.optional", unusable=True)
def test_text_is_the_default_format(transcript: Transcript) -> None:
    _accepted(transcript, "response_format")


@check("sampling.prompt_cache_key", scenario="sampling.optional", unusable=True)
def test_prompt_cache_key_is_accepted(transcript: Transcript) -> None:
    _accepted(transcript, "prompt_cache_key")


@check("sampling.defaults", scenario="sampling.values", unusable=True)
def test_defaults_that_are_stated_are_accepted(transcript: Transcript) -> None:
    _accepted(transcript, *_DEFAULTS, in_words=False)  # a default asks for nothing that could be lacking


@check("sampling.newer", scenario="sampling.optional", unusable=True)
def test_newer_parameters_are_accepted(transcript: Transcript) -> None:
    _accepted(transcript, "service_tier", "modalities")


@check("sampling.newest", scenario="sampling.optional", unusable=True)
def test_the_newest_parameters_are_accepted(transcript: Transcript) -> None:
    _accepted(transcript, "verbosity", "safety_identifier")


@check("sampling.surrogate", scenario="sampling.optional", unusable=True)
def test_half_a_character_is_accepted(transcript: Transcript) -> None:
    expect_accepted(transcript, [_HALF], _traits, "an unpaired surrogate escape")


def _limited(answer: Answer) -> None:
    conclusive(answer.status not in LIMIT_STATUSES, answer.said)


def _said(answer: Answer) -> str:
    return answer.trouble[1] if answer.trouble else answer.said


@check("sampling.temperature.bad", scenario="sampling.temperature.bad", unusable=True)
def test_a_temperature_out_of_bounds_is_refused(error: ErrorResponse) -> None:
    expect_refused(error)


@check("sampling.bounds.bad", scenario="sampling.bounds.bad", unusable=True)
def test_other_values_out_of_bounds_are_refused(error: ErrorResponse) -> None:
    expect_refused(error, what=error.request.invalid or "")


@check("sampling.stop.many", scenario="sampling.stop.many", unusable=True)
def test_five_stop_strings_are_refused(error: ErrorResponse) -> None:
    expect_refused(error)


def _ended_at_once(reply: Reply, choice: Choice) -> bool:
    """Whether an empty answer may be the model's own: no more than the token that ends it was counted."""
    counted = (reply.usage or {}).get("completion_tokens", 1)
    return choice.finish_reason == "stop" and counted == len(reply.choices)


@check("sampling.limit.huge", scenario="sampling.limit.huge", unusable=True)
def test_a_huge_limit_is_refused_or_clamped(reply: Reply) -> None:
    _limited(reply)
    if reply.trouble is not None:
        unblocked(not reply.exchange.ok, _said(reply))
        if reply.trouble[0] is not Trouble.REFUSED:  # a clean 4xx, whatever its body: that is another row's
            raise broken("a whole answer, or 400 with an error", _said(reply), Location.status())
        return
    for choice in reply.choices:
        applicable(not choice.refusal, "the model refused")
        silent = not (choice.content or choice.reasoning)
        conclusive(not (silent and _ended_at_once(reply, choice)), "the model ended its answer at once")
        if choice.finish_reason == "length" or silent:
            words = f"finish_reason {shown(choice.finish_reason)} with content {shown(choice.content, 60)}"
            certain = tokens_unseen(reply) if choice.finish_reason != "length" else _is_short(reply)
            raise doubtful("a whole answer, or 400 with an error", words, choice.place, certain=certain)


_PATIENT = 100
"""Tokens of a greeting from which on it is babble, which goes on until the model has no more room."""

_LONGEST_TOKEN = 6
"""Characters of a token of babble, about."""


def _is_short(reply: Reply) -> bool:
    """Whether an answer was cut where any model would still have had room."""
    size = sum(len(choice.content or "") + len(choice.reasoning or "") for choice in reply.choices)
    return (count_of(reply) or 0) < _PATIENT and size < _PATIENT * _LONGEST_TOKEN
