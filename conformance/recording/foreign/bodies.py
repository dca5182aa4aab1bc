"""Bodies as other tools keep them → the bytes that `Exchange.content` can decode."""

from __future__ import annotations

import contextlib
import json
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, TypeGuard

from conformance.model import Headers
from conformance.wire.compression import decode_body, unknown

_GZIP = b"\x1f\x8b"
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]+=*\s*")
_ENCODINGS = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd"})
_PAYLOAD = frozenset({"string", "base64_string", "encoding", "file"})
"""The members of a body that is kept as an object of its own."""


class LeftOut(Exception):
    """An exchange cannot be read; the words say why, and `detail` which it was."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.detail = detail


def readable(body: bytes, headers: Headers) -> bytes:
    """The body in a form that `Exchange.content` can decode.

    Raises:
        LeftOut: It is still compressed in a way that cannot be undone here.
    """
    encoding = encoding_of(headers)
    if body[:2] == _GZIP:
        plain = decode_body(body, "gzip")
        if plain is body:
            raise LeftOut("its gzip body is damaged")
        return plain if decode_body(body, encoding) is body else body
    strange = unknown(encoding)
    if not strange or _is_text(body):
        return body  # an encoding may linger on a body that the recorder has decoded
    raise LeftOut(f"its body is encoded as {strange[:20]}, which cannot be decoded here")


def encoding_of(headers: Headers) -> str:
    """What the Content-Encoding says, in lower case; empty where there is none."""
    return next((value for name, value in headers if name.lower() == "content-encoding"), "").strip().lower()


def as_json(value: Any) -> bytes:
    """A body of which the recorder kept only the parsed value, as JSON again.

    Raises:
        LeftOut: The value is none that JSON has.
    """
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, RecursionError):
        raise LeftOut("its body is no JSON value") from None


def payload(body: Mapping[str, Any]) -> bytes:
    """A body that is kept as an object: `string`, or `base64_string`."""
    if "base64_string" in body:
        return b64decode(b"".join(as_bytes(body["base64_string"]).split()), validate=True)
    return as_bytes(body.get("string"))


def is_payload(body: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether a value is a body kept as an object, and not a parsed body."""
    return isinstance(body, dict) and body.keys() <= _PAYLOAD


def as_bytes(value: Any) -> bytes:
    """A body that is kept as text or binary; any other value as JSON."""
    if value is None:
        return b""
    if isinstance(value, str) and value.startswith("\x1f\x8b"):
        with contextlib.suppress(UnicodeEncodeError):
            return value.encode("latin-1")  # a compressed body that went through text, one character per byte
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return value if isinstance(value, bytes) else as_json(value)


def unpack_body(raw: bytes, headers: Headers) -> bytes:
    """A readable body, from base64 where the recorder wrote a compressed one so; JSON and events never look like it."""
    packed = bool(raw) and encoding_of(headers) in _ENCODINGS and _BASE64.fullmatch(raw)
    if packed:
        with contextlib.suppress(ValueError):
            raw = b64decode(raw)
    return readable(raw, headers)


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
