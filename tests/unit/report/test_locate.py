"""From a JSON pointer to bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.model import Location
from conformance.report.evidence.locate import locate_marks, span_of
from conformance.report.evidence.marks import Mark

A = Location.at("/a")
BODY = ' {"a" : [1, {"b/c": "é\\n", "d~": null} ],"usage":{"total": 305 }, "x":"}"}'.encode()


@pytest.mark.parametrize(
    ("pointer", "bytes_there"),
    [
        ("/a/0", b"1"),
        ("/a/1/b~1c", '"é\\n"'.encode()),
        ("/a/1/d~0", b"null"),
        ("/usage/total", b"305"),
        ("/usage", b'{"total": 305 }'),
        ("/x", b'"}"'),
        ("/a/2", None),
        ("/y", None),
        ("/x/0", None),
        ("/usage/total/deeper", None),
    ],
)
def test_a_pointer_leads_to_bytes(pointer, bytes_there):
    span = span_of(BODY, pointer)
    assert (BODY[span[0] : span[1]] if span else None) == bytes_there


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":', b'{"a" 1}', b"\xff", b"[" * 100_000, b'{"a"}'], ids=range(7))
def test_what_is_no_json_has_no_places(body):
    assert span_of(body, "/a/b") is None


@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_every_member_is_found(value):
    body = json.dumps({"v": [0, value]}, ensure_ascii=True).encode()
    span = span_of(body, "/v/1")
    assert span is not None
    assert json.loads(body[span[0] : span[1]]) == value


def test_marks_keep_the_spans_they_have():
    kept, found, whole, lost = locate_marks(
        b'{"a":1}',
        [Mark("r", A, (0, 1)), Mark("r", A), Mark("r", Location.body()), Mark("r", Location.status())],
        start=10,
    )
    assert [mark.span for mark in (kept, found, whole, lost)] == [(0, 1), (15, 16), (10, 17), None]
