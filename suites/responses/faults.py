"""Faults of responses: each re-enacts what servers in the field do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from conformance.reference.faults import ApiError, Apply, Call, Json, Seam, ServedReply, edits, fault, rows


# responses
def _usage_edit(edit: edits.Edit) -> Apply:
    return edits.whole(lambda body: edit(body["usage"]))


rows.operation_row(
    "responses-usage-details-missing",
    "Usage of responses has no details.",
    _usage_edit(lambda usage: (usage.pop("input_tokens_details"), usage.pop("output_tokens_details"))),
    rows.RESPONSES,
)
rows.operation_row(
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
    rows.RESPONSES,
)
rows.operation_row(
    "responses-text-format-ignored",
    "Structured output is a Markdown fence.",
    edits.whole(
        lambda body: [
            part.update(text=f"```json\n{part['text']}\n```")
            for item in body["output"]
            for part in item.get("content", ())
        ]
    ),
    rows.RESPONSES,
    when=edits.asks("text"),
)
rows.operation_row(
    "responses-store-default-501",
    "store left out is refused.",
    edits.refuse(501, "`store=True` (default) is not supported", "store"),
    rows.RESPONSES,
    when=lambda call: call.sent.get("store") is not False,
    seam=Seam.REQUEST,
)
rows.operation_row(
    "responses-error-key-missing",
    "Responses lack error and incomplete_details.",
    edits.whole(lambda body: (body.pop("error"), body.pop("incomplete_details"))),
    rows.RESPONSES,
    bug=False,
)
rows.operation_row(
    "responses-details-a-text",
    "incomplete_details is an empty text where nothing is incomplete.",
    edits.whole(lambda body: body.update(incomplete_details=body["incomplete_details"] or "")),
    rows.RESPONSES,
    bug=False,
)
rows.operation_row(
    "responses-truncation-completed",
    "A cut response is reported as completed.",
    edits.whole(lambda body: body.update(status="completed", incomplete_details=None)),
    rows.RESPONSES,
    bug=False,
)


@fault(
    "responses-created-at-scientific-float",
    "created_at is written with an exponent.",
    Seam.REPLY,
    on=rows.RESPONSES,
    stream=False,
    when=edits.is_accepted,
    surface="responses",
    field_bugs=("responses-created-at-scientific-float",),
)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    return reply.become(re.sub(rb'"created_at": (\d)(\d+)', rb'"created_at": \1.\2e+09', reply.body))


@fault(
    "responses-sequence-missing",
    "Events of responses have no sequence_number.",
    Seam.CHUNKS,
    on=rows.RESPONSES,
    stream=True,
    surface="responses",
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return [{name: value for name, value in each.items() if name != "sequence_number"} for each in chunks]


@fault(
    "responses-event-names-missing",
    "Events of responses have no event name.",
    Seam.FRAMES,
    on=rows.RESPONSES,
    stream=True,
    surface="responses",
)
def _(frames: list[bytes], _call: Call) -> list[bytes]:
    return [frame.partition(b"\n")[2] for frame in frames]


@fault(
    "responses-completed-missing",
    "Streams of responses end without response.completed.",
    Seam.CHUNKS,
    on=rows.RESPONSES,
    stream=True,
    surface="responses",
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return chunks[:-1]


@fault(
    "responses-previous-ignored",
    "previous_response_id is overlooked.",
    Seam.REQUEST,
    on=rows.RESPONSES,
    surface="responses",
    when=edits.asks("previous_response_id"),
)
def _(body: Json, _call: Call) -> Json:
    if not body.get("input"):
        raise ApiError(400, "Missing required parameter: 'input'.", "input", "missing_required_parameter")
    return {name: value for name, value in body.items() if name != "previous_response_id"}


def _without(*names: str) -> Apply:
    return edits.whole(lambda body: [body.pop(name) for name in names])


def _with(**members: Any) -> Apply:
    return edits.whole(lambda body: body.update(members))


def _items(value: Json) -> Iterator[Json]:
    """Every output item of a body or an event."""
    yield from value.get("output") or ()
    yield from (value.get("response") or {}).get("output") or ()
    if isinstance(value.get("item"), dict):
        yield value["item"]


def _each_item(kind: str, edit: edits.Edit, *, streamed: bool = False) -> Apply:
    def bend(value: Json) -> None:
        for item in {id(item): item for item in _items(value) if item["type"] == kind}.values():
            edit(item)

    return edits.each_chunk(bend) if streamed else edits.whole(bend)


def _each_text(edit: edits.Edit) -> Apply:
    return _each_item("message", lambda item: [edit(part) for part in item["content"]])


_BODIES: tuple[tuple[str, str, Apply], ...] = (
    ("responses-object-missing", "Responses have no object.", _without("object")),
    ("responses-id-missing", "Responses have no id.", _without("id")),
    ("responses-model-missing", "Responses have no model.", _without("model")),
    ("responses-status-missing", "Responses have no status.", _without("status")),
    (
        "responses-status-of-their-own",
        "The status of finished responses is `succeeded`.",
        edits.whole(lambda body: body.update(status={"completed": "succeeded"}.get(body["status"], body["status"]))),
    ),
    (
        "responses-error-on-success",
        "A completed response has an empty error object.",
        _with(error={"code": "", "message": ""}),
    ),
    ("responses-tools-missing", "Responses lack tools and tool_choice.", _without("tools", "tool_choice")),
    ("responses-output-missing", "Responses have output_text and no output.", _without("output")),
    ("responses-output-empty", "Completed responses hold nothing.", _with(output=[])),
    (
        "responses-message-bare",
        "Messages of responses have neither id nor role.",
        _each_item("message", lambda item: (item.pop("id"), item.pop("role"))),
    ),
    (
        "responses-part-of-type-text",
        "Parts of messages have the type `text`.",
        _each_text(lambda part: part.update(type="text")),
    ),
    ("responses-annotations-missing", "Texts have no annotations.", _each_text(lambda part: part.pop("annotations"))),
    (
        "responses-summary-missing",
        "Reasoning items have no summary.",
        _each_item("reasoning", lambda item: item.pop("summary", None)),
    ),
    ("responses-usage-null", "Finished responses have usage null.", _with(usage=None)),
    (
        "responses-usage-total-wrong",
        "total_tokens of responses is no sum.",
        edits.each_usage(lambda usage: usage.update(total_tokens=usage["total_tokens"] + 7)),
    ),
)
for _name, _summary, _apply in _BODIES:
    rows.responses_row(_name, _summary, _apply)

rows.responses_row(
    "responses-limit-ignored",
    "max_output_tokens is overlooked.",
    edits.without("max_output_tokens"),
    Seam.REQUEST,
)
rows.responses_row(
    "responses-tools-ignored",
    "The tools of a responses request are overlooked.",
    edits.without("tools", "tool_choice"),
    Seam.REQUEST,
)


def _answers_a_call(call: Call) -> bool:
    return any(item.get("type") == "function_call_output" for item in edits.objects(call.sent.get("input")))


rows.responses_row(
    "responses-tool-result-rejected",
    "Results of tools are refused as input.",
    edits.refuse(400, "input[2].type: unknown item type 'function_call_output'", "input"),
    Seam.REQUEST,
    when=_answers_a_call,
)


# streams
Chunks = list[Json]


def _dropping(*types: str) -> Apply:
    return lambda chunks, _call: [each for each in chunks if each["type"] not in types]


def _on(kind: str, edit: edits.Edit) -> Apply:
    return edits.each_chunk(lambda each: edit(each) if each["type"] == kind else None)


def _of_last(edit: edits.Edit) -> Apply:
    def apply(chunks: Chunks, _call: Call) -> Chunks:
        last = {**chunks[-1], "response": {**chunks[-1]["response"]}}
        edit(last["response"])
        return [*chunks[:-1], last]

    return apply


def _losing_a_delta(chunks: Chunks, _call: Call) -> Chunks:
    deltas = [at for at, each in enumerate(chunks) if each["type"] == "response.output_text.delta"]
    return [each for at, each in enumerate(chunks) if at not in deltas[1:2]]


def _repeating_arguments(chunks: Chunks, _call: Call) -> Chunks:
    made: Chunks = []
    for each in chunks:
        if each["type"] == "response.function_call_arguments.done":
            where = {name: value for name, value in each.items() if name not in ("arguments", "name")}
            made.append({**where, "type": "response.function_call_arguments.delta", "delta": each["arguments"]})
        made.append(each)
    return [{**each, "sequence_number": number} for number, each in enumerate(made)]


def _frame(kind: bytes, edit: Callable[[bytes], bytes]) -> Apply:
    def apply(frames: list[bytes], _call: Call) -> list[bytes]:
        return [edit(each) if each.startswith(b"event: " + kind + b"\n") else each for each in frames]

    return apply


def _other_ids(response: Json) -> None:
    response["output"] = [{**item, "id": f"{item['id']}-final"} for item in response["output"]]


_STREAMS: tuple[tuple[str, str, Apply, Seam], ...] = (
    (
        "responses-call-id-missing",
        "Streamed function calls have no call_id.",
        _each_item("function_call", lambda item: item.pop("call_id", None), streamed=True),
        Seam.CHUNKS,
    ),
    (
        "responses-sequence-constant",
        "Every event has the sequence_number 0.",
        edits.each_chunk(lambda each: each.update(sequence_number=0)),
        Seam.CHUNKS,
    ),
    (
        "responses-item-id-missing",
        "Deltas of text have no item_id.",
        _on("response.output_text.delta", lambda each: each.pop("item_id")),
        Seam.CHUNKS,
    ),
    (
        "responses-created-missing",
        "Streams begin without response.created.",
        _dropping("response.created"),
        Seam.CHUNKS,
    ),
    (
        "responses-stream-id-drift",
        "The final response of a stream has another id.",
        _of_last(lambda response: response.update(id=response["id"] + "-final")),
        Seam.CHUNKS,
    ),
    (
        "responses-item-done-missing",
        "Output items are opened and never closed.",
        _dropping("response.output_item.done"),
        Seam.CHUNKS,
    ),
    (
        "responses-part-added-missing",
        "Text comes in parts that were not opened.",
        _dropping("response.content_part.added"),
        Seam.CHUNKS,
    ),
    ("responses-delta-lost", "A delta of the text is lost.", _losing_a_delta, Seam.CHUNKS),
    (
        "responses-deltas-missing",
        "The text comes at the end only, without a delta.",
        _dropping("response.output_text.delta"),
        Seam.CHUNKS,
    ),
    (
        "responses-arguments-repeated",
        "After the pieces of the arguments comes the whole as one more piece.",
        _repeating_arguments,
        Seam.CHUNKS,
    ),
    (
        "responses-final-output-empty",
        "The final response of a stream holds no output.",
        _of_last(lambda response: response.update(output=[])),
        Seam.CHUNKS,
    ),
    ("responses-item-ids-change", "The final response names its items otherwise.", _of_last(_other_ids), Seam.CHUNKS),
    (
        "responses-done-sent",
        "[DONE] follows the last event of a response.",
        lambda frames, _call: [*frames, b"data: [DONE]\n\n"],
        Seam.FRAMES,
    ),
    (
        "responses-event-untyped",
        "An event has no type in its data.",
        _frame(b"response.in_progress", lambda frame: frame.replace(b'"type":"response.in_progress",', b"", 1)),
        Seam.FRAMES,
    ),
    (
        "responses-event-cut",
        "The JSON of an event is cut.",
        _frame(b"response.in_progress", lambda frame: frame.rstrip()[:-40] + b"\n\n"),
        Seam.FRAMES,
    ),
)
for _name, _summary, _apply, _seam in _STREAMS:
    rows.responses_row(_name, _summary, _apply, _seam)
