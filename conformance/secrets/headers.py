"""Which headers and query parameters hold credentials, and where in their value: the one list of them.

Three kinds stand below by name; what gateways and proxies invent beside them is known by how its name ends
(`x-litellm-api-key`, `x-session-token`). A run may add names of its own: see `Secrets`.
"""

from __future__ import annotations

import re
from collections.abc import Collection

SCHEMED = frozenset(
    {"authorization", "proxy-authorization", "cf-aig-authorization", "x-authorization", "helicone-auth"}
)
"""A scheme and a credential: `Bearer …`."""
WHOLE = frozenset(
    {
        "api-key",
        "api-token",
        "apikey",
        "ocp-apim-subscription-key",
        "x-amz-security-token",
        "x-api-key",
        "x-api-token",
        "x-auth-token",
        "x-functions-key",
        "x-goog-api-key",
        "x-rapidapi-key",
    }
)
"""Nothing but a credential."""
COOKIES = frozenset({"cookie", "set-cookie"})
"""Pairs of a name and a value; each value may be one."""

ENDPOINT_KEYS = frozenset(
    {"api-key", "apikey", "authorization", "ocp-apim-subscription-key", "x-api-key", "x-auth-token", "x-goog-api-key"}
)
"""Those that carry an endpoint's own key: a request that is to be sent without it goes without these."""

_ENDS = re.compile(r"(?:^|[-_.])(?:api[-_]?key|key|token|secret|password|passwd|credentials?|auth|authorization)$")
_NO_CREDENTIAL = frozenset(
    {"idempotency-key", "x-idempotency-key", "sec-websocket-key", "surrogate-key", "cache-key", "x-cache-key"}
)
_OF_OTHER_THINGS = re.compile(r"access-control-.*|.*rate-?limit.*|.*-per-token")
"""They end as credentials do, and are none."""
_IN_QUERY = frozenset({"sig", "signature", "code", "pwd", "x-amz-signature", "subscription-key"})
"""Query parameters that no header is called like."""


def holds_credential(name: str) -> bool:
    """Whether a header of this name, in any case, holds a credential."""
    name = name.strip().lower()
    return name in SCHEMED | WHOLE | COOKIES or (_ENDS.search(name) is not None and not _is_other(name))


def _is_other(name: str) -> bool:
    return name in _NO_CREDENTIAL or _OF_OTHER_THINGS.fullmatch(name) is not None


def is_secret_parameter(name: str) -> bool:
    """Whether a query parameter of this name holds a credential."""
    return name.lower() in _IN_QUERY or holds_credential(name)


def credential_spans(name: str, value: bytes, more: Collection[str] = ()) -> list[tuple[int, int]]:
    """The ranges of a header's value that are credentials by its name; a scheme or a cookie's name is none.

    `more` are names, in lower case, that hold credentials too.
    """
    name = name.strip().lower()
    if name in COOKIES:
        return _cookies(value.split(b";", 1)[0] if name == "set-cookie" else value)
    if name not in more and not holds_credential(name):
        return []
    scheme, _, rest = value.partition(b" ")
    schemed = rest and (name in SCHEMED or scheme.lower() in {b"bearer", b"basic", b"token"})
    return [(len(scheme) + 1, len(value))] if schemed else [(0, len(value))]


def _cookies(value: bytes) -> list[tuple[int, int]]:
    spans, offset = [], 0
    for pair in value.split(b";"):
        start = offset + pair.find(b"=") + 1
        offset += len(pair) + 1
        spans.append((start, offset - 1))
    return spans
