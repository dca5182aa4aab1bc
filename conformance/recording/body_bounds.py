"""How much the compressed bodies of a recording may decode to, counted over all of them.

A body that goes beyond is cut there and ends in the outcome that a capture gives it, `byte_limit`: nobody takes what
was not read for missing. Sixty bombs of 64 MiB cost no more than one.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from conformance.model import Exchange, Outcome
from conformance.wire import compression

_TOTAL = 64 * 1024 * 1024
"""Bytes that the compressed bodies of one recording may decode to, before each further one may have `_FLOOR`."""
_FLOOR = 256 * 1024


class DecodingAllowance:
    """Measures bodies as they are read; `decoded` is what they decode to so far."""

    def __init__(self) -> None:
        self.decoded = 0

    def bound(self, exchange: Exchange) -> Exchange:
        """The exchange, whose body decodes to no more than is left for it."""
        encoding = next((value for name, value in exchange.response_headers if name.lower() == "content-encoding"), "")
        if not encoding or not exchange.raw:
            return exchange
        limit = compression.MAX_DECODED if self.decoded < _TOTAL else _FLOOR
        count = _measured(exchange, encoding, limit)
        self.decoded += min(count, limit)
        if count <= limit:
            return exchange
        detail = f"its body decodes to more than {limit} bytes, which is as far as it is read"
        decode = partial(compression.decode_body, limit=limit)
        return replace(exchange, outcome=Outcome.BYTE_LIMIT, detail=detail, decode=decode)


def _measured(exchange: Exchange, encoding: str, limit: int) -> int:
    """What the body decodes to, as far as one byte beyond the limit; nothing of it is kept."""
    decoder = compression.Decoder(encoding, limit + 1)
    count = 0
    for read in exchange.raw:
        for piece in decoder.feed(read.data):
            count += len(piece)
            if count > limit:
                return count
    return count
