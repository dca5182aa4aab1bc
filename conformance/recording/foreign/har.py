"""HAR 1.2 files, as browsers, developer tools and proxies write them.

Lost: reads; outcome unless `conformance har` wrote it; clock where `startedDateTime` is none; request headers where no
credential is among them; the body's bytes unless they were kept as base64, or as text whose length in UTF-8 is the size
that the recorder states.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from conformance.model import Exchange, Facet, Headers, Outcome
from conformance.recording.foreign.bodies import LeftOut, encoding_of, readable
from conformance.recording.foreign.exchange import ForeignAnswer, Sent, foreign_exchange
from conformance.recording.foreign.form import Form, mapping
from conformance.recording.foreign.pieces import join_pieces

_NOTE = "A HAR file keeps no packet boundaries and no end of the connection."
_DECODED = "{count} of its {total} bodies were kept as decoded text or as events: their own bytes may differ."
_EMPTY = frozenset({204, 205, 304})


def _holds(document: Any) -> bool:
    log = document.get("log") if isinstance(document, dict) else None
    return isinstance(log, dict) and isinstance(log.get("entries"), list)


def _exchange(number: int, entry: Any) -> Exchange:
    request, response = mapping(entry, "request"), mapping(entry, "response")
    status = response.get("status")
    if not isinstance(status, int) or isinstance(status, bool) or not status:
        raise LeftOut("it has no answer")
    headers = _headers(response.get("headers"))
    body, exact = _body(entry, response, headers)
    ours = entry.get("_lost")  # as `conformance har` writes it
    unknown = isinstance(ours, list) and Facet.CLOCK.value in ours
    started = None if unknown else _started(entry.get("startedDateTime"))
    total = _seconds(entry.get("time"))
    timings = entry.get("timings")
    receive = _seconds(timings.get("receive")) if isinstance(timings, dict) else 0.0
    lost = {facet for facet, gone in ((Facet.CLOCK, started is None), (Facet.BYTES, not exact)) if gone}
    answer = ForeignAnswer(
        status=status,
        reason=str(response.get("statusText") or ""),
        headers=headers,
        body=readable(body, headers),
        http_version=str(response.get("httpVersion") or ""),
        started_at=started or 0.0,
        headers_at=max(total - receive, 0.0),
        ended_at=total,
    )
    return _ended(foreign_exchange(number, _sent(request), answer, frozenset(lost)), entry.get("_outcome"))


def _ended(exchange: Exchange, outcome: Any) -> Exchange:
    """How it ended, where `conformance har` wrote that: what we stopped ourselves did not break off."""
    if not isinstance(outcome, str) or outcome not in set(Outcome):
        return exchange
    return replace(exchange, outcome=Outcome(outcome), lost=exchange.lost - {Facet.OUTCOME})


def _sent(request: Mapping[str, Any]) -> Sent:
    posted = request.get("postData")
    body = None
    if isinstance(posted, dict) and isinstance(posted.get("text"), str):
        body = _decode(posted["text"], posted.get("encoding"))
    return Sent(
        str(request.get("method") or "GET"), str(request.get("url") or ""), _headers(request.get("headers")), body
    )


def _headers(value: Any) -> Headers:
    """Name and value pairs; the pseudo-headers of HTTP/2 (`:status`) are none."""
    rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
    pairs = tuple((str(row.get("name", "")), str(row.get("value", ""))) for row in rows)
    return tuple(pair for pair in pairs if pair[0] and not pair[0].startswith(":"))


def _body(entry: Mapping[str, Any], response: Mapping[str, Any], headers: Headers) -> tuple[bytes, bool]:
    """The body, and whether these are its own bytes."""
    content = response.get("content")
    content = content if isinstance(content, dict) else {}
    text, size = content.get("text"), content.get("size")
    if not isinstance(text, str) or not text:
        events = _events(entry.get("_eventSourceMessages"))
        if events:
            return events, False
        nothing = (response.get("bodySize") == 0 and not size) or (isinstance(text, str) and size == 0)
        if response["status"] in _EMPTY or nothing:
            return b"", True
        raise LeftOut("its body was not recorded")
    pieces = join_pieces(text, content, compressed=bool(encoding_of(headers)))
    if pieces is not None:
        return pieces, True
    body = _decode(text, content.get("encoding"))
    if content.get("encoding") == "base64":
        return body, True
    return body, size == len(body) and "\ufffd" not in text


def _events(messages: Any) -> bytes:
    """An event stream that a browser keeps beside the body, event by event, as it is written on the wire."""
    rows = [row for row in messages if isinstance(row, dict)] if isinstance(messages, list) else []
    return "".join(_event(row) for row in rows).encode("utf-8", "surrogatepass")


def _event(row: Mapping[str, Any]) -> str:
    named = (("event", "eventName"), ("id", "eventId"))
    told = {field: row.get(member) for field, member in named}
    if told["event"] == "message":  # what an event without a name is called
        told["event"] = ""
    fields = [f"{field}: {value}\n" for field, value in told.items() if isinstance(value, str) and value]
    data = row.get("data")
    lines = data.split("\n") if isinstance(data, str) else []
    return "".join([*fields, *(f"data: {line}\n" for line in lines), "\n"])


def _decode(text: str, encoding: Any) -> bytes:
    if encoding != "base64":
        return text.encode("utf-8", "surrogatepass")
    try:
        return b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise LeftOut("its body is not the base64 that it says") from None


def _started(value: Any) -> float | None:
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def _seconds(value: Any) -> float:
    """Milliseconds as seconds; -1, which says unknown, as 0."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return 0.0
    try:
        seconds = float(value) / 1000
    except OverflowError:
        return 0.0
    return seconds if isfinite(seconds) and seconds > 0 else 0.0


HAR = Form("HAR file", _NOTE, _holds, lambda document: document["log"]["entries"], _exchange, bytes_lost=_DECODED)
