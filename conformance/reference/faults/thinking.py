"""Faults in how thinking is shown."""

from __future__ import annotations

from collections.abc import Callable

from conformance.reference.call import Call, Json
from conformance.reference.faults import edits
from conformance.reference.faults.registry import Apply, Seam, fault


def _named(name: str, summary: str) -> Callable[[Apply], Apply]:
    return fault(name, summary, Seam.CHUNKS, stream=True, field_bugs=(name,))


@_named("think-tags-inline-in-content", "Thinking stands in the text between <think> tags, split over chunks.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    opening = [{"content": piece} for piece in ("<th", "ink>", "Let me see.", "</think>", "\n")]
    return [chunks[0], *(edits.with_delta(chunks[0], delta) for delta in opening), *chunks[1:]]


@fault("think-tags-inline-in-content", "", Seam.BODY, stream=False)
def _(body: Json, _call: Call) -> Json:
    for choice in body["choices"]:
        choice["message"]["content"] = f"<think>Let me see.</think>\n{choice['message']['content'] or ''}"
    return body


@_named("second-think-block-leaks", "A second block of thinking leaks into the text.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    first = edits.with_delta(chunks[0], {"reasoning_content": "Let me see."})
    leaks = [edits.with_delta(chunks[0], {"content": piece}) for piece in ("<think>", "Once more.", "</think>")]
    return [chunks[0], first, *leaks, *chunks[1:]]


@_named("reasoning-deltas-duplicated", "Every piece of thinking is sent twice.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return [copy for each in chunks for copy in ([each, each] if _thinks(each) else [each])]


def _thinks(chunk: Json) -> bool:
    return any((choice["delta"] or {}).get("reasoning_content") for choice in chunk["choices"])


@_named(
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
    thoughts = [each for each in chunks if _thinks(each)] or [
        edits.with_delta(chunks[0], {"reasoning_content": "Let me see."})
    ]
    rest = [each for each in chunks if not _thinks(each)]
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
