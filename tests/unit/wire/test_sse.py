"""Event streams by the WHATWG rules: every rule, every defect, and the same events however the bytes are cut."""

from __future__ import annotations

import gold
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.wire.sse import EventStream, SseDefect, SseParser, parse_events

EVENTS = {  # bytes -> (data, event, id) of what clients are given
    b"": [],
    b"data: a\n\n": [("a", "", None)],
    b"data:a\n\n": [("a", "", None)],
    b"data:  a\n\n": [(" a", "", None)],
    b"data: a \n\n": [("a ", "", None)],
    b"data: a: b\n\n": [("a: b", "", None)],
    b"data\ndata\n\n": [("\n", "", None)],
    b"data: a\ndata: b\n\n": [("a\nb", "", None)],
    b"data: a\ndata:\n\n": [("a\n", "", None)],
    b"data\n\n": [],
    b"data:\n\n": [],
    b"data: \n\n": [],
    b"event: x\n\n": [],
    b"event: x\ndata: a\n\ndata: b\n\n": [("a", "x", None), ("b", "", None)],
    b"event: x\nevent: y\ndata: a\n\n": [("a", "y", None)],
    b"id: 7\ndata: a\n\n": [("a", "", "7")],
    b"id\ndata: a\n\n": [("a", "", "")],
    b"retry: 10\n\ndata: a\n\n": [("a", "", None)],
    b": comment\n\ndata: a\n\n": [("a", "", None)],
    b":\n:\ndata: a\n:\n\n": [("a", "", None)],
    b"Data: a\n\ndata: b\n\n": [("b", "", None)],
    b" data: a\n\ndata: b\n\n": [("b", "", None)],
    b"dataset: a\n\ndata: b\n\n": [("b", "", None)],
    b"data : a\n\ndata: b\n\n": [("b", "", None)],
    b"data: a\r\n\r\n": [("a", "", None)],
    b"data: a\r\r": [("a", "", None)],
    b"data: a\n\r\n": [("a", "", None)],
    b"data: a\r\n\n": [("a", "", None)],
    b"data: a\n\r": [("a", "", None)],
    b"data: a\r\ndata: b\r\r\n": [("a\nb", "", None)],
    b"\n\n\ndata: a\n\n\n\n": [("a", "", None)],
    b"data: a\n": [],
    b"data: a": [],
    b"data: a\n\ndata: b": [("a", "", None)],
    b"\xef\xbb\xbfdata: a\n\n": [("a", "", None)],
    b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n": [("b", "", None)],
    b"data: \xef\xbb\xbfa\n\n": [("\ufeffa", "", None)],
    b"data: a\xe2\x80\xa8b\n\n": [("a\u2028b", "", None)],
    b"data: a\xc2\x85b\n\n": [("a\u0085b", "", None)],
    b"data: a\x0bb\x0cc\x1cd\n\n": [("a\x0bb\x0cc\x1cd", "", None)],
    b"data: a\x00b\n\n": [("a\x00b", "", None)],
    b"data: \xff\n\n": [("\ufffd", "", None)],
    b"data: \xf0\x9f\x99\x82\n\n": [("\U0001f642", "", None)],
}

FLAWS = {
    b"\xef\xbb\xbfdata: a\n\n": [(SseDefect.BOM, 0, 3)],
    b"data: \xff\n\n": [(SseDefect.INVALID_UTF8, 0, 9)],
    b"data: a": [(SseDefect.UNTERMINATED_EVENT, 0, 7)],
    b"data: a\n": [(SseDefect.UNTERMINATED_EVENT, 0, 8)],
    b"data: a\n\ndata: b\n": [(SseDefect.UNTERMINATED_EVENT, 9, 17)],
    b"data: a\n\nevent: b": [(SseDefect.UNTERMINATED_EVENT, 9, 17)],
    b"data:\n\n": [(SseDefect.EMPTY_DATA, 0, 7)],
    b"event: x\n\n": [(SseDefect.EMPTY_DATA, 0, 10)],
    b"id: 1\n\n": [(SseDefect.EMPTY_DATA, 0, 7)],
    b"retry: 5\n\n": [(SseDefect.EMPTY_DATA, 0, 10)],
    b"retry: x\ndata: a\n\n": [(SseDefect.INVALID_RETRY, 0, 9)],
    b"retry:\ndata: a\n\n": [(SseDefect.INVALID_RETRY, 0, 7)],
    b"oops\ndata: a\n\n": [(SseDefect.UNKNOWN_FIELD, 0, 5)],
    b"{}\n\n": [(SseDefect.UNKNOWN_FIELD, 0, 3)],
    b": fine\n\ndata: a\r\n\r\n": [],
}

LINE_ENDS = {
    b"data: a\n\n": {"LF"},
    b"data: a\r\n\r\n": {"CRLF"},
    b"data: a\r\r": {"CR"},
    b"data: a\n\r\n": {"LF", "CRLF"},
    b"data: a\r\n\r": {"CRLF", "CR"},
}


def fed(*pieces: bytes) -> EventStream:
    parser = SseParser()
    for piece in pieces:
        parser.feed(piece)
    return parser.close()


def streams():
    bodies = [one.content for one in gold.exchanges() if one.request.expects == "stream"]
    return [*EVENTS, *FLAWS, *LINE_ENDS, *bodies, *(body.replace(b"\n", b"\r\n") for body in bodies)]


@pytest.mark.parametrize("body", EVENTS, ids=repr)
def test_clients_see_these_events(body):
    assert [(one.data, one.event, one.id) for one in parse_events(body).events] == EVENTS[body]


@pytest.mark.parametrize("body", FLAWS, ids=repr)
def test_flaws_are_data_with_offsets(body):
    assert [(flaw.kind, flaw.start, flaw.end) for flaw in parse_events(body).flaws] == FLAWS[body]


@pytest.mark.parametrize("body", LINE_ENDS, ids=repr)
def test_line_ends_are_told_apart(body):
    assert parse_events(body).line_ends == LINE_ENDS[body]


@pytest.mark.parametrize("number", range(len(streams())))
def test_cut_at_every_byte_the_stream_is_the_same(number):
    body = streams()[number]
    whole = parse_events(body)
    for cut in range(len(body) + 1):
        assert fed(body[:cut], body[cut:]) == whole
    assert fed(*(body[at : at + 1] for at in range(len(body)))) == whole


@given(
    st.lists(st.sampled_from([b"data:", b" ", b"a", b"\r", b"\n", b":", b"id", b"\xef\xbb\xbf", b"\xe2\x80", b"\xa8"]))
)
def test_any_pieces_give_what_the_whole_gives(pieces):
    assert fed(*pieces) == parse_events(b"".join(pieces))


@given(st.binary(max_size=60))
def test_events_and_comments_lie_in_the_body_in_order(body):
    stream = parse_events(body)
    for found in (stream.events, stream.comments):
        spans = [(one.start, one.end) for one in found]
        assert all(0 <= start < end <= len(body) for start, end in spans)
        assert spans == sorted(spans)
    assert [event.index for event in stream.events] == list(range(len(stream.events)))


@given(st.text(alphabet=st.characters(exclude_characters="\r\n", codec="utf-8"), min_size=1))
def test_what_a_server_sends_in_one_line_arrives(text):
    (event,) = parse_events(f"data: {text}\n\n".encode()).events
    assert event.data == text


def test_offsets_cover_the_block_with_its_blank_line():
    body = b": hi\n\nevent: x\ndata: a\n\ndata: b\r\n\r\n"
    stream = parse_events(body)
    assert [body[event.start : event.end] for event in stream.events] == [b"event: x\ndata: a\n\n", b"data: b\r\n\r\n"]
    assert [body[comment.start : comment.end] for comment in stream.comments] == [b": hi\n"]


def test_feeding_returns_the_events_as_they_complete():
    parser = SseParser()
    assert parser.feed(b"data: a\n") == []
    assert [event.data for event in parser.feed(b"\ndata: b\n\nda")] == ["a", "b"]
    assert parser.feed(b"ta: c\r\n\r") == []
    assert [event.data for event in parser.feed(b"\n")] == ["c"]


def test_a_tail_is_kept_and_never_dispatched():
    stream = parse_events(b"data: a\n\nevent: x\ndata: b")
    assert [event.data for event in stream.events] == ["a"]
    assert stream.tail is not None
    assert (stream.tail.data, stream.tail.event, stream.tail.start, stream.tail.end) == ("b", "x", 9, 25)


def test_comments_and_fields_are_kept():
    stream = parse_events(b": keep-alive\n\nid: 1\nretry: 5\nevent: e\ndata: a\nnope: 1\n\n")
    assert [comment.text for comment in stream.comments] == ["keep-alive"]
    assert stream.fields == {"id", "retry", "event", "data"}
    assert stream.events[0].retry == "5"


def test_data_lines_are_counted():
    assert [event.data_lines for event in parse_events(b"data: a\ndata: b\n\ndata: c\n\n").events] == [2, 1]


def test_a_long_line_in_small_pieces_is_read_in_time():
    parser = SseParser()
    for _ in range(4_000):
        parser.feed(b"x" * 50)
    assert parser.close().events == ()
