"""Faults in what a request may say: legal parameters, roles and contents that are refused."""

from __future__ import annotations

from itertools import pairwise

from conformance.reference.api.problems import ApiError
from conformance.reference.faults import edits
from conformance.reference.faults.registry import Apply, Seam, When, fault
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


_row(
    "logit_bias-object-form-unsupported",
    "logit_bias is refused as a map.",
    edits.refuse(400, "logit_bias must be an array.", "logit_bias"),
    "logit_bias-object-form-unsupported",
    when=edits.asks("logit_bias"),
)
_row(
    "prompt_cache_key-rejected",
    "prompt_cache_key is refused.",
    edits.refuse(400, "Unrecognized request argument supplied: prompt_cache_key"),
    "prompt_cache_key-rejected",
    when=edits.asks("prompt_cache_key"),
)
_row(
    "parallel_tool_calls-rejected",
    "parallel_tool_calls is refused.",
    edits.refuse(400, 'json: unknown field "parallel_tool_calls"'),
    "parallel_tool_calls-rejected",
    when=edits.asks("parallel_tool_calls"),
)
_row(
    "penalties-and-stop-rejected",
    "Penalties and stop are refused, even at their defaults.",
    edits.refuse(400, "The model does not support the parameter presencePenalty."),
    "penalties-and-stop-rejected",
    when=lambda call: bool({"presence_penalty", "frequency_penalty", "stop"} & call.sent.keys()),
)
_row(
    "reasoning_effort-not-accepted-by-relay",
    "reasoning_effort is refused.",
    edits.refuse(400, "The relay does not support parameters: ['reasoning_effort']"),
    "reasoning_effort-not-accepted-by-relay",
    when=edits.asks("reasoning_effort"),
)
_row(
    "thinking-default-breaks-nonstream",
    "A plain request without stream is refused because the model thinks.",
    edits.refuse(
        400, "parameter.enable_thinking must be set to false for non-streaming calls", None, "invalid_parameter_error"
    ),
    "thinking-default-breaks-nonstream",
    when=lambda call: not call.stream,
)
_row(
    "nulls-rejected",
    "Optional parameters that are null are refused.",
    edits.refuse(422, "Input should be a valid value, not null."),
    when=lambda call: any(value is None for value in call.sent.values()),
)
_row(
    "metadata-500",
    "user, metadata or store end in a server error.",
    edits.refuse(500, "Internal server error"),
    when=edits.asks("user", "metadata", "store"),
)
_row(
    "empty-tools-array",
    "tools: [] is overlooked instead of refused.",
    lambda body, _call: {name: value for name, value in body.items() if name != "tools" or value != []},
    "empty-tools-array",
)
_row(
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
_row(
    "tools-with-stream-rejected",
    "tools together with stream are refused.",
    edits.refuse(500, "Cannot use tools with stream"),
    "tools-with-stream-rejected",
    when=lambda call: call.stream and edits.has_tools(call),
    surface="chat.stream.tools",
)
_row(
    "tool_choice-none-with-parallel-false-breaks-translation",
    "tool_choice none with parallel_tool_calls false is refused.",
    edits.refuse(400, "tool_choice.none.disable_parallel_tool_use: Extra inputs are not permitted"),
    "tool_choice-none-with-parallel-false-breaks-translation",
    surface="chat.tools",
    when=lambda call: call.sent.get("tool_choice") == "none" and call.sent.get("parallel_tool_calls") is False,
)
_row(
    "stream_options-forwarded-when-stream-faked",
    "stream_options are refused although stream is on.",
    edits.refuse(400, "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options"),
    "stream_options-forwarded-when-stream-faked",
    when=edits.asks("stream_options"),
    surface="chat.stream",
)
_row(
    "tool-roundtrip-rejected",
    "Tool results are refused.",
    edits.refuse(400, "messages: role 'tool' is not supported"),
    when=_has_role("tool"),
    surface="chat.tools",
)
_row(
    "developer-role-rejected",
    "The role developer is refused.",
    edits.refuse(
        400, "developer is not one of ['system', 'assistant', 'user', 'tool', 'function'] - 'messages.[0].role'"
    ),
    "developer-role-rejected",
    when=_has_role("developer"),
)
_row(
    "system-role-rejected",
    "A system message ends in a server error.",
    edits.refuse(500, "System role not supported"),
    "system-role-rejected",
    when=_has_role("system"),
)
_row(
    "content-parts-array-rejected",
    "Content in parts ends in a server error.",
    edits.refuse(500, "[json.exception.type_error.302] type must be string, but is array"),
    "content-parts-array-rejected",
    when=_some(lambda each: isinstance(each.get("content"), list)),
)
_row(
    "assistant-null-content-rejected",
    "An assistant message with content null is refused.",
    edits.refuse(400, "'content' field must be a string or an array of objects"),
    "assistant-null-content-rejected",
    when=_some(lambda each: each.get("role") == "assistant" and "content" in each and each["content"] is None),
)
_row(
    "assistant-content-key-required",
    "An assistant message without content is refused.",
    edits.refuse(422, "Field required: content"),
    "assistant-content-key-required",
    when=_some(lambda each: each.get("role") == "assistant" and "content" not in each),
)
_row(
    "assistant-empty-string-content-rejected",
    'An assistant message with content "" is refused.',
    edits.refuse(400, "The text field in the ContentBlock is blank."),
    "assistant-empty-string-content-rejected",
    when=_some(lambda each: each.get("role") == "assistant" and each.get("content") == ""),
)
_row(
    "image-only-message-needs-text",
    "A message with only a picture is refused.",
    edits.refuse(400, "`text` is not set"),
    "image-only-message-needs-text",
    surface="vision",
    when=_some(lambda each: edits.parts(each) and not any(part.get("type") == "text" for part in edits.parts(each))),
)
_row(
    "image-500",
    "A corrupt picture ends in a server error.",
    edits.refuse(500, "cannot identify image file"),
    surface="vision",
    when=_some(lambda each: any(part.get("type") == "image_url" for part in edits.parts(each))),
)
_row(
    "lone-surrogate-400-on-strict-parser",
    "An unpaired surrogate escape is refused.",
    edits.refuse(400, "not valid JSON: no low surrogate in string"),
    "lone-surrogate-400-on-strict-parser",
    when=lambda call: b'\\ud83d"' in call.raw.lower() or b"\\ud83d " in call.raw.lower(),
)
_row(
    "bad-response_format-500",
    "A misplaced schema ends in a server error with an empty message.",
    edits.refuse(500, ""),
    "bad-response_format-500",
    surface="structured",
    when=lambda call: (
        "json_schema" not in (form := edits.sent_object(call, "response_format")) and form.get("type") == "json_schema"
    ),
)
_row(
    "unknown-fields-500",
    "Unknown request fields end in a server error.",
    edits.refuse(500, "unexpected keyword argument"),
    when=lambda call: any(name.startswith(("x_", "unknown")) for name in call.sent),
)
_row(
    "wrong-types-500",
    "Wrongly typed parameters end in a server error.",
    edits.refuse(500, "'str' object cannot be interpreted as an integer"),
    when=lambda call: any(
        isinstance(call.sent.get(name), str) for name in ("temperature", "max_tokens", "stream", "messages", "top_p")
    ),
)
fault(
    "large-body-413-html",
    "Bodies above 100 kB are refused with a page of the web server in front.",
    Seam.REPLY,
    when=lambda call: len(call.raw) > 100_000,
    surface="chat.create",
)(edits.become(413, b"<html><body><h1>413 Request Entity Too Large</h1></body></html>", "text/html"))

_row(
    "text-format-refused",
    "A response_format of the type text is refused.",
    edits.refuse(400, "response_format must be json_object.", "response_format"),
    surface="structured",
    when=lambda call: call.sent.get("response_format") == {"type": "text"},
)
_BANNED = ("maxItems", "minItems", "maxLength", "minLength", "pattern", "format", "minProperties", "maxProperties")
_row(
    "json_schema-keywords-rejected",
    "Ordinary JSON Schema keywords are refused.",
    edits.refuse(400, "Invalid schema: keyword is not permitted.", "response_format", "invalid_json_schema"),
    "json_schema-keywords-rejected",
    surface="structured",
    when=lambda call: any(f'"{name}"' in str(call.sent.get("response_format")).replace("'", '"') for name in _BANNED),
)


@fault(
    "roles-must-alternate-400",
    "Roles must alternate between user and assistant.",
    Seam.REQUEST,
    surface="chat.create",
    field_bugs=("roles-must-alternate-400",),
)
def _(body: Json, call: Call) -> Json:
    roles = [each.get("role") for each in _messages(call)]
    if any(left == right and left in ("user", "system") for left, right in pairwise(roles)) or roles[-1:] == ["system"]:
        raise ApiError(400, "Conversation roles must alternate user/assistant/user/assistant/...")
    return body


@fault(
    "validation-order-404-before-400",
    "Wrongly typed parameters are reported as an unknown model.",
    Seam.REQUEST,
    surface="errors",
    field_bugs=("validation-order-404-before-400",),
)
def _(body: Json, _call: Call) -> Json:
    if isinstance(body.get("max_tokens"), str) or isinstance(body.get("stream"), str):
        raise ApiError(404, f"The model `{body.get('model')}` does not exist", None, "model_not_found")
    return body
