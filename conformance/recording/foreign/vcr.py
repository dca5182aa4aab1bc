"""vcrpy's cassettes: `interactions: [{request, response}]`, in YAML or JSON; and what other writers' have in common.

Lost in each of them: reads, clock and outcome; the body's bytes where only its parsed value was kept; request headers
where no credential is among them (the recorder filtered them). Response headers may have been filtered too: one that is
there is true, one that is absent proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.model import Exchange, Facet, Headers
from conformance.recording.foreign.bodies import LeftOut, as_bytes, as_json, is_payload, payload, unpack_body
from conformance.recording.foreign.exchange import ForeignAnswer, Sent, foreign_exchange
from conformance.recording.foreign.form import Form, mapping

VCR_NOTE = "A VCR cassette keeps no timing, no packet boundaries and no end of the connection."


def _holds(document: Any) -> bool:
    return isinstance(document, dict) and isinstance(document.get("interactions"), list)


def vcr_exchange(number: int, interaction: Any) -> Exchange:
    """One interaction: `request` and `response`, the body of each as text, binary, an object or a parsed value."""
    request, response = mapping(interaction, "request"), mapping(interaction, "response")
    sent = Sent(
        as_text(request.get("method") or "GET"),
        as_text(request.get("uri") or request.get("url") or ""),
        headers_of(request),
        _request_body(request),
    )
    status, reason = _status(response)
    headers = headers_of(response)
    lost = {Facet.CLOCK}
    if "parsed_body" in response or "body" not in response:
        lost.add(Facet.BYTES)
    body = _response_body(response, headers)
    return foreign_exchange(number, sent, ForeignAnswer(status, reason, headers, body), frozenset(lost))


def _status(response: Mapping[str, Any]) -> tuple[int, str]:
    """The code and the words: a number, an object with both, or (in Go) `status` in words beside `code`."""
    status = response.get("status", response.get("status_code"))
    if not isinstance(status, dict):
        status = {"code": response.get("code", status), "message": status if isinstance(status, str) else ""}
    code = status.get("code", status.get("status_code"))
    if not isinstance(code, int) or isinstance(code, bool):
        raise LeftOut("it has no HTTP status")
    words = as_text(status.get("message") or "")
    return code, words.removeprefix(str(code)).strip()


def headers_of(message: Mapping[str, Any]) -> Headers:
    """The headers of a request or response: each name with a value or several."""
    value = message.get("headers")
    return tuple(_pairs(value)) if isinstance(value, dict) else ()


def _pairs(headers: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        for one in value if isinstance(value, list) else [value]:
            yield as_text(name), as_text(one)


def as_text(value: Any) -> str:
    """A value of a request line or a header as text, whatever YAML made of it."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _request_body(request: Mapping[str, Any]) -> bytes | None:
    if "parsed_body" in request:
        return _parsed(request["parsed_body"])
    body = request.get("body")
    if body and is_payload(body):
        return payload(body)
    return None if body is None else as_bytes(body)


def _response_body(response: Mapping[str, Any], headers: Headers) -> bytes:
    if "parsed_body" in response:
        return _parsed(response["parsed_body"])
    body = response.get("body")
    return unpack_body(payload(body) if is_payload(body) else as_bytes(body), headers)


def _parsed(value: Any) -> bytes:
    """A parsed body: JSON again, or the text that a recorder could not parse."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else as_json(value)


VCR = Form("VCR cassette", VCR_NOTE, _holds, lambda document: document["interactions"], vcr_exchange)
