"""What the data of an event is told to be, and when a stream is taken for broken off."""

from __future__ import annotations

import pytest

from conformance.api.chat.payloads import Payload, is_alien, payload_of
from conformance.api.chat.stream import ChatStream
from conformance.model import Exchange, Outcome, Read, Request
from conformance.wire.sse import parse_events

CHUNK = b'{"id":"a","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}'
DONE = b"data: [DONE]\n\n"


def stream(body: bytes, outcome: Outcome = Outcome.COMPLETE, asked: bytes = b'{"stream":true}') -> ChatStream:
    request = Request(body=asked, expects="stream")
    return ChatStream(Exchange("1", request, "http://host", status=200, raw=(Read(0.1, body),), outcome=outcome))


@pytest.mark.parametrize(
    ("block", "kind"),
    [
        (b"data: " + CHUNK, Payload.JSON),
        (b'data: {"a":\ndata: 1}', Payload.JSON),
        (b"data: [DONE]", Payload.DONE),
        (b'data: "[DONE]"', Payload.ALMOST_DONE),
        (b"data: [done]", Payload.ALMOST_DONE),
        (b"data:  [DONE]", Payload.ALMOST_DONE),
        (b"data: : keepalive", Payload.KEEP_ALIVE),
        (b"data: : OPENROUTER PROCESSING", Payload.KEEP_ALIVE),
        (b"data: ping", Payload.KEEP_ALIVE),
        (b"data: [heartbeat]", Payload.KEEP_ALIVE),
        (b"data: " + CHUNK + b"\ndata: " + CHUNK, Payload.RUN_TOGETHER),
        (b"data: " + CHUNK + b"\ndata: [DONE]", Payload.RUN_TOGETHER),
        (b'data: {"id":"a",\n"choices":[]}', Payload.RAW_NEWLINE),
        (b'data: {"id":"a","ch', Payload.OTHER),
        (b"data: upstream connection failed.", Payload.OTHER),
    ],
    ids=lambda value: value.name.lower() if isinstance(value, Payload) else None,
)
def test_payloads_are_told_apart(block, kind):
    body = block + b"\n\n"
    events = parse_events(body).events
    assert [payload_of(event, body) for event in events] == [kind]


@pytest.mark.parametrize("value", [{}, {"type": "ping"}, {"candidates": []}], ids=["empty", "ping", "gemini"])
def test_other_protocols_are_alien(value):
    assert is_alien(value)


@pytest.mark.parametrize("name", ["id", "choices", "usage", "error"])
def test_half_a_chunk_is_not_alien(name):
    assert not is_alien({name: None})


@pytest.mark.parametrize(
    ("body", "outcome", "words"),
    [
        (b"data: " + CHUNK + b"\n\n" + DONE, Outcome.COMPLETE, ""),
        (b"data: " + CHUNK + b"\n\n", Outcome.COMPLETE, ""),
        (b"data: " + CHUNK + b"\n\ndata: [DONE]", Outcome.COMPLETE, ""),
        (b"data: " + CHUNK + b"\n\n", Outcome.CUT_SHORT, "closed in mid-stream"),
        (b"data: " + CHUNK, Outcome.COMPLETE, ""),
        (b"data: " + CHUNK + b"\n\ndata: " + CHUNK[:-2], Outcome.COMPLETE, "blank line"),
        (b"data: " + CHUNK + b"\n\ndata: oops\n\n" + DONE, Outcome.COMPLETE, "cannot be read"),
        (b"data: " + CHUNK + b"\n\n" + CHUNK + b"\n\n" + DONE, Outcome.COMPLETE, "no field"),
        (b"data: " + CHUNK + b'\n\ndata: {"error":{"message":"no"}}\n\n' + DONE, Outcome.COMPLETE, "an error"),
    ],
    ids=["whole", "no done", "done unended", "cut", "unended", "torn", "text", "bare line", "error"],
)
def test_a_stream_says_why_it_is_not_whole(body, outcome, words):
    seen = stream(body, outcome)
    assert words in seen.broken_off
    assert seen.whole is (not words)


def test_nothing_after_done_is_read():
    seen = stream(b"data: " + CHUNK + b"\n\n" + DONE + b"data: " + CHUNK + b"\n\n")
    assert len(seen.chunks) == 1


def test_choices_without_an_index_cannot_be_told_apart():
    body = b'data: {"id":"a","choices":[{"delta":{}}]}\n\n' + DONE
    assert stream(body).choices_are_distinct
    assert not stream(body, asked=b'{"stream":true,"n":2}').choices_are_distinct
