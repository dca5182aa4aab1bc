"""Faults of tools: each re-enacts what servers in the field do."""

from __future__ import annotations

import json

from conformance.reference.faults import ApiError, Apply, Call, Json, Seam, edits, fault, rows

rows.chunks_row(
    "delta-tool-calls-empty-array-every-chunk",
    "Every content delta carries tool_calls: [].",
    edits.each_delta(lambda delta: delta.setdefault("tool_calls", [])),
    "delta-tool-calls-empty-array-every-chunk",
)


@fault(
    "tool-call-only-in-reasoning", "Calls stand in the thinking only.", Seam.BODY, stream=False, when=edits.has_tools
)
def _(body: Json, _call: Call) -> Json:
    for choice in body["choices"]:
        calls = choice["message"].pop("tool_calls", None)
        if calls:
            written = json.dumps(calls[0]["function"])
            choice["message"]["reasoning_content"] = f"I look it up.\n<tool_call>{written}</tool_call>"
            choice["finish_reason"] = "stop"
    return body


def _fragments(name: str, apply: Apply) -> None:
    fault(name, "", Seam.CHUNKS, stream=True, when=edits.has_tools)(apply)


rows.tools_body_row(
    "finish-reason-stop-with-tools", "A tool call finishes with stop.", edits.finish_reason("stop", "tool_calls")
)
rows.tools_body_row("tool-id-missing", "Calls have no id.", edits.each_call(lambda call: call.pop("id")))
rows.tools_body_row("tool-type-missing", "Calls have no type.", edits.each_call(lambda call: call.pop("type")))
rows.tools_body_row(
    "tool-arguments-object",
    "Arguments are an object instead of text.",
    edits.each_call(lambda call: call["function"].update(arguments=json.loads(call["function"]["arguments"] or "{}"))),
)
rows.tools_body_row(
    "tool-arguments-invalid-json",
    "Arguments are not JSON.",
    edits.each_call(
        lambda call: call["function"].update(arguments=call["function"]["arguments"].replace('"', "'").rstrip("}"))
    ),
)
rows.tools_body_row(
    "tool-arguments-empty-object",
    "Arguments lack what the schema requires.",
    edits.each_call(lambda call: call["function"].update(arguments="{}")),
)
rows.tools_body_row(
    "tool-ids-equal", "All calls of an answer have the same id.", edits.each_call(lambda call: call.update(id="call_1"))
)
rows.tools_body_row(
    "tool-id-reused-over-turns",
    "The id of a call is the name of its function.",
    edits.each_call(lambda call: call.update(id=call["function"]["name"])),
    "tool-id-reused-over-turns",
)
rows.tools_body_row(
    "tool-undefined-function-called",
    "A function is called that was never declared.",
    edits.each_call(lambda call: call["function"].update(name="answer")),
    "tool-undefined-function-called",
)
rows.tools_body_row(
    "tool-opening-marker-leaks-beside-valid-call",
    "The model's markup is left in the text beside a valid call.",
    edits.each_message(lambda message: message.update(content="<tool_call>") if message.get("tool_calls") else None),
    "tool-opening-marker-leaks-beside-valid-call",
)
_fragments(
    "tool-opening-marker-leaks-beside-valid-call",
    lambda chunks, _call: [chunks[0], edits.with_delta(chunks[0], {"content": "<function"}), *chunks[1:]],
)


@rows.tools_body_fault(
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


@rows.tools_body_fault(
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


rows.request_row(
    "tool_choice-named-ignored",
    "A named tool_choice is treated as auto.",
    edits.without("tool_choice"),
    "tool_choice-named-ignored",
    when=lambda call: isinstance(call.sent.get("tool_choice"), dict),
    surface="chat.tools",
)
rows.request_row(
    "forced-tool_choice-silently-dropped",
    "tool_choice is overlooked.",
    edits.without("tool_choice"),
    "forced-tool_choice-silently-dropped",
    surface="metadata",
)
rows.request_row(
    "tool_choice-none-ignored",
    "tool_choice none is overlooked.",
    edits.without("tool_choice"),
    surface="chat.tools",
    when=lambda call: call.sent.get("tool_choice") == "none",
)
rows.request_row(
    "parallel_tool_calls-false-ignored",
    "parallel_tool_calls false is overlooked.",
    edits.without("parallel_tool_calls"),
    "parallel_tool_calls-false-ignored",
    surface="chat.tools",
)
rows.request_row(
    "tools-empty-not-found",
    "tools: [] is refused with 404, as if there were no such model.",
    edits.refuse(404, "No endpoints found that support tool use.", "tools"),
    surface="chat.tools",
    when=lambda call: call.sent.get("tools") == [],
)
rows.request_row(
    "tool-strict-null-rejected",
    "strict: null in a function is refused.",
    edits.refuse(400, "strict must be a boolean.", "tools[0].function.strict"),
    "tool-strict-null-rejected",
    surface="chat.tools",
    when=lambda call: any(
        isinstance(tool.get("function"), dict) and tool["function"].get("strict", 0) is None
        for tool in edits.objects(call.sent.get("tools"))
    ),
)
rows.request_row(
    "tools-with-stream-rejected",
    "tools together with stream are refused.",
    edits.refuse(500, "Cannot use tools with stream"),
    "tools-with-stream-rejected",
    when=lambda call: call.stream and edits.has_tools(call),
    surface="chat.stream.tools",
)
rows.request_row(
    "tool_choice-none-with-parallel-false-breaks-translation",
    "tool_choice none with parallel_tool_calls false is refused.",
    edits.refuse(400, "tool_choice.none.disable_parallel_tool_use: Extra inputs are not permitted"),
    "tool_choice-none-with-parallel-false-breaks-translation",
    surface="chat.tools",
    when=lambda call: call.sent.get("tool_choice") == "none" and call.sent.get("parallel_tool_calls") is False,
)
rows.request_row(
    "tool-roundtrip-rejected",
    "Tool results are refused.",
    edits.refuse(400, "messages: role 'tool' is not supported"),
    when=edits.has_role("tool"),
    surface="chat.tools",
)
rows.request_row(
    "assistant-null-content-rejected",
    "An assistant message with content null is refused.",
    edits.refuse(400, "'content' field must be a string or an array of objects"),
    "assistant-null-content-rejected",
    when=edits.any_message(
        lambda each: each.get("role") == "assistant" and "content" in each and each["content"] is None
    ),
)
rows.request_row(
    "assistant-content-key-required",
    "An assistant message without content is refused.",
    edits.refuse(422, "Field required: content"),
    "assistant-content-key-required",
    when=edits.any_message(lambda each: each.get("role") == "assistant" and "content" not in each),
)
rows.request_row(
    "assistant-empty-string-content-rejected",
    'An assistant message with content "" is refused.',
    edits.refuse(400, "The text field in the ContentBlock is blank."),
    "assistant-empty-string-content-rejected",
    when=edits.any_message(lambda each: each.get("role") == "assistant" and each.get("content") == ""),
)

rows.responses_row(
    "tool-strict-null-rejected",
    "strict: null in a function is refused.",
    edits.refuse(400, "tools[0].strict: Input should be a valid boolean", "tools[0].strict"),
    Seam.REQUEST,
    when=lambda call: any(tool.get("strict", 0) is None for tool in edits.objects(call.sent.get("tools"))),
)
