"""VCR cassettes: `interactions: [{request, response}]`, in YAML or JSON.

Lost in each of them: reads, clock and outcome; the body's bytes where only its parsed value was kept; request headers
where no credential is among them (the recorder filtered them). Response headers may have been filtered too: one that is
there is true, one that is absent proves nothing.
"""

from __future__ import annotations

import contextlib
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from conformance.model import Exchange, Facet, Headers, Recording
from conformance.recording.foreign.exchange import (
    ForeignAnswer,
    Intake,
    LeftOut,
    Sent,
    as_json,
    foreign_exchange,
    foreign_recording,
    readable,
)

_NOTE = "A VCR cassette keeps no timing, no packet boundaries and no end of the connection."
_FILTERED = "Its response headers may have been filtered: an absent header proves nothing."
_PARSED = "{count} of its {total} bodies were kept as parsed values: their own bytes are lost."
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]+=*\s*")
_ENCODINGS = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd"})
_PAYLOAD = frozenset({"string", "base64_string", "encoding"})


def is_cassette(document: Any) -> bool:
    """Whether a parsed document is a cassette."""
    return isinstance(document, dict) and isinstance(document.get("interactions"), list)


def from_cassette(document: Mapping[str, Any], path: Path) -> Recording:
    """The recording that a parsed cassette holds; interactions that cannot be read are left out with a note each."""
    intake = Intake(path.name)
    for number, interaction in enumerate(document["interactions"], start=1):
        intake.take(number, partial(_exchange, number, interaction))
    exchanges, notes = intake.exchanges, [_NOTE, *intake.notes]
    parsed = sum(Facet.BYTES in exchange.lost for exchange in exchanges)
    if parsed:
        notes.append(_PARSED.format(count=parsed, total=len(exchanges)))
    if any(exchange.response_headers and not _has(exchange.response_headers, "date") for exchange in exchanges):
        notes.append(_FILTERED)
    return foreign_recording(path, exchanges, notes)


def _exchange(number: int, interaction: Any) -> Exchange:
    request, response = _mapping(interaction, "request"), _mapping(interaction, "response")
    sent = Sent(
        str(request.get("method") or "GET"),
        str(request.get("uri") or request.get("url") or ""),
        _headers(request.get("headers")),
        _request_body(request),
    )
    status, reason = _status(response)
    headers = _headers(response.get("headers"))
    lost = {Facet.CLOCK}
    if "parsed_body" in response or "body" not in response:
        lost.add(Facet.BYTES)
    body = _response_body(response, headers)
    return foreign_exchange(number, sent, ForeignAnswer(status, reason, headers, body), frozenset(lost))


def _mapping(value: Any, member: str) -> Mapping[str, Any]:
    found = value.get(member) if isinstance(value, dict) else None
    if not isinstance(found, dict):
        raise LeftOut(f"it has no {member}")
    return found


def _status(response: Mapping[str, Any]) -> tuple[int, str]:
    status = response.get("status", response.get("status_code"))
    code = status.get("code") if isinstance(status, dict) else status
    message = status.get("message") if isinstance(status, dict) else ""
    if not isinstance(code, int) or isinstance(code, bool):
        raise LeftOut("it has no HTTP status")
    return code, str(message or "")


def _headers(value: Any) -> Headers:
    return tuple(_pairs(value)) if isinstance(value, dict) else ()


def _pairs(headers: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        for one in value if isinstance(value, list) else [value]:
            yield _text(name), _text(one)


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _has(headers: Headers, name: str) -> bool:
    return any(key.lower() == name for key, _ in headers)


def _request_body(request: Mapping[str, Any]) -> bytes | None:
    if "parsed_body" in request:
        return _parsed(request["parsed_body"])
    body = request.get("body")
    if isinstance(body, dict) and body and body.keys() <= _PAYLOAD:
        return _payload(body)
    return None if body is None else _bytes(body)


def _response_body(response: Mapping[str, Any], headers: Headers) -> bytes:
    if "parsed_body" in response:
        return _parsed(response["parsed_body"])
    body = response.get("body")
    raw = _payload(body) if isinstance(body, dict) and body.keys() <= _PAYLOAD else _bytes(body)
    encoding = next((value for name, value in headers if name.lower() == "content-encoding"), "").strip().lower()
    return readable(_unbase64(raw) if encoding in _ENCODINGS else raw, headers)


def _parsed(value: Any) -> bytes:
    """A parsed body: JSON again, or the text that a recorder could not parse."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else as_json(value)


def _payload(body: Mapping[str, Any]) -> bytes:
    if "base64_string" in body:
        return b64decode(b"".join(_bytes(body["base64_string"]).split()), validate=True)
    return _bytes(body.get("string"))


def _bytes(value: Any) -> bytes:
    if value is None:
        return b""
    if isinstance(value, str) and value.startswith("\x1f\x8b"):
        with contextlib.suppress(UnicodeEncodeError):
            return value.encode("latin-1")  # a compressed body that went through text, one character per byte
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return value if isinstance(value, bytes) else as_json(value)


def _unbase64(raw: bytes) -> bytes:
    """A compressed body that the recorder wrote as base64; JSON and events never look like it."""
    if not raw or not _BASE64.fullmatch(raw):
        return raw
    try:
        return b64decode(raw)
    except ValueError:
        return raw
