"""Faults in saying that a limit was reached: every chat request is one too many."""

from __future__ import annotations

import json

from conformance.reference.faults import edits
from conformance.reference.faults.registry import Seam, fault
from conformance.reference.server.call import Call, Reply


def _limited(
    name: str, summary: str, body: dict[str, object], retry_after: str | None, *field_bugs: str, status: int = 429
) -> None:
    def apply(reply: Reply, _call: Call) -> Reply:
        reply.status = status
        reply.headers[:] = [pair for pair in reply.headers if not pair[0].startswith("x-ratelimit")]
        reply.set_header("retry-after", retry_after)
        return reply.become(json.dumps(body).encode())

    fault(name, summary, Seam.REPLY, when=edits.accepted, surface="headers", field_bugs=field_bugs)(apply)


def _error(message: str, kind: str, code: str | None) -> dict[str, object]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


_limited(
    "rate-limit-429-without-hints",
    "Limits are reached at once, and nothing says when to come back.",
    _error("Rate limit reached.", "rate_limit_error", "rate_limit_exceeded"),
    None,
    "rate-limit-429-without-hints",
)
_limited(
    "rate-limit-429",
    "Limits are reached at once, and Retry-After says when to come back.",
    _error("Rate limit reached.", "rate_limit_error", "rate_limit_exceeded"),
    "1",
)
_limited(
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
_limited(
    "rate-limit-vs-exhausted-credit-same-429",
    "Exhausted credit is reported like a rate limit.",
    _error("You exceeded your current quota.", "insufficient_quota", "insufficient_quota"),
    None,
    "rate-limit-vs-exhausted-credit-same-429",
)
_limited(
    "always-500",
    "Every chat request ends in a server error.",
    _error("Internal server error", "server_error", None),
    None,
    status=500,
)
_limited(
    "always-503",
    "Every chat request is answered with 503 and no hint.",
    _error("Overloaded", "server_error", None),
    None,
    status=503,
)
_limited(
    "rate-limit-as-500",
    "A limit is reported as a server error.",
    _error("Rate limit reached.", "rate_limit_error", "rate_limit_exceeded"),
    None,
    status=500,
)
_limited(
    "rate-limit-retry-after-words",
    "Retry-After is a word.",
    _error("Rate limit reached.", "rate_limit_error", "rate_limit_exceeded"),
    "soon",
)
_limited(
    "rate-limit-code-missing",
    "A limit has neither a code nor a type of its own.",
    _error("Too many requests.", "error", None),
    "1",
)
