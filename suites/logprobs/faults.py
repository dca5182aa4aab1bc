"""Faults of logprobs: each re-enacts what servers in the field do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from conformance.reference.faults import Call, Json, Seam, edits, fault, rows


@rows.chunks_bug("stream-logprobs-dropped", "logprobs are left out of streams.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    for choice in edits.choices(chunks):
        choice["logprobs"] = None
    return chunks


def _entries(name: str, summary: str, edit: edits.Edit) -> None:
    def each(choice: Json) -> None:
        for entry in (choice["logprobs"] or {}).get("content") or ():
            edit(entry)

    rows.body_row(name, summary, edits.each_choice(each), when=edits.asks("logprobs"))


_entries("logprobs-positive", "Log probabilities are above 0.", lambda entry: entry.update(logprob=0.5))
_entries(
    "logprobs-token-trimmed",
    "Tokens of logprobs lose their spaces.",
    lambda entry: entry.update(token=entry["token"].strip(), bytes=None),
)
_entries("logprobs-without-alternatives", "Entries have no top_logprobs.", lambda entry: entry.pop("top_logprobs"))
rows.request_row(
    "bad-values-accepted",
    "Parameters out of range are accepted.",
    edits.without("temperature", "top_p", "presence_penalty", "frequency_penalty", "top_logprobs", "reasoning_effort"),
)


def _texts(name: str, summary: str, edit: edits.Edit) -> None:
    """The text of whole answers is changed."""

    def each(message: Json) -> None:
        if message.get("content"):
            message["content"] = edit(message["content"])

    fault(name, summary, Seam.BODY, stream=False, surface="chat.create")(edits.each_message(each))


_texts("control-token-leaks", "A control token stands at the end of the text.", lambda text: f"{text}<|im_end|>")
_texts("leading-space", "The text begins with the space of its first token.", lambda text: f" {text}")
_texts("broken-characters", "Characters that two tokens share are broken.", lambda text: f"{text} caf\ufffd\ufffd")

Edit = Callable[[list[Json]], Any]


def _lists(holders: list[Json]) -> Iterator[list[Json]]:
    return (list(one["logprobs"]["content"]) for one in holders if (one.get("logprobs") or {}).get("content"))


def _entries_scores(name: str, summary: str, edit: Edit) -> None:
    """The entries of an answer, streamed or not, are edited together."""

    @fault(name, summary, Seam.BODY, stream=False, surface="chat.logprobs")
    def _(body: Json, _call: Call) -> Json:
        for entries in _lists(body["choices"]):
            edit(entries)
        return body

    @fault(name, "", Seam.CHUNKS, stream=True)
    def _(chunks: list[Json], _call: Call) -> list[Json]:
        edit([entry for entries in _lists(list(edits.choices(chunks))) for entry in entries])
        return chunks


def _each(name: str, summary: str, edit: Callable[[Json], Any]) -> None:
    _entries_scores(name, summary, lambda entries: [edit(entry) for entry in entries])


def _everywhere(entry: Json, edit: Callable[[Json], Any]) -> None:
    for one in (entry, *entry["top_logprobs"]):
        edit(one)


def _other(entry: Json) -> Json:
    """Another token in its place, less likely."""
    token = f"{entry['token']}s"
    return {"token": token, "logprob": entry["logprob"] - 3, "bytes": list(token.encode())}


_entries_scores(
    "logprobs-alternatives-of-first-token",
    "Every token has the alternatives of the first.",
    lambda entries: [entry.update(top_logprobs=entries[0]["top_logprobs"]) for entry in entries],
)
_each(
    "logprobs-alternatives-doubled",
    "The first alternative comes in place of all.",
    lambda entry: entry.update(top_logprobs=entry["top_logprobs"][:1] * len(entry["top_logprobs"])),
)
_each(
    "logprobs-own-alternative-missing",
    "The token itself is not among its alternatives.",
    lambda entry: entry.update(top_logprobs=[_other(one) for one in entry["top_logprobs"]]),
)
_each(
    "logprobs-alternatives-too-many",
    "More alternatives come than were asked for.",
    lambda entry: entry.update(top_logprobs=[*entry["top_logprobs"], *map(_other, entry["top_logprobs"][-1:])]),
)
_each("logprobs-unsorted", "Alternatives come in rising order.", lambda entry: entry["top_logprobs"].reverse())
_each("logprobs-token-zero", "Every token has the logprob 0.", lambda entry: entry.update(logprob=0.0))
_each(
    "logprobs-all-zero",
    "Every token and every alternative has the logprob 0.",
    lambda entry: _everywhere(entry, lambda one: one.update(logprob=0.0)),
)
_each(
    "logprobs-alternatives-dropped",
    "Alternatives that were asked for do not come.",
    lambda entry: entry.update(top_logprobs=[]),
)
_each(
    "logprobs-token-of-vocabulary",
    "Tokens are written as the vocabulary has them, spaces as other letters.",
    lambda entry: _everywhere(entry, lambda one: one.update(token=one["token"].replace(" ", "Ġ"))),
)
_each(
    "logprobs-token-number",
    "Tokens are numbers of the vocabulary.",
    lambda entry: entry.update(token=f"token_id:{len(entry['bytes'])}"),
)
_each(
    "logprobs-alternatives-null",
    "Where no alternatives are asked for, top_logprobs is null.",
    lambda entry: entry.update(top_logprobs=entry["top_logprobs"] or None),
)
_each(
    "logprobs-alternatives-unasked",
    "Twenty alternatives come where none were asked for.",
    lambda entry: entry.update(top_logprobs=entry["top_logprobs"] or [{**entry, "top_logprobs": None}] * 20),
)
