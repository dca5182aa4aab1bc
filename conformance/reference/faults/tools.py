"""Faults in tool calls of whole answers, and in their ids."""

from __future__ import annotations

import json
from collections.abc import Callable

from conformance.reference.api.problems import ApiError
from conformance.reference.faults import edits
from conformance.reference.faults.registry import Apply, Seam, fault
from conformance.reference.server.call import Call, Json


def _named(name: str, summary: str, *field_bugs: str) -> Callable[[Apply], Apply]:
    return fault(
        name, summary, Seam.BODY, stream=False, when=edits.has_tools, surface="chat.tools", field_bugs=field_bugs
    )


def _row(name: str, summary: str, apply: Apply, *field_bugs: str) -> None:
    _named(name, summary, *field_bugs)(apply)


def _fragments(name: str, apply: Apply) -> None:
    fault(name, "", Seam.CHUNKS, stream=True, when=edits.has_tools)(apply)


_row(
    "finish_reason-tool_call-singular",
    "A tool call finishes with tool_call.",
    edits.finish_reason("tool_call", "tool_calls"),
    "finish_reason-tool_call-singular",
)
_row("finish-reason-stop-with-tools", "A tool call finishes with stop.", edits.finish_reason("stop", "tool_calls"))
_row("tool-id-missing", "Calls have no id.", edits.each_call(lambda call: call.pop("id")))
_row("tool-type-missing", "Calls have no type.", edits.each_call(lambda call: call.pop("type")))
_row(
    "tool-arguments-object",
    "Arguments are an object instead of text.",
    edits.each_call(lambda call: call["function"].update(arguments=json.loads(call["function"]["arguments"] or "{}"))),
)
_row(
    "tool-arguments-invalid-json",
    "Arguments are not JSON.",
    edits.each_call(
        lambda call: call["function"].update(arguments=call["function"]["arguments"].replace('"', "'").rstrip("}"))
    ),
)
_row(
    "tool-arguments-empty-object",
    "Arguments lack what the schema requires.",
    edits.each_call(lambda call: call["function"].update(arguments="{}")),
)
_row(
    "tool-ids-equal", "All calls of an answer have the same id.", edits.each_call(lambda call: call.update(id="call_1"))
)
_row(
    "tool-id-reused-over-turns",
    "The id of a call is the name of its function.",
    edits.each_call(lambda call: call.update(id=call["function"]["name"])),
    "tool-id-reused-over-turns",
)
_row(
    "tool-undefined-function-called",
    "A function is called that was never declared.",
    edits.each_call(lambda call: call["function"].update(name="answer")),
    "tool-undefined-function-called",
)
_row(
    "tool-call-content-missing",
    "A message with calls has no content.",
    edits.each_message(lambda message: message.pop("content") if message.get("tool_calls") else None),
)
_row(
    "tool-opening-marker-leaks-beside-valid-call",
    "The model's markup is left in the text beside a valid call.",
    edits.each_message(lambda message: message.update(content="<tool_call>") if message.get("tool_calls") else None),
    "tool-opening-marker-leaks-beside-valid-call",
)
_fragments(
    "tool-opening-marker-leaks-beside-valid-call",
    lambda chunks, _call: [chunks[0], edits.with_delta(chunks[0], {"content": "<function"}), *chunks[1:]],
)


@_named(
    "tool-no-arg-call-empty-string",
    'The arguments of a function without parameters are "".',
    "tool-no-arg-call-empty-string",
)
def _(body: Json, _call: Call) -> Json:
    for choice in body["choices"]:
        for call in choice["message"].get("tool_calls") or ():
            if call["function"]["arguments"] == "{}":
                call["function"]["arguments"] = ""
    return body


@fault("tool-no-arg-call-empty-string", "", Seam.CHUNKS, stream=True, when=edits.has_tools)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    for choice in edits.choices(chunks):
        for part in choice["delta"].get("tool_calls") or ():
            if set(part["function"]["arguments"].strip()) <= {"{", "}"}:
                part["function"]["arguments"] = ""
    return chunks


@_named(
    "tool-call-as-text",
    "The call is written as text, and tool_calls is missing.",
    "tool-json-in-content-beside-or-instead",
)
def _(body: Json, _call: Call) -> Json:
    for choice in body["choices"]:
        calls = choice["message"].pop("tool_calls", None)
        if calls:
            choice["message"]["content"] = f"<tool_call>{json.dumps(calls[0]['function'])}</tool_call>"
            choice["finish_reason"] = "stop"
    return body


@fault(
    "tool-id-changes",
    "A tool result is refused, because the server no longer knows the id that it gave.",
    Seam.REQUEST,
    surface="chat.tools",
)
def _(body: Json, call: Call) -> Json:
    for each in call.sent.get("messages") or ():
        if isinstance(each, dict) and each.get("role") == "tool":
            raise ApiError(
                400, f"No tool call found for the id {each.get('tool_call_id')}.", "messages", "invalid_tool_call_id"
            )
    return body


@fault(
    "tool-result-ignored", "The answer after a tool result calls the tool again.", Seam.REQUEST, surface="chat.tools"
)
def _(body: Json, _call: Call) -> Json:
    messages = body.get("messages") or []
    if messages and isinstance(messages[-1], dict) and messages[-1].get("role") == "tool" and body.get("tools"):
        return {**body, "tool_choice": "required"}
    return body
