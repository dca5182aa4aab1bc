"""Faults in refusals: status, envelope, wording."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from conformance.reference.api.problems import ApiError
from conformance.reference.faults import edits
from conformance.reference.faults.registry import Apply, Seam, When, fault
from conformance.reference.server.call import Call, Reply


def _envelope(name: str, summary: str, apply: Apply, *field_bugs: str) -> None:
    fault(name, summary, Seam.ENVELOPE, on=(), surface="errors", field_bugs=field_bugs or ())(apply)


def _error(
    name: str, summary: str, apply: Apply, *field_bugs: str, when: When | None = None, surface: str = "errors"
) -> None:
    fault(name, summary, Seam.ERROR, on=(), when=when, surface=surface, field_bugs=field_bugs)(apply)


def _reply(
    name: str, summary: str, apply: Apply, *field_bugs: str, when: When = edits.refused, surface: str = "errors"
) -> None:
    fault(name, summary, Seam.REPLY, on=(), when=when, surface=surface, field_bugs=field_bugs)(apply)


def _status(status: int, message: str | None = None, code: str | None = None, kind: str | None = None) -> Apply:
    def apply(error: ApiError, _call: Call) -> ApiError:
        return replace(
            error, status=status, message=message or error.message, code=code or error.code, type=kind or error.type
        )

    return apply


def _members(**members: Any) -> Apply:
    return lambda body, _call: {"error": {**body["error"], **members}}


def _lacking(*names: str) -> Apply:
    return lambda body, _call: {"error": {name: value for name, value in body["error"].items() if name not in names}}


def _text(call: Call) -> str:
    return call.error.message if call.error else ""


def _number(call: Call) -> int:
    return call.error.status if call.error else 0


# envelopes
_envelope(
    "error-flat-envelope",
    "Errors are flat objects, without the member error.",
    lambda _body, call: {
        "object": "error",
        "message": _text(call),
        "type": "BadRequestError",
        "param": None,
        "code": _number(call),
    },
    "error-flat-envelope",
)
_envelope(
    "error-vendor-envelope",
    "Errors have the shape of the web framework.",
    lambda _body, call: {"statusCode": _number(call), "error": "Bad Request", "detail": _text(call)},
    "error-vendor-envelope",
)
_envelope(
    "error-fastapi-detail",
    "Errors have a member detail and nothing else.",
    lambda _body, call: {"detail": _text(call)},
    "error-vendor-envelope",
)
_envelope("error-wrapped-in-array", "Errors stand in an array.", lambda body, _call: [body], "error-wrapped-in-array")
_envelope(
    "error-body-json-array",
    "Errors stand in an array, with a numeric code and a status.",
    lambda _body, call: [{"error": {"code": _number(call), "message": _text(call), "status": "INVALID_ARGUMENT"}}],
    "error-body-json-array",
)
_envelope(
    "error-databricks-error_code",
    "Errors have error_code and message at the top.",
    lambda _body, call: {"error_code": "BAD_REQUEST", "message": _text(call)},
    "error-databricks-error_code",
)
_envelope(
    "error-message-is-object",
    "error.message is an object.",
    lambda body, call: {"error": {**body["error"], "message": {"detail": [{"loc": ["body"], "msg": _text(call)}]}}},
    "error-message-is-object",
)
_envelope(
    "error-double-encoded-json",
    "error is JSON inside a string.",
    lambda body, _call: {"error": json.dumps(body)},
    "error-double-encoded-json",
)
_envelope(
    "error-upstream-hidden-in-metadata",
    "The message says only that a provider failed.",
    lambda body, call: {
        "error": {"message": "Provider returned error", "code": _number(call), "metadata": {"raw": json.dumps(body)}}
    },
    "error-upstream-hidden-in-metadata",
)
_envelope(
    "error-code-number",
    "error.code is a number.",
    lambda body, call: {"error": {**body["error"], "code": _number(call)}},
)
_envelope("error-message-empty", "error.message is empty.", _members(message=""))
_envelope("error-type-missing", "Errors have no type.", _lacking("type"))
_envelope("error-param-code-missing", "Errors have no param and no code.", _lacking("param", "code"))
_envelope(
    "error-stack-trace",
    "Errors show a stack trace and an internal host.",
    _members(
        message='Traceback (most recent call last):\n  File "/srv/api.py", line 88\nupstream http://10.0.3.17 failed'
    ),
)
_envelope(
    "error-cluster-host",
    "Errors name a host inside the cluster.",
    _members(message="dial tcp: lookup vllm-0.models.svc.cluster.local: no such host"),
)
_envelope(
    "error-message-html",
    "The message of an error is a page of the web server behind.",
    _members(message="<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"),
)
_envelope(
    "context-overflow-code-not-standard",
    "A prompt that is too long is refused with a code of the server's own.",
    lambda body, call: (
        {"error": {**body["error"], "type": "exceed_context_size_error", "code": 400}}
        if call.error and call.error.code == "context_length_exceeded"
        else body
    ),
    "context-overflow-code-not-standard",
)
_envelope(
    "key-echoed-in-error",
    "Refusals of a key repeat the whole key.",
    lambda body, call: (
        {"error": {**body["error"], "message": f"Incorrect API key provided: {call.key}."}}
        if _number(call) == 401
        else body
    ),
)

# statuses
_error(
    "wrong-key-500",
    "A wrong key ends in a server error.",
    _status(500, "Internal server error", kind="server_error"),
    "wrong-key-500",
    when=edits.refused_with(401),
    surface="auth",
)
_error(
    "wrong-key-403",
    "A wrong key is refused with 403.",
    _status(403, kind="permission_error"),
    when=edits.refused_with(401),
    surface="auth",
)
_error("wrong-key-404", "A wrong key is refused with 404.", _status(404), when=edits.refused_with(401), surface="auth")
_error(
    "wrong-key-code-missing",
    "A wrong key is refused without a code.",
    lambda error, _call: replace(error, code=None),
    when=edits.refused_with(401),
    surface="auth",
)
_error(
    "www-authenticate-missing",
    "401 comes without WWW-Authenticate.",
    lambda error, _call: replace(error, headers={}),
    when=edits.refused_with(401),
    surface="auth",
)
_error(
    "allow-missing",
    "405 comes without Allow.",
    lambda error, _call: replace(error, headers={}),
    when=edits.refused_with(405),
    surface="headers",
)
_error(
    "bad-json-500",
    "A body that is not JSON ends in a server error.",
    _status(500, "Internal server error", kind="server_error"),
    when=lambda call: call.error is not None and "could not parse" in call.error.message,
)
_error(
    "bad-request-500",
    "Every refused request ends in a server error.",
    _status(500, kind="server_error"),
    when=edits.refused_with(400),
)
_error("bad-request-422", "Invalid requests are refused with 422.", _status(422), when=edits.refused_with(400))
_error(
    "unknown-model-400",
    "An unknown model is refused with 400.",
    _status(400),
    when=lambda call: call.error is not None and call.error.code == "model_not_found",
)
_error(
    "unknown-model-503",
    "An unknown model is refused with 503.",
    _status(503, "No available channel for the model", kind="server_error"),
    when=lambda call: call.error is not None and call.error.code == "model_not_found",
)
_error(
    "unknown-model-code-missing",
    "An unknown model is refused without a code.",
    lambda error, _call: replace(error, code=None),
    when=lambda call: call.error is not None and call.error.code == "model_not_found",
)
_error(
    "wrong-method-500",
    "A method that a path does not have ends in a server error.",
    _status(500, kind="server_error"),
    when=edits.refused_with(405),
)

# bodies that are no JSON
_reply(
    "error-plain-text-500",
    "Mistakes of the client end in a plain-text server error.",
    edits.become(
        500,
        b"500 Internal Server Error\n[json.exception.type_error.302] type must be string, but is array",
        "text/plain",
    ),
    "error-plain-text-500",
    when=edits.refused_with(400),
)
_reply(
    "error-html-page",
    "Errors are HTML pages.",
    edits.become(502, b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>", "text/html"),
    "error-html-page",
)
_reply("error-empty-body", "Errors have no body.", lambda reply, _call: reply.become(b""), "error-plain-text-500")
_reply(
    "unknown-route-200",
    "Unknown paths are answered with 200.",
    edits.become(200, b'{"error":"Unexpected endpoint or method."}'),
    "unknown-route-200",
    when=lambda call: call.error is not None and call.error.code == "unknown_url",
)
_reply(
    "unknown-route-html",
    "Unknown paths are answered with an HTML page.",
    edits.become(404, b"<html><body>404</body></html>", "text/html"),
    when=lambda call: call.error is not None and call.error.code == "unknown_url",
)


@fault(
    "http-200-error-object-without-choices",
    "Refused requests are answered with 200 and an error.",
    Seam.REPLY,
    on=("chat",),
    when=edits.refused,
    surface="errors",
    field_bugs=("http-200-error-object-without-choices",),
)
@fault(
    "error-200",
    "Refused requests are answered with status 200.",
    Seam.REPLY,
    on=(),
    when=edits.refused,
    surface="errors",
)
def _(reply: Reply, _call: Call) -> Reply:
    reply.status = 200
    return reply


@fault(
    "prestream-error-as-200-event-error",
    "A refused stream is answered with 200 and an event named error.",
    Seam.REPLY,
    when=lambda call: edits.refused(call) and _wanted_stream(call),
    surface="chat.stream",
    field_bugs=("prestream-error-as-200-event-error",),
)
def _(reply: Reply, call: Call) -> Reply:
    event = json.dumps({"error": {"message": _text(call), "code": _number(call)}})
    reply.status = 200
    return reply.become(f"event: error\ndata: {event}\n\n".encode(), "text/event-stream")


def _wanted_stream(call: Call) -> bool:
    return call.sent.get("stream") is True
