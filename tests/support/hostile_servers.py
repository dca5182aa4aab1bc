"""Servers on raw sockets that misbehave, one function per way; what they do well is a small correct endpoint."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

MIB = 1 << 20
LONGEST = 20.0
"""Seconds after which a misbehaving server gives up by itself."""


@dataclass(frozen=True)
class Asked:
    """A request as it came; `number` counts the requests of the server from 1."""

    number: int
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    raw_head: bytes = b""

    @property
    def json(self) -> dict[str, Any]:
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def stream(self) -> bool:
        return self.json.get("stream") is True


Script = Callable[[socket.socket, Asked], None]


@dataclass
class Hostile:
    """Serves a script, a thread per connection, from `with` to its end; `asked` holds every request."""

    script: Script
    context: ssl.SSLContext | None = None
    asked: list[Asked] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.die()
        for thread in self._threads:
            thread.join(LONGEST)

    @property
    def url(self) -> str:
        scheme = "https" if self.context else "http"
        return f"{scheme}://127.0.0.1:{self._port}/v1"

    @property
    def _port(self) -> int:
        return int(self._listener.getsockname()[1])

    def die(self) -> None:
        """Stop listening, and close every connection."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, plain: socket.socket) -> None:
        self._open.add(plain)
        with contextlib.suppress(OSError, ValueError), plain, self._spoken(plain) as connection:
            while (asked := self._read(connection)) is not None:
                self.script(connection, asked)
        self._open.discard(plain)

    def _spoken(self, plain: socket.socket) -> socket.socket:
        plain.settimeout(LONGEST)
        return self.context.wrap_socket(plain, server_side=True) if self.context else plain

    def _read(self, connection: socket.socket) -> Asked | None:
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return None
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(65536)
        method, path, _ = first.split(" ")
        with self._lock:
            asked = Asked(len(self.asked) + 1, method, path, headers, body, head)
            self.asked.append(asked)
        return asked


# --- a small correct endpoint -----------------------------------------------------------------------------------------


def answer(status: int, body: bytes, *headers: str, kind: str = "application/json") -> bytes:
    """A whole answer with its length."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def head(*headers: str, kind: str = "application/json", status: int = 200) -> bytes:
    """The beginning of an answer whose body ends when the connection does, unless a header says otherwise."""
    return "\r\n".join([f"HTTP/1.1 {status} X", f"Content-Type: {kind}", *headers]).encode("latin-1") + b"\r\n\r\n"


def completion(content: str = '"Hi."', more: str = "") -> bytes:
    """A chat completion; `content` and `more` are JSON text."""
    message = f'{{"role":"assistant","content":{content},"refusal":null}}'
    choice = f'{{"index":0,"message":{message},"logprobs":null,"finish_reason":"stop"}}'
    usage = '{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}'
    start = f'"id":"chatcmpl-1","object":"chat.completion","created":{int(time.time())},"model":"m"'
    return f'{{{start},"choices":[{choice}],"usage":{usage}{more}}}'.encode()


def chunk(delta: str, finish: str = "null") -> bytes:
    """One event of a chat stream."""
    return (
        b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":%d,"model":"m","choices":'
        b'[{"index":0,"delta":%s,"finish_reason":%s}]}\n\n' % (int(time.time()), delta.encode(), finish.encode())
    )


FIRST = chunk('{"role":"assistant","content":""}')
STREAM = FIRST + chunk('{"content":"Hi."}') + chunk("{}", '"stop"') + b"data: [DONE]\n\n"
MODELS = b'{"object":"list","data":[{"id":"m","object":"model","created":1700000000,"owned_by":"us"}]}'
SSE = "text/event-stream"


def error(status: int, message: str, *headers: str, code: str = "null") -> bytes:
    """An error answer; `code` is JSON text."""
    body = f'{{"error":{{"message":{json.dumps(message)},"type":"x","param":null,"code":{code}}}}}'
    return answer(status, body.encode(), *headers)


def sane(connection: socket.socket, asked: Asked) -> None:
    """Answer as one should."""
    connection.sendall(sane_answer(asked))


def sane_answer(asked: Asked) -> bytes:
    """What one should answer."""
    if asked.path.partition("?")[0] == "/v1/models":
        return answer(200, MODELS)
    if not asked.json.get("messages"):
        return error(400, "messages is missing")
    return answer(200, STREAM, kind=SSE) if asked.stream else answer(200, completion())


def after_probe(script: Script) -> Script:
    """Misbehave once the models and a tiny chat were asked for."""
    return lambda connection, asked: (sane if asked.number <= 2 else script)(connection, asked)


def on_streams(script: Script) -> Script:
    """Misbehave where a stream is asked for."""
    return lambda connection, asked: (script if asked.stream else sane)(connection, asked)


def sends(data: bytes, *, close: bool = False) -> Script:
    """Send the same to everyone."""

    def script(connection: socket.socket, _: Asked) -> None:
        connection.sendall(data)
        if close:
            connection.shutdown(socket.SHUT_RDWR)

    return script


def pours(first: bytes, piece: bytes, count: int = 10**9, gap: float = 0.0) -> Script:
    """Send a piece so often, `gap` seconds apart, until nobody takes it any more; nothing is kept."""

    def pieces() -> Iterator[bytes]:
        for _ in range(count):
            yield piece
            time.sleep(gap)

    return _pours(first, pieces)


def _pours(first: bytes, pieces: Callable[[], Iterator[bytes]]) -> Script:
    def script(connection: socket.socket, _: Asked) -> None:
        until = time.monotonic() + LONGEST
        connection.sendall(first)
        for piece in pieces():
            if time.monotonic() > until:
                break
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_RDWR)

    return script


# --- misbehaviour -----------------------------------------------------------------------------------------------------


def silent(connection: socket.socket, _: Asked) -> None:
    """Accept, and never answer."""
    with contextlib.suppress(OSError):
        connection.recv(1)


def byte_by_byte(gap: float, at_once: int = 0) -> Script:
    """A right answer: so many bytes at once, then a byte every `gap` seconds."""

    def script(connection: socket.socket, asked: Asked) -> None:
        whole = sane_answer(asked)
        connection.sendall(whole[:at_once])
        for byte in whole[at_once:]:
            connection.sendall(bytes((byte,)))
            time.sleep(gap)

    return script


def gzip_bomb(size: int) -> Script:
    """A gzip body of `size` decoded bytes, made as it is sent."""

    def pieces() -> Iterator[bytes]:
        engine = zlib.compressobj(9, wbits=31)
        for _ in range(size // MIB):
            yield engine.compress(bytes(MIB))
        yield engine.flush()

    return _pours(head("Content-Encoding: gzip"), pieces)


def reset(first: bytes) -> Script:
    """Send the beginning, then reset the connection."""

    def script(connection: socket.socket, _: Asked) -> None:
        connection.sendall(first)
        time.sleep(0.05)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    return script


def http_1_0(connection: socket.socket, asked: Asked) -> None:
    """Answer as HTTP/1.0 did, without a length, and hang up."""
    lines, _, body = sane_answer(asked).partition(b"\r\n\r\n")
    first, *headers = lines.split(b"\r\n")
    kept = [first.replace(b"1.1", b"1.0"), *(line for line in headers if not line.startswith(b"Content-Length"))]
    connection.sendall(b"\r\n".join(kept) + b"\r\n\r\n" + body)
    connection.shutdown(socket.SHUT_RDWR)


def echoes_key(status: int) -> Script:
    """An error that tells the key as it was sent."""

    def script(connection: socket.socket, asked: Asked) -> None:
        connection.sendall(error(status, f"Bad key: {asked.headers.get('authorization')}"))

    return script


def in_bursts(connection: socket.socket, asked: Asked) -> None:
    """503 for every second request."""
    connection.sendall(error(503, "Busy.") if asked.number % 2 else sane_answer(asked))


def dies_at(server: Callable[[], Hostile], number: int) -> Script:
    """Answer until a request is the `number`th; then be gone."""

    def script(connection: socket.socket, asked: Asked) -> None:
        if asked.number < number:
            sane(connection, asked)
        else:
            server().die()

    return script


# --- certificates -----------------------------------------------------------------------------------------------------


def server_context(folder: Path, name: str) -> ssl.SSLContext:
    """TLS with `<name>.pem` and `<name>.key` of a folder."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


def make_certificates(folder: Path) -> None:
    """An authority, and what it signs: `good`, `expired`, `elsewhere` (another host); and one `self-signed`.

    Raises:
        CalledProcessError: this openssl cannot make one of them.
    """
    _openssl(folder, *_NEW, "-x509", "-days", "2", "-subj", "/CN=authority", "-addext", _SIGNS, *_files("authority"))
    _openssl(folder, *_NEW, "-x509", "-days", "2", "-subj", "/CN=it", "-addext", _HERE, *_files("self-signed"))
    for name, host, days in (("good", _HERE, "2"), ("expired", _HERE, "-1"), ("elsewhere", _THERE, "2")):
        request = ["-keyout", f"{name}.key", "-out", f"{name}.csr"]
        _openssl(folder, *_NEW, "-subj", "/CN=it", *request)
        (folder / "names").write_text(f"{host}\n{_KEYS}\n")
        signing = ["-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial", "-extfile", "names"]
        _openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-days", days, "-out", f"{name}.pem", *signing)


_NEW = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_SIGNS = "keyUsage=critical,keyCertSign,cRLSign"
_KEYS = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid"  # Python 3.13 verifies by the letter of RFC 5280
_HERE, _THERE = "subjectAltName=IP:127.0.0.1", "subjectAltName=DNS:elsewhere.example"


def _files(name: str) -> list[str]:
    return ["-keyout", f"{name}.key", "-out", f"{name}.pem"]


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, capture_output=True, check=True)
