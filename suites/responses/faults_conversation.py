"""Faults of responses in conversations: each re-enacts what servers in the field do."""

from __future__ import annotations

import json
from typing import Any

from conformance.reference.faults import Apply, Call, Json, Seam, ServedReply, When, edits, fault, rows


def _with(**members: Any) -> Apply:
    return edits.whole(lambda body: body.update(members))


def _usage(edit: edits.Edit) -> Apply:
    return edits.whole(lambda body: edit(body["usage"]))


def _input(call: Call) -> list[Json]:
    return edits.objects(call.sent.get("input"))


def _cut_and_completed(body: Json) -> None:
    for item in body["output"]:
        item["status"] = "completed"


def _cut_by_nothing(body: Json) -> None:
    body.update(status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    for item in body["output"][-1:]:
        item["status"] = "incomplete"


def _ending_with(token: str) -> Apply:
    def edit(body: Json) -> None:
        for item in body["output"]:
            for part in item.get("content", ()):
                part["text"] += token

    return edits.whole(edit)


for _name, _summary, _apply in (
    ("responses-id-constant", "Every response has the same id.", _with(id="resp_1")),
    (
        "responses-created-in-milliseconds",
        "created_at is in milliseconds.",
        edits.whole(lambda body: body.update(created_at=body["created_at"] * 1000)),
    ),
    (
        "responses-incomplete-without-limit",
        "Responses that end by themselves say that the limit cut them.",
        edits.whole(lambda body: _cut_by_nothing(body) if body["status"] == "completed" else None),
    ),
    ("responses-created-zero", "created_at is 0.", _with(created_at=0)),
    (
        "responses-nothing-counted",
        "All counts of a response are 0.",
        _usage(lambda usage: usage.update(input_tokens=0, output_tokens=0, total_tokens=0)),
    ),
    (
        "responses-cached-above-input",
        "More tokens are cached than there are.",
        _usage(lambda usage: usage["input_tokens_details"].update(cached_tokens=usage["input_tokens"] + 64)),
    ),
    (
        "responses-reasoning-above-output",
        "More tokens are thought than there are.",
        _usage(lambda usage: usage["output_tokens_details"].update(reasoning_tokens=usage["output_tokens"] + 1)),
    ),
    (
        "responses-output-uncounted",
        "output_tokens are 0, whatever the text.",
        _usage(lambda usage: usage.update(output_tokens=0, total_tokens=usage["input_tokens"])),
    ),
    (
        "responses-cut-item-completed",
        "The item of a cut response says that it is completed.",
        edits.whole(lambda body: _cut_and_completed(body) if body["status"] == "incomplete" else None),
    ),
    (
        "responses-input-uncounted",
        "input_tokens are 0.",
        _usage(lambda usage: usage.update(input_tokens=0, total_tokens=usage["output_tokens"])),
    ),
    (
        "responses-counts-as-floats",
        "The counts of responses have a decimal point.",
        _usage(lambda usage: usage.update(input_tokens=float(usage["input_tokens"]))),
    ),
    ("responses-control-token", "The text ends with a control token.", _ending_with("<|im_end|>")),
    ("responses-instructions-unsaid", "The instructions of a request come back as null.", _with(instructions=None)),
    ("responses-limit-unsaid", "max_output_tokens comes back as null.", _with(max_output_tokens=None)),
    (
        "responses-format-unsaid",
        "text.format comes back as text.",
        _with(text={"format": {"type": "text"}, "verbosity": "medium"}),
    ),
):
    rows.responses_talk_row(_name, _summary, _apply)


def _said_by(role: str) -> When:
    return lambda call: any(item.get("role") == role for item in _input(call))


rows.responses_talk_row(
    "responses-assistant-parts-rejected",
    "An assistant's earlier words are refused without id and status.",
    edits.refuse(400, "input[2]: 2 validation errors for ResponseOutputMessage: id, status: Field required", "input"),
    Seam.REQUEST,
    when=_said_by("assistant"),
)
rows.responses_talk_row(
    "responses-developer-rejected",
    "The role developer is refused.",
    edits.refuse(400, "Unexpected message role.", "input"),
    Seam.REQUEST,
    when=_said_by("developer"),
)


def _forgetting(body: Json, _call: Call) -> Json:
    return {name: value for name, value in body.items() if name != "previous_response_id"}


def _naming_it(body: Json, call: Call) -> Json:
    return {**body, "previous_response_id": call.sent.get("previous_response_id")}


rows.responses_talk_row(
    "responses-previous-forgotten",
    "previous_response_id is repeated, and the conversation forgotten.",
    _forgetting,
    Seam.REQUEST,
)
rows.responses_talk_row("responses-previous-forgotten", "", _naming_it)


def _dropping_tools(chunks: list[Json], _call: Call) -> list[Json]:
    for each in chunks:
        if "response" in each:
            each["response"] = {**each["response"], "tools": [], "tool_choice": "auto"}
    return chunks


fault(
    "responses-tools-unsaid",
    "The tools of a request come back as an empty list, its tool_choice as auto.",
    Seam.CHUNKS,
    on=rows.RESPONSES,
    stream=True,
    surface="responses",
)(_dropping_tools)


def _open(reply: ServedReply, call: Call) -> ServedReply:
    reply.status = 200
    body = {"id": f"resp_{call.hex}", "object": "response", "status": "completed", "output": []}
    return reply.become(json.dumps(body).encode())


rows.responses_talk_row(
    "responses-key-not-checked", "/responses serves any key.", _open, Seam.REPLY, when=edits.refused_with(401)
)


rows.responses_talk_row(
    "responses-previous-unknown-taken",
    "A previous_response_id that names no response is overlooked.",
    _forgetting,
    Seam.REQUEST,
    when=lambda call: "no_such" in str(call.sent.get("previous_response_id")),
)
