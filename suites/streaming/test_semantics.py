"""What the chunks of a chat stream say, taken together."""

from __future__ import annotations

from conformance.judging import Blocked, applicable, broken, check, expect, gather, shown
from conformance.wire.stream import ChatStream


def _whole(stream: ChatStream) -> None:
    """What is missing from a stream that broke off is not the stream's fault twice."""
    if not stream.whole:
        raise Blocked(f"the stream ended with {stream.ending.value}")


@check("stream.id.constant")
def test_the_id_stays_the_same(stream: ChatStream) -> None:
    with gather("no chunk with an id") as found:
        for chunk in stream.chunks:
            if chunk.value.get("id"):
                with found.each():
                    expect(chunk.value["id"], at=chunk.place.down("/id")).equals(stream.id)


@check("stream.role.first")
def test_the_role_comes_first(stream: ChatStream) -> None:
    with gather("no choice in any chunk") as found:
        for choice in stream.folded.choices.values():
            first = choice.deltas[0]
            with found.each():
                expect(first.value.get("role"), at=first.place.down("/delta/role")).equals("assistant")


@check("stream.finish.once")
def test_each_choice_finishes_once(stream: ChatStream) -> None:
    _whole(stream)
    with gather("no choice in any chunk") as found:
        for choice in stream.folded.choices.values():
            with found.each():
                if not choice.finishes:
                    raise broken("a chunk with a finish_reason", "none in the whole stream", choice.deltas[-1].place)
        for contradiction in stream.folded.contradictions:
            if "finish_reason" in contradiction.text:
                with found.each():
                    raise broken("one finish_reason, at the end of the choice", contradiction.text, contradiction.place)


@check("stream.usage.asked", when=lambda request: (request.param("stream_options") or {}).get("include_usage") is True)
def test_usage_comes_last(stream: ChatStream) -> None:
    _whole(stream)
    expect(stream.usage, at="the stream").is_true("a chunk with usage before [DONE]", "none in the whole stream")
    last = stream.folded.usages[-1][1]
    if last.number != stream.chunks[-1].number:
        raise broken("usage in the last chunk before [DONE]", f"usage in {last.place}, then more chunks", last.place)


@check("stream.usage.unasked", when=lambda request: not (request.param("stream_options") or {}).get("include_usage"))
def test_no_usage_unasked(stream: ChatStream) -> None:
    applicable(stream.chunks, "no chunk")
    if stream.usage:
        raise broken("no usage", shown(stream.usage), stream.usage_place)
