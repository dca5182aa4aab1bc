"""Faults in the body of a chat completion."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from conformance.reference.faults import edits
from conformance.reference.faults.registry import Apply, Seam, When, fault
from conformance.reference.server.call import Call, Json, Reply


def _row(name: str, summary: str, apply: Apply, *field_bugs: str, when: When | None = None) -> None:
    fault(name, summary, Seam.BODY, stream=False, when=when, surface="chat.create", field_bugs=field_bugs)(apply)


def _named(name: str, summary: str, when: When | None = None) -> Callable[[Apply], Apply]:
    return fault(name, summary, Seam.BODY, stream=False, when=when, surface="chat.create", field_bugs=(name,))


def _both(name: str, summary: str, edit: edits.Edit, *field_bugs: str) -> None:
    """The same top-level member is wrong in bodies and in chunks."""
    _row(name, summary, edits.whole(edit), *field_bugs)
    fault(name, "", Seam.CHUNKS, stream=True)(edits.each_chunk(edit))


_row(
    "object-missing",
    "Completions have no object.",
    edits.whole(lambda body: body.pop("object")),
    "object-field-missing-or-empty",
)
_row(
    "object-field-missing-or-empty",
    'The object of completions is "".',
    edits.whole(lambda body: body.update(object="")),
    "object-field-missing-or-empty",
)
_row("chat-id-missing", "Completions have no id.", edits.whole(lambda body: body.pop("id")), "chat-id-missing")
_both(
    "chat-id-empty-string",
    'The id of completions and chunks is "".',
    lambda body: body.update(id=""),
    "chat-id-empty-string",
)
_both("chat-id-constant", "Every completion has the same id.", lambda body: body.update(id="chatcmpl-1"))
_both("created-zero", "created is 0.", lambda body: body.update(created=0))
_both(
    "created-in-milliseconds", "created counts milliseconds.", lambda body: body.update(created=body["created"] * 1000)
)
_row("created-missing", "Completions have no created.", edits.whole(lambda body: body.pop("created")))
_row(
    "created-is-string-or-iso-date",
    "created is an ISO date.",
    edits.whole(lambda body: body.update(created=datetime.fromtimestamp(body["created"], UTC).isoformat())),
    "created-is-string-or-iso-date",
)
_row("model-missing", "Completions have no model.", edits.whole(lambda body: body.pop("model")))
_both(
    "model-field-leaks-provider-prefix",
    "The model of the answer has a prefix of the upstream provider.",
    lambda body: body.update(model=f"hosted_vllm/{body['model']}"),
    "model-field-leaks-provider-prefix",
)
_row(
    "choices-empty-array-on-200",
    "An answer has no choices.",
    edits.whole(lambda body: body.update(choices=[])),
    "choices-empty-array-on-200",
)
_row("choice-index-missing", "Choices have no index.", edits.each_choice(lambda choice: choice.pop("index")))
_row(
    "choice-index-from-one",
    "Indexes of choices start at 1.",
    edits.each_choice(lambda choice: choice.update(index=choice["index"] + 1)),
)
_row(
    "response-wrapped-in-array",
    "The body is an array around the completion.",
    lambda body, _call: [body],
    "response-wrapped-in-array",
)
_row(
    "message-object-missing",
    "Choices have no message, and usage has no completion_tokens.",
    edits.whole(
        lambda body: (body["usage"].pop("completion_tokens"), [choice.pop("message") for choice in body["choices"]])
    ),
    "message-object-missing",
)
_row("message-role-missing", "Messages have no role.", edits.each_message(lambda message: message.pop("role")))
_row(
    "message-role-model",
    "The role of messages is model.",
    edits.each_message(lambda message: message.update(role="model")),
)
_row("refusal-missing", "Messages have no refusal.", edits.each_message(lambda message: message.pop("refusal")))
_row("logprobs-missing", "Choices have no logprobs.", edits.each_choice(lambda choice: choice.pop("logprobs")))
_row("content-missing", "Messages have no content.", edits.each_message(lambda message: message.pop("content")))
_row(
    "content-is-array-in-response",
    "The content of messages is an array of parts.",
    edits.each_message(lambda message: message.update(content=[{"type": "text", "text": message["content"]}])),
    "content-is-array-in-response",
)
_row(
    "content-empty", "The content of messages is empty.", edits.each_message(lambda message: message.update(content=""))
)
_row(
    "tool_calls-null-padding",
    "Messages without calls have tool_calls null.",
    edits.each_message(lambda message: message.setdefault("tool_calls", None)),
    "tool_calls-null-padding",
)
_row(
    "tool-calls-empty-array-always",
    "Messages without calls have tool_calls [].",
    edits.each_message(lambda message: message.setdefault("tool_calls", [])),
    "tool-calls-empty-array-always",
)
_row(
    "refusal-absent-content_filter-empty",
    "A blocked answer has content null, no refusal, and finishes with content_filter.",
    edits.each_choice(
        lambda choice: choice.update(message={"role": "assistant", "content": None}, finish_reason="content_filter")
    ),
    "refusal-absent-content_filter-empty",
)
_row(
    "stop_reason-extra-int-field",
    "Choices have an extra stop_reason that is a number.",
    edits.each_choice(lambda choice: choice.update(stop_reason=13)),
    "stop_reason-extra-int-field",
)
_row("error-null-on-success", "A successful body has error: null.", edits.whole(lambda body: body.update(error=None)))
_row(
    "error-beside-choices",
    "A successful body has an error as well.",
    edits.whole(
        lambda body: body.update(
            error={"message": "partly failed", "type": "server_error", "param": None, "code": None}
        )
    ),
)

_row("finish-reason-null", "Finished choices have finish_reason null.", edits.finish_reason(None))
_row(
    "finish-reason-eos_token",
    "Choices finish with eos_token.",
    edits.finish_reason("eos_token", "stop"),
    "finish-reason-eos_token",
)
_row(
    "finish-reason-end_turn",
    "Choices finish with end_turn.",
    edits.finish_reason("end_turn", "stop"),
    "finish-reason-end_turn",
)
_row(
    "finish-reason-length-without-limit",
    "Finished answers are reported as cut.",
    edits.finish_reason("length", "stop"),
    "finish-reason-length-without-limit",
)
_row("finish-reason-stop-when-cut", "Cut answers are reported as finished.", edits.finish_reason("stop", "length"))
fault("finish-reason-stop-when-cut", "", Seam.CHUNKS, stream=True)(edits.stream_finish_reason("stop", "length"))


@_named("finish-reason-uppercase-gemini", "Finish reasons are STOP and MAX_TOKENS.")
def _(body: Json, _call: Call) -> Json:
    for choice in body["choices"]:
        choice["finish_reason"] = {"stop": "STOP", "length": "MAX_TOKENS"}.get(choice["finish_reason"], "STOP")
    return body


_row(
    "usage-missing-or-null",
    "Completions have usage null.",
    edits.whole(lambda body: body.update(usage=None)),
    "usage-missing-or-null",
)
_row(
    "usage-missing", "Completions have no usage.", edits.whole(lambda body: body.pop("usage")), "usage-missing-or-null"
)
_row(
    "usage-total-not-sum",
    "total_tokens is more than the sum.",
    edits.each_usage(lambda usage: usage.update(total_tokens=usage["total_tokens"] + 286)),
    "usage-total-not-sum",
)
fault("usage-total-not-sum", "", Seam.CHUNKS, stream=True)(
    edits.each_chunk(
        lambda chunk: (
            chunk["usage"].update(total_tokens=chunk["usage"]["total_tokens"] + 286) if chunk.get("usage") else None
        )
    )
)
_row(
    "usage-strings",
    "Token counts are strings.",
    edits.each_usage(lambda usage: usage.update(prompt_tokens=str(usage["prompt_tokens"]))),
)
_row(
    "usage-prompt-tokens-polluted",
    "Thinking tokens are added to the prompt's tokens.",
    edits.each_usage(
        lambda usage: usage.update(prompt_tokens=usage["prompt_tokens"] + 57, total_tokens=usage["total_tokens"] + 57)
    ),
    "usage-prompt-tokens-polluted",
)
_row(
    "usage-prompt-tokens-zero-when-cached",
    "prompt_tokens is 0 for a cached prompt.",
    edits.each_usage(lambda usage: usage.update(prompt_tokens=0, total_tokens=usage["completion_tokens"])),
    "usage-prompt-tokens-zero-when-cached",
)
_row(
    "usage-prompt-tokens-constant",
    "prompt_tokens is the same for every prompt.",
    edits.each_usage(lambda usage: usage.update(prompt_tokens=7, total_tokens=7 + usage["completion_tokens"])),
)
_row(
    "usage-completion-zero",
    "completion_tokens is 0 for an answer with text.",
    edits.each_usage(lambda usage: usage.update(completion_tokens=0, total_tokens=usage["prompt_tokens"])),
)
_row(
    "prompt-tokens-details-null-or-absent",
    "prompt_tokens_details is null.",
    edits.each_usage(lambda usage: usage.update(prompt_tokens_details=None)),
    "prompt-tokens-details-null-or-absent",
)
_row(
    "cached-tokens-exceed-prompt",
    "More cached tokens are reported than prompt tokens.",
    edits.each_usage(lambda usage: usage.update(prompt_tokens_details={"cached_tokens": usage["prompt_tokens"] + 100})),
)
_row(
    "usage-extra-vendor-fields",
    "usage holds timings, flags and lists.",
    edits.each_usage(
        lambda usage: usage.update(
            total_latency=0.069, is_last_response=True, stop_reason="stop", promptTokensDetails=[]
        )
    ),
    "usage-extra-vendor-fields",
)


@_named("success-with-null-content-and-zero-usage", "An answer is null and counts no tokens.")
def _(body: Json, _call: Call) -> Json:
    for choice in body["choices"]:
        choice["message"]["content"] = None
    body["usage"] = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    return body


@_named(
    "empty-output-length-instead-of-400",
    "A limit that is too large gives an empty answer instead of a refusal.",
    when=edits.asks("max_tokens", "max_completion_tokens"),
)
def _(body: Json, _call: Call) -> Json:
    for choice in body["choices"]:
        choice["message"]["content"], choice["finish_reason"] = "", "length"
    body["usage"] |= {"completion_tokens": 0, "total_tokens": body["usage"]["prompt_tokens"]}
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


@_named("chat-logprobs-in-legacy-shape", "logprobs have the shape of legacy completions.", when=edits.asks("logprobs"))
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


def _entries(name: str, summary: str, edit: edits.Edit) -> None:
    def each(choice: Json) -> None:
        for entry in (choice["logprobs"] or {}).get("content") or ():
            edit(entry)

    _row(name, summary, edits.each_choice(each), when=edits.asks("logprobs"))


_entries("logprobs-positive", "Log probabilities are above 0.", lambda entry: entry.update(logprob=0.5))
_entries(
    "logprobs-token-trimmed",
    "Tokens of logprobs lose their spaces.",
    lambda entry: entry.update(token=entry["token"].strip(), bytes=None),
)
_entries("logprobs-without-alternatives", "Entries have no top_logprobs.", lambda entry: entry.pop("top_logprobs"))
_row(
    "logprobs-silently-dropped",
    "logprobs are accepted and not answered.",
    edits.each_choice(lambda choice: choice.update(logprobs=None)),
    "logprobs-silently-dropped",
    when=edits.asks("logprobs"),
)
fault("logprobs-silently-dropped", "", Seam.CHUNKS, stream=True)(
    edits.each_chunk(lambda chunk: [choice.update(logprobs=None) for choice in chunk["choices"]])
)


@fault(
    "json-fenced",
    "JSON answers stand in a Markdown fence.",
    Seam.BODY,
    stream=False,
    when=edits.asks("response_format"),
    surface="structured",
)
def _(body: Json, _call: Call) -> Json:
    for choice in body["choices"]:
        choice["message"]["content"] = f"```json\n{choice['message']['content']}\n```"
    return body


def _labelled(reply: Reply, tail: bytes) -> Reply:
    return reply.become(reply.body + tail, "text/event-stream")


@fault(
    "nonstream-json-labelled-event-stream",
    "Without stream, the JSON body is labelled as an event stream and followed by [DONE].",
    Seam.REPLY,
    field_bugs=("nonstream-json-labelled-event-stream",),
    on=("chat",),
    stream=False,
    when=edits.accepted,
    surface="headers",
)
@fault(
    "nonstream-body-labelled-sse-with-done",
    "Without stream, the JSON body is labelled as an event stream and followed by [DONE].",
    Seam.REPLY,
    field_bugs=("nonstream-body-labelled-sse-with-done",),
    on=("chat",),
    stream=False,
    when=edits.accepted,
    surface="headers",
)
def _(reply: Reply, _call: Call) -> Reply:
    return _labelled(reply, b"\n\ndata: [DONE]\n\n")


@fault(
    "nonstream-as-event-stream",
    "Without stream, the answer is sent as an event stream of one completion.",
    Seam.REPLY,
    on=("chat",),
    stream=False,
    when=edits.accepted,
    surface="headers",
)
def _(reply: Reply, _call: Call) -> Reply:
    import json

    body = json.dumps(json.loads(reply.body)).encode()
    return reply.become(b"data: " + body + b"\n\ndata: [DONE]\n\n", "text/event-stream; charset=utf-8")


@fault("stream-as-json", "With stream, the answer is one JSON body.", Seam.REQUEST, stream=True, surface="chat.stream")
def _(body: Json, call: Call) -> Json:
    call.stream = False
    return {name: value for name, value in body.items() if name not in ("stream", "stream_options")}
