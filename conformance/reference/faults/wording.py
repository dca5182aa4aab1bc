"""Faults in what refusals say: members that contradict the status, words of the layers below, secrets."""

from __future__ import annotations

import json
from dataclasses import replace

from conformance.reference.api.problems import ApiError
from conformance.reference.faults import edits
from conformance.reference.faults.registry import Apply, Seam, When, fault
from conformance.reference.server.call import Call


def _says(name: str, summary: str, apply: Apply, surface: str = "errors") -> None:
    fault(name, summary, Seam.ENVELOPE, on=(), surface=surface)(apply)


def _error(name: str, summary: str, apply: Apply, when: When, surface: str = "errors") -> None:
    fault(name, summary, Seam.ERROR, on=(), when=when, surface=surface)(apply)


def _status(call: Call) -> int:
    return call.error.status if call.error else 0


_says(
    "error-code-status-as-text",
    "error.code is the status as a string.",
    lambda body, call: {"error": {**body["error"], "code": str(_status(call))}},
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
_error(
    "wrong-key-type-own",
    "A refused key has a type of the server's own.",
    lambda error, _call: replace(error, type="auth_error"),
    edits.refused_with(401),
    "auth",
)
_error(
    "error-status-460",
    "Wrong parameters are refused with a status that HTTP does not know.",
    lambda error, _call: replace(error, status=460),
    edits.refused_with(400),
)
_error(
    "error-parameter-unnamed",
    "The refusal of a parameter does not name it.",
    lambda error, _call: replace(error, message="Invalid request.", param=None),
    lambda call: isinstance(call.error, ApiError) and call.error.code == "invalid_type",
)
_error(
    "unknown-model-unnamed",
    "The refusal of an unknown model does not name it.",
    lambda error, _call: replace(error, message="Model not found."),
    lambda call: isinstance(call.error, ApiError) and call.error.code == "model_not_found",
)
