"""Looking at a picture: the colour of the first pixel of a plain PNG, which is all the scripted model sees."""

from __future__ import annotations

import base64
import binascii
import struct
import zlib

_NAMED = {
    "red": (255, 0, 0),
    "green": (0, 160, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "gray": (128, 128, 128),
}
_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF")


def decode_picture(url: str) -> bytes | None:
    """The bytes of a `data:` URL; `None` when it holds no picture in strict base64."""
    head, separator, data = url.partition(",")
    if not separator or not head.startswith("data:image/") or not head.endswith(";base64"):
        return None
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if raw.startswith(_MAGIC) else None


def colour_of(url: str) -> str:
    """The name of the picture's colour, `"out of sight"` when it is not an inline RGB PNG."""
    raw = decode_picture(url) if url.startswith("data:") else None
    pixel = _first_pixel(raw) if raw else None
    if pixel is None:
        return "out of sight"
    return min(_NAMED, key=lambda name: sum((a - b) ** 2 for a, b in zip(_NAMED[name], pixel, strict=True)))


def _first_pixel(raw: bytes) -> tuple[int, int, int] | None:
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at + 8 <= len(raw):
        (length,) = struct.unpack(">I", raw[at : at + 4])
        kind = raw[at + 4 : at + 8]
        chunks[kind] = chunks.get(kind, b"") + raw[at + 8 : at + 8 + length]
        at += 12 + length
    try:
        if chunks[b"IHDR"][8] != 8 or chunks[b"IHDR"][9] not in (2, 6):
            return None
        line = zlib.decompressobj().decompress(chunks[b"IDAT"], 64)
    except (KeyError, IndexError, zlib.error):
        return None
    return (line[1], line[2], line[3]) if len(line) >= 4 else None
