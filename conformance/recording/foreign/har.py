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
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any

from conformance.model import Exchange, Facet, Headers, Outcome, Recording
from conformance.recording.foreign.exchange import (
    ForeignAnswer,
    Intake,
    LeftOut,
    Sent,
    foreign_exchange,
    foreign_recording,
    readable,
)

_NOTE = "A HAR file keeps no packet boundaries and no end of the connection."
_DECODED = "{count} of its {total} bodies were kept as decoded text: their own bytes may differ."
_EMPTY = frozenset({204, 205, 304})


def is_har(document: Any) -> bool:
    """Whether a parsed JSON document is a HAR file."""
    log = document.get("log") if isinstance(document, dict) else None
    return isinstance(log, dict) and isinstance(log.get("entries"), list)


def from_har(document: Mapping[str, Any], path: Path) -> Recording:
    """The recording that a parsed HAR file holds; entries that cannot be read are left out with a note each."""
    intake = Intake(path.name)
    for number, entry in enumerate(document["log"]["entries"], start=1):
        intake.take(number, partial(_exchange, number, entry))
    exchanges, notes = intake.exchanges, [_NOTE, *intake.notes]
    parsed = sum(Facet.BYTES in exchange.lost for exchange in exchanges)
    if parsed:
        notes.append(_DECODED.format(count=parsed, total=len(exchanges)))
    return foreign_recording(path, exchanges, notes)


def _exchange(number: int, entry: Any) -> Exchange:
    request, response = _mapping(entry, "request"), _mapping(entry, "response")
    status = response.get("status")
    if not isinstance(status, int) or isinstance(status, bool) or not status:
        raise LeftOut("it has no answer")
    headers = _headers(response.get("headers"))
    body, exact = _body(response, status)
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


def _mapping(value: Any, member: str) -> Mapping[str, Any]:
    found = value.get(member) if isinstance(value, dict) else None
    if not isinstance(found, dict):
        raise LeftOut(f"it has no {member}")
    return found


def _headers(value: Any) -> Headers:
    """Name and value pairs; the pseudo-headers of HTTP/2 (`:status`) are none."""
    rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
    pairs = tuple((str(row.get("name", "")), str(row.get("value", ""))) for row in rows)
    return tuple(pair for pair in pairs if pair[0] and not pair[0].startswith(":"))


def _body(response: Mapping[str, Any], status: int) -> tuple[bytes, bool]:
    """The body, and whether these are its own bytes."""
    content = response.get("content")
    content = content if isinstance(content, dict) else {}
    text, size = content.get("text"), content.get("size")
    if not isinstance(text, str) or not text:
        if status in _EMPTY or (response.get("bodySize") == 0 and not size) or (isinstance(text, str) and size == 0):
            return b"", True
        raise LeftOut("its body was not recorded")
    body = _decode(text, content.get("encoding"))
    if content.get("encoding") == "base64":
        return body, True
    return body, size == len(body) and "\ufffd" not in text


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
