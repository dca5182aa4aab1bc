"""Faults of legacy completions, embeddings and responses."""

from __future__ import annotations

import re

from conformance.reference.api.problems import ApiError
from conformance.reference.faults import edits
from conformance.reference.faults.registry import Apply, Seam, When, fault
from conformance.reference.server.call import Call, Json, Reply

_TEXT, _VECTORS, _RESPONSES = ("completions",), ("embeddings",), ("responses",)


def _row(
    name: str,
    summary: str,
    apply: Apply,
    on: tuple[str, ...],
    *,
    bug: bool = True,
    when: When | None = None,
    seam: Seam = Seam.BODY,
) -> None:
    stream = False if seam is Seam.BODY else None
    fault(name, summary, seam, on=on, stream=stream, when=when, surface=on[0], field_bugs=(name,) if bug else ())(apply)


# legacy completions
_row(
    "completions-object-says-chat",
    "Text completions call themselves chat.completion.",
    edits.whole(lambda body: body.update(object="chat.completion")),
    _TEXT,
)
_row(
    "completion-choice-index-missing",
    "Choices of text completions have no index.",
    edits.each_choice(lambda choice: choice.pop("index")),
    _TEXT,
)
_row(
    "completions-logprobs-in-chat-shape",
    "logprobs of text completions have the shape of chat.",
    edits.each_choice(
        lambda choice: choice.update(logprobs={"content": [{"token": each} for each in choice["logprobs"]["tokens"]]})
    ),
    _TEXT,
    when=edits.asks("logprobs"),
)
_row(
    "minus-infinity-logprob-500",
    "Asking for logprobs ends in a server error.",
    edits.refuse(500, "Out of range float values are not JSON compliant"),
    _TEXT,
    when=edits.asks("logprobs"),
    seam=Seam.REQUEST,
)
_row(
    "completions-prompt-array-rejected",
    "A prompt that is an array is refused.",
    edits.refuse(422, "Input should be a valid string", "prompt"),
    _TEXT,
    when=lambda call: isinstance(call.sent.get("prompt"), list),
    seam=Seam.REQUEST,
)
_row(
    "completions-usage-missing",
    "Text completions have no usage.",
    edits.whole(lambda body: body.pop("usage")),
    _TEXT,
    bug=False,
)


@fault(
    "completions-echo-logprobs-missing-prompt",
    "With echo, logprobs lack the tokens of the prompt.",
    Seam.BODY,
    on=_TEXT,
    stream=False,
    when=edits.asks("logprobs"),
    surface="completions",
    field_bugs=("completions-echo-logprobs-missing-prompt",),
)
def _(body: Json, call: Call) -> Json:
    skipped = call.prompt_tokens if call.sent.get("echo") else 0
    for choice in body["choices"]:
        choice["logprobs"] = {
            name: values[skipped:] if values else values for name, values in choice["logprobs"].items()
        }
    return body


@fault(
    "completions-usage-chunk-wrong-object",
    "The usage chunk of text completions calls itself chat.completion.chunk.",
    Seam.CHUNKS,
    on=_TEXT,
    stream=True,
    surface="completions.stream",
    field_bugs=("completions-usage-chunk-wrong-object",),
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    for each in chunks:
        if not each["choices"]:
            each["object"] = "chat.completion.chunk"
    return chunks


# embeddings
def _each_vector(edit: edits.Edit) -> Apply:
    return edits.whole(lambda body: [edit(entry) for entry in body["data"]])


_row(
    "embeddings-base64-ignored",
    "Floats come although base64 was asked.",
    _each_vector(lambda entry: entry.update(embedding=edits.unpacked(entry["embedding"]))),
    _VECTORS,
)
_row("embeddings-index-missing", "Embeddings have no index.", _each_vector(lambda entry: entry.pop("index")), _VECTORS)
_row(
    "embeddings-usage-prompt_tokens-missing",
    "Usage of embeddings has only total_tokens.",
    edits.whole(lambda body: body["usage"].pop("prompt_tokens")),
    _VECTORS,
)
_row(
    "embeddings-token-array-rejected",
    "Input in token ids is refused.",
    edits.refuse(422, "Input should be a valid string", "input"),
    _VECTORS,
    when=lambda call: (
        isinstance(call.sent.get("input"), list) and any(not isinstance(each, str) for each in call.sent["input"])
    ),
    seam=Seam.REQUEST,
)
_row(
    "embeddings-one-for-many",
    "Several inputs get one embedding.",
    edits.whole(lambda body: body.update(data=body["data"][:1])),
    _VECTORS,
    bug=False,
)
_row(
    "embeddings-order-reversed",
    "Embeddings come in the wrong order.",
    edits.whole(lambda body: [entry.update(index=len(body["data"]) - 1 - at) for at, entry in enumerate(body["data"])]),
    _VECTORS,
    bug=False,
)
_row(
    "embeddings-lengths-differ",
    "Vectors of one model differ in length.",
    _each_vector(lambda entry: entry.update(embedding=entry["embedding"][: -4 - 4 * (entry["index"] % 3)])),
    _VECTORS,
    bug=False,
)
_row(
    "embeddings-dimensions-ignored",
    "dimensions is overlooked.",
    edits.without("dimensions"),
    _VECTORS,
    bug=False,
    seam=Seam.REQUEST,
)
_row(
    "embeddings-object-missing",
    "The list of embeddings has no object.",
    edits.whole(lambda body: body.pop("object")),
    _VECTORS,
    bug=False,
)


# responses
def _usage_edit(edit: edits.Edit) -> Apply:
    return edits.whole(lambda body: edit(body["usage"]))


_row(
    "responses-usage-details-missing",
    "Usage of responses has no details.",
    _usage_edit(lambda usage: (usage.pop("input_tokens_details"), usage.pop("output_tokens_details"))),
    _RESPONSES,
)
_row(
    "responses-usage-in-chat-keys",
    "Usage of responses has the names of chat.",
    edits.whole(
        lambda body: body.update(
            usage={
                "prompt_tokens": body["usage"]["input_tokens"],
                "completion_tokens": body["usage"]["output_tokens"],
                "total_tokens": body["usage"]["total_tokens"],
            }
        )
    ),
    _RESPONSES,
)
_row(
    "responses-text-format-ignored",
    "Structured output is a Markdown fence.",
    edits.whole(
        lambda body: [
            part.update(text=f"```json\n{part['text']}\n```")
            for item in body["output"]
            for part in item.get("content", ())
        ]
    ),
    _RESPONSES,
    when=edits.asks("text"),
)
_row(
    "responses-store-default-501",
    "store left out is refused.",
    edits.refuse(501, "`store=True` (default) is not supported", "store"),
    _RESPONSES,
    when=lambda call: call.sent.get("store") is not False,
    seam=Seam.REQUEST,
)
_row(
    "responses-error-key-missing",
    "Responses lack error and incomplete_details.",
    edits.whole(lambda body: (body.pop("error"), body.pop("incomplete_details"))),
    _RESPONSES,
    bug=False,
)
_row(
    "responses-truncation-completed",
    "A cut response is reported as completed.",
    edits.whole(lambda body: body.update(status="completed", incomplete_details=None)),
    _RESPONSES,
    bug=False,
)


@fault(
    "responses-created-at-scientific-float",
    "created_at is written with an exponent.",
    Seam.REPLY,
    on=_RESPONSES,
    stream=False,
    when=edits.accepted,
    surface="responses",
    field_bugs=("responses-created-at-scientific-float",),
)
def _(reply: Reply, _call: Call) -> Reply:
    return reply.become(re.sub(rb'"created_at": (\d)(\d+)', rb'"created_at": \1.\2e+09', reply.body))


@fault(
    "responses-sequence-missing",
    "Events of responses have no sequence_number.",
    Seam.CHUNKS,
    on=_RESPONSES,
    stream=True,
    surface="responses",
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return [{name: value for name, value in each.items() if name != "sequence_number"} for each in chunks]


@fault(
    "responses-event-names-missing",
    "Events of responses have no event name.",
    Seam.FRAMES,
    on=_RESPONSES,
    stream=True,
    surface="responses",
)
def _(frames: list[bytes], _call: Call) -> list[bytes]:
    return [frame.partition(b"\n")[2] for frame in frames]


@fault(
    "responses-completed-missing",
    "Streams of responses end without response.completed.",
    Seam.CHUNKS,
    on=_RESPONSES,
    stream=True,
    surface="responses",
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return chunks[:-1]


@fault(
    "responses-previous-ignored",
    "previous_response_id is overlooked.",
    Seam.REQUEST,
    on=_RESPONSES,
    surface="responses",
    when=edits.asks("previous_response_id"),
)
def _(body: Json, _call: Call) -> Json:
    if not body.get("input"):
        raise ApiError(400, "Missing required parameter: 'input'.", "input", "missing_required_parameter")
    return {name: value for name, value in body.items() if name != "previous_response_id"}
