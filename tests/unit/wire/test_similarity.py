"""Events that are alike are read quickly and no less exactly; what is judged by the first of a kind holds for all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.api.chat.stream import ChatStream
from conformance.model import Exchange, Read, Request
from conformance.wire import strict_json
from conformance.wire.similarity import kind_of_event


def chunk(delta: dict[str, Any], **more: Any) -> str:
    return json.dumps({"id": "c", "choices": [{"index": 0, "delta": delta}], **more}, ensure_ascii=False)


def stream(*events: str) -> ChatStream:
    body = "".join(f"data: {event}\n\n" for event in events).encode("utf-8", "surrogatepass")
    return ChatStream(Exchange("1", Request(expects="stream"), "u", status=200, raw=(Read(0.1, body),)))


HELLO = chunk({"content": "Hello"})
ALIKE = {
    "another-word": chunk({"content": " world, 12"}),
    "beyond-ascii": chunk({"content": "日本 🙂"}),
    "the-same": HELLO,
    "looks-like-a-member": chunk({"content": "content: {x}, [y]"}),
}
APART = {
    "empty": chunk({"content": ""}),
    "null": chunk({"content": None}),
    "number": chunk({"content": 5}),
    "escape": chunk({"content": "a\nb"}),
    "quoted": chunk({"content": 'a"content": "b'}),
    "replaced": chunk({"content": "\ufffd"}),
    "role-too": chunk({"content": "Hello", "role": "assistant"}),
    "another-id": HELLO.replace('"c"', '"d"'),
    "twice": HELLO.replace('"content"', '"content": "x", "content"'),
    "more-after-it": HELLO + " {}",
    "cut": HELLO[:-1],
    "spelt-otherwise": HELLO.replace('"content"', '"Content"'),
    "another-text": chunk({"reasoning_content": "Hello"}),
}


@pytest.mark.parametrize("name", ALIKE)
def test_what_differs_in_the_letters_of_a_text_is_alike(name: str) -> None:
    assert kind_of_event(HELLO) == kind_of_event(ALIKE[name])
    assert [chunk.first for chunk in stream(HELLO, ALIKE[name]).chunks] == [True, False]


@pytest.mark.parametrize("name", APART)
def test_what_differs_in_more_is_not(name: str) -> None:
    assert kind_of_event(HELLO) != kind_of_event(APART[name])
    assert all(one.first for one in stream(HELLO, APART[name]).data)


def test_flawed_json_has_nothing_alike() -> None:
    twice = APART["twice"]
    shown = stream(twice, twice, twice.replace("Hello", "world"))
    assert all(one.first for one in shown.data)
    assert len([flaw for _, document in shown.payloads for flaw in document.flaws]) == 3


def test_a_huge_event_is_compared_as_a_whole() -> None:
    huge = chunk({"content": "a" * 20_000})
    assert kind_of_event(huge) == huge


texts = st.text(max_size=8) | st.sampled_from(['"', "\\", '","content":"', "\ud800", "\n", "", "content", "…"])
deltas = st.dictionaries(st.sampled_from(["content", "role", "reasoning", "text"]), texts | st.none(), max_size=3)


@given(st.lists(st.tuples(deltas, st.booleans(), st.sampled_from(["", " ", "\t"])), max_size=6))
def test_quick_reading_reads_what_strict_reading_reads(rows: list[tuple[dict[str, Any], bool, str]]) -> None:
    events = [space + json.dumps({"choices": [{"delta": delta}]}, ensure_ascii=ascii_) for delta, ascii_, space in rows]
    shown = stream(*events)
    for event, *_ in shown.data:
        assert event.document == strict_json.parse_json(event.data)
    firsts = {kind_of_event(one.event.data): one for one in shown.data if one.first}
    assert all(one.first or kind_of_event(one.event.data) in firsts for one in shown.data)
