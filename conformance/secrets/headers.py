"""Which headers hold credentials, and where in their value: the one list of them."""

from __future__ import annotations

SCHEMED = frozenset({"authorization", "proxy-authorization"})
"""A scheme and a credential: `Bearer …`."""
WHOLE = frozenset(
    {
        "api-key",
        "apikey",
        "ocp-apim-subscription-key",
        "x-api-key",
        "x-auth-token",
        "x-goog-api-key",
    }
)
"""Nothing but a credential."""
COOKIES = frozenset({"cookie", "set-cookie"})
"""Pairs of a name and a value; each value may be one."""

ENDPOINT_KEYS = WHOLE | {"authorization"}
"""Those that carry an endpoint's own key: a request that is to be sent without it goes without these."""


def holds_credential(name: str) -> bool:
    """Whether a header of this name, in any case, holds a credential."""
    return name.lower() in SCHEMED | WHOLE | COOKIES


def credential_spans(name: str, value: bytes) -> list[tuple[int, int]]:
    """The ranges of a header's value that are credentials by its name; a scheme or a cookie's name is none."""
    name = name.lower()
    if name in WHOLE:
        return [(0, len(value))]
    if name in SCHEMED:
        scheme, _, rest = value.partition(b" ")
        return [(len(scheme) + 1, len(value))] if rest else [(0, len(value))]
    if name not in COOKIES:
        return []
    return _cookies(value.split(b";", 1)[0] if name == "set-cookie" else value)


def _cookies(value: bytes) -> list[tuple[int, int]]:
    spans, offset = [], 0
    for pair in value.split(b";"):
        start = offset + pair.find(b"=") + 1
        offset += len(pair) + 1
        spans.append((start, offset - 1))
    return spans
