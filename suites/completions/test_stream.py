"""Streams of text completions, taken together."""

from __future__ import annotations

from itertools import pairwise

from conformance.api.chat.payloads import DONE, Payload
from conformance.api.chat.stream import Ending, place_of
from conformance.api.completions import TextStream
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, expect, gather, shown, unblocked
from conformance.checks.outcomes import Blocked
from conformance.checks.wording import list_values
from conformance.model import Request
from conformance.model.location import Location

READ = (Payload.JSON, Payload.KEEP_ALIVE, Payload.OTHER)
"""Data that clients decode; what is wrong with other kinds is told by the checks of framing."""


def _whole(stream: TextStream) -> None:
    """What is missing from a stream that broke off is not the stream's fault twice."""
    unblocked(stream.whole, f"the stream ended with {stream.ending.value}")


@check("completions.stream.json")
def test_data_is_one_json_object(text_stream: TextStream) -> None:
    with gather("no event") as found:
        for event in text_stream.events_of(*READ):
            document = event.document
            with found.each():
                if not document.readable or document.flaws:
                    words = f"{shown(event.data, 120)} ({document.flaws[-1].text})"
                    raise broken("one JSON object", words, place_of(event))
                expect(document.value, at=place_of(event)).is_a(dict)


@check("completions.stream.done")
def test_done_is_sent_once_and_last(text_stream: TextStream) -> None:
    if text_stream.ending in {Ending.CUT_SHORT, Ending.STALLED, Ending.LIMIT}:
        raise Blocked("the stream did not come to its end")
    tail = text_stream.stream.tail
    unblocked(
        tail is None or tail.data.strip() != DONE, "[DONE] is not ended by a blank line", by="stream.blank_line.last"
    )
    applicable(text_stream.ending is not Ending.ERROR, "the stream ended with an error event")
    joined = text_stream.ending is Ending.NO_DONE and text_stream.events_of(Payload.RUN_TOGETHER)
    unblocked(not joined, "events run together", by="stream.blank_line")
    expect(text_stream.ending, at=Location.end()).equals(Ending.DONE)


@check("completions.stream.id")
def test_the_id_stays_the_same(text_stream: TextStream) -> None:
    ids = [(chunk.get("id"), event) for event, chunk in text_stream.chunks if chunk.get("id")]
    applicable(ids, "no chunk with an id")
    for id_, event in ids:
        expect(id_, at=place_of(event, "/id")).equals(ids[0][0])


@check("completions.stream.finish")
def test_each_choice_finishes_once(text_stream: TextStream) -> None:
    _whole(text_stream)
    with gather("no choice in any chunk") as found:
        for choice in text_stream.choices:
            with found.each():
                if not choice.finishes:
                    raise broken("a chunk with a finish_reason", "none in the whole stream", choice.place)
                if len(choice.finishes) > 1:
                    reasons = list_values(reason for reason, _ in choice.finishes)
                    raise broken("one finish_reason", f"{len(choice.finishes)}: {reasons}", choice.finishes[1][1])
                if choice.after_finish:
                    raise broken("no text after the finish_reason", "more text", choice.after_finish[0])


@check("completions.stream.finish_reason.key")
def test_every_choice_has_a_finish_reason(text_stream: TextStream) -> None:
    with gather("no choice in any chunk") as found:
        for event, chunk in text_stream.chunks:
            for position, choice in enumerate(chunk.get("choices") or ()):
                if isinstance(choice, dict):
                    with found.each():
                        if "finish_reason" not in choice:
                            at = place_of(event, f"/choices/{position}")
                            raise broken("finish_reason, null before the end", "it is missing", at)


@check("completions.stream.increments")
def test_pieces_are_increments(text_stream: TextStream) -> None:
    with gather("no choice with three pieces of text") as found:
        for choice in text_stream.choices:
            pieces = choice.pieces
            if len(pieces) > 2 and len(set(pieces)) > 1:
                with found.each():
                    repeats = [later.startswith(earlier) for earlier, later in pairwise(pieces)]
                    if all(repeats):
                        words = f"{shown(pieces[0], 40)}, then {shown(pieces[1], 40)}, {shown(pieces[2], 60)}"
                        raise broken("pieces of the text", f"the whole text so far: {words}", choice.place)


def _asks_for_usage(request: Request) -> bool:
    options = request.param("stream_options", {})
    return isinstance(options, dict) and options.get("include_usage") is True


@check("completions.stream.usage", when=_asks_for_usage)
def test_usage_comes_last(text_stream: TextStream) -> None:
    _whole(text_stream)
    conclusive(text_stream.chunks, "no chunk")
    expect(text_stream.usages, at=Location.part("the stream")).is_true(
        "a chunk with usage before [DONE]", "none in the whole stream"
    )
    last = text_stream.usages[-1][0]
    if last.index != text_stream.chunks[-1][0].index:
        raise broken("usage in the last chunk before [DONE]", f"usage in {place_of(last)}", place_of(last))


@check("completions.stream.usage.unasked", when=lambda request: request.param("stream_options") is None)
def test_no_usage_unasked(text_stream: TextStream) -> None:
    applicable(text_stream.chunks, "no chunk")
    counted = {event.index for event, _ in text_stream.usages}
    for event, chunk in text_stream.chunks:
        if event.index in counted and not chunk.get("choices"):
            raise broken("no usage", f"usage {shown(chunk['usage'])}", place_of(event, "/usage"))
