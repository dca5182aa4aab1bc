"""Usage in streams: there when asked for, once, last, and the same as without a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator

from conformance.api.answer import Answer, Trouble
from conformance.api.chat.reply import Completion, Reply
from conformance.api.chat.stream import ChatStream
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, expect, gather, shown, unblocked
from conformance.checks.outcomes import Blocked
from conformance.model import Request
from conformance.model.location import Location


def _asks(request: Request) -> bool:
    options = request.param("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def _declines(request: Request) -> bool:
    options = request.param("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is False


def _key(reply: Reply) -> tuple[str, str]:
    """What a stream and a plain answer to the same request have in common."""
    body = reply.request.json
    asked = {name: value for name, value in body.items() if not name.startswith("stream")} if body else {}
    return reply.exchange.source.rpartition("#")[0] + reply.exchange.url, json.dumps(asked, sort_keys=True)


def _twins(run: Run) -> Iterator[tuple[ChatStream, Completion]]:
    """Every whole stream with a plain answer to the same request."""
    plain = {_key(reply): reply for reply in run.replies if isinstance(reply, Completion)}
    for reply in run.replies:
        if isinstance(reply, ChatStream) and reply.whole and _key(reply) in plain:
            yield reply, plain[_key(reply)]


@check("stream.usage.asked", when=_asks)
def test_usage_comes_when_asked_for(stream: ChatStream) -> None:
    if stream.broken_off:
        raise Blocked(stream.broken_off)
    unblocked(stream.choices, "no chunk has a choice", by="stream.chunk.choices")
    expect(stream.usage, at=Location.part("the stream")).is_true(
        "a chunk with usage before [DONE]", "none in the whole stream"
    )


@check("stream.usage.last", when=_asks)
def test_usage_comes_last(stream: ChatStream) -> None:
    if stream.broken_off:
        raise Blocked(stream.broken_off)
    applicable(stream.usage, "no usage")
    last = stream.folded.usages[-1][1]
    if last.number != stream.last_counted:
        raise broken("usage in the last chunk before [DONE]", f"usage in {last.place}, then more chunks", last.place)


@check("stream.usage.own_chunk", when=_asks)
def test_usage_has_a_chunk_of_its_own(stream: ChatStream) -> None:
    applicable(stream.usage, "no usage")
    last = stream.folded.usages[-1][1]
    unblocked(last.number == stream.last_counted, "the usage does not come last", by="stream.usage.last")
    if last.choices:
        raise broken("a chunk of its own with choices []", "usage next to a choice", last.place.down("/choices"))


@check("stream.usage.once")
def test_usage_comes_once(stream: ChatStream) -> None:
    applicable(stream.usage, "no usage")
    options = stream.request.param("stream_options", {})
    running = isinstance(options, dict) and options.get("continuous_usage_stats") is True
    applicable(not running, "running counts were asked for")
    usages = stream.folded.usages
    if len(usages) > 1:
        words = f"in {len(usages)} of {len(stream.chunks)} chunks"
        raise broken("usage in one chunk", words, usages[0][1].place.down("/usage"))


@check("stream.usage.null", when=_asks)
def test_usage_is_null_before_the_end(stream: ChatStream) -> None:
    with gather("no chunk before the usage") as found:
        for chunk in stream.distinct if stream.usage else ():
            if chunk.choices:
                with found.each():
                    expect("usage" in chunk.value, at=chunk.place).is_true("usage: null", "it is missing")


@check("stream.usage.unasked", when=lambda request: request.param("stream_options") is None)
def test_no_usage_unasked(stream: ChatStream) -> None:
    _no_usage(stream, beside=False)


@check("stream.usage.unasked.beside", when=lambda request: request.param("stream_options") is None)
def test_no_usage_unasked_beside_a_choice(stream: ChatStream) -> None:
    _no_usage(stream, beside=True)


def _no_usage(stream: ChatStream, *, beside: bool) -> None:
    """No usage in chunks with a choice, or in those without; a stream may have it in both."""
    applicable(stream.chunks, "no chunk")
    for usage, chunk in stream.folded.usages:
        if bool(chunk.choices) is beside:
            raise broken("no usage", f"usage {shown(usage)}", chunk.place.down("/usage"))


@check("stream.usage.twin", shown_by=("chat.basic", "stream.usage"))
def test_the_prompt_counts_the_same(run: Run) -> None:
    with gather("no request was sent both ways with usage") as found:
        for stream, plain in _twins(run):
            ours, theirs = ((one.usage or {}).get("prompt_tokens") for one in (stream, plain))
            same = stream.model == plain.model
            if same and isinstance(ours, int) and isinstance(theirs, int):
                with found.each():
                    if ours != theirs:
                        wanted = f"{theirs}, as without stream in exchange {plain.exchange.id}"
                        place = stream.usage_place.down("/prompt_tokens")
                        raise broken(wanted, str(ours), place, exchange=stream.exchange.id)


@check("stream.usage.declined", shown_by=("stream.basic", "stream.abort"))
def test_usage_declined_is_usage_unasked(run: Run) -> None:
    streams = [one for one in run.answers if isinstance(one, ChatStream) and one.trouble is None]
    declined = [one for one in streams if _declines(one.request)]
    unasked = [one for one in streams if one.request.param("stream_options") is None]
    applicable(declined and unasked, "usage was not declined")
    conclusive(not any(one.usage for one in unasked), "usage comes in every stream")
    for one in declined:
        if one.usage:
            raise broken(
                "no usage, as include_usage is false",
                f"usage {shown(one.usage)}",
                one.usage_place,
                exchange=one.exchange.id,
            )


@check("stream.options", scenario="stream.options", unusable=True)
def test_stream_options_without_stream(answer: Answer) -> None:
    trouble = answer.trouble
    conclusive(trouble is None or trouble[0] is not Trouble.LIMITED, trouble[1] if trouble else "")
    if answer.status is None or answer.status >= 500:
        raise broken("an answer, or a 4xx status", answer.said, Location.status())
