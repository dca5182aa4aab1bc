"""The curl line that repeats a request; the key stands as the name of its variable.

Recordings and results may be a stranger's, and people paste what stands here into a shell. Every word is quoted, what
could be an option is none, names are checked, and a key's variable stands only where the request goes to the endpoint
that the key belongs to.
"""

from __future__ import annotations

import re
import shlex
from urllib.parse import urlsplit

from conformance.api.registry import key_header_of
from conformance.model import Exchange, Request
from conformance.secrets.headers import ENDPOINT_KEYS, holds_credential
from conformance.secrets.recognition import is_variable
from conformance.text import visible

LONGEST_BODY = 8192
LONGEST_LINE = 32768
_NOT_SENT = frozenset({"host", "content-length", "connection", "accept-encoding", "user-agent", "transfer-encoding"})
"""What curl writes itself."""
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_WHERE = re.compile(r"^(?:sent|request|header) ")
_OPENAI = "https://api.openai.com"
_DEFAULT_PORTS = {"http": 80, "https": 443}


def key_variable_for(named: str, base_url: str) -> str:
    """The variable to show for the key of the endpoint at `base_url`: the one named, if it is a name at all.

    Where none is named, OPENAI_API_KEY stands for the key of OpenAI alone: nobody shall send it elsewhere by pasting.
    """
    if named and is_variable(named):
        return named
    return "OPENAI_API_KEY" if origin_of(base_url) == origin_of(_OPENAI) else "API_KEY"


def origin_of(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port of an http or https URL, or None."""
    try:
        split = urlsplit(url)
        host, port = split.hostname, split.port
    except ValueError:
        return None
    if split.scheme not in _DEFAULT_PORTS or not host:
        return None
    return split.scheme, host.lower(), port or _DEFAULT_PORTS[split.scheme]


def curl_line(exchange: Exchange, key_variable: str = "OPENAI_API_KEY") -> str:
    """A curl line for a shell that knows $'…' (bash, zsh); a long body is read from a file instead.

    Args:
        exchange: What was sent.
        key_variable: The environment variable with the key; empty where the request goes elsewhere than the key may.
    """
    request, url = exchange.request, exchange.url
    if origin_of(url) is None or not _TOKEN.fullmatch(request.method):
        return "# what was recorded is no request over http or https that curl could repeat"
    variable = key_variable if is_variable(key_variable) else ""
    parts = ["curl", "-sS", "-i", "-N", "-X", _quoted(request.method), "--globoff", "--url", _quoted(url)]
    parts += _authorization(request, variable)
    masked = {_WHERE.sub("", redaction.where.lower()) for redaction in exchange.redactions}
    for name, value in exchange.sent_headers or request.headers:
        lower = name.lower()
        if lower in {*_NOT_SENT, "authorization", key_header_of(request).name.lower()} or not _TOKEN.fullmatch(name):
            continue  # `-H @file` would read one
        hidden = lower in masked or holds_credential(name)
        parts += ["-H", _secret_header(name, variable) if hidden else _quoted(f"{name}: {value}")]
    body = request.body or b""
    if body:
        long = len(body) > LONGEST_BODY
        parts += [*(["--data-binary", "@request.json"] if long else ["--data-raw", _quoted_bytes(body)])]
    line = " ".join(parts)
    return line if len(line) <= LONGEST_LINE else "# too large to repeat in one line: the recording holds the request"


def _secret_header(name: str, variable: str) -> str:
    """A header whose value is not told: the endpoint's key, or a variable that is called as the header is."""
    own = name.lower() in ENDPOINT_KEYS
    shown = variable if own else re.sub(r"[^A-Z0-9]", "_", name.upper())
    plain = re.fullmatch(r"[A-Za-z0-9._-]+", name)
    return f'"{name}: ${shown}"' if plain and variable and is_variable(shown) else _quoted(f"{name}: ***")


def _authorization(request: Request, variable: str) -> list[str]:
    if request.auth == "none":
        return []
    carrier = key_header_of(request)
    if request.auth == "wrong":
        return ["-H", f"'{carrier.name}: {carrier.value('wrong-key')}'"]
    if not variable:
        return ["-H", _quoted(f"{carrier.name}: {carrier.value('***')}")]
    return ["-H", f'"{carrier.name}: {carrier.value(f"${variable}")}"']


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
