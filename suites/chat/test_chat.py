"""Chat answers as a whole: that they come, who they are, and that they agree with each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from conformance.api.answer import Trouble
from conformance.api.chat.reply import Completion, Reply
from conformance.api.chat.stream import ChatStream
from conformance.api.models import ModelList
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, expect, gather, shown, unblocked
from conformance.checks.heuristics.model_names import are_related, is_alias, is_listed, is_version
from conformance.checks.outcomes import Blocked
from conformance.checks.refusals import excuse_filtered, expect_status
from conformance.checks.wording import name_value, tell_indexes
from conformance.model import Exchange, Facet, Request
from conformance.model.location import Location

_CLOCKS_DIFFER = 600
"""Seconds by which two clocks may differ."""


def _is_event_stream(completion: Completion) -> bool:
    begins = completion.exchange.content.lstrip()[:6]
    return completion.media_type == "text/event-stream" or begins.startswith((b"data:", b"event:"))


@check("chat.answered", when=lambda request: not request.needs and not request.refusable, unusable=True)
def test_a_valid_request_is_answered(completion: Completion) -> None:
    if completion.trouble is not None:
        kind, words = completion.trouble
        conclusive(kind is not Trouble.LIMITED, words)
        excuse_filtered(completion)
        if completion.exchange.ok and _is_event_stream(completion):
            raise Blocked("the answer is an event stream", by="chat.unstreamed")
        raise broken("HTTP 200 with a chat completion", words, at=Location.status())


@check("chat.unstreamed", unusable=True)
def test_without_stream_there_is_no_event_stream(completion: Completion) -> None:
    applicable(completion.exchange.ok, f"HTTP {completion.status}")
    if _is_event_stream(completion):
        begins = completion.exchange.content[:60].decode("utf-8", "replace")
        words = f"Content-Type {completion.media_type}, and a body that begins {shown(begins)}"
        raise broken("one JSON object, for stream was not asked for", words, Location.body())


@check("chat.no_error")
def test_a_success_holds_no_error(completion: Completion) -> None:
    if completion.error is not None:
        raise broken("no error in a successful answer", f"error {shown(completion.error)}", Location.at("/error"))


@check("chat.error.null")
def test_a_success_has_no_error_member(completion: Completion) -> None:
    applicable(completion.error is None, "there is an error")
    if "error" in completion.body:
        raise broken("no member `error`", name_value(completion.body["error"]), Location.at("/error"))


@check("chat.id.unique", shown_by=("chat.basic", "stream.basic"))
def test_ids_are_unique(run: Run) -> None:
    first: dict[tuple[str, str], Exchange] = {}
    with gather("no two different requests have an answer") as found:
        for reply in run.replies:
            recording = reply.exchange.source.rpartition("#")[0]  # cassettes of others may hold an exchange twice
            key = (recording, str(reply.id))
            known = first.setdefault(key, reply.exchange) if reply.id else reply.exchange
            if known.request.body != reply.request.body:  # a cache may answer the same request with the same answer
                with found.each():
                    words = f"{shown(reply.id)} again, as in exchange {known.id} for another request"
                    raise broken("an id of its own", words, Location.at("/id"), exchange=reply.exchange.id)
            found.judged += len(first) > 1


def _created(reply: Reply) -> tuple[Any, Location]:
    """When the answer says that it was made, and where: a stream says so in its first chunk with a time."""
    if not isinstance(reply, ChatStream):
        return reply.body.get("created"), Location.at("/created")
    chunk = next((one for one in reply.distinct if one.value.get("created")), None)
    return (chunk.value["created"], chunk.place.down("/created")) if chunk else (None, Location())


@check("chat.created.now")
def test_created_is_the_time_of_the_request(reply: Reply) -> None:
    created, place = _created(reply)
    plausible = isinstance(created, int) and 1_000_000_000 <= created < 100_000_000_000
    applicable(plausible and reply.exchange.started, "created is no time in seconds")
    apart = reply.seconds_from(created)
    if abs(apart) > _CLOCKS_DIFFER:
        raise broken(f"the time of the request, {round(created - apart)}", f"{created}, {apart:+.0f} s from it", place)


_PATH = re.compile(r"\A(?:/|~/|\.{1,2}/|[A-Za-z]:[\\/]|file:)|\.(?:gguf|ggml|safetensors|onnx)\Z|\Aarn:", re.IGNORECASE)
"""How a file or a resource of a cloud is named."""


@check("chat.model.path")
def test_the_model_is_no_file(reply: Reply) -> None:
    served, asked = reply.model, reply.request.param("model")
    applicable(isinstance(served, str) and isinstance(asked, str), "no two names")
    if served != asked and _PATH.search(served):
        raise broken(
            f"{shown(asked)}, or a version of it",
            f"the name of a file or resource: {shown(served)}",
            Location.at("/model"),
        )


def _recording(exchange: Exchange) -> str:
    return exchange.source.rpartition("#")[0]


def _may_answer(asked: str, served: str, request: Request, lists: list[ModelList]) -> bool:
    """Whether a model of this name may answer; without a list only its words tell an alias from another model."""
    if served == asked or is_listed(served, {id_ for one in lists for id_ in one.ids}):
        return True
    if served.endswith(f"/{asked}"):
        return False
    fallbacks = request.param("models")
    if isinstance(fallbacks, list) and any(is_alias(served, one) for one in fallbacks):
        return True
    if not lists or not any(one.entry(asked) for one in lists):
        return is_version(asked, served) or are_related(asked, served)
    return is_version(asked, served) or any(is_alias(served, one.entry(asked)) for one in lists)


@check("chat.model.prefix", shown_by=("chat.basic",))
def test_the_model_is_the_one_asked_for(run: Run) -> None:
    lists = [one for one in run.answers if isinstance(one, ModelList) and not one.trouble and one.ids]
    with gather("no two names") as found:
        for reply in run.replies:
            served, asked = reply.model, reply.request.param("model")
            if Facet.ADDRESS in reply.exchange.lost:
                continue
            if served and isinstance(served, str) and isinstance(asked, str) and not _PATH.search(served):
                with found.each():
                    nearby = [one for one in lists if _recording(one.exchange) == _recording(reply.exchange)]
                    if not _may_answer(asked, served, reply.request, nearby):
                        words = f"{shown(asked)}, a version of it" + (", or a name in the list" if nearby else "")
                        raise broken(words, shown(served), Location.at("/model"), exchange=reply.exchange.id)


def _numbers(reply: Reply) -> Iterator[tuple[Any, Location]]:
    """Every number that is a whole one by the schema, and where it stands."""
    if isinstance(reply, ChatStream):
        bodies = [(chunk.value, chunk.place) for chunk in reply.distinct]
    else:
        bodies = [(reply.body, Location())]
    for value, place in bodies:
        choices, usage = value.get("choices"), value.get("usage")
        yield value.get("created"), place.down("/created")
        for at, choice in enumerate(choices if isinstance(choices, list) else ()):
            if isinstance(choice, dict):
                yield choice.get("index"), place.down(f"/choices/{at}/index")
        for name, count in usage.items() if isinstance(usage, dict) else ():
            if name.endswith("_tokens"):
                yield count, place.down(f"/usage/{name}")


@check("chat.integers")
def test_whole_numbers_are_written_as_such(reply: Reply) -> None:
    with gather("no number") as found:
        for value, place in _numbers(reply):
            if isinstance(value, int | float) and not isinstance(value, bool):
                with found.each():
                    if isinstance(value, float) and value.is_integer():
                        raise broken(f"an integer, {int(value)}", f"{value}, with a decimal point", place)


@check("chat.status")
def test_the_status_is_200(reply: Reply) -> None:
    expect_status(reply, 200)


@check("chat.choice.members")
def test_a_choice_has_a_message_alone(completion: Completion) -> None:
    choices = completion.body.get("choices")
    with gather("no choice") as found:
        for position, choice in enumerate(choices if isinstance(choices, list) else []):
            if isinstance(choice, dict) and "message" in choice:
                with found.each():
                    beside = [name for name in ("delta", "text") if choice.get(name) is not None]
                    if beside:
                        words = f"`{beside[0]}` beside it: {shown(choice[beside[0]], 80)}"
                        raise broken("`message` alone", words, Location.at(f"/choices/{position}"))


@check("chat.choices.one", when=lambda request: request.param("n", 1) == 1)
def test_one_choice_comes_by_default(completion: Completion) -> None:
    applicable(completion.choices, "no choice")
    expect(len(completion.choices), at=Location.at("/choices"), what="choices").equals(1)
    index = completion.choices[0].index
    applicable(isinstance(index, int), "no index")
    expect(index, at=Location.at("/choices/0/index")).equals(0)


@check("chat.n", when=lambda request: request.param("n", 1) > 1)
def test_n_choices_come_back(reply: Reply) -> None:
    wanted = list(range(reply.request.param("n")))
    unblocked(not any(isinstance(choice.index, float) for choice in reply.choices), "chat.integers", by="chat.integers")
    indexes = sorted(choice.index for choice in reply.choices if isinstance(choice.index, int))
    if indexes != wanted:
        words = tell_indexes(indexes, wanted, "choice", "choices")
        raise broken(f"{len(wanted)} choices, as asked for, with indexes from 0", words, Location.at("/choices"))


@check("chat.message.function_call")
def test_function_call_is_never_null(completion: Completion) -> None:
    with gather("no choice") as found:
        for choice in completion.choices:
            with found.each():
                if "function_call" in choice.message and choice.message["function_call"] is None:
                    raise broken(
                        "no `function_call`, or an object", "null", choice.place.down("/message/function_call")
                    )


@check("chat.message.refusal.key")
def test_refusal_is_given(completion: Completion) -> None:
    with gather("no choice") as found:
        for choice in completion.choices:
            with found.each():
                if choice.message and "refusal" not in choice.message:
                    raise broken("a member `refusal`, null if need be", "it is missing", choice.place.down("/message"))


@check("chat.logprobs.key")
def test_logprobs_are_given(completion: Completion) -> None:
    choices = completion.body.get("choices")
    with gather("no choice") as found:
        for position, choice in enumerate(choices if isinstance(choices, list) else []):
            with found.each():
                if isinstance(choice, dict) and "logprobs" not in choice:
                    raise broken(
                        "a member `logprobs`, null if need be", "it is missing", Location.at(f"/choices/{position}")
                    )
