"""Faults in the bytes of an event stream: separators, prefixes, `[DONE]`, endings."""

from __future__ import annotations

import json

from conformance.reference.faults import CHAT, Apply, Call, Seam, ServedEnding, ServedReply, edits, fault

_STREAMS = ("chat", "completions")
DONE = b"data: [DONE]\n\n"


def _replace(old: bytes, new: bytes) -> Apply:
    return lambda frames, _call: [frame.replace(old, new) for frame in frames]


def _insert(extra: bytes, at: int) -> Apply:
    return lambda frames, _call: [*frames[:at], extra, *frames[at:]]


def _register(name: str, summary: str, apply: Apply, *field_bugs: str) -> None:
    fault(name, summary, Seam.FRAMES, on=_STREAMS, stream=True, surface="sse", field_bugs=field_bugs)(apply)


_register(
    "stream-done-missing", "Streams end properly, but without the event [DONE].", lambda frames, _call: frames[:-1]
)
_register(
    "stream-done-missing-eof",
    "Streams end without [DONE] and without the blank line that would complete the event before it.",
    lambda frames, _call: [*frames[:-2], frames[-2].rstrip(b"\n")],
)
_register("stream-done-twice", "The event [DONE] is sent twice.", lambda frames, _call: [*frames, DONE])
_register("stream-not-last", "A chunk follows the event [DONE].", lambda frames, _call: [*frames, frames[0]])
_register("stream-done-quoted", 'The last event is the JSON string "[DONE]".', _replace(b"[DONE]", b'"[DONE]"'))
_register("stream-done-lowercase", "The last event is [done].", _replace(b"[DONE]", b"[done]"))
_register(
    "sse-no-blank-line",
    "Events are separated by one newline, with no blank line between them.",
    _replace(b"\n\n", b"\n"),
    "sse-multiple-data-lines-single-newline",
)
_register(
    "sse-multiple-data-lines-single-newline",
    "Pairs of chunks run together: two data lines before each blank line.",
    lambda frames, _call: [
        frame[:-1] if at % 2 == 0 and at < len(frames) - 1 else frame for at, frame in enumerate(frames)
    ],
    "sse-multiple-data-lines-single-newline",
)
_register("sse-cr-only", "Lines end with a carriage return alone.", _replace(b"\n", b"\r"))
_register(
    "sse-crlf-delimiters",
    "Lines end with CR LF, as some servers send them.",
    _replace(b"\n", b"\r\n"),
    "sse-crlf-delimiters",
)
_register(
    "sse-mixed-line-ends",
    "Some events end with LF, others with CR LF.",
    lambda frames, _call: [frame.replace(b"\n", b"\r\n") if at % 2 else frame for at, frame in enumerate(frames)],
)
_register(
    "sse-data-no-space", "No space follows the colon of data:.", _replace(b"data: ", b"data:"), "sse-data-no-space"
)
_register("sse-data-prefix-missing", "Events are bare JSON lines, without data:.", _replace(b"data: ", b""))
_register(
    "sse-bom",
    "The stream opens with a byte order mark.",
    lambda frames, _call: [b"\xef\xbb\xbf" + frames[0], *frames[1:]],
)
_register(
    "sse-keepalive-comment-as-data",
    "A keep-alive comment is sent as data.",
    _insert(b"data: : keepalive\n\n", 2),
    "sse-keepalive-comment-as-data",
)
_register(
    "sse-keepalive-comment",
    "Keep-alive comments are sent between events, which is legal.",
    _insert(b": keep-alive\n\n", 2),
)
_register("sse-empty-data", "An event with empty data is sent.", _insert(b"data:\n\n", 2))
_register("sse-event-without-data", "A block has an event name and no data.", _insert(b"event: ping\n\n", 2))
_register(
    "sse-event-named",
    "Every chunk carries an event name.",
    lambda frames, _call: [b"event: chunk\n" + each for each in frames],
)
_register("sse-retry-block", "A block has a retry field and no data.", _insert(b"retry: 3000\n\n", 1))
_register(
    "sse-final-event-no-blank-line",
    "The last chunk is followed by no blank line and no [DONE].",
    lambda frames, _call: [*frames[:-2], frames[-2].rstrip(b"\n") + b"\n"],
    "sse-final-event-no-blank-line",
)
_register(
    "sse-done-no-blank-line",
    "The event [DONE] is followed by no blank line.",
    lambda frames, _call: [*frames[:-1], b"data: [DONE]"],
)
_register(
    "sse-comment-plus-blank-line-with-id",
    "Events carry ids, and keep-alive comments come as blocks of their own.",
    lambda frames, _call: [part for at, each in enumerate(frames) for part in (b"id: %d\n" % at + each, b": ping\n\n")][
        :-1
    ],
    "sse-comment-plus-blank-line-with-id",
)
_register(
    "stream-error-field-name-error",
    "A failure in the middle is written as a line error: instead of data:.",
    lambda frames, _call: [*frames[:3], b'error: {"error":{"message":"upstream failed","type":"server_error"}}\n\n'],
    "stream-error-field-name-error",
)
_register(
    "midstream-error-plain-text",
    "A failure in the middle is plain text as data.",
    lambda frames, _call: [*frames[:3], b"data: upstream connection failed.\n\n"],
    "midstream-error-plain-text",
)
_register(
    "sse-chunk-truncated-mid-json",
    "One event is cut in the middle of a key, and the next follows with no newline.",
    lambda frames, _call: [*frames[:2], frames[2][:60], *frames[3:]],
    "sse-chunk-truncated-mid-json",
)
_register(
    "sse-raw-newline-in-data",
    "A raw newline stands inside the JSON of a data line.",
    _replace(b'"choices"', b'\n"choices"'),
)
_register(
    "sse-invalid-utf8", "A byte that is not UTF-8 stands inside an event.", _replace(b'"content":"', b'"content":"\xff')
)
_register(
    "stream-stall-open-socket-comment",
    "The answer ends, the stream sends comments and is never closed.",
    lambda frames, _call: [*frames[:-1], b": ping\n\n", b": ping\n\n"],
)


@fault(
    "sse-json-split-over-data-lines",
    "The JSON of one event is spread over several data lines, which is legal.",
    Seam.FRAMES,
    on=CHAT,
    stream=True,
    surface="sse",
    field_bugs=("sse-json-split-over-data-lines",),
)
def _(frames: list[bytes], _call: Call) -> list[bytes]:
    def spread(frame: bytes) -> bytes:
        lines = json.dumps(json.loads(frame[6:]), indent=1, ensure_ascii=False).splitlines()
        return b"".join(f"data: {line}\n".encode() for line in lines) + b"\n"

    return [*(spread(frame) for frame in frames[:-1]), frames[-1]]


@fault(
    "sse-split-multibyte",
    "Multi-byte characters are cut between two chunks and arrive as U+FFFD.",
    Seam.FRAMES,
    on=CHAT,
    stream=True,
    surface="sse",
)
def _(frames: list[bytes], _call: Call) -> list[bytes]:
    return ["".join(each if each < "\x80" else "\ufffd\ufffd" for each in frame.decode()).encode() for frame in frames]


def _reply(name: str, summary: str, apply: Apply, *field_bugs: str) -> None:
    fault(
        name,
        summary,
        Seam.REPLY,
        on=_STREAMS,
        stream=True,
        when=edits.is_accepted,
        surface="sse",
        field_bugs=field_bugs,
    )(apply)


@fault(
    "stream-cut-short",
    "The connection is closed in the middle of an event.",
    Seam.REPLY,
    on=_STREAMS,
    stream=True,
    when=edits.is_accepted,
)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    assert reply.frames is not None
    kept = reply.frames[: max(2, len(reply.frames) // 2)]
    reply.frames = [*kept[:-1], kept[-1][: len(kept[-1]) // 2]]
    reply.ending = ServedEnding.ABORT
    return reply


_reply(
    "stream-cut-between-events",
    "The connection is closed between two events, before the finish.",
    edits.end_with(ServedEnding.ABORT, 3),
)
_reply("stream-reset", "The connection is reset in the middle of the stream.", edits.end_with(ServedEnding.RESET, 3))
_reply(
    "stream-stall-open-socket",
    "The stream stops in the middle of the answer, and the connection stays open.",
    edits.end_with(ServedEnding.STALL, 3),
    "stream-stall-open-socket",
)
_reply("stream-not-closed", "The connection stays open after [DONE].", edits.end_with(ServedEnding.STALL))
_reply(
    "stream-200-zero-bytes",
    "A stream is answered with 200 and no bytes at all.",
    edits.end_with(ServedEnding.CLEAN, 0),
    "stream-200-zero-bytes",
)
_reply(
    "stream-headers-only-then-closed",
    "The connection is closed right after the headers.",
    edits.end_with(ServedEnding.ABORT, 0),
)


@fault(
    "streaming-buffered-all-at-once",
    "The whole stream is delivered in one block at the end.",
    Seam.REPLY,
    on=_STREAMS,
    stream=True,
    when=edits.is_accepted,
    surface="sse",
    field_bugs=("streaming-buffered-all-at-once",),
)
@fault(
    "stream-buffered-all-at-once",
    "The whole stream is delivered in one block at the end, with a Content-Length.",
    Seam.REPLY,
    on=_STREAMS,
    stream=True,
    when=edits.is_accepted,
    surface="sse",
    field_bugs=("streaming-buffered-all-at-once",),
)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    frames = reply.frames or []
    reply.frames, reply.gap = [b"".join(frames)], reply.gap * len(frames)
    return reply


@fault("stream-buffered-all-at-once", "", Seam.REPLY, on=_STREAMS, stream=True, when=edits.is_accepted)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    reply.set_header("content-length", str(len((reply.frames or [b""])[0])))
    return reply


@fault(
    "sse-gzip-buffering",
    "Event streams are compressed although nobody asked, in one block.",
    Seam.REPLY,
    on=_STREAMS,
    stream=True,
    when=edits.is_accepted,
    surface="sse",
    field_bugs=("sse-gzip-buffering",),
)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    import gzip

    reply.frames = [gzip.compress(b"".join(reply.frames or []))]
    reply.set_header("content-encoding", "gzip")
    return reply


_reply(
    "stream-content-type-missing",
    "Event streams have no Content-Type.",
    edits.header("content-type", None),
    "stream-content-type-missing",
)
_reply(
    "stream-content-type-application-json",
    "Event streams are labelled application/json.",
    edits.header("content-type", "application/json"),
    "stream-content-type-application-json",
)
_reply(
    "stream-content-type-text-plain",
    "Event streams are labelled text/plain.",
    edits.header("content-type", "text/plain"),
)
_reply(
    "stream-charset-latin1",
    "Event streams are labelled with another charset.",
    edits.header("content-type", "text/event-stream; charset=iso-8859-1"),
)


@fault(
    "sse-no-anti-buffering-headers",
    "Event streams lack Cache-Control and X-Accel-Buffering.",
    Seam.REPLY,
    on=_STREAMS,
    stream=True,
    when=edits.is_accepted,
    surface="sse",
    field_bugs=("sse-no-anti-buffering-headers",),
)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    reply.set_header("cache-control", None)
    reply.set_header("x-accel-buffering", None)
    return reply


@fault("stream-stall-open-socket-comment", "", Seam.REPLY, stream=True, when=edits.is_accepted)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    reply.ending = ServedEnding.STALL
    return reply


@fault(
    "stream-comments-after-done",
    "Comments that keep the connection alive are sent for ever, also after [DONE].",
    Seam.FRAMES,
    stream=True,
    surface="sse",
)
def _(frames: list[bytes], _call: Call) -> list[bytes]:
    return [*frames, *[b": keep-alive\n\n" * 25_000] * 4]
