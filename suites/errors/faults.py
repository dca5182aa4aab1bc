"""Faults of errors: each re-enacts what servers in the field do."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from conformance.reference.faults import MODELS, ApiError, Apply, Call, Json, Seam, ServedReply, edits, fault, rows


def _served_anyway(body: Json, call: Call) -> Json:
    if body.get("model") in MODELS or not isinstance(body.get("model"), str):
        return body
    call.shown_model = body["model"]
    return {**body, "model": "reference-chat"}


rows.request_row(
    "unknown-model-200", "An unknown model is answered by another one.", _served_anyway, "unknown-model-answered-200"
)
rows.request_row(
    "unknown-model-answered-200",
    "An unknown model is answered by another one.",
    _served_anyway,
    "unknown-model-answered-200",
)
rows.request_row(
    "model-missing-answered",
    "A request without a model is answered by the first one.",
    lambda body, _call: body if "model" in body else {**body, "model": "reference-chat"},
    surface="errors",
)
rows.request_row(
    "bad-response_format-500",
    "A misplaced schema ends in a server error with an empty message.",
    edits.refuse(500, ""),
    "bad-response_format-500",
    surface="structured",
    when=lambda call: (
        "json_schema" not in (form := edits.sent_object(call, "response_format")) and form.get("type") == "json_schema"
    ),
)


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


def _members(**members: Any) -> Apply:
    return lambda body, _call: {"error": {**body["error"], **members}}


def _lacking(*names: str) -> Apply:
    return lambda body, _call: {"error": {name: value for name, value in body["error"].items() if name not in names}}


# envelopes
rows.envelope_row(
    "error-flat-envelope",
    "Errors are flat objects, without the member error.",
    lambda _body, call: {
        "object": "error",
        "message": edits.error_text(call),
        "type": "BadRequestError",
        "param": None,
        "code": edits.error_status(call),
    },
    "error-flat-envelope",
)
rows.envelope_row(
    "error-vendor-envelope",
    "Errors have the shape of the web framework.",
    lambda _body, call: {
        "statusCode": edits.error_status(call),
        "error": "Bad Request",
        "detail": edits.error_text(call),
    },
    "error-vendor-envelope",
)
rows.envelope_row(
    "error-fastapi-detail",
    "Errors have a member detail and nothing else.",
    lambda _body, call: {"detail": edits.error_text(call)},
    "error-vendor-envelope",
)
rows.envelope_row(
    "error-wrapped-in-array", "Errors stand in an array.", lambda body, _call: [body], "error-wrapped-in-array"
)
rows.envelope_row(
    "error-body-json-array",
    "Errors stand in an array, with a numeric code and a status.",
    lambda _body, call: [
        {"error": {"code": edits.error_status(call), "message": edits.error_text(call), "status": "INVALID_ARGUMENT"}}
    ],
    "error-body-json-array",
)
rows.envelope_row(
    "error-databricks-error_code",
    "Errors have error_code and message at the top.",
    lambda _body, call: {"error_code": "BAD_REQUEST", "message": edits.error_text(call)},
    "error-databricks-error_code",
)
rows.envelope_row(
    "error-message-is-object",
    "error.message is an object.",
    lambda body, call: {
        "error": {**body["error"], "message": {"detail": [{"loc": ["body"], "msg": edits.error_text(call)}]}}
    },
    "error-message-is-object",
)
rows.envelope_row(
    "error-double-encoded-json",
    "error is JSON inside a string.",
    lambda body, _call: {"error": json.dumps(body)},
    "error-double-encoded-json",
)
rows.envelope_row(
    "error-upstream-hidden-in-metadata",
    "The message says only that a provider failed.",
    lambda body, call: {
        "error": {
            "message": "Provider returned error",
            "code": edits.error_status(call),
            "metadata": {"raw": json.dumps(body)},
        }
    },
    "error-upstream-hidden-in-metadata",
)
rows.envelope_row(
    "error-code-number",
    "error.code is a number.",
    lambda body, call: {"error": {**body["error"], "code": edits.error_status(call)}},
)
rows.envelope_row("error-message-empty", "error.message is empty.", _members(message=""))
rows.envelope_row("error-type-missing", "Errors have no type.", _lacking("type"))
rows.envelope_row("error-param-code-missing", "Errors have no param and no code.", _lacking("param", "code"))
rows.envelope_row(
    "error-stack-trace",
    "Errors show a stack trace and an internal host.",
    _members(
        message='Traceback (most recent call last):\n  File "/srv/api.py", line 88\nupstream http://10.0.3.17 failed'
    ),
)
rows.envelope_row(
    "error-cluster-host",
    "Errors name a host inside the cluster.",
    _members(message="dial tcp: lookup vllm-0.models.svc.cluster.local: no such host"),
)
rows.envelope_row(
    "error-message-html",
    "The message of an error is a page of the web server behind.",
    _members(message="<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"),
)
rows.error_row(
    "bad-json-500",
    "A body that is not JSON ends in a server error.",
    edits.with_status(500, "Internal server error", kind="server_error"),
    when=lambda call: call.error is not None and "could not parse" in call.error.message,
)
rows.error_row(
    "bad-request-500",
    "Every refused request ends in a server error.",
    edits.with_status(500, kind="server_error"),
    when=edits.refused_with(400),
)
rows.error_row(
    "bad-request-422", "Invalid requests are refused with 422.", edits.with_status(422), when=edits.refused_with(400)
)
rows.error_row(
    "unknown-model-400",
    "An unknown model is refused with 400.",
    edits.with_status(400),
    when=lambda call: call.error is not None and call.error.code == "model_not_found",
)
rows.error_row(
    "unknown-model-503",
    "An unknown model is refused with 503.",
    edits.with_status(503, "No available channel for the model", kind="server_error"),
    when=lambda call: call.error is not None and call.error.code == "model_not_found",
)
rows.error_row(
    "unknown-model-code-missing",
    "An unknown model is refused without a code.",
    lambda error, _call: replace(error, code=None),
    when=lambda call: call.error is not None and call.error.code == "model_not_found",
)

# bodies that are no JSON
rows.error_reply_row(
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
rows.error_reply_row(
    "error-html-page",
    "Errors are HTML pages.",
    edits.become(502, b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>", "text/html"),
    "error-html-page",
)
rows.error_reply_row(
    "error-empty-body", "Errors have no body.", lambda reply, _call: reply.become(b""), "error-plain-text-500"
)


@fault(
    "http-200-error-object-without-choices",
    "Refused requests are answered with 200 and an error.",
    Seam.REPLY,
    on=("chat",),
    when=edits.is_refused,
    surface="errors",
    field_bugs=("http-200-error-object-without-choices",),
)
@fault(
    "error-200",
    "Refused requests are answered with status 200.",
    Seam.REPLY,
    on=(),
    when=edits.is_refused,
    surface="errors",
)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    reply.status = 200
    return reply


def _says(name: str, summary: str, apply: Apply, surface: str = "errors") -> None:
    fault(name, summary, Seam.ENVELOPE, on=(), surface=surface)(apply)


def _status(call: Call) -> int:
    return call.error.status if call.error else 0


_says(
    "error-code-status-as-text",
    "error.code is the status as a string.",
    lambda body, call: {"error": {**body["error"], "code": str(_status(call))}},
)
_says(
    "error-nothing-as-word",
    "What an error has nothing to say of is the text None.",
    lambda body, _call: {"error": {name: str(value) for name, value in body["error"].items()}},
)
_says(
    "error-type-class-name",
    "error.type is the name of a class of the server.",
    lambda body, call: {"error": {**body["error"], "type": "BadRequestError"}} if _status(call) in {400, 404} else body,
)
_says(
    "error-status-contradicted",
    "The body of errors names another status than the answer has.",
    lambda body, _call: {**body, "status": 502},
)
_says(
    "error-message-holds-json",
    "error.message is the upstream's error as JSON.",
    lambda body, _call: {"error": {**body["error"], "message": f"UpstreamException - {json.dumps(body)}"}},
)
_says(
    "error-upstream-key-shown",
    "Errors show the key that the server uses upstream.",
    lambda body, _call: {
        "error": {
            **body["error"],
            "message": f"{body['error']['message']} (upstream: sk-proj-Zm9v7Qx2LwEr4TyU8iOpAs1dFgHjKl)",
        }
    },
)
rows.plain_error_row(
    "error-status-460",
    "Wrong parameters are refused with a status that HTTP does not know.",
    lambda error, _call: replace(error, status=460),
    edits.refused_with(400),
)
rows.plain_error_row(
    "error-parameter-unnamed",
    "The refusal of a parameter does not name it.",
    lambda error, _call: replace(error, message="Invalid request.", param=None),
    lambda call: isinstance(call.error, ApiError) and call.error.code == "invalid_type",
)
rows.plain_error_row(
    "unknown-model-unnamed",
    "The refusal of an unknown model does not name it.",
    lambda error, _call: replace(error, message="Model not found."),
    lambda call: isinstance(call.error, ApiError) and call.error.code == "model_not_found",
)
rows.limit_row(
    "rate-limit-worded-as-quota",
    "A limit of concurrency is worded as exhausted credit.",
    {
        "status": 429,
        "error": "INSUFFICIENT QUOTA",
        "message": "You exceeded your current limit of concurrent requests.",
    },
    None,
    "rate-limit-worded-as-quota",
)
rows.missing_endpoint_row("model-endpoint-404", "There is no single model to retrieve.", ("model",))
rows.missing_endpoint_row(
    "completions-endpoint-404", "There are no legacy completions.", ("completions",), "completions-endpoint-404"
)
rows.missing_endpoint_row("responses-endpoint-404", "There are no responses.", ("responses",))


rows.responses_talk_row(
    "errors-bare-beside-chat",
    "Errors of /responses are a bare detail.",
    lambda body, _call: {"detail": body["error"]["message"]},
    Seam.ENVELOPE,
)

rows.plain_request_row(
    "logprobs-not-found",
    "logprobs are refused with 404, as if there were no such path.",
    edits.refuse(404, "Not Found"),
    lambda call: call.sent.get("logprobs") is True,
)
