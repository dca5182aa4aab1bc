"""Short ways to register a fault: what most faults of one kind share, so that a fault is one line and one edit."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from conformance.reference.faults import edits
from conformance.reference.faults.registry import CHAT, Apply, Seam, When, fault
from conformance.reference.server.call import Call, Json, ServedReply

TEXT, VECTORS, RESPONSES = ("completions",), ("embeddings",), ("responses",)


def chunks_row(name: str, summary: str, apply: Apply, *field_bugs: str, when: When | None = None) -> None:
    """A fault in the chunks of a chat stream."""
    fault(name, summary, Seam.CHUNKS, stream=True, when=when, field_bugs=field_bugs)(apply)


def chunks_bug(name: str, summary: str, field_bugs: Sequence[str] = ()) -> Callable[[Apply], Apply]:
    """A fault in the chunks of a chat stream that has the name of its field bug."""
    return fault(name, summary, Seam.CHUNKS, stream=True, field_bugs=tuple(field_bugs) or (name,))


def chunks_fault(name: str, summary: str, when: When | None = None) -> Callable[[Apply], Apply]:
    """A fault in the chunks of a chat stream, as a decorator."""
    return fault(name, summary, Seam.CHUNKS, stream=True, when=when)


def call_chunks_row(name: str, summary: str, apply: Apply, *field_bugs: str) -> None:
    """A fault in the chunks of a stream whose request sends tools."""
    fault(
        name,
        summary,
        Seam.CHUNKS,
        stream=True,
        when=edits.has_tools,
        surface="chat.stream.tools",
        field_bugs=field_bugs,
    )(apply)


def call_chunks_bug(name: str, summary: str) -> Callable[[Apply], Apply]:
    """A fault that has the name of its field bug."""

    def register(apply: Apply) -> Apply:
        call_chunks_row(name, summary, apply, name)
        return apply

    return register


def body_row(name: str, summary: str, apply: Apply, *field_bugs: str, when: When | None = None) -> None:
    """A fault in the body of a chat completion."""
    fault(name, summary, Seam.BODY, stream=False, when=when, surface="chat.create", field_bugs=field_bugs)(apply)


def body_bug(name: str, summary: str, when: When | None = None) -> Callable[[Apply], Apply]:
    """A fault in the body of a chat completion that has the name of its field bug."""
    return fault(name, summary, Seam.BODY, stream=False, when=when, surface="chat.create", field_bugs=(name,))


def member_row(name: str, summary: str, edit: edits.Edit, *field_bugs: str) -> None:
    """The same top-level member is wrong in bodies and in chunks."""
    body_row(name, summary, edits.whole(edit), *field_bugs)
    fault(name, "", Seam.CHUNKS, stream=True)(edits.each_chunk(edit))


def tools_body_fault(name: str, summary: str, *field_bugs: str) -> Callable[[Apply], Apply]:
    """A fault in the body of a chat completion whose request sends tools, as a decorator."""
    return fault(
        name, summary, Seam.BODY, stream=False, when=edits.has_tools, surface="chat.tools", field_bugs=field_bugs
    )


def tools_body_row(name: str, summary: str, apply: Apply, *field_bugs: str) -> None:
    """A fault in the body of a chat completion whose request sends tools."""
    tools_body_fault(name, summary, *field_bugs)(apply)


def request_row(
    name: str, summary: str, apply: Apply, *field_bugs: str, when: When | None = None, surface: str = "chat.create"
) -> None:
    """A fault in how a chat request is read."""
    fault(name, summary, Seam.REQUEST, when=when, surface=surface, field_bugs=field_bugs)(apply)


def plain_request_row(name: str, summary: str, apply: Apply, when: When | None = None) -> None:
    """A fault in how a chat request is read, without a field bug."""
    fault(name, summary, Seam.REQUEST, when=when, surface="chat.create")(apply)


def envelope_row(name: str, summary: str, apply: Apply, *field_bugs: str) -> None:
    """A fault in the envelope of every error."""
    fault(name, summary, Seam.ENVELOPE, on=(), surface="errors", field_bugs=field_bugs or ())(apply)


def error_row(
    name: str, summary: str, apply: Apply, *field_bugs: str, when: When | None = None, surface: str = "errors"
) -> None:
    """A fault in what is refused with which error."""
    fault(name, summary, Seam.ERROR, on=(), when=when, surface=surface, field_bugs=field_bugs)(apply)


def error_reply_row(
    name: str, summary: str, apply: Apply, *field_bugs: str, when: When = edits.is_refused, surface: str = "errors"
) -> None:
    """A fault in status, headers or bytes of a refusal."""
    fault(name, summary, Seam.REPLY, on=(), when=when, surface=surface, field_bugs=field_bugs)(apply)


def reply_row(
    name: str,
    summary: str,
    apply: Apply,
    *field_bugs: str,
    when: When | None = None,
    on: tuple[str, ...] = (),
    surface: str = "headers",
) -> None:
    """A fault in status, headers or bytes of a reply."""
    fault(name, summary, Seam.REPLY, on=on, when=when, surface=surface, field_bugs=field_bugs)(apply)


def plain_reply_row(name: str, summary: str, apply: Apply, when: When | None = None, on: tuple[str, ...] = ()) -> None:
    """A fault in status, headers or bytes of a reply, without a field bug."""
    fault(name, summary, Seam.REPLY, on=on, when=when, surface="headers")(apply)


def plain_error_row(name: str, summary: str, apply: Apply, when: When, surface: str = "errors") -> None:
    """A fault in the words of an error, without a field bug."""
    fault(name, summary, Seam.ERROR, on=(), when=when, surface=surface)(apply)


def limit_row(
    name: str, summary: str, body: dict[str, object], retry_after: str | None, *field_bugs: str, status: int = 429
) -> None:
    """A fault in how a limit is told: this status and body in place of every answer."""

    def apply(reply: ServedReply, _call: Call) -> ServedReply:
        reply.status = status
        reply.headers[:] = [pair for pair in reply.headers if not pair[0].startswith("x-ratelimit")]
        reply.set_header("retry-after", retry_after)
        return reply.become(json.dumps(body).encode())

    fault(name, summary, Seam.REPLY, when=edits.is_accepted, surface="headers", field_bugs=field_bugs)(apply)


def models_row(
    name: str, summary: str, apply: Apply, *field_bugs: str, surface: str = "models", when: When | None = None
) -> None:
    """A fault in the list of models."""
    fault(name, summary, Seam.BODY, on=("models",), when=when, surface=surface, field_bugs=field_bugs)(apply)


def metadata_row(name: str, summary: str, edit: edits.Edit, *field_bugs: str) -> None:
    """A fault in every entry of the list of models with metadata."""
    models_row(name, summary, edits.each_entry(edit), *field_bugs, surface="metadata", when=edits.asks_for_metadata)


def missing_endpoint_row(name: str, summary: str, on: tuple[str, ...], *field_bugs: str) -> None:
    """An operation that is not there."""
    fault(name, summary, Seam.REPLY, on=on, surface=on[0], field_bugs=field_bugs)(
        edits.become(404, b"404 page not found", "text/plain")
    )


def operation_row(
    name: str,
    summary: str,
    apply: Apply,
    on: tuple[str, ...],
    *,
    bug: bool = True,
    when: When | None = None,
    seam: Seam = Seam.BODY,
) -> None:
    """A fault in another operation than chat; as a rule it has the name of its field bug."""
    stream = False if seam is Seam.BODY else None
    fault(name, summary, seam, on=on, stream=stream, when=when, surface=on[0], field_bugs=(name,) if bug else ())(apply)


def plain_operation_row(
    name: str, summary: str, apply: Apply, on: tuple[str, ...], *, seam: Seam = Seam.BODY, when: When | None = None
) -> None:
    """A fault in another operation than chat, without a field bug."""
    stream = {Seam.BODY: False, Seam.CHUNKS: True}.get(seam)
    surface = "vision" if on == CHAT else "completions.stream" if seam is Seam.CHUNKS else on[0]
    fault(name, summary, seam, on=on, stream=stream, when=when, surface=surface)(apply)


def responses_row(name: str, summary: str, apply: Apply, seam: Seam = Seam.BODY, when: When | None = None) -> None:
    """A fault in the Responses API: in its body, or in its stream."""
    stream = {Seam.BODY: False, Seam.CHUNKS: True, Seam.FRAMES: True}.get(seam)
    fault(name, summary, seam, on=RESPONSES, stream=stream, when=when, surface="responses")(apply)


def responses_talk_row(name: str, summary: str, apply: Apply, seam: Seam = Seam.BODY, when: When | None = None) -> None:
    """A fault in the Responses API, streamed or not."""
    fault(name, summary, seam, on=RESPONSES, stream={Seam.BODY: False}.get(seam), when=when, surface="responses")(apply)


def letters_row(name: str, summary: str, write: Callable[[str], str], when: When = edits.is_plain_chat) -> None:
    """Writes every text otherwise, delta by delta where it is streamed."""

    def body(answer: Json, _call: Call) -> Json:
        for choice in answer["choices"]:
            if choice["message"].get("content"):
                choice["message"]["content"] = write(choice["message"]["content"])
        return answer

    def chunks(made: list[Json], _call: Call) -> list[Json]:
        for choice in edits.choices(made):
            if choice["delta"].get("content"):
                choice["delta"]["content"] = write(choice["delta"]["content"])
        return made

    fault(name, summary, Seam.CHUNKS, stream=True, when=when)(chunks)
    fault(name, summary, Seam.BODY, stream=False, when=when)(body)


def said_row(name: str, summary: str, text: str, *, first: bool) -> None:
    """A delta of its own before or after the text."""

    def chunks(made: list[Json], _call: Call) -> list[Json]:
        spoken = [at for at, each in enumerate(made) if any(one["delta"].get("content") for one in each["choices"])]
        if not spoken:
            return made
        at = spoken[0] if first else spoken[-1] + 1
        return [*made[:at], edits.with_delta(made[0], {"content": text}), *made[at:]]

    fault(name, summary, Seam.CHUNKS, stream=True, when=edits.is_plain_chat)(chunks)


Frames = list[bytes]


def frames_row(name: str, summary: str, wrap: Callable[[Frames], Frames]) -> None:
    """A fault in the bytes of the events of a stream."""
    fault(name, summary, Seam.FRAMES, stream=True, surface="sse")(lambda frames, _call: wrap(frames))


def document_row(name: str, summary: str, write: Callable[[str], Any], when: When = edits.asks_for_structure) -> None:
    """Writes the document of every whole answer that is not streamed otherwise."""

    def body(answer: Json, _call: Call) -> Json:
        for choice in answer["choices"]:
            said = choice["message"].get("content")
            if said and choice["finish_reason"] == "stop":
                choice["message"]["content"] = write(said)
        return answer

    fault(name, summary, Seam.BODY, stream=False, when=when, surface="structured")(body)


def decimal_point_row(name: str, summary: str, members: str, on: tuple[str, ...] = CHAT) -> None:
    """Writes integers with a decimal point."""
    pattern = re.compile(rb'("(?:%s)": ?\d+)(?=[,\s}])' % members.encode())

    def apply(reply: ServedReply, _call: Call) -> ServedReply:
        if reply.frames is not None:
            reply.frames = [pattern.sub(rb"\1.0", frame) for frame in reply.frames]
            return reply
        return reply.become(pattern.sub(rb"\1.0", reply.body))

    fault(name, summary, Seam.REPLY, on=on, when=edits.is_accepted)(apply)
