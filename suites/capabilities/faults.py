"""Faults of capabilities: each re-enacts what servers in the field do."""

from __future__ import annotations

from conformance.reference.faults import ApiError, Call, Json, Seam, edits, fault, rows

rows.body_row("logprobs-missing", "Choices have no logprobs.", edits.each_choice(lambda choice: choice.pop("logprobs")))
rows.body_row(
    "content-empty", "The content of messages is empty.", edits.each_message(lambda message: message.update(content=""))
)
rows.body_row(
    "refusal-absent-content_filter-empty",
    "A blocked answer has content null, no refusal, and finishes with content_filter.",
    edits.each_choice(
        lambda choice: choice.update(message={"role": "assistant", "content": None}, finish_reason="content_filter")
    ),
    "refusal-absent-content_filter-empty",
)


@rows.body_bug("success-with-null-content-and-zero-usage", "An answer is null and counts no tokens.")
def _(body: Json, _call: Call) -> Json:
    for choice in body["choices"]:
        choice["message"]["content"] = None
    body["usage"] = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    return body


@fault(
    "stop-string-left-in-output",
    "The stop string is left at the end of the text.",
    Seam.BODY,
    stream=False,
    when=edits.asks("stop"),
    surface="chat.create",
    field_bugs=("stop-string-left-in-output",),
)
def _(body: Json, call: Call) -> Json:
    stop = call.sent["stop"]
    for choice in body["choices"]:
        choice["message"]["content"] = (choice["message"]["content"] or "") + "".join(
            [stop] if isinstance(stop, str) else stop[:1]
        )
    return body


@rows.body_bug(
    "chat-logprobs-in-legacy-shape", "logprobs have the shape of legacy completions.", when=edits.asks("logprobs")
)
def _(body: Json, _call: Call) -> Json:
    for choice in body["choices"]:
        content = (choice["logprobs"] or {}).get("content") or []
        choice["logprobs"] = {
            "tokens": [each["token"] for each in content],
            "token_logprobs": [each["logprob"] for each in content],
            "top_logprobs": [{other["token"]: other["logprob"] for other in each["top_logprobs"]} for each in content],
            "text_offset": [0 for _ in content],
        }
    return body


rows.body_row(
    "logprobs-silently-dropped",
    "logprobs are accepted and not answered.",
    edits.each_choice(lambda choice: choice.update(logprobs=None)),
    "logprobs-silently-dropped",
    when=edits.asks("logprobs"),
)
fault("logprobs-silently-dropped", "", Seam.CHUNKS, stream=True)(
    edits.each_chunk(lambda chunk: [choice.update(logprobs=None) for choice in chunk["choices"]])
)
rows.request_row("stop-parameter-ignored", "stop is overlooked.", edits.without("stop"), "stop-parameter-ignored")
rows.request_row(
    "stop-array-ignored",
    "stop is understood as a string only.",
    lambda body, _call: {**body, "stop": None} if isinstance(body.get("stop"), list) else body,
)
rows.request_row(
    "json-object-ignored",
    "response_format json_object is overlooked.",
    edits.without("response_format"),
    surface="structured",
    when=lambda call: edits.sent_object(call, "response_format").get("type") == "json_object",
)
rows.request_row(
    "tools-ignored",
    "tools are accepted and overlooked.",
    edits.without("tools", "tool_choice", "parallel_tool_calls"),
    "tools-silently-dropped",
    surface="chat.tools",
)
rows.request_row(
    "tools-silently-dropped",
    "tools are accepted and overlooked.",
    edits.without("tools", "tool_choice", "parallel_tool_calls"),
    "tools-silently-dropped",
    surface="chat.tools",
)
rows.request_row(
    "seed-refused", "seed is refused.", edits.refuse(400, "Unknown parameter: 'seed'.", "seed"), when=edits.asks("seed")
)
rows.request_row(
    "listed-parameter-refused",
    "A parameter is refused although supported_parameters names it.",
    edits.refuse(400, "Unsupported parameter: 'frequency_penalty'.", "frequency_penalty", "unsupported_parameter"),
    when=edits.asks("frequency_penalty"),
)
rows.request_row(
    "n-refused",
    "n is refused although listed.",
    edits.refuse(400, "Unsupported parameter: 'n'.", "n", "unsupported_parameter"),
    when=edits.asks("n"),
)
rows.request_row(
    "logprobs-refused",
    "logprobs are refused although advertised.",
    edits.refuse(400, "logprobs are not supported.", "logprobs", "unsupported_parameter"),
    when=edits.asks("logprobs"),
)


@fault("images-dropped", "Pictures are overlooked.", Seam.REQUEST, surface="vision")
def _(body: Json, _call: Call) -> Json:
    for each in edits.objects(body.get("messages")):
        if isinstance(each.get("content"), list):
            each["content"] = [part for part in edits.parts(each) if part.get("type") != "image_url"] or ""
    return body


def _as_letters(part: Json) -> Json:
    picture = part.get("image_url")
    return {"type": "text", "text": str(picture.get("url"))} if isinstance(picture, dict) else part


@fault("images-as-text", "Pictures are read as the text of their URL.", Seam.REQUEST, surface="vision")
def _(body: Json, _call: Call) -> Json:
    for each in edits.objects(body.get("messages")):
        if isinstance(each.get("content"), list):
            each["content"] = [_as_letters(part) for part in edits.parts(each)]
    return body


rows.request_row(
    "parallel_tool_calls-rejected",
    "parallel_tool_calls is refused.",
    edits.refuse(400, 'json: unknown field "parallel_tool_calls"'),
    "parallel_tool_calls-rejected",
    when=edits.asks("parallel_tool_calls"),
)
rows.request_row(
    "penalties-and-stop-rejected",
    "Penalties and stop are refused, even at their defaults.",
    edits.refuse(400, "The model does not support the parameter presencePenalty."),
    "penalties-and-stop-rejected",
    when=lambda call: bool({"presence_penalty", "frequency_penalty", "stop"} & call.sent.keys()),
)
rows.request_row(
    "reasoning_effort-not-accepted-by-relay",
    "reasoning_effort is refused.",
    edits.refuse(400, "The relay does not support parameters: ['reasoning_effort']"),
    "reasoning_effort-not-accepted-by-relay",
    when=edits.asks("reasoning_effort"),
)
rows.request_row(
    "thinking-default-breaks-nonstream",
    "A plain request without stream is refused because the model thinks.",
    edits.refuse(
        400, "parameter.enable_thinking must be set to false for non-streaming calls", None, "invalid_parameter_error"
    ),
    "thinking-default-breaks-nonstream",
    when=lambda call: not call.stream,
)
rows.request_row(
    "stream_options-forwarded-when-stream-faked",
    "stream_options are refused although stream is on.",
    edits.refuse(400, "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options"),
    "stream_options-forwarded-when-stream-faked",
    when=edits.asks("stream_options"),
    surface="chat.stream",
)
rows.request_row(
    "content-parts-array-rejected",
    "Content in parts ends in a server error.",
    edits.refuse(500, "[json.exception.type_error.302] type must be string, but is array"),
    "content-parts-array-rejected",
    when=edits.any_message(lambda each: isinstance(each.get("content"), list)),
)
rows.request_row(
    "image-500",
    "A corrupt picture ends in a server error.",
    edits.refuse(500, "cannot identify image file"),
    surface="vision",
    when=edits.any_message(lambda each: any(part.get("type") == "image_url" for part in edits.parts(each))),
)
rows.metadata_row(
    "metadata-everything-advertised",
    "Every model advertises everything.",
    lambda entry: entry.update(
        supported_features=["tools", "json_mode", "structured_outputs", "reasoning", "logprobs"]
    ),
)


rows.frames_row(
    "sse-array",
    "Each event is an array of one chunk.",
    lambda all_: edits.each_frame(all_, lambda data: b"[" + data + b"]"),
)
rows.frames_row("sse-data-twice", "Each line has `data:` twice.", lambda all_: [b"data: " + frame for frame in all_])


@fault("logprobs-alone-crash", "logprobs without top_logprobs end in a crash.", Seam.REQUEST, surface="chat.logprobs")
def _(body: Json, _call: Call) -> Json:
    if body.get("logprobs") and body.get("top_logprobs") is None:
        raise ApiError(500, "'>' not supported between instances of 'NoneType' and 'int'", type="server_error")
    return body
