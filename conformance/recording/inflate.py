"""Undoing gzip and deflate read by read, so that what is inside may be searched."""

from __future__ import annotations

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
    out: list[bytes] = []
    left, whole = MAX_DECODED, True
    engine = zlib.decompressobj(wbits)
    for piece in pieces:
        decoded = bytearray()
        data = piece if whole else b""
        try:
            while data and left > 0:
                if engine.eof:
                    engine = zlib.decompressobj(wbits)
                decoded += engine.decompress(data, left)
                left = MAX_DECODED - sum(map(len, out)) - len(decoded)
                data = engine.unused_data or engine.unconsumed_tail
        except zlib.error:
            whole = False
        whole = whole and not data
        out.append(bytes(decoded))
    return Inflated(tuple(out), whole) if any(out) else None
