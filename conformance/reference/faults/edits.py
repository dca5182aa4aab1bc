"""Small verbs that faults are made of: each returns a function for a seam."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

from conformance.reference.api.problems import ApiError
from conformance.reference.faults.registry import Apply, When
from conformance.reference.server.call import Call, Json, ServedEnding, ServedReply

Edit = Callable[[Json], Any]


def is_accepted(call: Call) -> bool:
    """The request was not refused."""
    return call.error is None


def is_refused(call: Call) -> bool:
    """The request was refused."""
    return call.error is not None


def refused_with(*statuses: int) -> Callable[[Call], bool]:
    """The request was refused with one of these statuses."""
    return lambda call: call.error is not None and call.error.status in statuses


def asks(*names: str) -> Callable[[Call], bool]:
    """The client sent one of these parameters, with a value that is not null."""
    return lambda call: any(call.sent.get(name) is not None for name in names)


def has_tools(call: Call) -> bool:
    """The client sent tools."""
    return bool(call.sent.get("tools"))


def sent_object(call: Call, name: str) -> Json:
    """The object that the client sent under that name, `{}` for anything else."""
    value = call.sent.get(name)
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Json]:
    """The objects of a list, `[]` for anything else."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def parts(message: Json) -> list[Json]:
    """The content parts of a message."""
    return objects(message.get("content"))


def whole(edit: Edit) -> Apply:
    """Edits a body in place."""

    def apply(body: Json, _call: Call) -> Json:
        edit(body)
        return body

    return apply


def each_choice(edit: Edit) -> Apply:
    """Edits every choice of a body in place."""

    def apply(body: Json, _call: Call) -> Json:
        for choice in body["choices"]:
            edit(choice)
        return body

    return apply


def each_message(edit: Edit) -> Apply:
    """Edits the message of every choice."""
    return each_choice(lambda choice: edit(choice["message"]))


def each_call(edit: Edit) -> Apply:
    """Edits every tool call of every message."""
    return each_message(lambda message: [edit(call) for call in message.get("tool_calls") or ()])


def each_usage(edit: Edit) -> Apply:
    """Edits the usage of a body."""
    return whole(lambda body: edit(body["usage"]) if body.get("usage") else None)


def each_chunk(edit: Edit) -> Apply:
    """Edits every chunk of a stream."""

    def apply(chunks: list[Json], _call: Call) -> list[Json]:
        for chunk in chunks:
            edit(chunk)
        return chunks

    return apply


def each_delta(edit: Edit) -> Apply:
    """Edits every delta of a stream."""
    return each_chunk(lambda chunk: [edit(choice["delta"]) for choice in chunk["choices"]])


def each_fragment(edit: Edit) -> Apply:
    """Edits every tool call fragment of a stream."""
    return each_delta(lambda delta: [edit(fragment) for fragment in delta.get("tool_calls") or ()])


def choices(chunks: list[Json]) -> Iterator[Json]:
    """Every choice of every chunk, in order."""
    for chunk in chunks:
        yield from chunk.get("choices") or ()


def finish_chunks(chunks: list[Json]) -> list[Json]:
    """The chunks that carry a finish reason."""
    return [chunk for chunk in chunks if any(choice.get("finish_reason") for choice in chunk["choices"])]


def with_delta(chunk: Json, delta: Json, index: int = 0) -> Json:
    """A copy of a chunk with another delta and no finish reason."""
    return {**chunk, "choices": [{"index": index, "delta": delta, "logprobs": None, "finish_reason": None}]}


def streamed_text(chunks: list[Json]) -> str:
    """The text of choice 0."""
    return "".join(each["delta"].get("content") or "" for each in choices(chunks) if each.get("index") == 0)


def finish_reason(reason: Any, of: str | None = None) -> Apply:
    """Replaces the finish reason of a body (that one, or all)."""

    def edit(choice: Json) -> None:
        if of is None or choice["finish_reason"] == of:
            choice["finish_reason"] = reason

    return each_choice(edit)


def stream_finish_reason(reason: Any, of: str | None = None) -> Apply:
    """Replaces the finish reason of a stream."""

    def apply(chunks: list[Json], _call: Call) -> list[Json]:
        for choice in choices(chunks):
            if choice["finish_reason"] and (of is None or choice["finish_reason"] == of):
                choice["finish_reason"] = reason
        return chunks

    return apply


def without(*names: str) -> Apply:
    """Overlooks request parameters."""

    def apply(body: Json, _call: Call) -> Json:
        return {name: value for name, value in body.items() if name not in names}

    return apply


def refuse(
    status: int, message: str, param: str | None = None, code: str | None = None, kind: str | None = None
) -> Apply:
    """Refuses the request."""

    def apply(_body: Json, _call: Call) -> Json:
        raise ApiError(
            status, message, param, code, kind or ("server_error" if status >= 500 else "invalid_request_error")
        )

    return apply


def become(status: int, body: bytes, content_type: str | None = "application/json") -> Apply:
    """Answers with these bytes instead."""

    def apply(reply: ServedReply, _call: Call) -> ServedReply:
        reply.status = status
        return reply.become(body, content_type)

    return apply


def header(name: str, value: str | None) -> Apply:
    """Sets or removes a header."""

    def apply(reply: ServedReply, _call: Call) -> ServedReply:
        reply.set_header(name, value)
        return reply

    return apply


def leftover(data: bytes) -> Apply:
    """Bytes follow the end of the reply."""

    def apply(reply: ServedReply, _call: Call) -> ServedReply:
        reply.leftover = data
        return reply

    return apply


def end_with(how: ServedEnding, keep: int | None = None) -> Apply:
    """Leaves the connection in another way, after `keep` frames (negative: all but those)."""

    def apply(reply: ServedReply, _call: Call) -> ServedReply:
        if reply.frames is not None and keep is not None:
            reply.frames = reply.frames[:keep]
        reply.ending = how
        return reply

    return apply


def repack(value: Any, change: Any) -> Any:
    """The vector after `change`, in the encoding in which it stood."""
    numbers = change(unpack(value))
    return pack(numbers) if isinstance(value, str) else numbers


def unpack(value: Any) -> Any:
    """The numbers of a vector, in whichever encoding it stands."""
    if not isinstance(value, str):
        return value
    raw = base64.b64decode(value)
    return list(struct.unpack(f"<{len(raw) // 4}f", raw))


def pack(numbers: Any, order: str = "<") -> str:
    """A vector in base64; `order` is that of the bytes."""
    return base64.b64encode(struct.pack(f"{order}{len(numbers)}f", *numbers)).decode()


def call_fragments(chunk: Json) -> list[Json]:
    """The fragments of tool calls in a chunk."""
    return [part for choice in chunk["choices"] for part in choice["delta"].get("tool_calls") or ()]


def streamed_calls(chunks: list[Json]) -> list[Json]:
    """The whole calls of a stream."""
    made: dict[int, Json] = {}
    for each in chunks:
        for part in call_fragments(each):
            call = made.setdefault(part["index"], {**part, "function": {**part["function"], "arguments": ""}})
            call["function"]["arguments"] += part["function"]["arguments"]
    return list(made.values())


def insert_before_finish(chunks: list[Json], *deltas: Json) -> list[Json]:
    """The chunks, with these deltas put in before the first that finishes."""
    last = finish_chunks(chunks)
    at = chunks.index(last[0]) if last else len(chunks)
    return [*chunks[:at], *(with_delta(chunks[0], delta) for delta in deltas), *chunks[at:]]


def chunk_thinks(chunk: Json) -> bool:
    """Whether a chunk carries reasoning."""
    return any((choice["delta"] or {}).get("reasoning_content") for choice in chunk["choices"])


def sent_messages(call: Call) -> list[Json]:
    """The messages of the request that are objects."""
    return objects(call.sent.get("messages"))


def has_role(role: str) -> When:
    """The request holds a message of this role."""
    return lambda call: any(each.get("role") == role for each in sent_messages(call))


def any_message(test: Edit) -> When:
    """One of the messages of the request passes a test."""
    return lambda call: any(test(each) for each in sent_messages(call))


def with_status(status: int, message: str | None = None, code: str | None = None, kind: str | None = None) -> Apply:
    """The refusal, with another status, message, code or type."""

    def apply(error: ApiError, _call: Call) -> ApiError:
        return replace(
            error, status=status, message=message or error.message, code=code or error.code, type=kind or error.type
        )

    return apply


def error_text(call: Call) -> str:
    """The message of the refusal, or an empty text."""
    return call.error.message if call.error else ""


def error_status(call: Call) -> int:
    """The status of the refusal, or 0."""
    return call.error.status if call.error else 0


def both(*tests: When) -> When:
    """All of the tests hold."""
    return lambda call: all(test(call) for test in tests)


def error_body(message: str, kind: str, code: str | None) -> dict[str, object]:
    """An error body in OpenAI's envelope."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def each_entry(edit: Edit) -> Apply:
    """Edits every entry of a list."""
    return whole(lambda body: [edit(entry) for entry in body["data"]])


def asks_for_metadata(call: Call) -> bool:
    """The list of models was asked for with its metadata."""
    return "metadata" in call.query


_BINDING = ("logprobs", "response_format", "tools", "stop")
"""Parameters that bind the letters of an answer."""


def is_plain_chat(call: Call) -> bool:
    """A chat of text alone: no other requirement looks at its letters."""
    return is_accepted(call) and not any(call.sent.get(name) for name in _BINDING)


def frame_data(frame: bytes) -> bytes:
    """The data of an event, without its framing."""
    return frame.removeprefix(b"data: ").rstrip(b"\n")


def each_frame(frames: list[bytes], write: Callable[[bytes], bytes]) -> list[bytes]:
    """The events of a stream with their data written anew; `[DONE]` stays."""
    return [frame if b"[DONE]" in frame else b"data: " + write(frame_data(frame)) + b"\n\n" for frame in frames]


def asks_for_structure(call: Call) -> bool:
    """The request asks for JSON."""
    return sent_object(call, "response_format").get("type") in ("json_object", "json_schema")


_TURNS = [count(1)]


def next_turn() -> int:
    """How often this was asked since the last restart, from 1: for faults that come and go."""
    return next(_TURNS[0])


def restart_turns() -> None:
    """Count from 1 again: the same requests then meet the same faults."""
    _TURNS[0] = count(1)
