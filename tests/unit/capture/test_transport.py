"""Every way in which an exchange can end, by hostile servers on the loopback."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable

import pytest

from conformance.capture.headers import WRONG_KEY
from conformance.capture.transport import Transport
from conformance.inputs.endpoint import Endpoint, Limits, Timeouts
from conformance.inputs.proxies import Proxy
from conformance.model import Exchange, Outcome, Request, StopRule

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

KEY = "sk-secret-0123456789"
QUICK = Timeouts(connect=0.3, first_byte=0.3, idle=0.3, total=1.0)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
EVENT = b'data: {"x":1}\n\n'
POST = Request(body=b"{}")
STREAM = Request(body=b'{"stream":true}', expects="stream")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def says(*parts: bytes | float, abort: bool = False) -> Handler:
    """A server that reads one request, then writes the parts (a number is a pause in seconds) and closes or resets."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            if isinstance(part, bytes):
                writer.write(part)
                await writer.drain()
            else:
                await asyncio.sleep(part)
        if abort:
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()

    return handle


def trickles(start: bytes, piece: bytes, pause: float) -> Handler:
    """A server that never comes to an end."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(start)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return handle


async def _serving(
    handler: Handler, act: Callable[[int], Awaitable[Exchange]], context: ssl.SSLContext | None = None
) -> Exchange:
    tasks: set[asyncio.Task[None]] = set()

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await handler(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(guarded, "127.0.0.1", 0, ssl=context)
    try:
        async with asyncio.timeout(8):
            return await act(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def ask(handler: Handler, request: Request = POST, scheme: str = "http", **settings: object) -> Exchange:
    async def act(port: int) -> Exchange:
        options = {"timeouts": QUICK, **settings}
        transport = Transport(Endpoint("test", f"{scheme}://127.0.0.1:{port}/v1", **options), KEY)  # type: ignore[arg-type]
        try:
            return await transport.send(request)
        finally:
            await transport.aclose()

    return asyncio.run(_serving(handler, act))


def send_to(url: str, timeouts: Timeouts = QUICK) -> Exchange:
    async def act() -> Exchange:
        transport = Transport(Endpoint("test", url, timeouts=timeouts), KEY)
        try:
            return await transport.send(POST)
        finally:
            await transport.aclose()

    return asyncio.run(act())


ENDINGS: list[tuple[str, Handler, Outcome, bytes]] = [
    ("content-length", says(OK + b"Content-Length: 2\r\n\r\nhi"), Outcome.COMPLETE, b"hi"),
    ("chunked", says(CHUNKED + chunk(b"hi") + b"0\r\n\r\n"), Outcome.COMPLETE, b"hi"),
    ("until-close", says(b"HTTP/1.0 200 OK\r\n\r\nhi"), Outcome.COMPLETE, b"hi"),
    ("no-body", says(b"HTTP/1.1 204 No Content\r\n\r\n"), Outcome.COMPLETE, b""),
    ("closed-at-once", says(), Outcome.NO_ANSWER, b""),
    ("reset-at-once", says(abort=True), Outcome.NO_ANSWER, b""),
    ("closed-in-headers", says(OK), Outcome.NO_ANSWER, b""),
    ("not-http", says(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), Outcome.PROTOCOL_ERROR, b""),
    ("not-http-and-closed", says(b"SSH-2.0-OpenSSH_9.6\r\n"), Outcome.PROTOCOL_ERROR, b""),
    ("half-a-status-line", says(b"HTTP/1.1 2"), Outcome.NO_ANSWER, b""),
    ("bad-header", says(b"HTTP/1.1 200 OK\r\n: nameless\r\n\r\n"), Outcome.PROTOCOL_ERROR, b""),
    ("huge-header", says(OK + b"X-Huge: " + b"a" * 300_000 + b"\r\n\r\n"), Outcome.PROTOCOL_ERROR, b""),
    ("bad-chunk-size", says(CHUNKED + chunk(b"hi") + b"zz\r\n"), Outcome.PROTOCOL_ERROR, b"hi"),
    ("silence", says(5.0), Outcome.FIRST_BYTE_TIMEOUT, b""),
    ("headers-only", says(CHUNKED, 5.0), Outcome.FIRST_BYTE_TIMEOUT, b""),
    ("endless-headers", trickles(OK, b"X-More: 1\r\n", 0.05), Outcome.FIRST_BYTE_TIMEOUT, b""),
    ("endless-continue", trickles(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05), Outcome.FIRST_BYTE_TIMEOUT, b""),
    ("header-flood", trickles(OK, b"X-More: 1\r\n" * 999, 0.0), Outcome.PROTOCOL_ERROR, b""),
    ("stall", says(CHUNKED + chunk(EVENT), 5.0), Outcome.IDLE_TIMEOUT, EVENT),
    ("short-of-length", says(OK + b"Content-Length: 9\r\n\r\nhi"), Outcome.CUT_SHORT, b"hi"),
    ("no-last-chunk", says(CHUNKED + chunk(EVENT)), Outcome.CUT_SHORT, EVENT),
    ("reset-in-body", says(CHUNKED + chunk(EVENT), 0.1, abort=True), Outcome.CUT_SHORT, EVENT),
]


@pytest.mark.parametrize(("handler", "outcome", "body"), [pytest.param(*rest, id=name) for name, *rest in ENDINGS])
def test_endings_are_told_apart_and_what_came_is_kept(handler: Handler, outcome: Outcome, body: bytes) -> None:
    exchange = ask(handler)
    assert exchange.outcome is outcome
    assert exchange.content == body
    assert (exchange.detail == "") == (outcome is Outcome.COMPLETE)


def test_an_endless_trickle_ends_at_the_total_timeout() -> None:
    exchange = ask(trickles(CHUNKED, chunk(b"x"), 0.05))
    assert exchange.outcome is Outcome.TOTAL_TIMEOUT
    assert 1 < len(exchange.content) < 40
    assert exchange.ended_at >= 0.9


def test_refused() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        exchange = send_to(f"http://127.0.0.1:{unused.getsockname()[1]}/v1")
    assert (exchange.outcome, exchange.status) == (Outcome.REFUSED, None)


def test_no_such_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    exchange = send_to("http://nowhere.invalid/v1")
    assert exchange.outcome is Outcome.NO_SUCH_HOST
    assert "not known" in exchange.detail


def test_connect_timeout_when_tls_never_answers() -> None:
    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    assert ask(never, scheme="https").outcome is Outcome.CONNECT_TIMEOUT


@pytest.mark.parametrize("words", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""], ids=["plain-http", "closed"])
def test_tls_error(words: bytes) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        writer.write(words)

    assert ask(plain, scheme="https").outcome is Outcome.TLS_ERROR


def test_other_failures_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise OSError(113, "No route to host")

    monkeypatch.setattr("anyio.connect_tcp", fail)
    assert send_to("http://127.0.0.1:9/v1").outcome is Outcome.CONNECT_FAILED


def test_bytes_are_limited() -> None:
    exchange = ask(trickles(CHUNKED, chunk(b"x" * 5000), 0.0), limits=Limits(bytes=100_000))
    assert exchange.outcome is Outcome.BYTE_LIMIT
    assert 100_000 < len(exchange.content) < 400_000


def test_a_compression_bomb_is_limited_by_what_it_decodes_to() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    exchange = ask(says(head + bomb), limits=Limits(bytes=1_000_000))
    assert exchange.outcome is Outcome.BYTE_LIMIT
    assert sum(len(read.data) for read in exchange.raw) < 70_000


def test_events_are_limited() -> None:
    exchange = ask(trickles(CHUNKED, chunk(EVENT), 0.0), STREAM, limits=Limits(events=50))
    assert exchange.outcome is Outcome.EVENT_LIMIT


@pytest.mark.parametrize(
    "stop", [StopRule(events=3), StopRule(bytes=30), StopRule(seconds=0.2)], ids=["events", "bytes", "seconds"]
)
def test_we_stop_by_the_requests_own_rule(stop: StopRule) -> None:
    request = Request(body=b"{}", expects="stream", stop=stop)
    exchange = ask(trickles(CHUNKED, chunk(EVENT), 0.05), request)
    assert exchange.outcome is Outcome.STOPPED
    assert exchange.content.startswith(EVENT)
    assert len(exchange.content) < 10 * len(EVENT)


def test_events_are_counted_inside_compressed_streams() -> None:
    body = gzip.compress(EVENT * 9)
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % (len(body) + 99)
    request = Request(body=b"{}", expects="stream", stop=StopRule(events=3))
    assert ask(says(head + body, 5.0), request).outcome is Outcome.STOPPED


def test_a_cancelled_exchange_is_interrupted_and_keeps_what_came() -> None:
    async def act(port: int) -> Exchange:
        transport = Transport(Endpoint("test", f"http://127.0.0.1:{port}/v1"), KEY)
        task = asyncio.create_task(transport.send(STREAM))
        await asyncio.sleep(0.2)
        task.cancel()
        try:
            return await task
        finally:
            await transport.aclose()

    exchange = asyncio.run(_serving(says(CHUNKED + chunk(EVENT), 5.0), act))
    assert (exchange.outcome, exchange.content) == (Outcome.INTERRUPTED, EVENT)


def test_reads_are_what_the_socket_gave_with_their_times() -> None:
    exchange = ask(says(CHUNKED + chunk(b"a") + chunk(b"b"), 0.1, chunk(b"c") + b"0\r\n\r\n"))
    assert [read.data for read in exchange.reads] == [b"ab", b"c"]
    assert 0.0 < exchange.headers_at <= exchange.reads[0].at < exchange.reads[1].at <= exchange.ended_at
    assert exchange.reads[1].at - exchange.reads[0].at > 0.05


def test_header_pairs_are_kept_as_sent_and_as_received() -> None:
    exchange = ask(says(b"HTTP/1.1 418 I'm a Teapot\r\nX-B: \xe9\r\nx-a: 1\r\nX-B: 2\r\nContent-Length: 0\r\n\r\n"))
    assert (exchange.status, exchange.reason, exchange.http_version) == (418, "I'm a Teapot", "HTTP/1.1")
    assert exchange.headers == (("X-B", "é"), ("x-a", "1"), ("X-B", "2"), ("Content-Length", "0"))
    sent = dict(exchange.sent_headers)
    assert sent["Accept-Encoding"] == "identity"
    assert sent["Authorization"] == f"Bearer {KEY}"
    assert sent["User-Agent"].startswith("conformance/")


@pytest.mark.parametrize(
    ("auth", "expected"), [("none", None), ("wrong", f"Bearer {WRONG_KEY}")], ids=["none", "wrong"]
)
def test_which_key_goes_along(auth: str, expected: str | None) -> None:
    request = Request(body=b"{}", auth=auth)  # type: ignore[arg-type]
    exchange = ask(says(OK + b"Content-Length: 0\r\n\r\n"), request, headers=(("X-Api-Key", KEY),))
    assert dict(exchange.sent_headers).get("Authorization") == expected
    assert KEY not in str(exchange.sent_headers)


def test_redirects_are_not_followed_and_cookies_not_kept() -> None:
    seen: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /other\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n")
        writer.write(b"Connection: close\r\n\r\n")
        await writer.drain()

    async def act(port: int) -> Exchange:
        transport = Transport(Endpoint("test", f"http://127.0.0.1:{port}/v1"), KEY)
        try:
            await transport.send(POST)
            return await transport.send(POST)
        finally:
            await transport.aclose()

    assert asyncio.run(_serving(handle, act)).status == 302
    assert len(seen) == 2
    assert b"cookie" not in seen[1].lower()


def test_the_base_urls_path_is_kept() -> None:
    exchange = ask(says(OK + b"Content-Length: 0\r\n\r\n"), Request(method="GET", path="/models?a=b"))
    assert exchange.url.endswith("/v1/models?a=b")


def test_the_clients_words_never_hold_the_key() -> None:
    exchange = ask(says(f"{KEY} is no status line\r\n\r\n".encode()))
    assert exchange.outcome is Outcome.PROTOCOL_ERROR
    assert KEY not in exchange.detail
    assert len(exchange.detail) <= 300


def test_tls_is_verified_unless_told_otherwise(tmp_path_factory: pytest.TempPathFactory) -> None:
    context = _self_signed(tmp_path_factory)

    async def act(verify: bool) -> Outcome:
        async def send(port: int) -> Exchange:
            transport = Transport(Endpoint("test", f"https://127.0.0.1:{port}", timeouts=QUICK, verify_tls=verify), KEY)
            exchange = await transport.send(POST)
            await transport.aclose()
            return exchange

        return (await _serving(says(OK + b"Content-Length: 0\r\nConnection: close\r\n\r\n"), send, context)).outcome

    assert asyncio.run(act(verify=True)) is Outcome.TLS_ERROR
    assert asyncio.run(act(verify=False)) is Outcome.COMPLETE


def _self_signed(folders: pytest.TempPathFactory) -> ssl.SSLContext:
    import shutil
    import subprocess

    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    folder = folders.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True, timeout=30)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_a_reset_is_told_in_the_words_of_the_system() -> None:
    for handler in (says(abort=True), says(CHUNKED + chunk(EVENT), 0.1, abort=True)):
        assert "Connection reset by peer" in ask(handler).detail


@pytest.mark.parametrize("answer", [b"502 Bad Gateway", b"407 Proxy Authentication Required", b"403 Forbidden"])
def test_a_proxy_that_does_not_connect_is_named(answer: bytes) -> None:
    async def act(port: int) -> Exchange:
        proxy = Proxy(f"http://127.0.0.1:{port}", "HTTPS_PROXY", "127.0.0.1")
        transport = Transport(Endpoint("test", "https://endpoint.invalid/v1", timeouts=QUICK), KEY, proxy=proxy)
        try:
            return await transport.send(POST)
        finally:
            await transport.aclose()

    refused = says(b"HTTP/1.1 " + answer + b"\r\nContent-Length: 0\r\n\r\n")
    exchange = asyncio.run(_serving(refused, act))
    assert (exchange.outcome, exchange.status) == (Outcome.CONNECT_FAILED, None)
    assert exchange.detail == f"the proxy 127.0.0.1 answered {answer.decode()}"


def test_what_bodies_decode_to_counts_for_the_run() -> None:
    bomb = gzip.compress(b"0" * 4_000_000)
    head = OK.replace(b"text/event-stream", b"application/json") + b"Content-Encoding: gzip\r\n"
    answer = head + b"Content-Length: %d\r\n\r\n" % len(bomb) + bomb

    async def act(port: int) -> Exchange:
        endpoint = Endpoint("test", f"http://127.0.0.1:{port}/v1", timeouts=QUICK, limits=Limits(bytes=5_000_000))
        transport = Transport(endpoint, KEY)
        try:
            return [await transport.send(POST) for _ in range(5)][-1]
        finally:
            await transport.aclose()

    assert asyncio.run(_serving(says(answer), act)).outcome is Outcome.BYTE_LIMIT
