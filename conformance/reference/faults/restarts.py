"""Faults of layers that stream what they pass on: started anew, ended otherwise, and wrapped once too often."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

from conformance.reference.faults import edits
from conformance.reference.faults.letters import plain
from conformance.reference.faults.registry import Seam, fault
from conformance.reference.server.call import Call, Json

Frames = list[bytes]


def _spoken(chunks: list[Json]) -> list[Json]:
    return [each for each in chunks if any(choice["delta"].get("content") for choice in each["choices"])]


@fault("stream-restarted", "A retry sends the role and the whole text again.", Seam.CHUNKS, stream=True, when=plain)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    spoken = _spoken(chunks)
    at = chunks.index(spoken[-1]) + 1 if spoken else 0
    return [*chunks[:at], chunks[0], *spoken, *chunks[at:]]


@fault(
    "stream-restarted-half-way", "A retry starts anew in the middle of the text.", Seam.CHUNKS, stream=True, when=plain
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    spoken = _spoken(chunks)
    at = chunks.index(spoken[len(spoken) // 2]) if len(spoken) > 8 else 0
    return [*chunks[:at], *chunks]


@fault("stream-text-twice", "The whole text is streamed twice.", Seam.CHUNKS, stream=True, when=plain)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    spoken = _spoken(chunks)
    at = chunks.index(spoken[-1]) + 1 if spoken else 0
    return [*chunks[:at], edits.with_delta(chunks[0], {"content": "."}), *spoken, *chunks[at:]]


@fault("stream-fails-before-a-call", "A stream with tools fails before any call.", Seam.CHUNKS, stream=True)
def _(chunks: list[Json], call: Call) -> list[Json]:
    failed = {"error": {"message": "Upstream failed.", "type": "server_error", "param": None, "code": None}}
    return [chunks[0], failed] if call.calls_tools() else chunks


fault(
    "stream-finish-tool_calls-without-call",
    "Streamed text finishes with tool_calls, the same text in one with stop.",
    Seam.CHUNKS,
    stream=True,
    when=plain,
)(edits.stream_finish_reason("tool_calls", "stop"))


@fault("stream-created-constant", "created of chunks is the time of the release.", Seam.CHUNKS, stream=True)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return [{**each, "created": 1_700_000_000} for each in chunks]


def _frames(name: str, summary: str, wrap: Callable[[Frames], Frames]) -> None:
    fault(name, summary, Seam.FRAMES, stream=True, surface="sse")(lambda frames, _call: wrap(frames))


def _data(frame: bytes) -> bytes:
    return frame.removeprefix(b"data: ").rstrip(b"\n")


def _each(frames: Frames, write: Callable[[bytes], bytes]) -> Frames:
    return [frame if b"[DONE]" in frame else b"data: " + write(_data(frame)) + b"\n\n" for frame in frames]


_frames("sse-array", "Each event is an array of one chunk.", lambda all_: _each(all_, lambda data: b"[" + data + b"]"))
_frames("sse-data-twice", "Each line has `data:` twice.", lambda all_: [b"data: " + frame for frame in all_])
_frames(
    "sse-json-string",
    "Each event is a string of JSON.",
    lambda all_: _each(all_, lambda data: json.dumps(data.decode()).encode()),
)
_frames("sse-base64", "The body of a stream is base64.", lambda all_: [base64.b64encode(b"".join(all_))])
_frames(
    "sse-two-spaces", "Two spaces follow `data:`.", lambda all_: [each.replace(b"data: ", b"data:  ") for each in all_]
)
