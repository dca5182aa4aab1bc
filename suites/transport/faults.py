"""Faults of transport: each re-enacts what servers in the field do."""

from __future__ import annotations

import gzip
from dataclasses import replace

from conformance.reference.faults import ApiError, Call, Json, Seam, ServedEnding, ServedReply, When, edits, fault, rows

rows.request_row(
    "unknown-fields-500",
    "Unknown request fields end in a server error.",
    edits.refuse(500, "unexpected keyword argument"),
    when=lambda call: any(name.startswith(("x_", "unknown")) for name in call.sent),
)
rows.error_row(
    "allow-missing",
    "405 comes without Allow.",
    lambda error, _call: replace(error, headers={}),
    when=edits.refused_with(405),
    surface="headers",
)
rows.error_row(
    "wrong-method-404",
    "A method that a path does not have ends in 404, as if there were no such path.",
    edits.with_status(404),
    when=edits.refused_with(405),
)
rows.error_row(
    "wrong-method-500",
    "A method that a path does not have ends in a server error.",
    edits.with_status(500, kind="server_error"),
    when=edits.refused_with(405),
)
rows.error_reply_row(
    "unknown-route-200",
    "Unknown paths are answered with 200.",
    edits.become(200, b'{"error":"Unexpected endpoint or method."}'),
    "unknown-route-200",
    when=lambda call: call.error is not None and call.error.code == "unknown_url",
)
rows.error_reply_row(
    "unknown-route-html",
    "Unknown paths are answered with an HTML page.",
    edits.become(404, b"<html><body>404</body></html>", "text/html"),
    when=lambda call: call.error is not None and call.error.code == "unknown_url",
)


_SECOND = b"HTTP/1.1 500 Error\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


def _whole(call: Call) -> bool:
    return edits.is_accepted(call) and not call.stream


rows.reply_row(
    "json-content-type-text",
    "JSON bodies are labelled text/plain.",
    edits.header("content-type", "text/plain"),
    when=lambda call: not call.stream,
)
rows.reply_row(
    "json-content-type-missing",
    "JSON bodies have no Content-Type.",
    edits.header("content-type", None),
    when=lambda call: not call.stream,
)
rows.reply_row(
    "nonstream-cut-short",
    "Whole bodies end before their Content-Length.",
    lambda reply, _call: _shortened(reply),
    when=_whole,
    on=("chat",),
)
rows.reply_row(
    "nonstream-no-answer",
    "The connection is closed before a status line.",
    edits.end_with(ServedEnding.SILENT),
    when=_whole,
    on=("chat",),
)
rows.reply_row(
    "nonstream-stall", "Headers come, and then nothing.", edits.end_with(ServedEnding.STALL), when=_whole, on=("chat",)
)
rows.reply_row(
    "answer-then-line-break",
    "A line break follows the body that Content-Length does not count.",
    edits.leftover(b"\r\n"),
    when=_whole,
    on=("chat",),
)
rows.reply_row(
    "answer-twice",
    "The error handler writes an answer of its own after the whole one.",
    edits.leftover(_SECOND),
    when=_whole,
    on=("chat",),
)
rows.reply_row(
    "stream-then-line-break",
    "A line break follows the last chunk of a stream.",
    edits.leftover(b"\r\n"),
    when=lambda call: edits.is_accepted(call) and call.stream,
    on=("chat",),
)
rows.reply_row(
    "leading-whitespace-before-json",
    "Spaces and newlines come before the JSON of an answer.",
    lambda reply, _call: reply.become(b"\n         \n" + reply.body),
    "leading-whitespace-before-json",
    when=_whole,
    on=("chat",),
)
rows.reply_row(
    "json-bom",
    "JSON bodies open with a byte order mark.",
    lambda reply, _call: reply.become(b"\xef\xbb\xbf" + reply.body),
    when=_whole,
)
rows.reply_row(
    "json-trailing-bytes",
    "Something follows the JSON of an answer.",
    lambda reply, _call: reply.become(reply.body + b"\nnull"),
    when=_whole,
)
rows.reply_row(
    "json-duplicate-keys",
    "A member of the answer comes twice.",
    lambda reply, _call: reply.become(reply.body.replace(b"{", b'{"object": "x", ', 1)),
    when=_whole,
    on=("chat",),
)
rows.reply_row(
    "json-latin1",
    "JSON bodies are encoded in latin-1.",
    lambda reply, _call: reply.become(reply.body.decode().encode("latin-1", "replace")),
    when=_whole,
)
rows.reply_row(
    "json-nan",
    "A number of the answer is NaN.",
    lambda reply, _call: reply.become(reply.body.replace(b'"total_tokens": ', b'"latency": NaN, "total_tokens": ')),
    when=_whole,
    on=("chat",),
)


def _shortened(reply: ServedReply) -> ServedReply:
    reply.body, reply.ending = reply.body[:-40], ServedEnding.ABORT
    return reply


@fault("compressed-unasked", "Bodies are compressed although nobody asked.", Seam.REPLY, when=_whole, surface="headers")
def _(reply: ServedReply, _call: Call) -> ServedReply:
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


rows.plain_reply_row(
    "gzip-label-on-plain-body",
    "A body that a layer has decoded is still labelled as compressed.",
    edits.header("content-encoding", "gzip"),
    edits.both(lambda call: "gzip" in call.headers.get("accept-encoding", ""), edits.is_accepted),
)
rows.plain_reply_row(
    "gzip-label-on-plain-error",
    "An error that a layer wrote itself is labelled as compressed, as the answer that it stands for.",
    edits.header("content-encoding", "gzip"),
    edits.both(lambda call: "gzip" in call.headers.get("accept-encoding", ""), edits.is_refused),
)


def _reading(name: str, summary: str, status: int, message: str, when: When) -> None:
    fault(name, summary, Seam.REQUEST, when=when, surface="headers")(edits.refuse(status, message))


def _whole_written(call: Call) -> bool:
    return edits.is_accepted(call) and not call.stream


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
rows.plain_reply_row(
    "json-labelled-latin1",
    "JSON bodies are labelled as ISO-8859-1.",
    edits.header("content-type", "application/json; charset=iso-8859-1"),
    lambda call: not call.stream,
)
rows.plain_reply_row(
    "json-half-a-character",
    "A string of the answer ends in half of a surrogate pair.",
    lambda reply, _call: reply.become(reply.body.replace(b"{", b'{"note": "\\ud83d", ', 1)),
    _whole_written,
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
