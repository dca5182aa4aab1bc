"""The framing of event streams: what every client's parser depends on, whatever the events mean."""

from __future__ import annotations

from conformance.judging import Blocked, Inconclusive, applicable, broken, check, conclusive, expect, gather
from conformance.model import Facet
from conformance.wire.answer import Trouble
from conformance.wire.place import Place
from conformance.wire.sse import SseDefect
from conformance.wire.stream import ChatStream, Ending, Framing, place_of
from conformance.wire.views import Transcript


@check("stream.granted", when=lambda request: not request.needs and not request.refusable, unusable=True)
def test_a_stream_is_granted(stream: ChatStream) -> None:
    if stream.trouble is not None:
        kind, words = stream.trouble
        conclusive(kind is not Trouble.LIMITED, words)
        raise broken("an event stream", words, at="the body" if stream.exchange.ok else "status")


@check("stream.content_type")
def test_media_type_is_event_stream(framing: Framing) -> None:
    expect(framing.media_type, at="header content-type").equals("text/event-stream")


@check("stream.blank_line")
def test_every_event_ends_with_a_blank_line(framing: Framing) -> None:
    if framing.ending in {Ending.CUT_SHORT, Ending.STALLED, Ending.LIMIT}:
        raise Blocked("the stream did not come to its end")
    framing.exchange.require(Facet.BYTES)
    flaws = [flaw for flaw in framing.stream.flaws if flaw.kind is SseDefect.UNTERMINATED_EVENT]
    if flaws:
        raise broken(
            "a blank line after it",
            f"the body ends: {flaws[0].text}",
            Place("the last event", (flaws[0].start, flaws[0].end)),
        )
    with gather("no event") as found:
        for event in framing.events:
            with found.each():
                if event.data_lines > 1 and "\n{" in event.data:
                    raise broken(
                        "one JSON object, then a blank line", "several data lines run together", place_of(event)
                    )


@check("stream.data.json")
def test_data_is_one_json_object(stream: ChatStream) -> None:
    with gather("no event") as found:
        for event, document in stream.payloads:
            with found.each():
                if not document.readable or document.flaws:
                    raise broken(
                        "one JSON object", f"{event.data[:120]!r} ({document.flaws[-1].text})", place_of(event)
                    )
                expect(document.value, at=place_of(event)).is_a(dict)


@check("stream.done")
def test_done_is_sent_once_and_last(stream: ChatStream) -> None:
    if stream.ending in {Ending.CUT_SHORT, Ending.STALLED, Ending.LIMIT}:
        raise Blocked("the stream did not come to its end")
    applicable(stream.ending is not Ending.ERROR, "the stream ended with an error event")
    expect(stream.ending, at="the end of the stream").equals(Ending.DONE)


@check("stream.complete")
def test_the_stream_comes_to_its_end(framing: Framing) -> None:
    if framing.ending is Ending.LIMIT:
        raise Inconclusive(f"the harness stopped reading: {framing.exchange.outcome.value}")
    framing.exchange.require(Facet.OUTCOME)
    if framing.ending in {Ending.CUT_SHORT, Ending.STALLED}:
        raise broken("the end of the stream", framing.ending.value, f"after event {len(framing.events)}")


@check("stream.incremental")
def test_events_arrive_as_they_are_produced(stream: ChatStream) -> None:
    applicable(stream.whole and len(stream.chunks) >= 8, "fewer than eight chunks of a whole stream")
    first, last = stream.arrival(stream.events[0]), stream.arrival(stream.events[-1])
    spread = last - first
    spread_out = spread >= 0.02 * last and spread > 0
    conclusive(last >= 0.5 or spread_out, f"the whole stream took {last:.3f} s: too quick to tell")
    if not spread_out:
        raise broken(
            "events spread over the time of the answer",
            f"{len(stream.events)} events within {spread * 1000:.0f} ms, after {first:.2f} s of silence",
            "arrival times",
        )


@check("stream.abort", scenario="stream.abort", stopped=True, unusable=True)
def test_the_next_request_is_answered(transcript: Transcript) -> None:
    stream, after = transcript.answers[0], transcript.answers[-1]
    applicable(stream.exchange.ok and len(transcript.answers) == 2, "the stream itself was not granted")
    if after.trouble is not None:
        kind, words = after.trouble
        conclusive(kind is not Trouble.LIMITED, words)
        raise broken("HTTP 200 with a chat completion after an aborted stream", words, "status")
