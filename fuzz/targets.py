"""What must hold of every reader of untrusted bytes, whatever the bytes; Hypothesis and atheris both call these."""

from __future__ import annotations

import base64
import json
import math
import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from conformance.api.chat.stream import ChatStream
from conformance.errors import UserError
from conformance.model import Exchange, Read, Recording, Request
from conformance.recording import Secrets, read_recordings
from conformance.wire import sse, strict_json

KEY = "sk-proj-0123456789abcdefghij"


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """`data` in pieces; any numbers will do as places."""
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(ends)]


def events(data: bytes, places: Iterable[int] = (1, 2, 3)) -> None:
    """However a stream is cut, its events are the same, in order within it, and can be read again from their spans."""
    whole = sse.parse_events(data)
    parser = sse.SseParser()
    came = [event for piece in cut(data, places) for event in parser.feed(piece)]
    closed = parser.close()
    assert closed == whole
    assert tuple(came) == whole.events[: len(came)]
    spans = [(one.start, one.end) for one in (*whole.events, *([whole.tail] if whole.tail else []))]
    assert all(0 <= start < end <= len(data) for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert all(0 <= one.start < one.end <= len(data) for one in (*whole.comments, *whole.flaws))
    for event in whole.events:
        (again,) = sse.parse_events(b"\n" + data[event.start : event.end]).events
        assert (again.raw, again.event, again.data_lines) == (event.raw, event.event, event.data_lines)


def read_json(data: bytes) -> None:
    """Strict JSON never raises, and reads what Python's own reader reads."""
    document = strict_json.parse_json(data)
    try:
        value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return
    if document.readable:
        assert same(document.value, value)
    else:
        assert {flaw.kind for flaw in document.flaws} <= {strict_json.JsonDefect.TOO_DEEP}


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; NaN is itself."""
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return type(one) is type(other) and bool(one == other)


def stream(data: bytes) -> None:
    """A body in answer to `stream: true` is folded without an exception, whatever it holds."""
    request = Request(body=b'{"stream": true, "n": 2}', expects="stream")
    headers = (("content-type", "text/event-stream"),)
    shown = ChatStream(Exchange("1", request, "u", status=200, response_headers=headers, raw=(Read(0.1, data),)))
    for event, *_ in shown.data:  # read quickly where an earlier one is alike, and none the less exactly
        strictly = strict_json.parse_json(event.data)
        assert same(event.document.value, strictly.value)
        assert event.document.flaws == strictly.flaws
    folded = shown.folded
    for choice in folded.choices.values():
        assert choice.index in folded.choices
    for choice in shown.choices:
        assert choice is not None
    assert shown.ending is not None
    assert (shown.id, shown.model, shown.usage, shown.usage_place) is not None


def chunks(values: Iterable[Any]) -> None:
    """Any JSON values as the chunks of a stream."""
    stream(b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values))


def recording(data: bytes, suffix: str) -> list[Recording]:
    """A file becomes recordings, or one sentence for its user; nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"x{suffix}")
        path.write_bytes(data)
        try:
            return list(read_recordings([path]))
        except UserError:
            return []


def masking(data: bytes) -> None:
    """No spelling of the key survives, and nothing changes its length."""
    masked = Secrets((KEY,)).mask(data)
    assert len(masked) == len(data)
    for spelling in spellings():
        assert spelling not in masked


def spellings() -> Iterator[bytes]:
    """The key plain, escaped, and in base64."""
    yield KEY.encode()
    yield "".join(f"\\u{ord(letter):04x}" for letter in KEY).encode()
    yield "".join(f"%{ord(letter):02X}" for letter in KEY).encode()
    yield base64.b64encode(KEY.encode()).rstrip(b"=")[:-1]


def readers(data: bytes) -> None:
    """All three readers over one input; the first byte chooses."""
    suffix = (".jsonl", ".har", ".yaml")[data[0] % 3] if data else ".json"
    recording(data[1:], suffix)


TARGETS: dict[str, Callable[[bytes], object]] = {
    "events": events,
    "json": read_json,
    "stream": stream,
    "readers": readers,
    "masking": masking,
}


def everything(data: bytes) -> None:
    """One of the targets, by the first byte."""
    if data:
        list(TARGETS.values())[data[0] % len(TARGETS)](data[1:])
