"""Faults in headers, keys, methods and in how whole bodies are delivered."""

from __future__ import annotations

import gzip
import json

from conformance.reference.api.problems import ApiError
from conformance.reference.faults import edits
from conformance.reference.faults.registry import Apply, Seam, When, fault
from conformance.reference.server.call import Call, Ending, Json, Reply


def _row(
    name: str,
    summary: str,
    apply: Apply,
    *field_bugs: str,
    when: When | None = None,
    on: tuple[str, ...] = (),
    surface: str = "headers",
) -> None:
    fault(name, summary, Seam.REPLY, on=on, when=when, surface=surface, field_bugs=field_bugs)(apply)


def _whole(call: Call) -> bool:
    return edits.accepted(call) and not call.stream


_row(
    "json-content-type-text",
    "JSON bodies are labelled text/plain.",
    edits.header("content-type", "text/plain"),
    when=lambda call: not call.stream,
)
_row(
    "json-content-type-missing",
    "JSON bodies have no Content-Type.",
    edits.header("content-type", None),
    when=lambda call: not call.stream,
)
_row("request-id-missing", "Answers have no x-request-id.", edits.header("x-request-id", None))
_row("date-missing", "Answers have no Date.", edits.header("date", None))
_row("cache-public", "Answers may be cached by anyone.", edits.header("cache-control", "public, max-age=600"))
_row("rate-limit-headers-missing", "Answers have no x-ratelimit headers.", lambda reply, _call: _without_limits(reply))
_row(
    "rate-limit-reset-timestamp",
    "x-ratelimit-reset-requests is a timestamp.",
    edits.header("x-ratelimit-reset-requests", "1760000000"),
    when=edits.accepted,
    on=("chat",),
)
_row("should-retry-maybe", "x-should-retry is neither true nor false.", edits.header("x-should-retry", "maybe"))
_row(
    "cors-preflight-405-404",
    "Preflight requests of browsers are refused.",
    edits.become(405, b'{"detail":"Method Not Allowed"}'),
    "cors-preflight-405-404",
    when=lambda call: call.method == "OPTIONS",
)
_row(
    "nonstream-cut-short",
    "Whole bodies end before their Content-Length.",
    lambda reply, _call: _shortened(reply),
    when=_whole,
    on=("chat",),
)
_row(
    "nonstream-no-answer",
    "The connection is closed before a status line.",
    edits.ending(Ending.SILENT),
    when=_whole,
    on=("chat",),
)
_row("nonstream-stall", "Headers come, and then nothing.", edits.ending(Ending.STALL), when=_whole, on=("chat",))
_row(
    "leading-whitespace-before-json",
    "Spaces and newlines come before the JSON of an answer.",
    lambda reply, _call: reply.become(b"\n         \n" + reply.body),
    "leading-whitespace-before-json",
    when=_whole,
    on=("chat",),
)
_row(
    "json-bom",
    "JSON bodies open with a byte order mark.",
    lambda reply, _call: reply.become(b"\xef\xbb\xbf" + reply.body),
    when=_whole,
)
_row(
    "json-trailing-bytes",
    "Something follows the JSON of an answer.",
    lambda reply, _call: reply.become(reply.body + b"\nnull"),
    when=_whole,
)
_row(
    "json-duplicate-keys",
    "A member of the answer comes twice.",
    lambda reply, _call: reply.become(reply.body.replace(b"{", b'{"object": "x", ', 1)),
    when=_whole,
    on=("chat",),
)
_row(
    "json-latin1",
    "JSON bodies are encoded in latin-1.",
    lambda reply, _call: reply.become(reply.body.decode().encode("latin-1", "replace")),
    when=_whole,
)
_row(
    "json-nan",
    "A number of the answer is NaN.",
    lambda reply, _call: reply.become(reply.body.replace(b'"total_tokens": ', b'"latency": NaN, "total_tokens": ')),
    when=_whole,
    on=("chat",),
)
_row(
    "header-control-character",
    "A header value holds a tab and another a byte that is no text.",
    edits.header("x-served-by", "node\t\x80"),
)
_row("content-type-twice", "Content-Type is sent twice.", lambda reply, _call: _twice(reply))


def _without_limits(reply: Reply) -> Reply:
    reply.headers[:] = [pair for pair in reply.headers if not pair[0].startswith("x-ratelimit")]
    return reply


def _shortened(reply: Reply) -> Reply:
    reply.body, reply.ending = reply.body[:-40], Ending.ABORT
    return reply


def _twice(reply: Reply) -> Reply:
    reply.headers.append(("content-type", "text/html"))
    return reply


@fault("compressed-unasked", "Bodies are compressed although nobody asked.", Seam.REPLY, when=_whole, surface="headers")
def _(reply: Reply, _call: Call) -> Reply:
    reply.become(gzip.compress(reply.body))
    reply.set_header("content-encoding", "gzip")
    return reply


@fault(
    "request-content-encoding-not-decoded",
    "Compressed request bodies are taken for broken JSON.",
    Seam.REQUEST,
    surface="headers",
    when=lambda call: "content-encoding" in call.headers,
    field_bugs=("request-content-encoding-not-decoded",),
)
def _(_body: Json, _call: Call) -> Json:
    raise ApiError(400, "Request body must be valid JSON")


@fault(
    "bearer-scheme-case-sensitive",
    "Only the spelling Bearer is accepted.",
    Seam.REQUEST,
    on=(),
    surface="auth",
    when=lambda call: not call.headers.get("authorization", "").startswith("Bearer "),
    field_bugs=("bearer-scheme-case-sensitive",),
)
def _(_body: Json, _call: Call) -> Json:
    raise ApiError(401, "Invalid authorization scheme", None, "invalid_api_key", headers={"www-authenticate": "Bearer"})


@fault(
    "body-checked-before-key",
    "The body is validated before the key.",
    Seam.ERROR,
    on=("chat",),
    when=edits.refused_with(401),
    surface="auth",
)
def _(error: ApiError, call: Call) -> ApiError:
    complete = isinstance(call.sent.get("messages"), list) and call.sent.get("model")
    return (
        error
        if complete
        else ApiError(400, "Missing required parameter: 'messages'.", "messages", "missing_required_parameter")
    )


@fault(
    "key-not-checked",
    "Any key, and none, is accepted for the list of models.",
    Seam.REPLY,
    on=("models",),
    when=edits.refused_with(401),
    surface="auth",
)
def _(reply: Reply, _call: Call) -> Reply:
    reply.status = 200
    return reply.become(json.dumps({"object": "list", "data": []}).encode())


@fault(
    "chat-key-not-checked",
    "A wrong key is served all the same.",
    Seam.REPLY,
    on=("chat",),
    when=edits.refused_with(401),
    surface="auth",
)
def _(reply: Reply, call: Call) -> Reply:
    message = {"role": "assistant", "content": "Hello!", "refusal": None}
    body = {
        "id": f"chatcmpl-{call.hex}",
        "object": "chat.completion",
        "created": call.created,
        "model": "reference-chat",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
    }
    reply.status = 200
    return reply.become(json.dumps(body).encode())
