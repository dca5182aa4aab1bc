"""The framing of event streams: what every client's parser depends on, whatever the events mean."""

from __future__ import annotations

import re

from conformance.api.chat.payloads import Payload
from conformance.api.chat.stream import ChatStream, Ending, Framing, place_of
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, expect, gather, shown, unblocked
from conformance.checks.outcomes import Blocked
from conformance.model import Facet
from conformance.model.location import Location
from conformance.wire.sse import Flaw, SseDefect

_BLANK = re.compile(rb"(?:\A|\n|\r)(?:\r\n|\n|\r)")
"""A blank line in the bytes between two events."""

_NO_SPACE = re.compile(rb"(?:\A|\n|\r)data:(?! )")


def _flaws(framing: Framing, kind: SseDefect) -> list[Flaw]:
    framing.exchange.require(Facet.BYTES)
    return [flaw for flaw in framing.stream.flaws if flaw.kind is kind]


def _none(flaws: list[Flaw], expected: str) -> None:
    with gather() as found:
        for flaw in flaws:
            with found.each():
                raise broken(expected, shown(flaw.text), Location.byte_range(flaw.start, flaw.end))


@check("stream.content_type")
def test_media_type_is_event_stream(framing: Framing) -> None:
    expect(framing.media_type, at=Location.header("content-type")).equals("text/event-stream")


@check("stream.charset")
def test_charset_is_utf8(framing: Framing) -> None:
    found = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", framing.header("content-type") or "", re.IGNORECASE)
    charset = found.group(1) if found else None
    applicable(charset, "no charset is named")
    expect(str(charset).lower(), at=Location.header("content-type"), what="charset").is_in(["utf-8", "utf8"], "utf-8")


@check("stream.utf8")
def test_the_bytes_are_utf8(framing: Framing) -> None:
    applicable(framing.events, "no event")
    _none(_flaws(framing, SseDefect.INVALID_UTF8), "bytes that are UTF-8")


@check("stream.bom")
def test_no_byte_order_mark(framing: Framing) -> None:
    _none(_flaws(framing, SseDefect.BOM), "a stream that opens with an event")


@check("stream.blank_line")
def test_a_blank_line_parts_the_events(framing: Framing) -> None:
    framing.exchange.require(Facet.BYTES)
    tail = framing.stream.tail
    applicable(framing.events or tail, "no event")
    joined = [*framing.events_of(Payload.RUN_TOGETHER), *([tail] if tail and tail.data_lines > 1 else [])]
    with gather() as found:
        for event in joined:
            with found.each():
                words = f"{event.data_lines} data lines with no blank line between them"
                raise broken("a blank line after each JSON object", words, place_of(event))


@check("stream.blank_line.last")
def test_a_blank_line_ends_the_last_event(framing: Framing) -> None:
    framing.exchange.require(Facet.BYTES)
    if framing.ending in {Ending.CUT_SHORT, Ending.STALLED, Ending.LIMIT}:
        raise Blocked("the stream did not come to its end")
    tail = framing.stream.tail
    unblocked(tail is None or tail.data_lines < 2, "no blank line parts the events", by="stream.blank_line")
    applicable(framing.events or tail, "no event")
    if tail is not None:
        raise broken("a blank line after the last event", f"the body ends with {shown(tail.data, 80)}", place_of(tail))


@check("stream.lines")
def test_no_payload_outside_data(framing: Framing) -> None:
    applicable(framing.exchange.content, "no byte")
    _none(framing.stray_lines, "a line that starts with `data:`")


@check("stream.fields")
def test_only_fields_of_the_standard(framing: Framing) -> None:
    applicable(framing.events, "no event")
    told = {flaw.start for flaw in framing.stray_lines}
    broken_json = framing.events_of(Payload.RAW_NEWLINE)
    unknown = [
        flaw
        for flaw in _flaws(framing, SseDefect.UNKNOWN_FIELD)
        if flaw.start not in told and not any(event.start <= flaw.start < event.end for event in broken_json)
    ]
    _none(unknown, "one of the fields data, event, id, retry, or a comment")


@check("stream.newline")
def test_no_raw_newline_inside_the_json(framing: Framing) -> None:
    applicable(framing.events, "no event")
    with gather() as found:
        for event in framing.events_of(Payload.RAW_NEWLINE):
            with found.each():
                at = place_of(event)
                raise broken("JSON on one line after `data:`", f"it is broken off: {shown(event.data, 80)}", at)


@check("stream.empty_data")
def test_no_event_is_empty(framing: Framing) -> None:
    applicable(framing.events, "no event")
    empty = [flaw for flaw in _flaws(framing, SseDefect.EMPTY_DATA) if flaw.text.startswith("data:")]
    _none(empty, "data in each event")


@check("stream.dataless")
def test_no_block_is_without_data(framing: Framing) -> None:
    applicable(framing.events, "no event")
    bare = [flaw for flaw in _flaws(framing, SseDefect.EMPTY_DATA) if not flaw.text.startswith("data:")]
    _none(bare, "a data line in each block")


@check("stream.id_field")
def test_no_ids_and_no_retry_times(stream: ChatStream) -> None:
    applicable(stream.events, "no event")
    for event in stream.events:
        if event.id is not None or event.retry is not None:
            words = f"id: {event.id}" if event.id is not None else f"retry: {event.retry}"
            raise broken("no field id or retry", words, place_of(event))


@check("stream.id_comment")
def test_no_blank_block_follows_an_id(framing: Framing) -> None:
    numbered = next((event for event in framing.events if event.id), None)
    if numbered is None:
        applicable(framing.events, "no event")
        return
    bounds = [(one.end, two.start) for one, two in zip(framing.events, framing.events[1:], strict=False)]
    for start, end in bounds:
        gap = framing.exchange.body[start:end]
        if start >= numbered.end and _BLANK.search(gap):
            said = gap.decode("utf-8", "replace").strip()
            words = f"{shown(said) if said else 'nothing'}, then a blank line, after an event with an id"
            raise broken("no blank line but the one that ends an event", words, Location.byte_range(start, end))


@check("stream.event_name")
def test_events_have_no_name(stream: ChatStream) -> None:
    applicable(stream.events, "no event")
    named = [event for event in stream.events if event.event]
    if named:
        names = ", ".join(sorted({event.event for event in named})[:5])
        raise broken("events without a name", f"event: {names}", place_of(named[0]))


@check("stream.line_ends")
def test_lines_end_in_one_way(framing: Framing) -> None:
    framing.exchange.require(Facet.BYTES)
    applicable(framing.events, "no event")
    ends = sorted(framing.stream.line_ends)
    if len(ends) > 1:
        raise broken("one kind of line end throughout", ", ".join(ends), Location.part("the stream"))


@check("stream.line_feed")
def test_lines_end_with_a_line_feed(framing: Framing) -> None:
    framing.exchange.require(Facet.BYTES)
    applicable(framing.events, "no event")
    ends = framing.stream.line_ends - {"LF"}
    unblocked(len(framing.stream.line_ends) < 2, "lines end in more than one way", by="stream.line_ends")
    expect(not ends, at=Location.part("the stream")).is_true("lines that end with LF alone", ", ".join(sorted(ends)))


@check("stream.data.space")
def test_a_space_follows_the_colon(framing: Framing) -> None:
    body = framing.exchange.body
    applicable(framing.events, "no event")
    if body.count(b"data:") == body.count(b"data: "):
        return  # which is quickly told
    for event in framing.events:
        block = body[event.start : event.end]
        if _NO_SPACE.search(block):
            raise broken("`data: ` with a space", f"`{block[:20].decode('utf-8', 'replace')}…`", place_of(event))


@check("stream.data.lines")
def test_an_event_has_one_data_line(framing: Framing) -> None:
    framing.exchange.require(Facet.BYTES)
    applicable(framing.events, "no event")
    spread = [event for event in framing.events_of(Payload.JSON) if event.data_lines > 1]
    if spread:
        raise broken("the JSON on one data line", f"on {spread[0].data_lines} data lines", place_of(spread[0]))
