"""Faults of chat: each re-enacts what servers in the field do."""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime

from conformance.reference.faults import Call, Json, Seam, ServedReply, edits, fault, rows

rows.body_row(
    "object-missing",
    "Completions have no object.",
    edits.whole(lambda body: body.pop("object")),
    "object-field-missing-or-empty",
)
rows.body_row(
    "object-field-missing-or-empty",
    'The object of completions is "".',
    edits.whole(lambda body: body.update(object="")),
    "object-field-missing-or-empty",
)
rows.body_row("chat-id-missing", "Completions have no id.", edits.whole(lambda body: body.pop("id")), "chat-id-missing")
rows.member_row(
    "chat-id-empty-string",
    'The id of completions and chunks is "".',
    lambda body: body.update(id=""),
    "chat-id-empty-string",
)
rows.member_row("chat-id-constant", "Every completion has the same id.", lambda body: body.update(id="chatcmpl-1"))
rows.body_row("created-missing", "Completions have no created.", edits.whole(lambda body: body.pop("created")))
rows.body_row(
    "created-is-string-or-iso-date",
    "created is an ISO date.",
    edits.whole(lambda body: body.update(created=datetime.fromtimestamp(body["created"], UTC).isoformat())),
    "created-is-string-or-iso-date",
)
rows.body_row("model-missing", "Completions have no model.", edits.whole(lambda body: body.pop("model")))
rows.member_row(
    "model-field-leaks-provider-prefix",
    "The model of the answer has a prefix of the upstream provider.",
    lambda body: body.update(model=f"hosted_vllm/{body['model']}"),
    "model-field-leaks-provider-prefix",
)
rows.body_row(
    "choices-empty-array-on-200",
    "An answer has no choices.",
    edits.whole(lambda body: body.update(choices=[])),
    "choices-empty-array-on-200",
)
rows.body_row("choice-index-missing", "Choices have no index.", edits.each_choice(lambda choice: choice.pop("index")))
rows.body_row(
    "choice-index-from-one",
    "Indexes of choices start at 1.",
    edits.each_choice(lambda choice: choice.update(index=choice["index"] + 1)),
)
rows.body_row(
    "response-wrapped-in-array",
    "The body is an array around the completion.",
    lambda body, _call: [body],
    "response-wrapped-in-array",
)
rows.body_row("message-role-missing", "Messages have no role.", edits.each_message(lambda message: message.pop("role")))
rows.body_row(
    "message-role-model",
    "The role of messages is model.",
    edits.each_message(lambda message: message.update(role="model")),
)
rows.body_row(
    "refusal-missing", "Messages have no refusal.", edits.each_message(lambda message: message.pop("refusal"))
)
rows.body_row(
    "content-missing", "Messages have no content.", edits.each_message(lambda message: message.pop("content"))
)
rows.body_row(
    "content-is-array-in-response",
    "The content of messages is an array of parts.",
    edits.each_message(lambda message: message.update(content=[{"type": "text", "text": message["content"]}])),
    "content-is-array-in-response",
)
rows.body_row(
    "tool_calls-null-padding",
    "Messages without calls have tool_calls null.",
    edits.each_message(lambda message: message.setdefault("tool_calls", None)),
    "tool_calls-null-padding",
)
rows.body_row(
    "tool-calls-empty-array-always",
    "Messages without calls have tool_calls [].",
    edits.each_message(lambda message: message.setdefault("tool_calls", [])),
    "tool-calls-empty-array-always",
)
rows.body_row(
    "stop_reason-extra-int-field",
    "Choices have an extra stop_reason that is a number.",
    edits.each_choice(lambda choice: choice.update(stop_reason=13)),
    "stop_reason-extra-int-field",
)
rows.body_row(
    "error-null-on-success", "A successful body has error: null.", edits.whole(lambda body: body.update(error=None))
)
rows.body_row(
    "error-beside-choices",
    "A successful body has an error as well.",
    edits.whole(
        lambda body: body.update(
            error={"message": "partly failed", "type": "server_error", "param": None, "code": None}
        )
    ),
)

rows.body_row("finish-reason-null", "Finished choices have finish_reason null.", edits.finish_reason(None))
rows.body_row(
    "finish-reason-eos_token",
    "Choices finish with eos_token.",
    edits.finish_reason("eos_token", "stop"),
    "finish-reason-eos_token",
)
rows.body_row(
    "finish-reason-end_turn",
    "Choices finish with end_turn.",
    edits.finish_reason("end_turn", "stop"),
    "finish-reason-end_turn",
)
rows.body_row(
    "finish-reason-length-without-limit",
    "Finished answers are reported as cut.",
    edits.finish_reason("length", "stop"),
    "finish-reason-length-without-limit",
)
rows.body_row(
    "finish-reason-stop-when-cut", "Cut answers are reported as finished.", edits.finish_reason("stop", "length")
)
fault("finish-reason-stop-when-cut", "", Seam.CHUNKS, stream=True)(edits.stream_finish_reason("stop", "length"))


@rows.body_bug("finish-reason-uppercase-gemini", "Finish reasons are STOP and MAX_TOKENS.")
def _(body: Json, _call: Call) -> Json:
    for choice in body["choices"]:
        choice["finish_reason"] = {"stop": "STOP", "length": "MAX_TOKENS"}.get(choice["finish_reason"], "STOP")
    return body


rows.body_row(
    "usage-extra-vendor-fields",
    "usage holds timings, flags and lists.",
    edits.each_usage(
        lambda usage: usage.update(
            total_latency=0.069, is_last_response=True, stop_reason="stop", promptTokensDetails=[]
        )
    ),
    "usage-extra-vendor-fields",
)


def _labelled(reply: ServedReply, tail: bytes) -> ServedReply:
    return reply.become(reply.body + tail, "text/event-stream")


@fault(
    "nonstream-json-labelled-event-stream",
    "Without stream, the JSON body is labelled as an event stream and followed by [DONE].",
    Seam.REPLY,
    field_bugs=("nonstream-json-labelled-event-stream",),
    on=("chat",),
    stream=False,
    when=edits.is_accepted,
    surface="headers",
)
@fault(
    "nonstream-body-labelled-sse-with-done",
    "Without stream, the JSON body is labelled as an event stream and followed by [DONE].",
    Seam.REPLY,
    field_bugs=("nonstream-body-labelled-sse-with-done",),
    on=("chat",),
    stream=False,
    when=edits.is_accepted,
    surface="headers",
)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    return _labelled(reply, b"\n\ndata: [DONE]\n\n")


@fault(
    "nonstream-as-event-stream",
    "Without stream, the answer is sent as an event stream of one completion.",
    Seam.REPLY,
    on=("chat",),
    stream=False,
    when=edits.is_accepted,
    surface="headers",
)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    import json

    body = json.dumps(json.loads(reply.body)).encode()
    return reply.become(b"data: " + body + b"\n\ndata: [DONE]\n\n", "text/event-stream; charset=utf-8")


rows.tools_body_row(
    "finish_reason-tool_call-singular",
    "A tool call finishes with tool_call.",
    edits.finish_reason("tool_call", "tool_calls"),
    "finish_reason-tool_call-singular",
)
rows.tools_body_row(
    "tool-call-content-missing",
    "A message with calls has no content.",
    edits.each_message(lambda message: message.pop("content") if message.get("tool_calls") else None),
)


rows.request_row("n-ignored", "n is accepted, and one choice comes.", edits.without("n"), "n-parameter-ignored")
rows.request_row(
    "n-parameter-ignored", "n is accepted, and one choice comes.", edits.without("n"), "n-parameter-ignored"
)
rows.request_row(
    "max-tokens-ignored",
    "max_tokens and max_completion_tokens are overlooked.",
    edits.without("max_tokens", "max_completion_tokens"),
)
rows.request_row(
    "max_completion_tokens-ignored",
    "max_completion_tokens is overlooked.",
    edits.without("max_completion_tokens"),
    "max_completion_tokens-ignored",
)
fault("created-yesterday", "created is a day old.", Seam.BODY, stream=False, surface="chat.create")(
    edits.whole(lambda body: body.update(created=body["created"] - 86_400))
)
fault(
    "stream-id-of-another-form",
    "Ids of streams are of another form than those of whole answers.",
    Seam.CHUNKS,
    stream=True,
)(edits.each_chunk(lambda chunk: chunk.update(id=chunk["id"].replace("chatcmpl-", "gen-"))))
fault("stream-model-differs", "Streams name another model than whole answers.", Seam.CHUNKS, stream=True)(
    edits.each_chunk(lambda chunk: chunk.update(model=f"{chunk['model']}-turbo"))
)
rows.limit_row(
    "always-500",
    "Every chat request ends in a server error.",
    edits.error_body("Internal server error", "server_error", None),
    None,
    status=500,
)
rows.letters_row(
    "text-escaped-twice", "Every text is escaped once more than once.", lambda text: json.dumps(text)[1:-1]
)
rows.letters_row(
    "text-character-references",
    "Characters are written as references of HTML.",
    lambda text: html.escape(text).encode("ascii", "xmlcharrefreplace").decode(),
)


_LEAKED = {
    "eos": "<eos>",
    "eos-bracket": "[EOS]",
    "pad": "<pad>",
    "byte": "<0x0A>",
    "im-sep": "<|im_sep|>",
    "fim": "<|fim_suffix|>",
    "end-of-turn": "<|END_OF_TURN_TOKEN|>",
    "utterance": "<end_of_utterance>",
    "unclosed": "<|im_end",
    "next-turn": "\nUser: ",
}
_LED = {
    "gmask": "[gMASK]<sop>",
    "space": "\u0120",
    "harmony": "analysisThe user greets.assistantfinal",
    "unused": "<unused94>thought\n",
    "role": "assistant\n\n",
    "role-colon": "Assistant: ",
    "sentence": "<s>",
}


def _beside(name: str, summary: str, text: str, *, first: bool) -> None:
    """Text beside every text, a delta of its own where it is streamed."""

    def body(answer: Json, _call: Call) -> Json:
        for choice in answer["choices"]:
            said = choice["message"].get("content")
            if said:
                choice["message"]["content"] = text + said if first else said + text
        return answer

    rows.said_row(name, summary, text, first=first)
    fault(name, summary, Seam.BODY, stream=False, when=edits.is_plain_chat)(body)


for _name, _text in _LEAKED.items():
    _beside(f"token-leaks-{_name}", f"Texts end with {_text.strip()}.", _text, first=False)
for _name, _text in _LED.items():
    _beside(f"token-leads-{_name}", f"Texts begin with {_text.strip()}.", _text, first=True)


fault(
    "stream-finish-tool_calls-without-call",
    "Streamed text finishes with tool_calls, the same text in one with stop.",
    Seam.CHUNKS,
    stream=True,
    when=edits.is_plain_chat,
)(edits.stream_finish_reason("tool_calls", "stop"))


@fault("stream-created-constant", "created of chunks is the time of the release.", Seam.CHUNKS, stream=True)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return [{**each, "created": 1_700_000_000} for each in chunks]


rows.document_row("document-is-an-object", "The content is the document itself, and no text.", json.loads)


rows.decimal_point_row(
    "usage-with-decimal-point", "Counts of tokens are written 12.0.", "prompt_tokens|completion_tokens|total_tokens"
)
rows.decimal_point_row("created-with-decimal-point", "created is written 1700000000.0.", "created")
rows.decimal_point_row("index-with-decimal-point", "Indexes of choices are written 0.0.", "index")


def _members(name: str, summary: str, edit: edits.Edit) -> None:
    fault(name, summary, Seam.BODY, stream=False)(edits.whole(edit))
    fault(name, summary, Seam.CHUNKS, stream=True)(edits.each_chunk(edit))


_members("model-is-a-file", "The model is a path.", lambda body: body.update(model="/srv/models/Qwen2.5-7B.gguf"))
_members(
    "model-is-an-arn", "The model is an ARN.", lambda body: body.update(model="arn:aws:bedrock:us-east-1::model/x")
)
_members("service-tier-on-demand", "service_tier is on_demand.", lambda body: body.update(service_tier="on_demand"))
fault("message-function-call-null", "Messages have function_call null.", Seam.BODY, stream=False)(
    edits.each_message(lambda message: message.update(function_call=None))
)
fault("delta-beside-message", "Choices have a delta beside the message.", Seam.BODY, stream=False)(
    edits.each_choice(lambda choice: choice.update(delta={"content": choice["message"]["content"]}))
)
fault("text-beside-message", "Choices have a text beside the message.", Seam.BODY, stream=False)(
    edits.each_choice(lambda choice: choice.update(text=choice["message"]["content"]))
)


@fault("status-201", "Answers have the status 201.", Seam.REPLY, when=edits.is_accepted)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    reply.status = 201
    return reply
