"""Faults of headers: each re-enacts what servers in the field do."""

from __future__ import annotations

from conformance.reference.faults import Call, ServedReply, edits, rows

rows.reply_row("request-id-missing", "Answers have no x-request-id.", edits.header("x-request-id", None))
rows.reply_row("date-missing", "Answers have no Date.", edits.header("date", None))
rows.reply_row(
    "cors-preflight-405-404",
    "Preflight requests of browsers are refused.",
    edits.become(405, b'{"detail":"Method Not Allowed"}'),
    "cors-preflight-405-404",
    when=lambda call: call.method == "OPTIONS",
)
rows.reply_row(
    "header-control-character",
    "A header value holds a tab and another a byte that is no text.",
    edits.header("x-served-by", "node\t\x80"),
)
rows.reply_row("content-type-twice", "Content-Type is sent twice.", lambda reply, _call: _twice_header(reply))


def _twice_header(reply: ServedReply) -> ServedReply:
    reply.headers.append(("content-type", "text/html"))
    return reply


_ORIGIN = "access-control-allow-origin"


def _of_a_page(call: Call) -> bool:
    return "origin" in call.headers and call.method != "OPTIONS"


def _twice(reply: ServedReply, _call: Call) -> ServedReply:
    reply.headers.append((_ORIGIN, "*"))
    return reply


rows.plain_reply_row(
    "preflight-without-sdk-headers",
    "The headers that the SDK adds may not be sent from a browser.",
    edits.header("access-control-allow-headers", "Authorization, Content-Type, Accept"),
    lambda call: call.method == "OPTIONS",
)
rows.plain_reply_row(
    "preflight-refused-for-sdk-headers",
    "A preflight that asks for the headers of the SDK is refused.",
    edits.become(400, b"Disallowed CORS headers", "text/plain"),
    lambda call: "x-stainless" in call.headers.get("access-control-request-headers", ""),
)
rows.plain_reply_row(
    "cors-only-on-get",
    "Only answers to GET may be read by pages of other origins.",
    edits.header(_ORIGIN, None),
    edits.both(_of_a_page, lambda call: call.method == "POST"),
)
rows.plain_reply_row("cors-origin-twice", "The allowed origin is told by two layers, once each.", _twice, _of_a_page)
rows.plain_reply_row(
    "cors-missing-on-errors",
    "Errors may not be read by pages of other origins.",
    edits.header(_ORIGIN, None),
    edits.both(_of_a_page, edits.is_refused),
)
rows.plain_reply_row(
    "request-id-constant", "All answers have the same x-request-id.", edits.header("x-request-id", "req_1")
)
rows.plain_reply_row(
    "cors-missing-on-answers",
    "Preflight is answered, and the answers themselves may not be read.",
    edits.header("access-control-allow-origin", None),
    lambda call: call.method != "OPTIONS",
)
