"""Bodies that Polly.JS keeps as the text of a JSON list of pieces, each in base64 or (in older versions) in hex."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from conformance.recording.foreign.bodies import LeftOut

_GZIP = "1f8b"


def join_pieces(text: str, content: Mapping[str, Any], *, compressed: bool) -> bytes | None:
    """The body that the pieces make; None where the text is no such list.

    Base64 is named by the content's `encoding`. Hex is marked by `_isBinary`, or by how a gzip body begins.

    Raises:
        LeftOut: it is one, and its pieces are damaged.
    """
    encoding, marked = content.get("encoding"), content.get("_isBinary") is True
    if encoding != "base64" and not marked and encoding != "hex" and not compressed:
        return None
    pieces = _pieces(text)
    if encoding == "base64":
        return None if pieces is None else _joined(pieces, _unbase64)
    pieces = [text] if pieces is None else pieces
    if marked or encoding == "hex" or (pieces and pieces[0][:4].lower() == _GZIP):
        return _joined(pieces, bytes.fromhex)
    return None


def _pieces(text: str) -> list[str] | None:
    if text.lstrip()[:1] != "[":
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) and all(isinstance(piece, str) for piece in found) else None


def _joined(pieces: list[str], decode: Any) -> bytes:
    try:
        return b"".join(decode(piece) for piece in pieces)
    except ValueError:
        raise LeftOut("its body is not the list of pieces that it says") from None


def _unbase64(piece: str) -> bytes:
    return b64decode("".join(piece.split()), validate=True)
