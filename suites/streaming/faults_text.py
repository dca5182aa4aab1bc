"""Faults of streaming in the text of streams: each re-enacts what servers in the field do."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

from conformance.reference.faults import Apply, Call, Json, Seam, ServedEnding, When, edits, fault, rows


def _frames(name: str, summary: str) -> Callable[[Apply], Apply]:
    return fault(name, summary, Seam.FRAMES, stream=True, surface="sse")


def _reply(name: str, summary: str, when: When = edits.is_accepted) -> Callable[[Apply], Apply]:
    return fault(name, summary, Seam.REPLY, stream=True, when=when, surface="sse")


def _spoken_text(chunks: list[Json]) -> list[int]:
    """The positions of the chunks that bring text."""
    return [at for at, each in enumerate(chunks) if any(choice["delta"].get("content") for choice in each["choices"])]


@rows.chunks_fault("stream-text-dropped", "The text of a stream is lost, and it finishes with stop.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    lost = set(_spoken_text(chunks))
    return [each for at, each in enumerate(chunks) if at not in lost]


@rows.chunks_fault("stream-piece-lost", "One piece of the text is lost.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    spoken = _spoken_text(chunks)
    return [each for at, each in enumerate(chunks) if len(spoken) < 9 or at != spoken[8]]


@rows.chunks_fault("stream-chunk-repeated", "One chunk with text is sent twice.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    spoken = _spoken_text(chunks)
    return [copy for at, each in enumerate(chunks) for copy in [each] * (1 + (len(spoken) > 8 and at == spoken[8]))]


@rows.chunks_fault("fake-stream-one-delta", "The whole text arrives in one delta.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    text, spoken = edits.streamed_text(chunks), _spoken_text(chunks)
    if not spoken or len({choice["index"] for choice in edits.choices(chunks)}) > 1:
        return chunks
    whole = edits.with_delta(chunks[0], {"content": text})
    return [whole if at == spoken[0] else each for at, each in enumerate(chunks) if at not in spoken[1:]]


@_frames("stream-surrogate-halves", "Characters beyond the basic plane are sent as half a surrogate pair.")
def _(frames: list[bytes], _call: Call) -> list[bytes]:
    return [frame.replace("😀".encode(), b"\\ud83d") for frame in frames]


@rows.chunks_fault("choice-index-from-one-in-chunks", "Indexes of the choices of chunks start at 1.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    for choice in edits.choices(chunks):
        choice["index"] += 1
    return chunks


@rows.chunks_fault("fingerprint-number-in-chunks", "The system_fingerprint of chunks is a number.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return [{**each, "system_fingerprint": 0} for each in chunks]


@rows.chunks_fault("delta-refusal-false", "The refusal of deltas is false.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    for choice in edits.choices(chunks):
        choice["delta"]["refusal"] = False
    return chunks


@rows.chunks_fault("role-null-in-later-deltas", "Later deltas have role null.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    for choice in edits.choices(chunks):
        choice["delta"].setdefault("role", None)
    return chunks


@_frames("stream-name-twice", "The name model stands twice in every chunk.")
def _(frames: list[bytes], _call: Call) -> list[bytes]:
    return [frame.replace(b'"model":', b'"model":"auto","model":') for frame in frames]


@_frames("stream-ping-object", "Pings of another protocol, JSON objects, stand among the chunks.")
def _(frames: list[bytes], _call: Call) -> list[bytes]:
    return [*frames[:2], b'data: {"type":"ping"}\n\n', *frames[2:]]


@_frames("stream-ping-word", "A keep-alive is sent as the word ping.")
def _(frames: list[bytes], _call: Call) -> list[bytes]:
    return [*frames[:2], b"data: ping\n\n", *frames[2:]]


@_frames("sse-unknown-field", "Events have a field that the standard does not know.")
def _(frames: list[bytes], _call: Call) -> list[bytes]:
    return [b"seq: %d\n" % at + frame for at, frame in enumerate(frames)]


def _broken(chunks: list[Json], error: Any, choices: list[Json] | None = None) -> Json:
    return {"error": error} if choices is None else {**chunks[0], "choices": choices, "error": error}


@rows.chunks_fault("midstream-error-string", "A stream breaks off with an error that is a string.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return [*chunks[:3], _broken(chunks, "upstream failed")]


@rows.chunks_fault("midstream-error-beside-choices", "A stream breaks off with an error next to a choice.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    choice = {"index": 0, "delta": {"content": ""}, "logprobs": None, "finish_reason": "stop"}
    return [*chunks[:3], _broken(chunks, {"code": 502, "message": "Provider disconnected."}, [choice])]


@rows.chunks_fault("midstream-error-then-more", "A stream goes on after an error.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return [*chunks[:3], _broken(chunks, {"message": "Upstream failed.", "type": "server_error"}), *chunks[3:]]


@rows.chunks_fault("usage-on-every-chunk", "Every chunk carries the usage so far.")
def _(chunks: list[Json], call: Call) -> list[Json]:
    for at, each in enumerate(chunks):
        total = call.prompt_tokens + at + 1
        counts = {"prompt_tokens": call.prompt_tokens, "completion_tokens": at + 1, "total_tokens": total}
        each["usage"] = each.get("usage") or counts
    return chunks


@rows.chunks_fault(
    "usage-prompt-differs-in-stream", "A stream counts more prompt tokens than the same request without."
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    for each in chunks:
        if each.get("usage"):
            usage = each["usage"]
            each["usage"] = {
                **usage,
                "prompt_tokens": usage["prompt_tokens"] + 3,
                "total_tokens": usage["total_tokens"] + 3,
            }
    return chunks


@rows.chunks_fault("usage-on-finish-chunk", "Usage comes on the chunk with the finish reason, and has none of its own.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    counted = [each["usage"] for each in chunks if each.get("usage")]
    for each in edits.finish_chunks(chunks)[-1:] if counted else ():
        each["usage"] = counted[0]
    return [each for each in chunks if each["choices"]] if counted else chunks


def _declined(call: Call) -> bool:
    return edits.sent_object(call, "stream_options").get("include_usage") is False


@rows.chunks_fault("usage-declined-and-sent", "A usage chunk is sent although include_usage is false.", _declined)
def _(chunks: list[Json], call: Call) -> list[Json]:
    said = max(len(_spoken_text(chunks)), 1)
    counts = {"prompt_tokens": call.prompt_tokens, "completion_tokens": said}
    return [*chunks, {**chunks[0], "choices": [], "usage": {**counts, "total_tokens": call.prompt_tokens + said}}]


fault(
    "stream-options-unstreamed-500",
    "stream_options without stream are answered with 500.",
    Seam.REQUEST,
    stream=False,
    when=edits.asks("stream_options"),
)(edits.refuse(500, "Internal server error."))

fault(
    "accept-event-stream-406",
    "Clients that accept event streams only are refused.",
    Seam.REQUEST,
    stream=True,
    when=lambda call: call.headers.get("accept") == "text/event-stream",
    surface="headers",
)(edits.refuse(406, "Not acceptable."))

_reply("stream-cacheable", "Event streams may be kept by caches.")(
    edits.header("cache-control", "public, max-age=3600")
)
_reply("stream-broken-after-done", "The connection is closed after [DONE] without the end that HTTP demands.")(
    edits.end_with(ServedEnding.ABORT)
)


@rows.chunks_bug("reasoning-deltas-duplicated", "Every piece of thinking is sent twice.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return [copy for each in chunks for copy in ([each, each] if edits.chunk_thinks(each) else [each])]


rows.letters_row("text-deltas-stripped", "White space around every delta is removed.", str.strip)
rows.letters_row(
    "text-mojibake", "The UTF-8 of every text is read as Latin-1.", lambda text: text.encode().decode("latin-1")
)
rows.letters_row(
    "text-vocabulary-pieces", "Spaces are spelt as the model's vocabulary does.", lambda text: text.replace(" ", "▁")
)
rows.letters_row(
    "text-emoji-dropped", "Characters of four bytes are dropped.", lambda text: re.sub("[^\x00-\uffff]", "", text)
)
rows.letters_row("text-emoji-question-marks", "Emoji become ??.", lambda text: re.sub("[^\x00-\uffff]", "??", text))
rows.letters_row("text-ascii-only", "Characters beyond ASCII become ?.", lambda text: re.sub("[^\x00-\x7f]", "?", text))


rows.said_row("delta-says-none", 'The first delta of the text is "None".', "None", first=True)
rows.said_row("delta-says-undefined", 'The last delta of the text is "undefined".', "undefined", first=False)
rows.said_row("delta-says-done", "The last delta of the text is [DONE].", "[DONE]", first=False)


def _spoken(chunks: list[Json]) -> list[Json]:
    return [each for each in chunks if any(choice["delta"].get("content") for choice in each["choices"])]


@fault(
    "stream-restarted",
    "A retry sends the role and the whole text again.",
    Seam.CHUNKS,
    stream=True,
    when=edits.is_plain_chat,
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    spoken = _spoken(chunks)
    at = chunks.index(spoken[-1]) + 1 if spoken else 0
    return [*chunks[:at], chunks[0], *spoken, *chunks[at:]]


@fault(
    "stream-restarted-half-way",
    "A retry starts anew in the middle of the text.",
    Seam.CHUNKS,
    stream=True,
    when=edits.is_plain_chat,
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    spoken = _spoken(chunks)
    at = chunks.index(spoken[len(spoken) // 2]) if len(spoken) > 8 else 0
    return [*chunks[:at], *chunks]


@fault("stream-text-twice", "The whole text is streamed twice.", Seam.CHUNKS, stream=True, when=edits.is_plain_chat)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    spoken = _spoken(chunks)
    at = chunks.index(spoken[-1]) + 1 if spoken else 0
    return [*chunks[:at], edits.with_delta(chunks[0], {"content": "."}), *spoken, *chunks[at:]]


@fault("stream-fails-before-a-call", "A stream with tools fails before any call.", Seam.CHUNKS, stream=True)
def _(chunks: list[Json], call: Call) -> list[Json]:
    failed = {"error": {"message": "Upstream failed.", "type": "server_error", "param": None, "code": None}}
    return [chunks[0], failed] if call.calls_tools() else chunks


rows.frames_row(
    "sse-json-string",
    "Each event is a string of JSON.",
    lambda all_: edits.each_frame(all_, lambda data: json.dumps(data.decode()).encode()),
)
rows.frames_row("sse-base64", "The body of a stream is base64.", lambda all_: [base64.b64encode(b"".join(all_))])
rows.frames_row(
    "sse-two-spaces", "Two spaces follow `data:`.", lambda all_: [each.replace(b"data: ", b"data:  ") for each in all_]
)
