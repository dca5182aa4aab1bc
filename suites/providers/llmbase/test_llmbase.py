"""What LLMBase's documents promise beyond the yardstick."""

from __future__ import annotations

import re
from typing import Any

from conformance.api.answer import Trouble
from conformance.api.chat.reply import Completion, Reply
from conformance.api.chat.stream import ChatStream, Ending
from conformance.api.errors import ErrorResponse
from conformance.api.views import Run
from conformance.catalogue.profiles import Profile
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, expect, gather, shown
from conformance.checks.outcomes import Blocked
from conformance.checks.refusals import expect_status
from conformance.model import LIMIT_STATUSES, Request
from conformance.model.location import Location

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_FALLBACK = "x-llmbase-fallback-applied"
_TRUE_OR_FALSE = ("true", "false")


def _whole(stream: ChatStream) -> None:
    if not stream.whole:
        raise Blocked(f"the stream ended with {stream.ending.value}")


def _chat(request: Request) -> bool:
    return request.method == "POST" and request.path == "/chat/completions"


def _names_a_model(request: Request) -> bool:
    return isinstance(request.param("model"), str)


# --- streams --------------------------------------------------------------------------------------------------------


@check("llmbase.stream.usage")
def test_the_final_chunk_carries_usage(stream: ChatStream) -> None:
    _whole(stream)
    last = stream.chunks[-1]
    if not isinstance(last.value.get("usage"), dict):
        raise broken("usage in the final chunk", "none", last.place)
    expect(last.value["usage"], at=last.place.down("/usage")).has(*_COUNTS)


@check("llmbase.stream.usage.finish")
def test_usage_sits_on_the_finish_chunk(stream: ChatStream) -> None:
    _whole(stream)
    applicable(stream.folded.usages, "no chunk carries usage")
    chunk = stream.folded.usages[-1][1]
    reasons = [choice.get("finish_reason") for choice in chunk.choices]
    if not any(reasons):
        raise broken("a finish_reason beside the usage", f"choices {shown(chunk.choices, 80)}", chunk.place)


@check("llmbase.stream.chunk")
def test_chunks_hold_what_the_sample_shows(stream: ChatStream) -> None:
    with gather("no chunk") as found:
        for chunk in stream.distinct:
            with found.each():
                expect(chunk.value, at=chunk.place).has("id", "object", "created", "model", "choices")
                expect(chunk.value["object"], at=chunk.place.down("/object")).equals("chat.completion.chunk")
                for position, choice in enumerate(chunk.choices):
                    expect(choice, at=chunk.place.down(f"/choices/{position}")).has("index", "delta", "finish_reason")


@check("llmbase.stream.role")
def test_the_first_delta_is_the_role(stream: ChatStream) -> None:
    first = next((choice.deltas[0] for choice in stream.folded.choices.values()), None)
    applicable(first is not None, "no choice")
    if first is not None:
        expect(first.value, at=first.place.down("/delta")).equals({"role": "assistant"})


@check("llmbase.stream.done")
def test_the_stream_ends_with_done(stream: ChatStream) -> None:
    applicable(stream.ending is not Ending.ERROR, "the stream ended with an error event")
    expect(stream.ending, at=Location.end()).equals(Ending.DONE)


_COMBINED = ("tools", "response_format", "prompt_cache_key")


@check("llmbase.stream.combined", when=lambda request: _chat(request) and request.invalid is None)
def test_streams_take_what_plain_requests_take(run: Run) -> None:
    replies = [one for one in run.answers if isinstance(one, Reply)]
    with gather("no stream asked for tools, response_format or prompt_cache_key") as found:
        for name in _COMBINED:
            plain = [one for one in replies if not one.streamed and one.request.param(name) and not one.trouble]
            for one in replies:
                if one.streamed and one.request.param(name) and (plain or name == "prompt_cache_key"):
                    with found.each():
                        if one.trouble is not None and one.trouble[0] is not Trouble.LIMITED:
                            wanted = f"a stream with {name}, as without stream"
                            raise broken(wanted, one.trouble[1], Location.status(), exchange=one.exchange.id)


# --- answers --------------------------------------------------------------------------------------------------------


@check("llmbase.completion")
def test_completions_hold_what_the_sample_shows(completion: Completion) -> None:
    expect(completion.body, at=Location.body()).has("id", "object", "created", "model", "choices", "usage")
    expect(completion.body["object"], at=Location.at("/object")).equals("chat.completion")
    expect(completion.usage or {}, at=Location.at("/usage")).has(*_COUNTS)


@check("llmbase.id")
def test_ids_look_like_the_sample(reply: Reply) -> None:
    text = shown(reply.id)
    expect(re.fullmatch(r'"chatcmpl-[0-9a-f]{24}"', text), at=Location.at("/id")).is_true(
        "chatcmpl- and 24 hex digits", text
    )


def _models(reply: Reply) -> list[Any]:
    """The model that an answer names, once for each chunk of a stream."""
    if isinstance(reply, ChatStream):
        return [chunk.value["model"] for chunk in reply.distinct if "model" in chunk.value]
    return [reply.body["model"]] if "model" in reply.body else []


@check("llmbase.model", when=_names_a_model)
def test_the_answer_names_the_model_asked_for(reply: Reply) -> None:
    named = _models(reply)
    applicable(named, "the answer names no model")
    for model in named:
        expect(model, at=Location.at("/model")).equals(reply.request.param("model"))


@check("llmbase.finish_reason")
def test_finish_reasons_are_documented(reply: Reply, profile: Profile) -> None:
    with gather("no choice has finished") as found:
        for choice in reply.choices:
            if choice.finish_reason is not None:
                with found.each():
                    at = choice.place.down("/finish_reason")
                    expect(choice.finish_reason, at=at).is_in(profile.vocabulary["finish_reason"])


@check("llmbase.request", scenario="llmbase.request", unusable=True)
def test_the_documented_parameters_are_accepted(completion: Completion) -> None:
    if completion.trouble is not None:
        conclusive(completion.trouble[0] is not Trouble.LIMITED, completion.trouble[1])
        raise broken("HTTP 200 with an answer", completion.trouble[1], Location.status())


@check("llmbase.cache_key", when=lambda request: request.param("prompt_cache_key") is not None, unusable=True)
def test_a_cache_key_is_accepted(reply: Reply) -> None:
    if reply.trouble is not None:
        conclusive(reply.trouble[0] is not Trouble.LIMITED, reply.trouble[1])
        raise broken("HTTP 200 with prompt_cache_key", reply.trouble[1], Location.status())


@check("llmbase.reasoning")
def test_reasoning_stands_in_both_fields(reply: Reply) -> None:
    with gather("no choice shows reasoning") as found:
        for choice in reply.choices:
            texts = [choice.message.get(name) for name in ("reasoning_content", "reasoning")]
            if any(texts):
                with found.each():
                    wanted = "the same text in reasoning_content and in reasoning"
                    at = choice.place.down("/message")
                    expect(texts[0] == texts[1], at=at).is_true(wanted, " and ".join(shown(one, 60) for one in texts))


# --- errors ---------------------------------------------------------------------------------------------------------


@check("llmbase.error")
def test_errors_hold_message_and_type(error: ErrorResponse) -> None:
    applicable(error.status != 404 or error.request.expects != "other", "not a documented path")
    expect(error.members, at=Location.at("/error")).has("message", "type")


def _lacks_a_field(request: Request) -> bool:
    body = request.json
    whole = isinstance(body, dict) and {"model", "messages"} <= body.keys()
    return _chat(request) and request.auth == "key" and isinstance(body, dict) and not whole


@check("llmbase.error.fields", when=_lacks_a_field, unusable=True)
def test_missing_fields_are_400(error: ErrorResponse) -> None:
    conclusive(error.status not in LIMIT_STATUSES, error.said)
    expect_status(error, 400)


@check("llmbase.error.key", when=lambda request: _chat(request) and request.auth != "key", unusable=True)
def test_a_missing_or_wrong_key_is_401(error: ErrorResponse) -> None:
    conclusive(error.status not in LIMIT_STATUSES, error.said)
    expect_status(error, 401)


@check("llmbase.error.unknown_model", scenario="error.unknown_model", unusable=True)
def test_an_unknown_model_is_404(error: ErrorResponse) -> None:
    conclusive(error.status not in LIMIT_STATUSES, error.said)
    expect_status(error, 404)
    expect(error.members.get("type"), at=Location.at("/error/type")).equals("invalid_request_error")


# --- headers --------------------------------------------------------------------------------------------------------


@check("llmbase.headers.model", when=_names_a_model)
def test_headers_name_the_models(reply: Reply) -> None:
    requested, served = reply.header("x-llmbase-requested-model"), reply.header("x-llmbase-served-model")
    expect(requested, at=Location.header("x-llmbase-requested-model")).equals(reply.request.param("model"))
    expect(served, at=Location.header("x-llmbase-served-model")).is_true("the id of a model")


@check("llmbase.headers.fallback")
def test_a_header_says_whether_another_model_answered(reply: Reply) -> None:
    said = reply.header(_FALLBACK)
    expect(said, at=Location.header(_FALLBACK)).is_in(_TRUE_OR_FALSE)
    for name in ("reason", "chain") if said == "true" else ():
        at = Location.header(f"x-llmbase-fallback-{name}")
        expect(reply.header(f"x-llmbase-fallback-{name}"), at=at).is_true("a value, since a fallback was applied")


@check("llmbase.headers.served")
def test_header_and_body_name_the_same_model(reply: Reply) -> None:
    served, named = reply.header("x-llmbase-served-model"), _models(reply)
    applicable(served and named, "no header, or no model in the body")
    expect(named[0], at=Location.at("/model")).equals(served)


@check("llmbase.fallback.off", when=_chat)
def test_no_fallback_where_it_is_switched_off(reply: Reply) -> None:
    applicable(reply.header(_FALLBACK), f"no header {_FALLBACK}")
    expect(reply.header(_FALLBACK), at=Location.header(_FALLBACK)).equals("false")
