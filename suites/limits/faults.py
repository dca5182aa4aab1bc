"""Faults of limits: each re-enacts what servers in the field do."""

from __future__ import annotations

from conformance.reference.faults import Call, Json, Seam, ServedReply, edits, fault, rows


@fault(
    "context-overflow-silent-truncation",
    "Long prompts are cut to 4096 characters without a word.",
    Seam.REQUEST,
    surface="errors",
    field_bugs=("context-overflow-silent-truncation",),
)
def _(body: Json, _call: Call) -> Json:
    for each in edits.objects(body.get("messages")):
        if isinstance(each, dict) and isinstance(each.get("content"), str):
            each["content"] = each["content"][:4096]
    return body


fault(
    "large-body-413-html",
    "Bodies above 100 kB are refused with a page of the web server in front.",
    Seam.REPLY,
    when=lambda call: len(call.raw) > 100_000,
    surface="chat.create",
)(edits.become(413, b"<html><body><h1>413 Request Entity Too Large</h1></body></html>", "text/html"))
rows.envelope_row(
    "context-overflow-code-not-standard",
    "A prompt that is too long is refused with a code of the server's own.",
    lambda body, call: (
        {"error": {**body["error"], "type": "exceed_context_size_error", "code": 400}}
        if call.error and call.error.code == "context_length_exceeded"
        else body
    ),
    "context-overflow-code-not-standard",
)
rows.reply_row(
    "rate-limit-headers-missing", "Answers have no x-ratelimit headers.", lambda reply, _call: _without_limits(reply)
)
rows.reply_row(
    "rate-limit-reset-timestamp",
    "x-ratelimit-reset-requests is a timestamp.",
    edits.header("x-ratelimit-reset-requests", "1760000000"),
    when=edits.is_accepted,
    on=("chat",),
)
rows.reply_row(
    "should-retry-maybe", "x-should-retry is neither true nor false.", edits.header("x-should-retry", "maybe")
)


def _without_limits(reply: ServedReply) -> ServedReply:
    reply.headers[:] = [pair for pair in reply.headers if not pair[0].startswith("x-ratelimit")]
    return reply


rows.plain_reply_row(
    "should-retry-on-400",
    "A bad request is said to be worth another try.",
    edits.header("x-should-retry", "true"),
    edits.refused_with(400, 401, 404),
)
rows.plain_reply_row(
    "rate-limit-remaining-above-limit",
    "More is left than the limit allows.",
    edits.header("x-ratelimit-remaining-requests", "10001"),
    edits.is_accepted,
    ("chat",),
)


rows.limit_row(
    "rate-limit-429-without-hints",
    "Limits are reached at once, and nothing says when to come back.",
    edits.error_body("Rate limit reached.", "rate_limit_error", "rate_limit_exceeded"),
    None,
    "rate-limit-429-without-hints",
)
rows.limit_row(
    "rate-limit-429",
    "Limits are reached at once, and Retry-After says when to come back.",
    edits.error_body("Rate limit reached.", "rate_limit_error", "rate_limit_exceeded"),
    "1",
)
rows.limit_row(
    "rate-limit-vs-exhausted-credit-same-429",
    "Exhausted credit is reported like a rate limit.",
    edits.error_body("You exceeded your current quota.", "insufficient_quota", "insufficient_quota"),
    None,
    "rate-limit-vs-exhausted-credit-same-429",
)
rows.limit_row(
    "always-503",
    "Every chat request is answered with 503 and no hint.",
    edits.error_body("Overloaded", "server_error", None),
    None,
    status=503,
)
rows.limit_row(
    "rate-limit-as-500",
    "A limit is reported as a server error.",
    edits.error_body("Rate limit reached.", "rate_limit_error", "rate_limit_exceeded"),
    None,
    status=500,
)
rows.limit_row(
    "rate-limit-retry-after-words",
    "Retry-After is a word.",
    edits.error_body("Rate limit reached.", "rate_limit_error", "rate_limit_exceeded"),
    "soon",
)
rows.limit_row(
    "rate-limit-code-missing",
    "A limit has neither a code nor a type of its own.",
    edits.error_body("Too many requests.", "error", None),
    "1",
)
