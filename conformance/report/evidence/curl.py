"""The curl line that repeats a request; the key stands as the name of its variable."""

from __future__ import annotations

import shlex

from conformance.api.registry import key_header_of
from conformance.model import Exchange, Request
from conformance.secrets.headers import holds_credential
from conformance.text import visible

LONGEST_BODY = 8192
LONGEST_LINE = 32768
_NOT_SENT = frozenset({"host", "content-length", "connection", "accept-encoding", "user-agent", "transfer-encoding"})
"""What curl writes itself."""


def curl_line(exchange: Exchange, key_variable: str = "OPENAI_API_KEY") -> str:
    """A curl line for a shell that knows $'…' (bash, zsh); a long body is read from a file instead.

    Args:
        exchange: What was sent.
        key_variable: The environment variable with the key.
    """
    request = exchange.request
    parts = ["curl", "-sS", "-i", "-N", "-X", _quoted(request.method), _quoted(exchange.url)]
    parts += _authorization(request, key_variable)
    masked = {redaction.where.lower().removeprefix("header ") for redaction in exchange.redactions}
    for name, value in exchange.sent_headers or request.headers:
        if name.lower() not in {*_NOT_SENT, "authorization", key_header_of(request).name.lower()}:
            hidden = name.lower() in masked or holds_credential(name)
            shown = f'"{_plain(name)}: ${key_variable}"' if hidden else _quoted(f"{name}: {value}")
            parts += ["-H", shown]
    body = request.body or b""
    if body:
        long = len(body) > LONGEST_BODY
        parts += [*(["--data-binary", "@request.json"] if long else ["--data-raw", _quoted_bytes(body)])]
    line = " ".join(parts)
    return line if len(line) <= LONGEST_LINE else "# too large to repeat in one line: the recording holds the request"


def _authorization(request: Request, key_variable: str) -> list[str]:
    if request.auth == "none":
        return []
    carrier = key_header_of(request)
    if request.auth == "key":
        return ["-H", f'"{carrier.name}: {carrier.value(f"${key_variable}")}"']
    return ["-H", f"'{carrier.name}: {carrier.value('wrong-key')}'"]


def _plain(name: str) -> str:
    return "".join(char for char in name if char.isalnum() or char in "-_")


def _quoted(text: str) -> str:
    return _quoted_bytes(text.encode("utf-8", "surrogateescape" if _escaped(text) else "backslashreplace"))


def _escaped(text: str) -> bool:
    return all(not 0xD800 <= ord(char) <= 0xDFFF or 0xDC80 <= ord(char) <= 0xDCFF for char in text)


def _quoted_bytes(data: bytes) -> str:
    """Bytes as one word of a shell; what cannot be seen as $'…' escapes."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _dollar_quoted(data)
    return shlex.quote(text) if visible(text) == text else _dollar_quoted(data)


def _dollar_quoted(data: bytes) -> str:
    text = "".join(
        char if char.isascii() and char.isprintable() and char not in "\\'" else f"\\x{byte:02x}"
        for byte, char in ((byte, chr(byte)) for byte in data)
    )
    return f"$'{text}'"
