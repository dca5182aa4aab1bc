"""Faults in how requests are read and answers are written: labels, spellings of JSON, text, headers of browsers."""

from __future__ import annotations

from dataclasses import replace

from conformance.reference.api.problems import ApiError
from conformance.reference.faults import edits
from conformance.reference.faults.registry import Apply, Seam, When, fault
from conformance.reference.server.call import Call, Json, Reply


def _reading(name: str, summary: str, status: int, message: str, when: When) -> None:
    fault(name, summary, Seam.REQUEST, when=when, surface="headers")(edits.refuse(status, message))


def _writing(name: str, summary: str, apply: Apply, when: When | None = None, on: tuple[str, ...] = ()) -> None:
    fault(name, summary, Seam.REPLY, on=on, when=when, surface="headers")(apply)


def _whole(call: Call) -> bool:
    return edits.accepted(call) and not call.stream


_reading(
    "charset-refused",
    "A request labelled with a charset is refused.",
    415,
    "Content-Type must be application/json",
    lambda call: "charset" in call.headers.get("content-type", ""),
)
_reading(
    "sdk-headers-refused",
    "Requests of SDKs are refused by the wall in front.",
    403,
    "Forbidden by rule 1020",
    lambda call: "x-stainless-lang" in call.headers,
)
_reading(
    "indented-json-refused",
    "JSON with line breaks is refused.",
    400,
    "Unexpected line break",
    lambda call: call.raw.startswith(b"{\n"),
)
_writing(
    "json-labelled-latin1",
    "JSON bodies are labelled as ISO-8859-1.",
    edits.header("content-type", "application/json; charset=iso-8859-1"),
    lambda call: not call.stream,
)
_writing(
    "json-half-a-character",
    "A string of the answer ends in half of a surrogate pair.",
    lambda reply, _call: reply.become(reply.body.replace(b"{", b'{"note": "\\ud83d", ', 1)),
    _whole,
    ("chat",),
)
_writing("request-id-constant", "All answers have the same x-request-id.", edits.header("x-request-id", "req_1"))
_writing(
    "cors-missing-on-answers",
    "Preflight is answered, and the answers themselves may not be read.",
    edits.header("access-control-allow-origin", None),
    lambda call: call.method != "OPTIONS",
)
_writing(
    "rate-limit-remaining-above-limit",
    "More is left than the limit allows.",
    edits.header("x-ratelimit-remaining-requests", "10001"),
    edits.accepted,
    ("chat",),
)


@fault("media-type-500", "Another media type ends in a server error.", Seam.ERROR, on=(), when=edits.refused_with(415))
def _(error: ApiError, _call: Call) -> ApiError:
    return replace(error, status=500, type="server_error")


@fault("text-misread", "Text is read as Latin-1.", Seam.BODY, stream=False, surface="chat.create")
def _(body: Json, _call: Call) -> Json:
    for choice in body["choices"]:
        content = choice["message"]["content"]
        if isinstance(content, str):
            choice["message"]["content"] = content.encode().decode("latin-1")
    return body


@fault(
    "basic-scheme-served",
    "A request with another scheme than Bearer is served.",
    Seam.REPLY,
    when=lambda call: call.headers.get("authorization", "").startswith("Basic "),
    surface="auth",
)
def _(reply: Reply, _call: Call) -> Reply:
    reply.status = 200
    return reply.become(b'{"object": "chat.completion", "choices": []}')
