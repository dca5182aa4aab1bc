"""Faults in what a request may say: parameters and contents that are accepted and overlooked."""

from __future__ import annotations

from conformance.reference.faults import edits
from conformance.reference.faults.registry import Apply, Seam, When, fault
from conformance.reference.model_list import MODELS
from conformance.reference.server.call import Call, Json


def _row(
    name: str, summary: str, apply: Apply, *field_bugs: str, when: When | None = None, surface: str = "chat.create"
) -> None:
    fault(name, summary, Seam.REQUEST, when=when, surface=surface, field_bugs=field_bugs)(apply)


def _messages(call: Call) -> list[Json]:
    return edits.objects(call.sent.get("messages"))


def _has_role(role: str) -> When:
    return lambda call: any(each.get("role") == role for each in _messages(call))


def _some(test: edits.Edit) -> When:
    return lambda call: any(test(each) for each in _messages(call))


_row("n-ignored", "n is accepted, and one choice comes.", edits.without("n"), "n-parameter-ignored")
_row("n-parameter-ignored", "n is accepted, and one choice comes.", edits.without("n"), "n-parameter-ignored")
_row(
    "max-tokens-ignored",
    "max_tokens and max_completion_tokens are overlooked.",
    edits.without("max_tokens", "max_completion_tokens"),
)
_row(
    "max_completion_tokens-ignored",
    "max_completion_tokens is overlooked.",
    edits.without("max_completion_tokens"),
    "max_completion_tokens-ignored",
)
_row("stop-parameter-ignored", "stop is overlooked.", edits.without("stop"), "stop-parameter-ignored")
_row(
    "stop-array-ignored",
    "stop is understood as a string only.",
    lambda body, _call: {**body, "stop": None} if isinstance(body.get("stop"), list) else body,
)
_row(
    "json-schema-ignored",
    "response_format is accepted and overlooked.",
    edits.without("response_format"),
    surface="structured",
)
_row(
    "json-object-ignored",
    "response_format json_object is overlooked.",
    edits.without("response_format"),
    surface="structured",
    when=lambda call: edits.sent_object(call, "response_format").get("type") == "json_object",
)
_row(
    "tools-ignored",
    "tools are accepted and overlooked.",
    edits.without("tools", "tool_choice", "parallel_tool_calls"),
    "tools-silently-dropped",
    surface="chat.tools",
)
_row(
    "tools-silently-dropped",
    "tools are accepted and overlooked.",
    edits.without("tools", "tool_choice", "parallel_tool_calls"),
    "tools-silently-dropped",
    surface="chat.tools",
)
_row(
    "tool_choice-named-ignored",
    "A named tool_choice is treated as auto.",
    edits.without("tool_choice"),
    "tool_choice-named-ignored",
    when=lambda call: isinstance(call.sent.get("tool_choice"), dict),
    surface="chat.tools",
)
_row(
    "forced-tool_choice-silently-dropped",
    "tool_choice is overlooked.",
    edits.without("tool_choice"),
    "forced-tool_choice-silently-dropped",
    surface="metadata",
)
_row(
    "tool_choice-none-ignored",
    "tool_choice none is overlooked.",
    edits.without("tool_choice"),
    surface="chat.tools",
    when=lambda call: call.sent.get("tool_choice") == "none",
)
_row(
    "parallel_tool_calls-false-ignored",
    "parallel_tool_calls false is overlooked.",
    edits.without("parallel_tool_calls"),
    "parallel_tool_calls-false-ignored",
    surface="chat.tools",
)
_row(
    "seed-refused", "seed is refused.", edits.refuse(400, "Unknown parameter: 'seed'.", "seed"), when=edits.asks("seed")
)
_row(
    "listed-parameter-refused",
    "A parameter is refused although supported_parameters names it.",
    edits.refuse(400, "Unsupported parameter: 'frequency_penalty'.", "frequency_penalty", "unsupported_parameter"),
    when=edits.asks("frequency_penalty"),
)
_row(
    "n-refused",
    "n is refused although listed.",
    edits.refuse(400, "Unsupported parameter: 'n'.", "n", "unsupported_parameter"),
    when=edits.asks("n"),
)
_row(
    "logprobs-refused",
    "logprobs are refused although advertised.",
    edits.refuse(400, "logprobs are not supported.", "logprobs", "unsupported_parameter"),
    when=edits.asks("logprobs"),
)
_row(
    "bad-values-accepted",
    "Parameters out of range are accepted.",
    edits.without("temperature", "top_p", "presence_penalty", "frequency_penalty", "top_logprobs", "reasoning_effort"),
)


@fault(
    "assistant-content-parts-silently-dropped",
    "Assistant content in parts is overlooked.",
    Seam.REQUEST,
    surface="chat.create",
    field_bugs=("assistant-content-parts-silently-dropped",),
)
def _(body: Json, _call: Call) -> Json:
    for each in edits.objects(body.get("messages")):
        if each.get("role") == "assistant" and isinstance(each.get("content"), list):
            each["content"] = ""
    return body


@fault(
    "context-overflow-silent-truncation",
    "Long prompts are cut to 4096 characters without a word.",
    Seam.REQUEST,
    surface="errors",
    field_bugs=("context-overflow-silent-truncation",),
)
def _(body: Json, _call: Call) -> Json:
    for each in edits.objects(body.get("messages")):
        if isinstance(each, dict) and isinstance(each.get("content"), str):
            each["content"] = each["content"][:4096]
    return body


@fault("images-dropped", "Pictures are overlooked.", Seam.REQUEST, surface="vision")
def _(body: Json, _call: Call) -> Json:
    for each in edits.objects(body.get("messages")):
        if isinstance(each.get("content"), list):
            each["content"] = [part for part in edits.parts(each) if part.get("type") != "image_url"] or ""
    return body


def _served_anyway(body: Json, call: Call) -> Json:
    if body.get("model") in MODELS or not isinstance(body.get("model"), str):
        return body
    call.shown_model = body["model"]
    return {**body, "model": "reference-chat"}


_row("unknown-model-200", "An unknown model is answered by another one.", _served_anyway, "unknown-model-answered-200")
_row(
    "unknown-model-answered-200",
    "An unknown model is answered by another one.",
    _served_anyway,
    "unknown-model-answered-200",
)


@fault("messages-missing-200", "A request without messages is answered.", Seam.REQUEST, surface="errors")
def _(body: Json, _call: Call) -> Json:
    return body if body.get("messages") else {**body, "messages": [{"role": "user", "content": "Hello"}]}
