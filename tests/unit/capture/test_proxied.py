"""What happens on the way through a proxy, and that this machine is never asked through one."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from conformance.capture.startup_errors import Aborts
from conformance.capture.transport import Transport
from conformance.inputs.endpoint import Endpoint
from conformance.inputs.proxies import Proxy, proxy_for
from conformance.model import Exchange, Outcome, Request

SAID = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


@contextmanager
def proxy_that_says(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives one answer to whatever comes; yields its address and what came."""
    server, heads = socket.create_server(("127.0.0.1", 0)), []

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                heads.append(connection.recv(65536))
                connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.getsockname()[1]}", heads
    finally:
        server.close()


def ask(url: str, proxy: Proxy | None) -> Exchange:
    async def send() -> Exchange:
        transport = Transport(Endpoint("e", url), "sk-0123456789", proxy=proxy)
        try:
            return await transport.send(Request())
        finally:
            await transport.aclose()

    return asyncio.run(send())


def told(exchange: Exchange, url: str, proxy: Proxy | None) -> str:
    error = Aborts(Endpoint("e", url), "sk-0123456789", proxy).silent(exchange)
    assert error is not None
    return f"{error.message} {error.hint}"


def test_a_plain_request_goes_through_the_proxy() -> None:
    with proxy_that_says(SAID) as (place, heads):
        answer = ask("http://h.example/v1", proxy_for("http://h.example/v1", {"http_proxy": f"http://{place}"}))
    assert (answer.status, answer.outcome) == (200, Outcome.COMPLETE)
    assert heads[0].startswith(b"POST http://h.example/v1/chat/completions HTTP/1.1\r\n")


@pytest.mark.parametrize("status", [b"502 Bad Gateway", b"407 Proxy Authentication Required", b"403 Forbidden"])
def test_a_proxy_that_refuses_to_connect_is_named_with_what_it_said(status: bytes) -> None:
    url = "https://h.example/v1"
    with proxy_that_says(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n") as (place, heads):
        proxy = proxy_for(url, {"HTTPS_PROXY": f"http://me:hunter2hunter2@{place}"})
        answer = ask(url, proxy)
    assert heads[0].startswith(b"CONNECT h.example:443 ")
    assert answer.outcome is Outcome.CONNECT_FAILED
    words = told(answer, url, proxy)
    assert f"through the proxy {place}: the proxy {place} answered {status.decode()}" in words
    assert "HTTPS_PROXY" in words
    assert "hunter2" not in words + answer.detail
    assert "sk-0123456789" not in heads[0].decode()


def test_a_proxy_that_is_not_there_is_blamed_and_not_the_endpoint() -> None:
    url, gone = "https://h.example/v1", socket.create_server(("127.0.0.1", 0))
    place = f"127.0.0.1:{gone.getsockname()[1]}"
    gone.close()
    proxy = proxy_for(url, {"HTTPS_PROXY": f"http://me:hunter2hunter2@{place}"})
    answer = ask(url, proxy)
    assert answer.outcome is Outcome.REFUSED
    assert told(answer, url, proxy) == (
        f"h.example could not be reached through the proxy {place}: it refused the connection. "
        "HTTPS_PROXY names the proxy; NO_PROXY=h.example asks the endpoint without it."
    )


def test_the_client_looks_for_no_proxy_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy_that_says(SAID) as (place, heads), proxy_that_says(SAID) as (endpoint, asked):
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://{place}")
        url = f"http://{endpoint}/v1"
        answer = ask(url, proxy_for(url, {"http_proxy": f"http://{place}"}))
    assert answer.status == 200
    assert (len(heads), len(asked)) == (0, 1)
