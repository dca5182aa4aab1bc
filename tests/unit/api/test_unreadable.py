"""What a stream without one readable event holds instead is said, so that nobody has to look for it."""

from __future__ import annotations

import pytest

from conformance.api.chat.stream import ChatStream
from conformance.model import Exchange, Read, Request


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'data: [{"id": "c"}]\n\ndata: [DONE]\n\n', r'the data of the first is "[{\"id\": \"c\"}]"'),
        (b'data: data: {"id": "c"}\n\n', r'the data of the first is "data: {\"id\": \"c\"}"'),
        (b"ZGF0YTogeyJpZCI6ICJjIn0=", 'it begins "ZGF0YTogeyJpZCI6ICJjIn0="'),
        (b"data: [DONE]\n\n", 'it begins "data: [DONE]'),
        (b"data: \xff\xfe\n\n", "the data of the first is"),
    ],
    ids=["array", "prefix-twice", "base64", "done-alone", "no-text"],
)
def test_what_came_in_place_of_events_is_shown(body, words):
    exchange = Exchange("1", Request(expects="stream"), "u", status=200, raw=(Read(0.1, body),))
    trouble = ChatStream(exchange).trouble
    assert trouble is not None
    assert words in trouble[1]
