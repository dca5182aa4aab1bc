"""The header pairs that a request is sent with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from conformance import __version__
from conformance.api.registry import key_header_of
from conformance.model import Headers, Request
from conformance.secrets.headers import ENDPOINT_KEYS

WRONG_KEY = "sk-conformance-wrong-key-000000000000000000000000"
"""Well formed and nobody's; it shares nothing with the endpoint's own key."""


def pairs(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> Headers:
    """Header pairs from a mapping or from pairs."""
    return tuple(headers.items() if isinstance(headers, Mapping) else headers)


def request_headers(request: Request, key: str | None, extra: Headers = ()) -> Headers:
    """Header pairs for a request; `extra` (profile, endpoint) replaces defaults, and the request's own replace both.

    `$key` in the request's own headers stands for the key; without a key such a header is left out.
    """
    defaults = [
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
        ("User-Agent", f"conformance/{__version__}"),
    ]
    if request.body is not None:
        defaults.append(("Content-Type", "application/json"))
    sent = WRONG_KEY if request.auth == "wrong" else key
    if sent and request.auth != "none":
        carrier = key_header_of(request)
        defaults.append((carrier.name, carrier.value(sent)))
    if request.auth != "key":
        extra = tuple(pair for pair in extra if pair[0].lower() not in ENDPOINT_KEYS)
    return _replaced(_replaced(tuple(defaults), extra), _filled(request.headers, key))


def _filled(own: Headers, key: str | None) -> Headers:
    return tuple((name, value.replace("$key", key or "")) for name, value in own if key or "$key" not in value)


def _replaced(base: Headers, override: Headers) -> Headers:
    names = {name.lower() for name, _ in override}
    return (*(pair for pair in base if pair[0].lower() not in names), *override)
