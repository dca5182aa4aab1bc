"""Faults of auth: each re-enacts what servers in the field do."""

from __future__ import annotations

import json
from dataclasses import replace

from conformance.reference.faults import ApiError, Call, Json, Seam, ServedReply, edits, fault, rows

rows.envelope_row(
    "key-echoed-in-error",
    "Refusals of a key repeat the whole key.",
    lambda body, call: (
        {"error": {**body["error"], "message": f"Incorrect API key provided: {call.key}."}}
        if edits.error_status(call) == 401
        else body
    ),
)

# statuses
rows.error_row(
    "wrong-key-500",
    "A wrong key ends in a server error.",
    edits.with_status(500, "Internal server error", kind="server_error"),
    "wrong-key-500",
    when=edits.refused_with(401),
    surface="auth",
)
rows.error_row(
    "wrong-key-403",
    "A wrong key is refused with 403.",
    edits.with_status(403, kind="permission_error"),
    when=edits.refused_with(401),
    surface="auth",
)
rows.error_row(
    "wrong-key-404",
    "A wrong key is refused with 404.",
    edits.with_status(404),
    when=edits.refused_with(401),
    surface="auth",
)
rows.error_row(
    "wrong-key-code-missing",
    "A wrong key is refused without a code.",
    lambda error, _call: replace(error, code=None),
    when=edits.refused_with(401),
    surface="auth",
)
rows.error_row(
    "www-authenticate-missing",
    "401 comes without WWW-Authenticate.",
    lambda error, _call: replace(error, headers={}),
    when=edits.refused_with(401),
    surface="auth",
)


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
def _(reply: ServedReply, _call: Call) -> ServedReply:
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
def _(reply: ServedReply, call: Call) -> ServedReply:
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


rows.plain_reply_row(
    "challenge-basic",
    "A 401 asks for a name and a password.",
    edits.header("www-authenticate", 'Basic realm="api"'),
    edits.refused_with(401),
)


@fault(
    "basic-scheme-served",
    "A request with another scheme than Bearer is served.",
    Seam.REPLY,
    when=lambda call: call.headers.get("authorization", "").startswith("Basic "),
    surface="auth",
)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    reply.status = 200
    return reply.become(b'{"object": "chat.completion", "choices": []}')


rows.plain_error_row(
    "wrong-key-type-own",
    "A refused key has a type of the server's own.",
    lambda error, _call: replace(error, type="auth_error"),
    edits.refused_with(401),
    "auth",
)
