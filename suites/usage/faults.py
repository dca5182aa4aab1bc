"""Faults of usage: each re-enacts what servers in the field do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.faults import Call, Json, Seam, When, edits, fault, rows

rows.body_row(
    "message-object-missing",
    "Choices have no message, and usage has no completion_tokens.",
    edits.whole(
        lambda body: (body["usage"].pop("completion_tokens"), [choice.pop("message") for choice in body["choices"]])
    ),
    "message-object-missing",
)


rows.body_row(
    "usage-missing-or-null",
    "Completions have usage null.",
    edits.whole(lambda body: body.update(usage=None)),
    "usage-missing-or-null",
)
rows.body_row(
    "usage-missing", "Completions have no usage.", edits.whole(lambda body: body.pop("usage")), "usage-missing-or-null"
)
rows.body_row(
    "usage-total-not-sum",
    "total_tokens is more than the sum.",
    edits.each_usage(lambda usage: usage.update(total_tokens=usage["total_tokens"] + 286)),
    "usage-total-not-sum",
)
fault("usage-total-not-sum", "", Seam.CHUNKS, stream=True)(
    edits.each_chunk(
        lambda chunk: (
            chunk["usage"].update(total_tokens=chunk["usage"]["total_tokens"] + 286) if chunk.get("usage") else None
        )
    )
)
rows.body_row(
    "usage-strings",
    "Token counts are strings.",
    edits.each_usage(lambda usage: usage.update(prompt_tokens=str(usage["prompt_tokens"]))),
)
rows.body_row(
    "usage-prompt-tokens-zero-when-cached",
    "prompt_tokens is 0 for a cached prompt.",
    edits.each_usage(lambda usage: usage.update(prompt_tokens=0, total_tokens=usage["completion_tokens"])),
    "usage-prompt-tokens-zero-when-cached",
)
rows.body_row(
    "usage-completion-zero",
    "completion_tokens is 0 for an answer with text.",
    edits.each_usage(lambda usage: usage.update(completion_tokens=0, total_tokens=usage["prompt_tokens"])),
)
rows.body_row(
    "prompt-tokens-details-null-or-absent",
    "prompt_tokens_details is null.",
    edits.each_usage(lambda usage: usage.update(prompt_tokens_details=None)),
    "prompt-tokens-details-null-or-absent",
)
rows.body_row(
    "cached-tokens-exceed-prompt",
    "More cached tokens are reported than prompt tokens.",
    edits.each_usage(lambda usage: usage.update(prompt_tokens_details={"cached_tokens": usage["prompt_tokens"] + 100})),
)


@rows.body_bug(
    "empty-output-length-instead-of-400",
    "A limit that is too large gives an empty answer instead of a refusal.",
    when=edits.asks("max_tokens", "max_completion_tokens"),
)
def _(body: Json, _call: Call) -> Json:
    for choice in body["choices"]:
        choice["message"]["content"], choice["finish_reason"] = "", "length"
    body["usage"] |= {"completion_tokens": 0, "total_tokens": body["usage"]["prompt_tokens"]}
    return body


def _several(call: Call) -> bool:
    return (call.sent.get("n") or 1) > 1


def _parts(answer: Json | list[Json]) -> list[Json]:
    return answer if isinstance(answer, list) else [answer]


def _said(answer: Json | list[Json]) -> str:
    """The text of all choices."""
    choices = [choice for part in _parts(answer) for choice in part["choices"]]
    return "".join((choice.get("message") or choice["delta"]).get("content") or "" for choice in choices)


def _counts(name: str, summary: str, count: Callable[[Json, str], Json], when: When = edits.is_accepted) -> None:
    """Counts anew: the usage as it was, and the text, give the counts that are other."""

    def apply(answer: Any, _call: Call) -> Any:
        for part in _parts(answer):
            if part.get("usage"):
                usage = {**part["usage"], **count(part["usage"], _said(answer))}
                part["usage"] = {**usage, "total_tokens": usage["prompt_tokens"] + usage["completion_tokens"]}
        return answer

    fault(name, summary, Seam.BODY, stream=False, when=when)(apply)
    fault(name, summary, Seam.CHUNKS, stream=True, when=when)(apply)


_counts("completion-tokens-one", "completion_tokens is always 1.", lambda _usage, _text: {"completion_tokens": 1})
_counts(
    "completion-tokens-characters",
    "completion_tokens counts characters.",
    lambda _usage, text: {"completion_tokens": len(text) or 1},
    edits.is_plain_chat,
)
_counts(
    "n-prompt-multiplied",
    "With n the prompt is counted once for each choice.",
    lambda usage, _text: {"prompt_tokens": 2 * usage["prompt_tokens"]},
    _several,
)
_counts(
    "n-output-of-one",
    "With n the output of one choice is counted.",
    lambda usage, _text: {"completion_tokens": usage["completion_tokens"] // 2},
    _several,
)
