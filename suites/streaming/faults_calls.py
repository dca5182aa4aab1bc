"""Faults of streaming in tool calls: each re-enacts what servers in the field do."""

from __future__ import annotations

from conformance.reference.faults import Call, Json, Seam, ServedEnding, ServedReply, edits, fault, rows

rows.call_chunks_row(
    "finish-reason-end_turn-leaks",
    "A tool call finishes with end_turn.",
    edits.stream_finish_reason("end_turn", "tool_calls"),
    "finish-reason-end_turn-leaks",
)


@rows.call_chunks_bug(
    "fake-stream-single-chunk-all-tools", "The whole answer arrives in one chunk, finish reason included."
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    delta: Json = {"role": "assistant", "content": edits.streamed_text(chunks) or None}
    if edits.streamed_calls(chunks):
        delta["tool_calls"] = edits.streamed_calls(chunks)
    last = edits.finish_chunks(chunks)[0]
    only = {**last, "choices": [{**last["choices"][0], "delta": delta}]}
    return [only, *(each for each in chunks if not each["choices"])]


@rows.call_chunks_bug(
    "tools-disable-incremental-streaming",
    "With tools in the request, arguments and text arrive in one delta at the end.",
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    whole: Json = (
        {"tool_calls": edits.streamed_calls(chunks)}
        if edits.streamed_calls(chunks)
        else {"content": edits.streamed_text(chunks)}
    )
    return edits.insert_before_finish(
        [chunks[0], *edits.finish_chunks(chunks), *(each for each in chunks if not each["choices"])], whole
    )


@rows.call_chunks_bug("content-dropped-when-tools-present", "With tools in the request, text never arrives.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return [each for each in chunks if not any(choice["delta"].get("content") for choice in each["choices"])]


@fault(
    "llamacpp-abort-invalid-diff-midstream",
    "The connection breaks in the middle of a tool call.",
    Seam.REPLY,
    stream=True,
    when=lambda call: edits.is_accepted(call) and edits.has_tools(call),
    surface="chat.stream.tools",
    field_bugs=("llamacpp-abort-invalid-diff-midstream",),
)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    reply.frames, reply.ending = (reply.frames or [])[:4], ServedEnding.ABORT
    return reply
