"""The Responses API: one object, kept in memory so that a later request may go on from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.reference.api.problems import ApiError, missing_parameter, wrong_type, wrong_value
from conformance.reference.api.response_tools import choice_of, functions_of, namespaces_of
from conformance.reference.api.validation import fields
from conformance.reference.api.validation.chat import EFFORTS, model_of
from conformance.reference.api.validation.messages import check_messages
from conformance.reference.api.validation.options import check_json_schema
from conformance.reference.dialects import Dialect
from conformance.reference.engine import scripted_model
from conformance.reference.engine.scripted_model import ScriptedAnswer
from conformance.reference.model_list import ModelCard
from conformance.reference.server.call import Call, Json

_KNOWN: Mapping[str, fields.Checker] = {
    "background": fields.boolean,
    "client_metadata": fields.mapping,
    "context_management": fields.array,
    "conversation": fields.anything,
    "include": fields.array,
    "input": fields.anything,
    "instructions": fields.string,
    "max_output_tokens": fields.integer(16),
    "max_tool_calls": fields.integer(1),
    "metadata": fields.metadata,
    "model": fields.string,
    "moderation": fields.mapping,
    "parallel_tool_calls": fields.boolean,
    "previous_response_id": fields.string,
    "prompt": fields.mapping,
    "prompt_cache_key": fields.string,
    "prompt_cache_options": fields.mapping,
    "prompt_cache_retention": fields.string,
    "reasoning": fields.mapping,
    "safety_identifier": fields.string,
    "service_tier": fields.one_of("auto", "default", "flex", "priority", "scale"),
    "store": fields.boolean,
    "stream": fields.boolean,
    "stream_options": fields.mapping,
    "temperature": fields.number(0, 2),
    "text": fields.mapping,
    "tool_choice": fields.anything,
    "tools": fields.array,
    "top_logprobs": fields.integer(0, 20),
    "top_p": fields.number(0, 1),
    "truncation": fields.one_of("auto", "disabled"),
    "user": fields.string,
}


_CALLS = (
    "apply_patch", "code_interpreter", "computer", "custom_tool", "file_search", "image_generation", "local_shell",
    "mcp", "shell", "tool_search", "web_search",
)  # fmt: skip
_PASSED_OVER = (
    *("reasoning", "item_reference", "compaction", "compaction_trigger", "additional_tools", "tool_search_output"),
    *("mcp_list_tools", "mcp_approval_request", "mcp_approval_response"),
    *(f"{tool}_call" for tool in _CALLS),
    *(f"{tool}_call_output" for tool in ("apply_patch", "computer", "custom_tool", "local_shell", "shell")),
)
"""Documented items of an input that the scripted model has no use for."""


def response(call: Call, dialect: Dialect, store: Any) -> Json:
    """Answers a request, and remembers the answer unless told otherwise."""
    body = fields.check_fields(call.body, _KNOWN, strict=dialect.strict_fields)
    if "input" not in body:
        raise missing_parameter("input")
    card = call.card = model_of(body)
    call.shown_model = call.shown_model or card.id
    history = _history(body, store)
    chat = _as_chat(body, [*history, *_messages(body["input"])])
    check_messages(chat["messages"], card)
    call.prompt_tokens = scripted_model.prompt_tokens(chat)
    said = scripted_model.answer(chat, card)
    made = _object(call, body, said, card)
    if body.get("store", True):
        store.responses[made["id"]] = (made, [*chat["messages"], _spoken(said)])
    return made


def _history(body: Json, store: Any) -> list[Json]:
    previous = body.get("previous_response_id")
    if previous is None:
        return []
    if previous not in store.responses:
        text = f"Previous response with id '{previous}' not found."
        raise ApiError(400, text, "previous_response_id", "previous_response_not_found")
    return [each for each in store.responses[previous][1] if each["role"] != "system"]


def _as_chat(body: Json, messages: list[Json]) -> Json:
    """The same request in the words of chat completions."""
    if body.get("instructions"):
        messages = [{"role": "system", "content": body["instructions"]}, *messages]
    chat: Json = {"messages": messages}
    functions = functions_of(body.get("tools") or [])
    if functions:
        chat["tools"] = functions
    if body.get("tool_choice") is not None:
        chat["tool_choice"] = choice_of(body["tool_choice"], functions)
    if "max_output_tokens" in body:
        chat["max_completion_tokens"] = body["max_output_tokens"]
    if "parallel_tool_calls" in body:
        chat["parallel_tool_calls"] = body["parallel_tool_calls"]
    effort = (body.get("reasoning") or {}).get("effort")
    if effort is not None:
        fields.one_of(*EFFORTS)("reasoning.effort", effort)
        chat["reasoning_effort"] = effort
    return {**chat, **_format(body.get("text") or {})}


def _format(text: Json) -> Json:
    form = text.get("format")
    if form is None:
        return {}
    fields.mapping("text.format", form)
    fields.one_of("text", "json_object", "json_schema")("text.format.type", form.get("type"))
    if form["type"] == "json_schema":
        check_json_schema(form, "text.format")
        return {"response_format": {"type": "json_schema", "json_schema": form}}
    return {"response_format": form}


def _messages(given: Any) -> list[Json]:
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, list):
        raise wrong_type("input", "one of a string or array of input items", given)
    made: list[Json] = []
    for at, item in enumerate(given):
        fields.mapping(f"input[{at}]", item)
        kind = item.get("type", "message")
        if kind == "message":
            made.append({"role": item.get("role"), "content": _content(item.get("content"))})
        elif kind == "function_call":
            call = {
                "id": item.get("call_id"),
                "type": "function",
                "function": {name: item.get(name) for name in ("name", "arguments")},
            }
            made.append({"role": "assistant", "content": None, "tool_calls": [call]})
        elif kind == "function_call_output":
            made.append({"role": "tool", "tool_call_id": item.get("call_id"), "content": str(item.get("output", ""))})
        elif kind not in _PASSED_OVER:
            known = ("message", "function_call", "function_call_output", *_PASSED_OVER)
            raise wrong_value(f"input[{at}].type", kind, known)
    return _gathered(made)


def _gathered(messages: list[Json]) -> list[Json]:
    """Joins neighbouring calls into one assistant message, as chat wants them."""
    made: list[Json] = []
    for each in messages:
        if each.get("tool_calls") and made and made[-1].get("tool_calls"):
            made[-1]["tool_calls"] += each["tool_calls"]
        else:
            made.append(each)
    return made


def _content(content: Any) -> Any:
    if not isinstance(content, list):
        return content
    parts = []
    for part in content:
        if isinstance(part, dict) and part.get("type") in ("input_text", "output_text", "text"):
            parts.append({"type": "text", "text": part.get("text")})
        elif isinstance(part, dict) and part.get("type") == "input_image":
            parts.append({"type": "image_url", "image_url": {"url": part.get("image_url")}})
        else:
            parts.append(part)
    return parts


def _spoken(said: ScriptedAnswer) -> Json:
    calls = [
        {"id": each.id, "type": "function", "function": {"name": each.name, "arguments": each.arguments}}
        for each in said.calls
    ]
    message: Json = {"role": "assistant", "content": said.text}
    return {**message, "tool_calls": calls} if calls else message


def _object(call: Call, body: Json, said: ScriptedAnswer, card: ModelCard) -> Json:
    cut = said.finish == "length"
    return {
        "id": f"resp_{call.hex}",
        "object": "response",
        "created_at": call.created,
        "status": "incomplete" if cut else "completed",
        "background": False,
        "completed_at": None if cut else call.created,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "max_tool_calls": body.get("max_tool_calls"),
        "model": call.shown_model,
        "output": _output(call, said, namespaces_of(body.get("tools", [])), "incomplete" if cut else "completed"),
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": body.get("previous_response_id"),
        "prompt_cache_key": body.get("prompt_cache_key"),
        "reasoning": {
            "effort": (body.get("reasoning") or {}).get("effort", "medium" if card.thinks else None),
            "summary": None,
        },
        "safety_identifier": body.get("safety_identifier"),
        "service_tier": "default",
        "store": body.get("store", True),
        "temperature": float(body.get("temperature", 1.0)),
        "text": {"format": (body.get("text") or {}).get("format") or {"type": "text"}, "verbosity": "medium"},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": [_shown_tool(tool) for tool in body.get("tools", [])],
        "top_logprobs": body.get("top_logprobs", 0),
        "top_p": float(body.get("top_p", 1.0)),
        "truncation": body.get("truncation", "disabled"),
        "usage": _usage(call, said),
        "user": body.get("user"),
        "metadata": body.get("metadata", {}),
    }


def _shown_tool(tool: Json) -> Json:
    if tool["type"] != "function":
        return tool
    return {
        "description": None,
        "parameters": None,
        **tool,
        "strict": True if tool.get("strict") is None else tool["strict"],
    }


def _output(call: Call, said: ScriptedAnswer, spaces: Mapping[str, str], status: str) -> list[Json]:
    made: list[Json] = []
    if said.reasoning:
        made.append({"id": f"rs_{call.hex}", "type": "reasoning", "summary": []})
    if said.content is not None:
        part: Json = {"type": "output_text", "annotations": [], "logprobs": [], "text": said.text}
        made.append(
            {"id": f"msg_{call.hex}", "type": "message", "status": status, "content": [part], "role": "assistant"}
        )
    for at, each in enumerate(said.calls):
        item = {"id": f"fc_{call.hex}{at:02x}", "type": "function_call", "status": status}
        space = {"namespace": spaces[each.name]} if each.name in spaces else {}
        made.append({**item, "arguments": each.arguments, "call_id": each.id, "name": each.name, **space})
    return made


def _usage(call: Call, said: ScriptedAnswer) -> Json:
    return {
        "input_tokens": call.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": said.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": len(said.reasoning)},
        "total_tokens": call.prompt_tokens + said.completion_tokens,
    }


def _stored(call: Call, store: Any) -> str:
    name = call.path.split("/", 2)[2]
    if name not in store.responses:
        raise ApiError(404, f"Response with id '{name}' not found.")
    return name


def retrieve(call: Call, _dialect: Dialect, store: Any) -> Any:
    """The body of `GET /responses/{id}`."""
    return store.responses[_stored(call, store)][0]


def delete(call: Call, _dialect: Dialect, store: Any) -> Json:
    """Forgets a response."""
    name = _stored(call, store)
    del store.responses[name]
    return {"id": name, "object": "response", "deleted": True}
