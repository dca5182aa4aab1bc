"""The one door to gzip and deflate: bodies are undone read by read, bounded, and as far as they can be."""

from __future__ import annotations

import zlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

MAX_DECODED = 16 * 1024 * 1024
"""Bytes that decoding a body may yield; a compression bomb ends here."""

_KNOWN = frozenset({"gzip", "x-gzip", "deflate"})
_MAGIC = b"\x1f\x8b"
_ZLIB_BEGINNINGS = frozenset({b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"})
"""RFC 1950, section 2.2, with the window that everybody takes."""
_GZIP, _ZLIB, _RAW = zlib.MAX_WBITS | 16, zlib.MAX_WBITS, -zlib.MAX_WBITS
_PIECE = 64 * 1024
_LAYERS = 3  # a body may be compressed more than once; what lies deeper is not read


def decode_body(raw: bytes, encoding: str, limit: int | None = None) -> bytes:
    """Undo what a `Content-Encoding` names, the last one first, into at most `limit` bytes (None: `MAX_DECODED`).

    Tolerant: what is damaged or in an unknown encoding comes back as it is (the very object, where nothing was undone),
    what is cut short as far as it goes, and what follows the compressed data is left out.
    """
    for name in _undoable(encoding):
        layer = _Layer(name, MAX_DECODED if limit is None else limit)
        plain = b"".join(layer.feed(raw))
        if not layer.fits:
            break
        raw = plain
    return raw


def unknown(encoding: str) -> str:
    """The encoding named by a `Content-Encoding` that cannot be undone here, or an empty text."""
    return next((name for name in _names(encoding) if name not in _KNOWN), "")


def gunzip(data: bytes) -> bytes | None:
    """What a gzip file holds; None where it is none, damaged, cut short or above `MAX_DECODED` bytes."""
    layer = _Layer("gzip", MAX_DECODED)
    plain = b"".join(layer.feed(data))
    return plain if data[:2] == _MAGIC and layer.fits and layer.whole and layer.ended else None


class Decoder:
    """Undoes a body while it comes; what does not decode passes as it is."""

    def __init__(self, encoding: str, limit: int = MAX_DECODED) -> None:
        self._layers = [_Layer(name, limit) for name in _undoable(encoding)]

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decode `data` into pieces of at most 64 KiB, so that the caller may end a bomb early."""
        return self._through(data, 0)

    def _through(self, data: bytes, depth: int) -> Iterator[bytes]:
        if depth == len(self._layers):
            yield data
            return
        layer = self._layers[depth]
        for piece in layer.feed(data):
            yield from self._through(piece, depth + 1)
        if layer.left:
            yield layer.left


@dataclass(frozen=True, slots=True)
class Inflated:
    """What each piece decoded to; `whole` is false where the data were damaged or too large."""

    pieces: tuple[bytes, ...]
    whole: bool


def inflate(pieces: Sequence[bytes], encoding: str) -> Inflated | None:
    """All that may be found in a body compressed by its header or by its first bytes; None where nothing is.

    Less strict than `decode`: labels may be wrong, and what comes before damage counts.
    """
    named = sum(name in _KNOWN for name in _names(encoding))
    result: Inflated | None = None
    for depth in range(_LAYERS):
        if depth >= named and not _begins_compressed(pieces):
            break
        layer = _Layer("deflate", MAX_DECODED)  # takes all three forms
        out = tuple(b"".join(layer.feed(piece)) for piece in pieces)
        if not any(out):
            break
        result = Inflated(out, layer.whole and (result is None or result.whole))
        pieces = out
    return result


def _begins_compressed(pieces: Sequence[bytes]) -> bool:
    """Whether data begin as those of gzip or zlib do."""
    begin = b""
    for piece in pieces:
        begin += piece[:2]
        if len(begin) > 1:
            break
    return begin[:2] == _MAGIC or begin[:2] in _ZLIB_BEGINNINGS


def _names(encoding: str) -> list[str]:
    """The encodings, the outermost first."""
    tokens = [token.strip().lower() for token in encoding.split(",")]
    return [token for token in reversed(tokens) if token not in {"", "identity"}]


def _undoable(encoding: str) -> Iterator[str]:
    return islice(takewhile(_KNOWN.__contains__, _names(encoding)), _LAYERS)


class _Layer:
    """One encoding, undone read by read until the data are damaged, something else follows or `limit` is reached.

    A gzip body may have several members. Deflate is meant to have the frame of zlib, and often has none.
    """

    def __init__(self, name: str, limit: int) -> None:
        self.left = b""  # what of the last data could not be decoded
        self.whole = True  # whether all that came could be decoded
        self._unframed_too = name == "deflate"
        self._room = limit
        self._damaged = False
        self._form = 0  # what zlib calls wbits; 0 until it is known
        self._engine = zlib.decompressobj()
        self._held = b""  # a byte that does not yet tell what begins

    @property
    def fits(self) -> bool:
        """Whether the data were in this encoding; without a frame, only an end at their very end tells."""
        ended = self._form != _RAW or (self._engine.eof and self.whole)
        return self._form != 0 and ended and not self._damaged

    @property
    def ended(self) -> bool:
        """Whether the data came to their own end."""
        return self._engine.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decode the next data into pieces of at most 64 KiB; after the last, `left` is what was not decoded."""
        data, self._held, self.left = self._held + data, b"", b""
        pending = bool(data)
        while pending and self._begun(data):
            before, most = self._engine.copy(), min(_PIECE, self._room + 1)
            try:
                piece = self._engine.decompress(data, most)
            except zlib.error:
                self._engine, self._damaged, self.whole = before, True, False
                data = yield from self._salvaged(data)
                break
            data = self._engine.unused_data or self._engine.unconsumed_tail
            pending = bool(data) or (len(piece) == most and not self._engine.eof)
            yield self._within(piece)
        self.left = b"" if self._held else data

    def _begun(self, data: bytes) -> bool:
        """Whether the next data belong to a member; a new one may have to be begun for them."""
        if self.whole and (not self._form or self._engine.eof):
            self._begin(data)
        return self.whole and not self._held

    def _begin(self, data: bytes) -> None:
        if len(data) < len(_MAGIC) and (not self._form or _MAGIC.startswith(data)):
            self._held = data
            return
        form = self._form_of(data)
        self.whole = form == _GZIP if self._form == _GZIP else not self._form and form != 0
        if self.whole:
            self._form, self._engine = form, zlib.decompressobj(form)

    def _form_of(self, data: bytes) -> int:
        if data.startswith(_MAGIC):
            return _GZIP
        if data[0] & 0x8F == 8 and int.from_bytes(data[:2]) % 31 == 0:  # RFC 1950, section 2.2
            return _ZLIB
        return _RAW if self._unframed_too else 0

    def _salvaged(self, data: bytes) -> Generator[bytes, None, bytes]:
        """What data hold before their damage, by halves: zlib gives nothing of a call that meets it; then the rest."""
        step = len(data)
        while step:
            before = self._engine.copy()
            try:
                piece = self._engine.decompress(data[:step])
            except zlib.error:
                self._engine = before
                step //= 2
            else:
                data = data[step:]
                yield self._within(piece)
        return data

    def _within(self, piece: bytes) -> bytes:
        """As much of a piece as there is room for."""
        if len(piece) > self._room:
            self.whole, piece = False, piece[: self._room]
        self._room -= len(piece)
        return piece
