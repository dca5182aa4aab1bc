"""The events of a chat stream: what each holds, how they end, what goes wrong among them."""

from __future__ import annotations

from conformance.api.answer import Trouble
from conformance.api.chat.folding import Chunk
from conformance.api.chat.payloads import DONE, Payload
from conformance.api.chat.stream import ChatStream, Ending, place_of
from conformance.api.errors import ErrorResponse, tells_only_of_error
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, expect, gather, shown, unblocked
from conformance.checks.heuristics.midstream_errors import excuse
from conformance.checks.outcomes import Blocked
from conformance.checks.refusals import said
from conformance.checks.wording import name_value, tell_member
from conformance.model import LIMIT_STATUSES
from conformance.model.location import Location
from conformance.wire.strict_json import JsonDefect

_LENIENT = frozenset({JsonDefect.DUPLICATE_KEY, JsonDefect.LONE_SURROGATE})
"""Flaws that rows of their own tell."""


def _asked_to_end(stream: ChatStream) -> None:
    if stream.ending in {Ending.CUT_SHORT, Ending.STALLED, Ending.LIMIT}:
        raise Blocked("the stream did not come to its end")


@check("stream.granted", when=lambda request: not request.needs and not request.refusable, unusable=True)
def test_a_stream_is_granted(stream: ChatStream) -> None:
    if stream.trouble is not None:
        kind, words = stream.trouble
        conclusive(kind is not Trouble.LIMITED, words)
        raise broken("an event stream", words, at=Location.body() if stream.exchange.ok else Location.status())


@check("stream.same_body", when=lambda request: bool(request.needs), unusable=True)
def test_a_stream_may_use_what_works_without_one(stream: ChatStream) -> None:
    if stream.trouble is not None:
        kind, words = stream.trouble
        conclusive(kind is not Trouble.LIMITED, words)
        unblocked(kind is Trouble.REFUSED, words)
        needs = ", ".join(stream.request.needs)
        raise broken(f"an event stream: {needs} works without stream", words, at=Location.status())


@check("stream.accept", scenario="stream.basic", unusable=True)
def test_clients_may_accept_event_streams(stream: ChatStream) -> None:
    if stream.trouble is not None:
        conclusive(stream.status in {406, 415}, stream.trouble[1])
        raise broken("a stream for Accept: text/event-stream", stream.trouble[1], at=Location.status())


@check("stream.data.json")
def test_data_is_one_json_object(stream: ChatStream) -> None:
    other = {event.index for event in stream.events_of(Payload.OTHER)}
    plain = {event.index for event in stream.events_of(Payload.JSON)} | other
    with gather("no event") as found:
        for event, document in stream.payloads:
            if event.index not in plain:
                continue
            with found.each():
                flaws = [flaw for flaw in document.flaws if flaw.kind not in _LENIENT]
                if flaws:
                    words = f"{shown(event.data, 120)} ({flaws[-1].text})"
                    raise broken("one JSON object", words, place_of(event))
                expect(document.value, at=place_of(event)).is_a(dict)


@check("stream.data.unique")
def test_no_name_stands_twice(stream: ChatStream) -> None:
    with gather("no event") as found:
        for event, document in stream.payloads:
            with found.each():
                twice = [flaw for flaw in document.flaws if flaw.kind is JsonDefect.DUPLICATE_KEY]
                if twice:
                    raise broken("each name once in an object", twice[0].text, place_of(event))


@check("stream.keep_alive")
def test_keep_alives_are_comments(stream: ChatStream) -> None:
    applicable(stream.events, "no event")
    with gather() as found:
        for event in stream.events_of(Payload.KEEP_ALIVE):
            with found.each():
                raise broken("a comment, `: …`", f"an event, `data: {event.data[:80]}`", place_of(event))


@check("stream.alien")
def test_every_object_is_a_chunk(stream: ChatStream) -> None:
    applicable(stream.events, "no event")
    with gather() as found:
        for chunk in stream.aliens:
            with found.each():
                raise broken("a chat.completion.chunk", f"another object: {shown(chunk.value, 120)}", chunk.place)
        for chunk in stream.strays:
            with found.each():
                words = ", ".join(_member(chunk, name) for name in ("object", "id", "created", "model", "choices"))
                raise broken("a chunk, as the other events are", f"no chunk: {words}", chunk.place)


def _member(chunk: Chunk, name: str) -> str:
    """A member of a chunk as a finding tells it; of choices only whether there are any."""
    value = chunk.value.get(name)
    several = name == "choices" and value and isinstance(value, list)
    return f"{len(value)} choices" if several else tell_member(chunk.value, name)


@check("stream.done")
def test_done_is_sent(stream: ChatStream) -> None:
    _asked_to_end(stream)
    applicable(stream.ending is not Ending.ERROR, "the stream ended with an error event")
    if stream.ending is Ending.NO_DONE:
        unblocked(not stream.events_of(Payload.ALMOST_DONE), "[DONE] is misspelt", by="stream.done.exact")
        unblocked(not stream.torn, "the last event is not ended by a blank line", by="stream.blank_line.last")
        unblocked(not stream.lost, stream.lost)
        raise broken("data: [DONE]", "the body ends without it", Location.end())


@check("stream.done.last")
def test_nothing_follows_done(stream: ChatStream) -> None:
    done = stream.events_of(Payload.DONE)
    applicable(done, "no [DONE]")
    after = [event for event in stream.events if event.index > done[0].index]
    if after:
        raise broken("nothing after data: [DONE]", f"data: {after[0].data[:120]}", place_of(after[0]))


@check("stream.done.exact")
def test_done_is_spelt_exactly(stream: ChatStream) -> None:
    for event in stream.events_of(Payload.ALMOST_DONE):
        around = " (with more white space than one space before it)" if event.data.strip() == DONE else ""
        raise broken("data: [DONE]", f"data: {event.data}{around}", place_of(event))
    applicable(stream.events_of(Payload.DONE), "no [DONE]")


@check("stream.failed")
def test_a_granted_stream_does_not_fail(stream: ChatStream) -> None:
    applicable(stream.chunks, "no chunk")
    if stream.error_events:
        called = any(choice.calls for choice in stream.folded.choices.values())
        applicable(not called, "it fails in a call: tools.stream.failed judges it")
        failed = stream.error_events[0]
        error, spoken = failed.value["error"], any(choice.content for choice in stream.choices)
        excused = excuse(error, tools=bool(stream.request.param("tools")), begun=spoken)
        conclusive(not excused, f"{excused}: {shown(error)}")
        raise broken("the answer", f"an error: {shown(error)}", failed.place)


@check("stream.error.shape", unusable=True)
def test_an_error_event_has_a_message(stream: ChatStream) -> None:
    with gather("no error event") as found:
        for event in stream.error_events:
            with found.each():
                error, place = event.value["error"], event.place.down("/error")
                expect(error, at=place).is_a(dict)
                expect(error.get("message"), at=place.down("/message")).is_a(str)


@check("stream.error.alone", unusable=True)
def test_an_error_event_is_no_chunk(stream: ChatStream) -> None:
    with gather("no error event") as found:
        for event in stream.error_events:
            with found.each():
                if event.value.get("choices"):
                    raise broken("an error event without choices", "an error next to choices", event.place)


@check("stream.error.last", unusable=True)
def test_the_stream_ends_after_an_error(stream: ChatStream) -> None:
    applicable(stream.error_events, "no error event")
    first = stream.error_events[0]
    after = [chunk for chunk in stream.chunks if chunk.number > first.number]
    if after:
        raise broken("the end of the stream after an error", "more chunks", after[0].place)


@check("stream.error.null")
def test_no_chunk_has_a_null_error(stream: ChatStream) -> None:
    with gather("no chunk") as found:
        for chunk in stream.distinct:
            with found.each():
                if "error" in chunk.value and not chunk.value["error"]:
                    words = f"error: {name_value(chunk.value['error'])}"
                    raise broken("no member `error` where there is none", words, chunk.place.down("/error"))


def _refused(error: ErrorResponse) -> None:
    """A stream that cannot start is refused by its status, before the first event."""
    status = error.status
    conclusive(status not in LIMIT_STATUSES, error.said)
    failed = status is None or status >= 500
    unblocked(not failed, f"a failure, which error.calm judges: {said(error)}", by="error.calm")
    heeded = error.exchange.ok and not tells_only_of_error(error.exchange.content)
    unblocked(not heeded, "it is answered, which messages.missing judges", by="messages.missing")
    if status is not None and not 400 <= status < 500:
        began = f", and a body that begins {shown(error.text, 120)}" if error.exchange.ok and error.text else ""
        raise broken("a 4xx status", f"{error.said}{began}", Location.status())


@check("stream.refused", scenario="error.missing_messages", unusable=True)
def test_a_stream_of_an_unknown_model_is_refused(error: ErrorResponse) -> None:
    _refused(error)
