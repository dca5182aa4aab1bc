"""The picture that scenarios show: plain red, 256 × 256, and in bytes far larger than any model counts for its size."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from functools import cache

_RED = (
    "iVBORw0KGgoAAAANSUhEUgAAAQAAAAEACAIAAADTED8xAAAB+0lEQVR42u3TQQkAAAjAwPUvrX8reHAJBmsK3pIAA4ABwABgADAA"
    "GAAMAAYAA4ABwABgADAAGAAMAAYAA4ABwABgADAAGAAMAAYAA4ABwABgADAAGAAMAAYAA4ABwABgADAAGAAMAAYAA4ABwABgADAA"
    "GAAMAAYAA4ABwAAYAAwABgADgAHAAGAAMAAYAAwABgADgAHAAGAAMAAYAAwABgADgAHAAGAAMAAYAAwABgADgAHAAGAAMAAYAAwA"
    "BgADgAHAAGAAMAAYAAwABgADgAHAAGAAMAAYAAwABgAJMAAYAAwABgADgAHAAGAAMAAYAAwABgADgAHAAGAAMAAYAAwABgADgAHA"
    "AGAAMAAYAAwABgADgAHAAGAAMAAYAAwABgADgAHAAGAAMAAYAAwABgADgAHAAGAAMAAYAAyAASTAAGAAMAAYAAwABgADgAHAAGAA"
    "MAAYAAwABgADgAHAAGAAMAAYAAwABgADgAHAAGAAMAAYAAwABgADgAHAAGAAMAAYAAwABgADgAHAAGAAMAAYAAwABgADgAHAAGAA"
    "MAAGAAOAAcAAYAAwABgADAAGAAOAAcAAYAAwABgADAAGAAOAAcAAYAAwABgADAAGAAOAAcAAYAAwABgADAAGAAOAAcAAYAAwABgA"
    "DAAGAAOAAcAAYAAwABgADADHAllMDvLkz2XNAAAAAElFTkSuQmCC"
)
"""The picture as it is."""

_HEADER = 33
"""Bytes of a PNG up to the end of IHDR, after which a comment may stand."""

_DIGESTS = 180
"""Digests in the comment, of 64 letters each: without a pattern that a vocabulary could join to long tokens."""


@cache
def draw_bulky_picture() -> str:
    """A `data:` URL whose picture costs as much as any of its size, and its letters thousands of tokens.

    What is bulky is a comment, which PNG allows and every decoder skips: whoever counts thousands of tokens took the
    URL for text.
    """
    words = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(_DIGESTS))
    plain = base64.b64decode(_RED)
    raw = plain[:_HEADER] + _chunk(b"tEXt", b"Comment\0" + words.encode()) + plain[_HEADER:]
    return f"data:image/png;base64,{base64.b64encode(raw).decode()}"


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", binascii.crc32(kind + data))
