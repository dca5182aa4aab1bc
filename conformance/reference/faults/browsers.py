"""Faults that browsers and HTTP clients meet before anybody reads a body: origins, challenges, encodings, retries."""

from __future__ import annotations

from conformance.reference.faults import edits
from conformance.reference.faults.registry import Apply, Seam, When, fault
from conformance.reference.server.call import Call, Reply

_ORIGIN = "access-control-allow-origin"


def _row(name: str, summary: str, apply: Apply, when: When | None = None, on: tuple[str, ...] = ()) -> None:
    fault(name, summary, Seam.REPLY, on=on, when=when, surface="headers")(apply)


def _of_a_page(call: Call) -> bool:
    return "origin" in call.headers and call.method != "OPTIONS"


def _both(*tests: When) -> When:
    return lambda call: all(test(call) for test in tests)


def _twice(reply: Reply, _call: Call) -> Reply:
    reply.headers.append((_ORIGIN, "*"))
    return reply


_row(
    "preflight-without-sdk-headers",
    "The headers that the SDK adds may not be sent from a browser.",
    edits.header("access-control-allow-headers", "Authorization, Content-Type, Accept"),
    lambda call: call.method == "OPTIONS",
)
_row(
    "preflight-refused-for-sdk-headers",
    "A preflight that asks for the headers of the SDK is refused.",
    edits.become(400, b"Disallowed CORS headers", "text/plain"),
    lambda call: "x-stainless" in call.headers.get("access-control-request-headers", ""),
)
_row(
    "cors-only-on-get",
    "Only answers to GET may be read by pages of other origins.",
    edits.header(_ORIGIN, None),
    _both(_of_a_page, lambda call: call.method == "POST"),
)
_row("cors-origin-twice", "The allowed origin is told by two layers, once each.", _twice, _of_a_page)
_row(
    "cors-missing-on-errors",
    "Errors may not be read by pages of other origins.",
    edits.header(_ORIGIN, None),
    _both(_of_a_page, edits.refused),
)
_row(
    "challenge-basic",
    "A 401 asks for a name and a password.",
    edits.header("www-authenticate", 'Basic realm="api"'),
    edits.refused_with(401),
)
_row(
    "should-retry-on-400",
    "A bad request is said to be worth another try.",
    edits.header("x-should-retry", "true"),
    edits.refused_with(400, 401, 404),
)
_row(
    "gzip-label-on-plain-body",
    "A body that a layer has decoded is still labelled as compressed.",
    edits.header("content-encoding", "gzip"),
    _both(lambda call: "gzip" in call.headers.get("accept-encoding", ""), edits.accepted),
)
_row(
    "gzip-label-on-plain-error",
    "An error that a layer wrote itself is labelled as compressed, as the answer that it stands for.",
    edits.header("content-encoding", "gzip"),
    _both(lambda call: "gzip" in call.headers.get("accept-encoding", ""), edits.refused),
)
