"""httprr traces of Go: a line `httprr trace v1`, then for each exchange the lengths of both messages and the messages.

The messages stand as HTTP/1.1 writes them, with absolute URLs. Lost: reads, clock and outcome; headers may have been
scrubbed or removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from conformance.model import Exchange, Facet, Headers
from conformance.recording.foreign.bodies import LeftOut, unpack_body
from conformance.recording.foreign.exchange import ForeignAnswer, Sent, foreign_exchange
from conformance.recording.foreign.form import Form

_NOTE = "An httprr trace keeps no timing, no packet boundaries and no end of the connection."
_FIRST = re.compile(rb"httprr trace v1\r?\n")
_LENGTHS = re.compile(rb"(\d{1,10}) (\d{1,10})\r?\n")
_REQUEST = re.compile(r"([A-Za-z]{1,20}) (\S+)(?: HTTP/[\d.]+)?")
_STATUS = re.compile(r"(HTTP/[\d.]{1,5}) (\d{3})(?: (.*))?")
_CHUNK = re.compile(rb"\s*([0-9A-Fa-f]{1,8})[^\n]{0,1000}\n")


@dataclass(frozen=True, slots=True)
class _Message:
    """An HTTP message: its first line, its headers, and the bytes after them."""

    first: str
    headers: Headers
    body: bytes


def _holds(data: bytes) -> bool:
    return _FIRST.match(data) is not None


def _entries(data: bytes) -> Iterator[tuple[bytes, bytes] | None]:
    """The messages of each exchange; None, once, where the rest cannot be taken apart."""
    first = _FIRST.match(data)
    at = first.end() if first else 0
    while at < len(data):
        lengths = _LENGTHS.match(data, at)
        if lengths is None:
            yield None
            return
        middle = lengths.end() + int(lengths[1])
        end = middle + int(lengths[2])
        if end > len(data):
            yield None
            return
        yield data[lengths.end() : middle], data[middle:end]
        at = end


def _exchange(number: int, entry: tuple[bytes, bytes] | None) -> Exchange:
    if entry is None:
        raise LeftOut("the trace is cut short or damaged here")
    asked, told = _message(entry[0]), _message(entry[1])
    request, status = _REQUEST.fullmatch(asked.first), _STATUS.fullmatch(told.first)
    if request is None:
        raise LeftOut("it has no request")
    if status is None:
        raise LeftOut("it has no HTTP status")
    sent = Sent(request[1], _address(request[2], asked.headers), asked.headers, _whole(asked) or None)
    body = unpack_body(_whole(told), told.headers)
    answer = ForeignAnswer(int(status[2]), status[3] or "", told.headers, body, http_version=status[1])
    return foreign_exchange(number, sent, answer, frozenset({Facet.CLOCK}))


def _message(data: bytes) -> _Message:
    end = re.search(rb"\r?\n\r?\n", data)
    head = data[: end.start()] if end else data
    first, *lines = head.decode("latin-1").splitlines() or [""]
    pairs = (line.partition(":") for line in lines if ":" in line)
    headers = tuple((name.strip(), value.strip()) for name, _, value in pairs)
    return _Message(first, headers, data[end.end() :] if end else b"")


def _address(target: str, headers: Headers) -> str:
    """The absolute URL; a bare path stands below the host that the headers name."""
    host = next((value for name, value in headers if name.lower() == "host"), "")
    return f"https://{host}{target}" if target.startswith("/") and host else target


def _whole(message: _Message) -> bytes:
    """The body, without its chunks; as far as they can be read."""
    codings = [value.strip().lower() for name, value in message.headers if name.lower() == "transfer-encoding"]
    if codings[-1:] != ["chunked"]:
        return message.body
    at, pieces = 0, []
    while (size := _CHUNK.match(message.body, at)) and int(size[1], 16):
        pieces.append(message.body[size.end() : size.end() + int(size[1], 16)])
        at = size.end() + int(size[1], 16)
    return b"".join(pieces) if pieces or size else message.body


HTTPRR = Form("httprr trace", _NOTE, _holds, _entries, _exchange, raw=True)
