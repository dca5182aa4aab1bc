"""Undoing gzip and deflate read by read, so that what is inside may be searched."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from conformance.model import MAX_DECODED

_MAGIC = b"\x1f\x8b"
_LAYERS = 3  # a body may be compressed more than once; who does it oftener is not read


@dataclass(frozen=True, slots=True)
class Inflated:
    """What each piece decoded to; `whole` is false where the data were damaged or too large."""

    pieces: tuple[bytes, ...]
    whole: bool


def inflate(pieces: Sequence[bytes], encoding: str) -> Inflated | None:
    """Decode a body that is compressed by its header or by its first bytes; None where it is not."""
    named = {token.strip().lower() for token in encoding.split(",")}
    result: Inflated | None = None
    for layer in range(_LAYERS):
        looks = b"".join(pieces[:4])[:2] == _MAGIC or b"".join(pieces)[:2] == _MAGIC
        if not looks and (layer or not named & {"gzip", "x-gzip", "deflate"}):
            break
        step = _undo(pieces, zlib.MAX_WBITS | 32) or _undo(pieces, -zlib.MAX_WBITS)
        if step is None:
            break
        result = Inflated(step.pieces, step.whole and (result is None or result.whole))
        pieces = step.pieces
    return result


def _undo(pieces: Sequence[bytes], wbits: int) -> Inflated | None:
    """One layer, member after member; None where not a byte came out."""
    engine = _Engine(wbits)
    out = tuple(engine.feed(piece) for piece in pieces)
    return Inflated(out, engine.whole) if any(out) else None


class _Engine:
    """Decodes until the data are damaged or `MAX_DECODED` is reached, and keeps all that came out before."""

    def __init__(self, wbits: int) -> None:
        self.whole = True
        self._wbits = wbits
        self._left = MAX_DECODED
        self._engine = zlib.decompressobj(wbits)

    def feed(self, data: bytes) -> bytes:
        out = bytearray()
        while data and self.whole:
            before = self._engine.copy()
            try:
                out += self._step(data)
            except zlib.error:
                self.whole = False
                self._engine = before
                out += self._salvage(data)
                break
            data = self._engine.unused_data or self._engine.unconsumed_tail
            self.whole = not data or self._left > 0
        return bytes(out)

    def _step(self, data: bytes) -> bytes:
        if self._engine.eof:
            self._engine = zlib.decompressobj(self._wbits)
        decoded = self._engine.decompress(data, max(self._left, 1))
        self._left -= len(decoded)
        return decoded

    def _salvage(self, data: bytes) -> bytes:
        """What damaged data hold before the damage: zlib gives nothing of the call that meets it."""
        out = bytearray()
        with contextlib.suppress(zlib.error):
            for byte in data:
                out += self._step(bytes((byte,)))
        return bytes(out)
