"""More faults of legacy completions, embeddings and pictures: members that are missing, wrong, repeated or ignored."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults import edits
from conformance.reference.faults.registry import Apply, Seam, When, fault
from conformance.reference.server.call import Call, Json

_TEXT, _VECTORS, _CHAT = ("completions",), ("embeddings",), ("chat",)


def _fault(
    name: str, summary: str, apply: Apply, on: tuple[str, ...], *, seam: Seam = Seam.BODY, when: When | None = None
) -> None:
    stream = {Seam.BODY: False, Seam.CHUNKS: True}.get(seam)
    surface = "vision" if on == _CHAT else "completions.stream" if seam is Seam.CHUNKS else on[0]
    fault(name, summary, seam, on=on, stream=stream, when=when, surface=surface)(apply)


def _whole(**members: Any) -> Apply:
    return edits.whole(lambda body: body.update(members))


def _scores(edit: edits.Edit) -> Apply:
    return edits.each_choice(lambda choice: edit(choice["logprobs"]) if choice.get("logprobs") else None)


def _positive(logprobs: Json) -> None:
    logprobs["token_logprobs"] = [None if one is None else abs(one) + 1 for one in logprobs["token_logprobs"]]


def _cumulative(chunks: list[Json], _call: Call) -> list[Json]:
    so_far = ""
    for choice in edits.choices(chunks):
        so_far += choice["text"]
        choice["text"] = so_far if choice["text"] else ""
    return chunks


def _ids(chunks: list[Json], _call: Call) -> list[Json]:
    return [{**chunk, "id": f"{chunk['id']}-{number}"} for number, chunk in enumerate(chunks)]


_TEXT_FAULTS: tuple[tuple[str, str, Apply, Seam], ...] = (
    ("completions-id-empty", 'The id of text completions is "".', _whole(id=""), Seam.BODY),
    ("completions-created-string", "created of text completions is a date.", _whole(created="2026-01-01"), Seam.BODY),
    ("completions-model-null", "The model of text completions is null.", _whole(model=None), Seam.BODY),
    ("completions-choices-empty", "Text completions have no choices.", _whole(choices=[]), Seam.BODY),
    (
        "completions-message-instead-of-text",
        "Choices of text completions carry a message.",
        edits.each_choice(lambda choice: choice.update(message={"role": "assistant", "content": choice.pop("text")})),
        Seam.BODY,
    ),
    (
        "completions-finish-reason-null",
        "Text completions end with finish_reason null.",
        edits.finish_reason(None),
        Seam.BODY,
    ),
    (
        "completions-one-for-many",
        "Several prompts get one choice.",
        edits.whole(lambda body: body.update(choices=body["choices"][:1])),
        Seam.BODY,
    ),
    (
        "completions-usage-total-wrong",
        "total_tokens of text completions is no sum.",
        edits.each_usage(lambda usage: usage.update(total_tokens=usage["total_tokens"] + 7)),
        Seam.BODY,
    ),
    (
        "completions-logprobs-dropped",
        "logprobs of text completions are accepted and not answered.",
        edits.each_choice(lambda choice: choice.update(logprobs=None)),
        Seam.BODY,
    ),
    ("completions-logprobs-positive", "Scores of text completions are above 0.", _scores(_positive), Seam.BODY),
    (
        "completions-limit-ignored",
        "max_tokens of text completions is overlooked.",
        edits.without("max_tokens"),
        Seam.REQUEST,
    ),
    (
        "completions-usage-option-ignored",
        "stream_options of text completions are overlooked.",
        edits.without("stream_options"),
        Seam.REQUEST,
    ),
    (
        "completions-cut-says-stop",
        "A cut text that is streamed is reported as finished.",
        edits.stream_finish_reason("stop", "length"),
        Seam.CHUNKS,
    ),
    (
        "completions-finish-missing",
        "No chunk of a text carries a finish_reason.",
        edits.stream_finish_reason(None),
        Seam.CHUNKS,
    ),
    ("completions-stream-id-drift", "Every chunk of a text has an id of its own.", _ids, Seam.CHUNKS),
    ("completions-stream-cumulative", "Every chunk repeats the whole text so far.", _cumulative, Seam.CHUNKS),
)
for _name, _summary, _apply, _seam in _TEXT_FAULTS:
    _fault(_name, _summary, _apply, _TEXT, seam=_seam)


# embeddings
def _each(edit: edits.Edit) -> Apply:
    return edits.whole(lambda body: [edit(entry) for entry in body["data"]])


def _rotated(body: Json, _call: Call) -> Json:
    vectors = [entry["embedding"] for entry in body["data"]]
    for entry, vector in zip(body["data"], [*vectors[-1:], *vectors[:-1]], strict=True):
        entry["embedding"] = vector
    return body


_VECTOR_FAULTS: tuple[tuple[str, str, Apply], ...] = (
    (
        "embeddings-data-renamed",
        "The list of embeddings stands in `embeddings`.",
        edits.whole(lambda body: body.update(embeddings=body.pop("data"))),
    ),
    ("embeddings-entry-object-missing", "Embeddings have no object.", _each(lambda entry: entry.pop("object"))),
    ("embeddings-vector-empty", "Vectors are empty.", _each(lambda entry: entry.update(embedding=[]))),
    ("embeddings-model-missing", "Embeddings do not name the model.", edits.whole(lambda body: body.pop("model"))),
    (
        "embeddings-usage-total-wrong",
        "total_tokens of embeddings is more than prompt_tokens.",
        edits.whole(lambda body: body["usage"].update(total_tokens=body["usage"]["total_tokens"] + 7)),
    ),
    (
        "embeddings-base64-unasked",
        "Vectors come in base64, whatever was asked.",
        _each(lambda entry: entry.update(embedding=edits.packed(edits.unpacked(entry["embedding"])))),
    ),
    (
        "embeddings-zeros",
        "Vectors hold nothing but zeros.",
        _each(
            lambda entry: entry.update(embedding=edits.repacked(entry["embedding"], lambda value: [0.0] * len(value)))
        ),
    ),
    ("embeddings-vectors-rotated", "Vectors belong to other texts than their index says.", _rotated),
)
for _name, _summary, _apply in _VECTOR_FAULTS:
    _fault(_name, _summary, _apply, _VECTORS)
_fault(
    "embeddings-base64-big-endian",
    "base64 holds numbers in big-endian order.",
    _each(lambda entry: entry.update(embedding=edits.packed(edits.unpacked(entry["embedding"]), ">"))),
    _VECTORS,
    when=lambda call: call.sent.get("encoding_format") == "base64",
)
_fault(
    "embeddings-empty-accepted",
    "An empty text gets a vector.",
    lambda body, _call: {**body, "input": "nothing"} if body.get("input") == "" else body,
    _VECTORS,
    seam=Seam.REQUEST,
)


# pictures
def _pictures(call: Call) -> list[Json]:
    messages = edits.objects(call.sent.get("messages"))
    return [part["image_url"] for one in messages for part in edits.parts(one) if part.get("type") == "image_url"]


_fault(
    "images-one-only",
    "Two pictures in one message are refused.",
    edits.refuse(400, "At most 1 image(s) may be provided in one prompt."),
    _CHAT,
    seam=Seam.REQUEST,
    when=lambda call: len(_pictures(call)) > 1,
)
_fault(
    "image-detail-rejected",
    "The detail of a picture is refused.",
    edits.refuse(400, "messages[0].content[1].image_url.detail: Extra inputs are not permitted"),
    _CHAT,
    seam=Seam.REQUEST,
    when=lambda call: any(isinstance(one, dict) and one.get("detail") in ("high", "auto") for one in _pictures(call)),
)
_fault(
    "images-free",
    "Only the first picture is looked at and counted.",
    edits.whole(
        lambda body: body["usage"].update(
            prompt_tokens=body["usage"]["prompt_tokens"] - 85, total_tokens=body["usage"]["total_tokens"] - 85
        )
    ),
    _CHAT,
    when=lambda call: len(_pictures(call)) > 1,
)


def _with_stand_in(body: Json, _call: Call) -> Json:
    for one in edits.objects(body.get("messages")):
        if edits.parts(one):
            one["content"] = [part for part in edits.parts(one) if part.get("type") != "image_url"]
    return body


_fault(
    "image-broken-overlooked",
    "A picture without url or with bytes that are none is left out without a word.",
    _with_stand_in,
    _CHAT,
    seam=Seam.REQUEST,
    when=lambda call: any(len(str(one.get("url", ""))) < 40 for one in _pictures(call) if isinstance(one, dict)),
)
