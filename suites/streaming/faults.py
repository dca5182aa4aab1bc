"""Faults of streaming: each re-enacts what servers in the field do."""

from __future__ import annotations

import json
from typing import Any

from conformance.reference.faults import Call, Json, Seam, ServedReply, edits, fault, rows

rows.chunks_row(
    "object-field-missing-in-chunks",
    "Chunks have only id and choices: no object, created or model.",
    lambda chunks, _call: [{name: each[name] for name in ("id", "choices")} for each in chunks],
    "object-field-missing-in-chunks",
)
rows.chunks_row(
    "object-missing-in-chunks", "Chunks have no object.", edits.each_chunk(lambda chunk: chunk.pop("object"))
)
rows.chunks_row(
    "object-wrong-in-chunks",
    "Chunks call themselves chat.completion.",
    edits.each_chunk(lambda chunk: chunk.update(object="chat.completion")),
)
rows.chunks_row(
    "created-missing-in-chunks",
    "Chunks have no created.",
    edits.each_chunk(lambda chunk: chunk.pop("created")),
    "created-missing-in-chunks",
)
rows.chunks_row("model-missing-in-chunks", "Chunks have no model.", edits.each_chunk(lambda chunk: chunk.pop("model")))
rows.chunks_row("id-missing-in-chunks", "Chunks have no id.", edits.each_chunk(lambda chunk: chunk.pop("id")))
rows.chunks_row(
    "choice-index-missing-in-chunks",
    "Choices of chunks have no index.",
    edits.each_chunk(lambda chunk: [choice.pop("index") for choice in chunk["choices"]]),
)
rows.chunks_row(
    "finish-reason-key-missing-in-chunks",
    "Choices have no finish_reason before the end.",
    edits.each_chunk(
        lambda chunk: [choice.pop("finish_reason") for choice in chunk["choices"] if choice["finish_reason"] is None]
    ),
)
rows.chunks_row(
    "delta-null-on-finish",
    "The finish chunk has delta null.",
    edits.each_chunk(
        lambda chunk: [choice.update(delta=None) for choice in chunk["choices"] if choice["finish_reason"]]
    ),
)
rows.chunks_row(
    "error-null-on-chunks", "Every chunk carries error: null.", edits.each_chunk(lambda chunk: chunk.update(error=None))
)
rows.chunks_row(
    "message-instead-of-delta",
    "Choices carry message in place of delta.",
    edits.each_chunk(lambda chunk: [choice.update(message=choice.pop("delta")) for choice in chunk["choices"]]),
)
rows.chunks_row(
    "role-chunk-without-content-key",
    "The first delta has a role and no content.",
    edits.each_delta(lambda delta: delta.pop("content", None) if "role" in delta else None),
    "role-chunk-without-content-key",
)
rows.chunks_row(
    "role-on-every-chunk",
    "Every delta repeats the role.",
    edits.each_delta(lambda delta: delta.update(role="assistant")),
    "role-on-every-chunk",
)
rows.chunks_row(
    "role-empty-string", 'Later deltas have role "".', edits.each_delta(lambda delta: delta.setdefault("role", ""))
)
rows.chunks_row(
    "finish-reason-end-turn",
    "The stream finishes with end_turn.",
    edits.stream_finish_reason("end_turn"),
    "finish-reason-end_turn-leaks",
)
fault("finish-reason-end-turn", "", Seam.BODY, stream=False)(edits.finish_reason("end_turn"))
rows.chunks_row("finish-reason-missing", "No chunk carries a finish reason.", edits.stream_finish_reason(None))
rows.chunks_row(
    "stream-finish-reason-content-filtered",
    "A finished answer ends with a reason of the server's own.",
    edits.stream_finish_reason("complete"),
)
rows.chunks_row(
    "finish-chunk-missing-terminal",
    "The finish chunk is swallowed.",
    lambda chunks, _call: [each for each in chunks if each not in edits.finish_chunks(chunks)],
    "finish-chunk-missing-terminal",
)
rows.chunks_row(
    "usage-missing-in-stream",
    "include_usage is accepted, and no usage comes.",
    lambda chunks, _call: [
        {name: value for name, value in each.items() if name != "usage"} for each in chunks if each["choices"]
    ],
    when=edits.asks("stream_options"),
)
rows.chunks_row(
    "usage-key-absent-instead-of-null",
    "With include_usage, the chunks before the last lack usage instead of having null.",
    edits.each_chunk(lambda chunk: chunk.pop("usage") if "usage" in chunk and chunk["usage"] is None else None),
    "usage-key-absent-instead-of-null",
    when=edits.asks("stream_options"),
)
rows.chunks_row(
    "usage-null-in-stream",
    "The usage chunk carries usage null.",
    edits.each_chunk(lambda chunk: chunk.update(usage=None)),
    when=edits.asks("stream_options"),
)
rows.chunks_row(
    "usage-chunk-without-choices",
    "The usage chunk has no choices.",
    edits.each_chunk(lambda chunk: chunk.pop("choices") if not chunk["choices"] else None),
    when=edits.asks("stream_options"),
)
rows.chunks_row(
    "usage-chunk-choices-null",
    "The usage chunk has choices null.",
    edits.each_chunk(lambda chunk: chunk.update(choices=chunk["choices"] or None)),
    when=edits.asks("stream_options"),
)
rows.chunks_row(
    "stream-model-drift",
    "The model name changes within a stream.",
    lambda chunks, _call: [{**each, "model": f"{each['model']}-{at % 2}"} for at, each in enumerate(chunks)],
)
rows.chunks_row(
    "stream-id-drift",
    "Every chunk of a stream has an id of its own.",
    lambda chunks, _call: [{**each, "id": f"{each['id']}{at:x}"} for at, each in enumerate(chunks)],
    "chunk-created-and-id-drift",
)
rows.chunks_row(
    "chunk-created-and-id-drift",
    "created moves with the clock, and each choice has an id of its own.",
    lambda chunks, _call: [
        {**each, "created": each["created"] + at // 3, "id": each["id"] + str(_index(each) or "")}
        for at, each in enumerate(chunks)
    ],
    "chunk-created-and-id-drift",
)
rows.chunks_row(
    "stream-chunks-reordered",
    "Two content chunks arrive in the wrong order.",
    lambda chunks, _call: [chunks[0], *chunks[2:4], chunks[1], *chunks[4:]],
)


def _index(chunk: Json) -> int:
    return chunk["choices"][0]["index"] if chunk["choices"] else 0


@rows.chunks_bug("role-first-delta-missing", "No delta ever carries a role.")
@rows.chunks_bug("stream-role-missing", "No delta ever carries a role.", ("role-first-delta-missing",))
def _(chunks: list[Json], _call: Call) -> list[Json]:
    for choice in edits.choices(chunks):
        choice["delta"].pop("role", None)
    return [each for each in chunks if not _only_opens(each)]


def _only_opens(chunk: Json) -> bool:
    return bool(chunk["choices"]) and all("refusal" in choice["delta"] for choice in chunk["choices"])


@rows.chunks_bug("stream-finish-twice", "Two chunks carry the finish reason.", ("finish_reason-stop-on-every-chunk",))
def _(chunks: list[Json], _call: Call) -> list[Json]:
    last = edits.finish_chunks(chunks)
    return [copy for each in chunks for copy in ([each, each] if each in last else [each])]


@rows.chunks_bug("finish_reason-empty-string", 'Chunks before the last have finish_reason "" instead of null.')
def _(chunks: list[Json], _call: Call) -> list[Json]:
    for choice in edits.choices(chunks):
        choice["finish_reason"] = choice["finish_reason"] or ""
    return chunks


@rows.chunks_bug("finish_reason-stop-on-every-chunk", "Every content chunk carries finish_reason stop.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    for choice in edits.choices(chunks):
        choice["finish_reason"] = choice["finish_reason"] or "stop"
    return chunks


@rows.chunks_bug("finish-chunk-carries-content", "The finish chunk carries the last piece of text.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    last = edits.finish_chunks(chunks)
    if not last:
        return chunks
    at = chunks.index(last[0])
    held = chunks[at - 1]["choices"][0]["delta"]
    if not held.get("content"):
        return chunks
    last[0]["choices"][0]["delta"] = held
    return [*chunks[: at - 1], *chunks[at:]]


@fault("stream-text-after-finish", "A piece of text follows the finish chunk.", Seam.CHUNKS, stream=True)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    at = chunks.index(edits.finish_chunks(chunks)[-1]) + 1
    return [*chunks[:at], edits.with_delta(chunks[0], {"content": " more"}), *chunks[at:]]


@rows.chunks_bug(
    "usage-on-wrong-chunk", "Usage sits on the first chunk, and the last chunk has none.", ("usage-null-read-as-zero",)
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    counted = [each["usage"] for each in chunks if each.get("usage")]
    kept = [each for each in chunks if each["choices"]]
    for each in kept:
        if "usage" in each:
            each["usage"] = None
    if counted:
        kept[0]["usage"] = counted[0]
    return kept


@rows.chunks_bug(
    "usage-on-every-stream",
    "A usage chunk is sent although nobody asked.",
    ("usage-absent-when-not-asked-client-expects",),
)
def _(chunks: list[Json], call: Call) -> list[Json]:
    counts = {
        "prompt_tokens": call.prompt_tokens,
        "completion_tokens": len(chunks),
        "total_tokens": call.prompt_tokens + len(chunks),
    }
    return (
        chunks if any("usage" in each for each in chunks) else [*chunks, {**chunks[0], "choices": [], "usage": counts}]
    )


@rows.chunks_bug("content-cumulative-not-delta", "Each delta repeats the whole text so far.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    said: dict[tuple[int, str], str] = {}
    for choice in edits.choices(chunks):
        for name in ("content", "reasoning_content"):
            if choice["delta"].get(name):
                key = (choice["index"], name)
                said[key] = said.get(key, "") + choice["delta"][name]
                choice["delta"][name] = said[key]
    return chunks


@rows.chunks_bug(
    "stream-message-cumulative-next-to-delta", "Each choice carries message with the whole text so far, next to delta."
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    said = ""
    for choice in edits.choices(chunks):
        said += choice["delta"].get("content") or ""
        choice["message"] = {"role": "assistant", "content": said}
    return chunks


@rows.chunks_bug("stream-final-chunk-full-message", "A last content delta repeats the whole answer.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    at = chunks.index(edits.finish_chunks(chunks)[0])
    return [*chunks[:at], edits.with_delta(chunks[0], {"content": edits.streamed_text(chunks)}), *chunks[at:]]


@rows.chunks_bug(
    "azure-first-chunk-empty-object-string", "The first chunk has empty id, object and model and no choices."
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return [{"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": []}, *chunks]


@rows.chunks_bug("final-chunk-model-empty-created-zero", 'The last chunk has model "" and created 0.')
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return [*chunks[:-1], {**chunks[-1], "model": "", "created": 0, "system_fingerprint": ""}]


@rows.chunks_bug("delta-content-array-of-parts", "The content of deltas is an array of parts.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    for choice in edits.choices(chunks):
        if choice["delta"].get("content"):
            choice["delta"]["content"] = [{"type": "text", "text": choice["delta"]["content"]}]
    return chunks


@rows.chunks_bug("delta-content-json-number", "Pieces that look like numbers are sent as JSON numbers.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    for choice in edits.choices(chunks):
        text = choice["delta"].get("content") or ""
        if text.strip().isdigit():
            choice["delta"]["content"] = int(text)
    return chunks


def _failure(message: str, code: Any = None) -> Json:
    return {"error": {"message": message, "type": "server_error", "param": None, "code": code}}


@rows.chunks_bug(
    "midstream-error-200-empty-success",
    "A failure before the first token is an error event in a 200 stream, then [DONE].",
)
def _(_chunks_made: list[Json], _call: Call) -> list[Json]:
    return [_failure("The upstream provider failed.")]


@rows.chunks_bug("groq-error-in-200-stream", "A stream breaks off with an error event and then [DONE].")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return [*chunks[:3], _failure("The model is over capacity.", "over_capacity")]


@rows.chunks_bug("error-object-as-empty-chunk", "A failure arrives as an empty chunk that says nothing of it.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return [{"id": "", "object": "", "created": 0, "model": "", "choices": []} for _ in chunks[:1]]


rows.member_row("created-zero", "created is 0.", lambda body: body.update(created=0))
rows.member_row(
    "created-in-milliseconds", "created counts milliseconds.", lambda body: body.update(created=body["created"] * 1000)
)
rows.body_row(
    "usage-prompt-tokens-polluted",
    "Thinking tokens are added to the prompt's tokens.",
    edits.each_usage(
        lambda usage: usage.update(prompt_tokens=usage["prompt_tokens"] + 57, total_tokens=usage["total_tokens"] + 57)
    ),
    "usage-prompt-tokens-polluted",
)
rows.body_row(
    "usage-prompt-tokens-constant",
    "prompt_tokens is the same for every prompt.",
    edits.each_usage(lambda usage: usage.update(prompt_tokens=7, total_tokens=7 + usage["completion_tokens"])),
)


@fault("stream-as-json", "With stream, the answer is one JSON body.", Seam.REQUEST, stream=True, surface="chat.stream")
def _(body: Json, call: Call) -> Json:
    call.stream = False
    return {name: value for name, value in body.items() if name not in ("stream", "stream_options")}


@fault(
    "prestream-error-as-200-event-error",
    "A refused stream is answered with 200 and an event named error.",
    Seam.REPLY,
    when=lambda call: edits.is_refused(call) and _wanted_stream(call),
    surface="chat.stream",
    field_bugs=("prestream-error-as-200-event-error",),
)
def _(reply: ServedReply, call: Call) -> ServedReply:
    event = json.dumps({"error": {"message": edits.error_text(call), "code": edits.error_status(call)}})
    reply.status = 200
    return reply.become(f"event: error\ndata: {event}\n\n".encode(), "text/event-stream")


def _wanted_stream(call: Call) -> bool:
    return call.sent.get("stream") is True


rows.reply_row("cache-public", "Answers may be cached by anyone.", edits.header("cache-control", "public, max-age=600"))
