"""Faults in log probabilities: alternatives of other tokens, too few of them, tokens that are not text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from conformance.reference.api.problems import ApiError
from conformance.reference.faults import edits
from conformance.reference.faults.registry import Seam, fault
from conformance.reference.server.call import Call, Json

Edit = Callable[[list[Json]], Any]


def _lists(holders: list[Json]) -> Iterator[list[Json]]:
    return (list(one["logprobs"]["content"]) for one in holders if (one.get("logprobs") or {}).get("content"))


def _entries(name: str, summary: str, edit: Edit) -> None:
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
    _entries(name, summary, lambda entries: [edit(entry) for entry in entries])


def _everywhere(entry: Json, edit: Callable[[Json], Any]) -> None:
    for one in (entry, *entry["top_logprobs"]):
        edit(one)


def _other(entry: Json) -> Json:
    """Another token in its place, less likely."""
    token = f"{entry['token']}s"
    return {"token": token, "logprob": entry["logprob"] - 3, "bytes": list(token.encode())}


_entries(
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


@fault("logprobs-alone-crash", "logprobs without top_logprobs end in a crash.", Seam.REQUEST, surface="chat.logprobs")
def _(body: Json, _call: Call) -> Json:
    if body.get("logprobs") and body.get("top_logprobs") is None:
        raise ApiError(500, "'>' not supported between instances of 'NoneType' and 'int'", type="server_error")
    return body
