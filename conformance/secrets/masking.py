"""Masking keys before they reach a disk: same length, by value and by header name, with a note of every place.

`Redaction.where` says what was masked; offsets count bytes:

| where | what |
| --- | --- |
| `body` `reason` `response NAME` | a key found by its value in what the endpoint sent: the endpoint echoes it |
| `response-credential NAME` | a response header that holds credentials by its name (`set-cookie`) |
| `sent NAME` `request NAME` | a header as sent, or as the scenario asked for it |
| `request body` `request path` `url` `detail` `model` | our own side of the exchange |

A key that a stream spreads over its deltas is masked in each of them, so that nobody who judges can join it again
(`joined`). A key inside a compressed body cannot be masked where it lies. Such a body is stored decoded and masked,
each read holding what it decoded to: its meaning, its decoded bytes and `body` offsets stay true, while `Facet.READS`,
the bytes as they came off the wire, is lost (and `Facet.BYTES` too where the compressed data were damaged). A body in
an encoding without a decoder here (brotli, zstd) is searched as it is. What this cannot catch: docs/security.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from conformance.model import Exchange, Facet, Headers, Read, Redaction, Request
from conformance.secrets.headers import credential_spans, is_secret_parameter
from conformance.secrets.joined import joined_spans
from conformance.secrets.spellings import Span, Spellings, merge
from conformance.wire.compression import inflate

PLACEHOLDER_LENGTH = 8
"""A key shorter than this is a placeholder: it is not sought in bodies, or it would be found everywhere."""

SHORTEST = 4
"""A key shorter than this is sought nowhere but in the headers that hold keys."""

_USER = re.compile(rb"(?<=://)[^/?#@]+(?=@)")
_PARAMETER = re.compile(rb"[?&;]([^=&#?;]{1,60})=([^&#]+)")
_OF_HTTP = frozenset(
    {"accept", "accept-encoding", "cache-control", "connection", "content-encoding", "content-length", "content-type"}
    | {"date", "expires", "host", "retry-after", "server", "transfer-encoding", "user-agent", "vary"}
)
"""Headers in which a short key is but a word."""


class Secrets:
    """The keys of a run.

    Args:
        values: the keys. Placeholder keys (`EMPTY`, anything under 8 characters) are masked in headers and in our own
            words alone, as whole words.
        headers: names of headers that hold credentials, beside those that are known to.
    """

    def __init__(self, values: Collection[str] = (), headers: Collection[str] = ()) -> None:
        real = {value for value in values if len(value) >= PLACEHOLDER_LENGTH}
        short = {re.escape(value).encode() for value in values if SHORTEST <= len(value) < PLACEHOLDER_LENGTH}
        self._spellings = tuple(Spellings(value) for value in sorted(real))
        self._short = re.compile(rb"(?<![A-Za-z0-9])(?:" + b"|".join(sorted(short)) + rb")(?![A-Za-z0-9])")
        self._has_short = bool(short)
        self._names = frozenset(name.strip().lower() for name in headers)

    def __repr__(self) -> str:
        return f"Secrets({len(self._spellings)})"

    def spans(self, data: bytes) -> tuple[Span, ...]:
        """The byte ranges of `data` that spell a key, in order and disjoint."""
        return merge(span for spellings in self._spellings for span in spellings.spans(data))

    def mask(self, data: bytes) -> bytes:
        """`data` with every key overwritten by `*`."""
        return _starred(data, self.spans(data))

    def mask_text(self, text: str) -> str:
        """`text` with every key overwritten by `*`."""
        return self.redact(text, "")[0]

    def mask_words(self, text: str) -> str:
        """`text` of our own, or short, such as a header: with placeholder keys overwritten too."""
        data, encoding = _encoded(text)
        spans = merge([*self.spans(data), *self._short_spans(data)])
        return _starred(data, spans).decode(encoding, "surrogatepass") if spans else text

    def _short_spans(self, data: bytes) -> list[Span]:
        return [match.span() for match in self._short.finditer(data)] if self._has_short else []

    def redact(self, text: str, where: str) -> tuple[str, tuple[Redaction, ...]]:
        """Mask `text` by value; `where` goes into the redactions."""
        data, encoding = _encoded(text)
        spans = self.spans(data)
        if not spans:
            return text, ()
        return _starred(data, spans).decode(encoding, "surrogatepass"), _redactions(where, spans)

    def mask_exchange(self, exchange: Exchange) -> Exchange:
        """The exchange as it may be written: no key in it, redactions added to those it has."""
        found: list[Redaction] = []
        texts: dict[str, Any] = {}
        texts["url"], spots = self._address(exchange.url, "url")
        found += spots
        for name in ("reason", "http_version", "detail", "model"):
            texts[name], spots = self.redact(getattr(exchange, name), name)
            found += spots
        request, spots = self._request(exchange.request)
        found += spots
        sent, spots = self._headers(exchange.sent_headers, "sent", "sent")
        found += spots
        received, spots = self._headers(exchange.response_headers, "response", "response-credential")
        found += spots
        raw, lost, spots = self._reads(exchange)
        found += spots
        left = exchange.leftover
        return replace(
            exchange,
            request=request,
            sent_headers=sent,
            response_headers=received,
            raw=raw,
            lost=exchange.lost | lost,
            leftover=left and replace(left, start=self.mask(left.start)),
            redactions=(*exchange.redactions, *found),
            **texts,
        )

    def _request(self, request: Request) -> tuple[Request, tuple[Redaction, ...]]:
        path, in_path = self._address(request.path, "request path")
        headers, in_headers = self._headers(request.headers, "request", "request")
        spans = self.spans(request.body or b"")
        if not (in_path or in_headers or spans):
            return request, ()
        body = _starred(request.body or b"", spans) if spans else request.body
        masked = replace(request, path=path, headers=headers, body=body)
        return masked, (*in_path, *in_headers, *_redactions("request body", spans))

    def _address(self, url: str, where: str) -> tuple[str, tuple[Redaction, ...]]:
        """Mask a URL by value, and by name what it says of a user or a key."""
        safe, found = self.redact(url, where)
        data, encoding = _encoded(safe)
        named = [found for found in _PARAMETER.finditer(data) if is_secret_parameter(found[1].decode("latin-1"))]
        places = [*(found.span() for found in _USER.finditer(data)), *(found.span(2) for found in named)]
        spans = [span for span in places if data[slice(*span)].strip(b"*")]
        return _starred(data, spans).decode(encoding, "surrogatepass"), (*found, *_redactions(where, spans))

    def _headers(self, headers: Headers, by_value: str, by_name: str) -> tuple[Headers, tuple[Redaction, ...]]:
        found: list[Redaction] = []
        pairs = []
        for name, value in headers:
            safe_name, spots = self.redact(name, f"{by_value} (a header's name)")
            found += spots
            safe, spots = self.redact(value, f"{by_value} {safe_name.lower()}")
            found += spots
            data, encoding = _encoded(safe)
            spans = [span for span in credential_spans(name, data, self._names) if data[slice(*span)].strip(b"*")]
            if not spans and safe_name.lower() not in _OF_HTTP:
                short = self._short_spans(data)
                found += _redactions(f"{by_value} {safe_name.lower()}", short)
                data = _starred(data, short)
            found += _redactions(f"{by_name} {safe_name.lower()}", spans)
            pairs.append((safe_name, _starred(data, spans).decode(encoding, "surrogatepass")))
        return tuple(pairs), tuple(found)

    def _reads(self, exchange: Exchange) -> tuple[tuple[Read, ...], frozenset[Facet], tuple[Redaction, ...]]:
        """The reads masked, the facets that this cost, and where keys were."""
        pieces = [read.data for read in exchange.raw]
        if not self._spellings:
            return tuple(exchange.raw), frozenset(), ()
        encoding = ", ".join(value for name, value in exchange.response_headers if name.lower() == "content-encoding")
        inflated = inflate(pieces, encoding)
        lost: frozenset[Facet] = frozenset()
        spans = self._body_spans(b"".join(inflated.pieces)) if inflated else ()
        if inflated and spans:
            pieces = list(inflated.pieces)
            lost = frozenset({Facet.READS} if inflated.whole else {Facet.READS, Facet.BYTES})
        else:
            spans = self._body_spans(b"".join(pieces))
        if not spans:
            return tuple(exchange.raw), frozenset(), ()
        cut = _cut(_starred(b"".join(pieces), spans), pieces)
        reads = tuple(Read(read.at, data) for read, data in zip(exchange.raw, cut, strict=True))
        return reads, lost, _redactions("body", spans)

    def _body_spans(self, data: bytes) -> tuple[Span, ...]:
        """Where a body spells a key: in one piece, or spread over its texts."""
        return merge([*self.spans(data), *joined_spans(data, self.spans)])


def _encoded(text: str) -> tuple[bytes, str]:
    """The bytes that offsets count in: latin-1 as headers have them, or UTF-8 where that cannot be."""
    try:
        return text.encode("latin-1"), "latin-1"
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass"), "utf-8"


def _starred(data: bytes, spans: Sequence[Span]) -> bytes:
    if not spans:
        return data
    masked = bytearray(data)
    for start, end in spans:
        masked[start:end] = b"*" * (end - start)
    return bytes(masked)


def _redactions(where: str, spans: Sequence[Span]) -> tuple[Redaction, ...]:
    return tuple(Redaction(where, start, end - start) for start, end in spans)


def _cut(data: bytes, pieces: Sequence[bytes]) -> list[bytes]:
    """Cut joined data back onto the boundaries of `pieces`."""
    cut, offset = [], 0
    for piece in pieces:
        cut.append(data[offset : offset + len(piece)])
        offset += len(piece)
    return cut
