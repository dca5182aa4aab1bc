"""Faults of reasoning: each re-enacts what servers in the field do."""

from __future__ import annotations

import json
from collections.abc import Callable

from conformance.reference.faults import Call, Json, Seam, edits, fault, rows


@rows.chunks_bug("think-tags-inline-in-content", "Thinking stands in the text between <think> tags, split over chunks.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    opening = [{"content": piece} for piece in ("<th", "ink>", "Let me see.", "</think>", "\n")]
    return [chunks[0], *(edits.with_delta(chunks[0], delta) for delta in opening), *chunks[1:]]


@fault("think-tags-inline-in-content", "", Seam.BODY, stream=False)
def _(body: Json, _call: Call) -> Json:
    for choice in body["choices"]:
        choice["message"]["content"] = f"<think>Let me see.</think>\n{choice['message']['content'] or ''}"
    return body


@rows.chunks_bug("second-think-block-leaks", "A second block of thinking leaks into the text.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    first = edits.with_delta(chunks[0], {"reasoning_content": "Let me see."})
    leaks = [edits.with_delta(chunks[0], {"content": piece}) for piece in ("<think>", "Once more.", "</think>")]
    return [chunks[0], first, *leaks, *chunks[1:]]


@rows.chunks_bug(
    "reasoning-and-reasoning_details-both", "Thinking is sent in reasoning and in reasoning_details of the same chunk."
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    for choice in edits.choices(chunks):
        text = choice["delta"].pop("reasoning_content", None)
        if text:
            choice["delta"] |= {"reasoning": text, "reasoning_details": [{"type": "reasoning.text", "text": text}]}
    return chunks


@fault(
    "content-null-answer-only-in-reasoning",
    "The answer is in reasoning_content, and content is null.",
    Seam.BODY,
    stream=False,
    field_bugs=("content-null-answer-only-in-reasoning",),
)
def _(body: Json, _call: Call) -> Json:
    for choice in body["choices"]:
        message = choice["message"]
        if message["content"]:
            message["reasoning_content"], message["content"] = message["content"], None
    return body


@fault("reasoning-after-content", "Thinking arrives after the first piece of text.", Seam.CHUNKS, stream=True)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    thoughts = [each for each in chunks if edits.chunk_thinks(each)] or [
        edits.with_delta(chunks[0], {"reasoning_content": "Let me see."})
    ]
    rest = [each for each in chunks if not edits.chunk_thinks(each)]
    return [*rest[:2], *thoughts, *rest[2:]]


@fault(
    "reasoning-tokens-exceed-completion",
    "More reasoning tokens are reported than completion tokens.",
    Seam.BODY,
    stream=False,
)
def _(body: Json, _call: Call) -> Json:
    body["usage"]["completion_tokens_details"]["reasoning_tokens"] = body["usage"]["completion_tokens"] + 10
    return body


Change = Callable[[str], Json]


def _changed(name: str, summary: str, change: Change, *, stream: bool = True, whole: bool = True) -> None:
    """The members that hold the thoughts of a message or delta are others."""

    def edit(holder: Json) -> None:
        if holder.get("reasoning_content"):
            holder |= change(holder.pop("reasoning_content"))

    if stream:
        fault(name, summary, Seam.CHUNKS, stream=True)(edits.each_delta(edit))
    if whole:
        fault(name, summary, Seam.BODY, stream=False)(edits.each_message(edit))


_changed("reasoning-named-thinking", "Thinking is in a member called thinking.", lambda text: {"thinking": text})
_changed(
    "reasoning-in-thinking_blocks",
    "Thinking is in blocks of another API.",
    lambda text: {"thinking_blocks": [{"type": "thinking", "thinking": text}]},
)
_changed("reasoning-lost-in-stream", "Streams leave the thinking out.", lambda _text: {}, whole=False)
_changed("reasoning-lost-without-stream", "Whole answers leave the thinking out.", lambda _text: {}, stream=False)
_changed(
    "reasoning-renamed-in-stream",
    "Thinking has another name in streams.",
    lambda text: {"reasoning": text},
    whole=False,
)
_changed(
    "reasoning-in-tags",
    "Thinking stands between its tags.",
    lambda text: {"reasoning_content": f"<think>\n{text}\n</think>"},
    stream=False,
)
_changed(
    "reasoning-json-quoted",
    "Thinking is a JSON string in the string.",
    lambda text: {"reasoning_content": json.dumps(f"{text}\n")},
    stream=False,
)


def _copied(name: str, summary: str, copy: Callable[[Json], None]) -> None:
    """Messages with thoughts and text are changed."""

    def edit(message: Json) -> None:
        if message.get("content") and message.get("reasoning_content"):
            copy(message)

    fault(name, summary, Seam.BODY, stream=False)(edits.each_message(edit))


_copied(
    "reasoning-equals-content",
    "The answer stands in the thinking as well.",
    lambda message: message.update(reasoning_content=message["content"]),
)
_copied(
    "reasoning-before-content",
    "The thinking stands in the text as well.",
    lambda message: message.update(content=f"{message['reasoning_content']}\n\n{message['content']}"),
)


@fault("reasoning-with-call-markup", "The markup of calls stands in the thinking.", Seam.BODY, stream=False)
def _(body: Json, _call: Call) -> Json:
    for choice in body["choices"]:
        if choice["message"].get("reasoning_content"):
            choice["message"]["reasoning_content"] += "\n<tool_call>"
    return body
