"""One request over HTTP/1.1, and everything that comes back; the only importer of the HTTP client.

A proxy is asked where the caller names one, and never by the client's own look at the environment; .netrc is not read,
redirects are not followed and cookies are not kept, so that no exchange depends on another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Protocol, cast

import httpx2

from conformance.capture.attempt import Attempt, Ended
from conformance.capture.body_meter import BodyAllowance, Meter
from conformance.capture.headers import request_headers
from conformance.capture.leftovers import take_leftover
from conformance.capture.transport_errors import KEPT, classify, describe_error, unparsed_bytes
from conformance.errors import UserError
from conformance.inputs.endpoint import Endpoint
from conformance.inputs.proxies import Proxy
from conformance.model import Exchange, Headers, Leftover, Outcome, Request
from conformance.secrets.known import known_secrets
from conformance.text import brief

_KEEP_ALIVE = 2.0
"""Seconds that an idle connection is kept: below the 5 s after which common servers close theirs."""
_FULL_BODIES = 3
"""Bodies as large as one may be that a run keeps."""
_SHOWN = 80
"""Bytes that are kept of what came after an answer."""
_CLOSING = 1.0
"""Seconds that closing a connection may take."""
_TRUSTED = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables that name other authorities than the usual."""
_OF_TLS = (*_TRUSTED, "SSLKEYLOGFILE", "OPENSSL_CONF")
_OF_PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")


@lru_cache(maxsize=4)
def _authorities(file: str | None, folder: str | None) -> ssl.SSLContext:
    """Whom to trust, read once for all endpoints: it takes 20 ms and a megabyte."""
    return httpx2.create_ssl_context(trust_env=bool(file or folder))


class Sender(Protocol):
    """Whatever sends a request and returns the exchange, without an id; it never raises for what the peer does."""

    async def send(self, request: Request) -> Exchange:
        """Send one request."""

    async def aclose(self) -> None:
        """Close every connection."""


class Transport:
    """Sends requests to one endpoint; make it inside a running event loop.

    Args:
        endpoint: the base URL, timeouts, limits and whether TLS is verified.
        key: the key's value, or None.
        headers: pairs that go along with every request (profile's and endpoint's).
        watch: told of every read of a body as it comes: the exchange's clock in seconds, and the raw bytes.
        proxy: asked in the endpoint's place.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        key: str | None = None,
        headers: Headers = (),
        watch: Callable[[float, bytes], None] | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        self._endpoint, self._key, self._headers, self._watch = endpoint, key, headers, watch
        self._secrets, self._proxy = known_secrets(key), proxy
        self._allowance = BodyAllowance(_FULL_BODIES * endpoint.limits.bytes)
        self._client = _client(endpoint, proxy)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def send(self, request: Request) -> Exchange:
        """Send one request and return everything that came back; how it ended is its outcome.

        A cancelled task gets an exchange with the outcome `interrupted`, and the cancellation is taken back.

        Raises:
            UserError: the base URL and path make no URL.
            ValueError: the request itself breaks HTTP; a harness's mistake.
        """
        url = f"{self._endpoint.base_url.rstrip('/')}{request.path}"
        attempt = Attempt(request, url, self._endpoint.timeouts)
        outgoing = self._outgoing(request, url, attempt)
        try:
            await self._run(attempt, outgoing)
        except Ended as end:
            attempt.end(end.outcome, end.detail)
        except asyncio.CancelledError:
            if task := asyncio.current_task():
                task.uncancel()
            attempt.end(Outcome.INTERRUPTED, "interrupted")
        except (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol) as error:
            raise ValueError(self._shown(f"no HTTP client would send this: {error}")) from None
        except (httpx2.HTTPError, OSError) as error:
            self._failed(attempt, error)
        return attempt.exchange(_pairs(outgoing.headers.raw))

    def _outgoing(self, request: Request, url: str, attempt: Attempt) -> httpx2.Request:
        try:
            return httpx2.Request(
                request.method,
                url,
                headers=list(request_headers(request, self._key, self._headers)),
                content=request.body,
                extensions={"trace": attempt.trace},
            )
        except httpx2.InvalidURL as error:
            raise UserError(f"{url} is not a URL: {error}.", "Check the base URL.") from None

    async def _run(self, attempt: Attempt, outgoing: httpx2.Request) -> None:
        guard = attempt.connecting()
        try:
            async with guard:
                response = await self._client.send(outgoing, stream=True, auth=None)
        except TimeoutError:
            if guard.expired():
                raise attempt.late() from None
            raise
        attempt.answered(
            response.status_code,
            response.extensions.get("reason_phrase", b"").decode("latin-1"),
            response.http_version,
            _pairs(response.headers.raw),
        )
        # Not `aiter_raw`, which gives the connection back before anybody can look at what is left on it.
        chunks = aiter(cast("httpx2.AsyncByteStream", response.stream))
        try:
            await self._read(attempt, response, chunks)
            attempt.over()
            left = await take_leftover(response.stream, response.extensions.get("network_stream"))
            attempt.leftover = Leftover(len(left), self._secrets.mask(left)[:_SHOWN]) if left else None
        finally:
            attempt.over()
            await _close(response, chunks)

    async def _read(self, attempt: Attempt, response: httpx2.Response, chunks: AsyncIterator[bytes]) -> None:
        limits = self._endpoint.limits
        meter = Meter(attempt.request, max_bytes=limits.bytes, max_events=limits.events, allowance=self._allowance)
        meter.open(response.headers.get("content-type", ""), response.headers.get("content-encoding", ""))
        while True:
            guard = attempt.reading()
            try:
                async with guard:
                    data = await anext(chunks, None)
            except TimeoutError:
                if guard.expired():
                    raise attempt.late() from None
                raise
            if data is None:
                return
            attempt.log.add(data)
            if self._watch is not None:
                self._watch(asyncio.get_running_loop().time() - attempt.sent_at, data)
            if forced := meter.add(data):
                raise Ended(forced, f"after {meter.bytes} bytes and {meter.events} events")

    def _shown(self, text: str) -> str:
        return brief(self._secrets.mask_words(text))

    def _failed(self, attempt: Attempt, error: Exception) -> None:
        if self._proxy and isinstance(error, httpx2.ProxyError):  # its answer to CONNECT; the endpoint was not reached
            told = self._shown(f"the proxy {self._proxy.place} answered {describe_error(error)}")
            attempt.end(Outcome.CONNECT_FAILED, told)
            return
        protocol = isinstance(error, httpx2.RemoteProtocolError)
        outcome = classify(error, attempt.phase, protocol=protocol)
        words = self._shown(describe_error(error))
        held = self._secrets.mask(unparsed_bytes(error))[:80] if outcome is Outcome.NO_ANSWER else b""
        if held and not b"HTTP/".startswith(held[:5]):
            attempt.end(Outcome.PROTOCOL_ERROR, self._shown(f"not an HTTP status line: {held!r}"))
        elif held:
            attempt.end(outcome, "closed inside the headers")
        else:
            attempt.end(outcome, f"{words} {KEPT}" if outcome is Outcome.NO_ANSWER and not attempt.fresh else words)
        return


def _client(endpoint: Endpoint, proxy: Proxy | None) -> httpx2.AsyncClient:
    """The HTTP client, as the environment wants it.

    Raises:
        UserError: a variable of the environment names what cannot be used.
    """
    try:
        return httpx2.AsyncClient(
            http1=True,
            http2=False,
            verify=_authorities(*map(os.environ.get, _TRUSTED)) if endpoint.verify_tls else False,
            trust_env=False,
            proxy=proxy.url if proxy else None,
            follow_redirects=False,
            # All other waits have deadlines in Attempt; this one is the client's, which closes its half-made socket.
            timeout=httpx2.Timeout(None, connect=endpoint.timeouts.connect),
            limits=httpx2.Limits(max_connections=None, keepalive_expiry=_KEEP_ALIVE),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )
    except OSError as error:  # also what TLS itself refuses
        told = ", ".join(f"{name}={os.environ[name]}" for name in _OF_TLS if os.environ.get(name))
        hint = f"Look at what the environment says: {told}." if told else "Look at the files of authorities."
        raise UserError(f"TLS cannot be set up: {error.strerror or describe_error(error)}.", hint) from None
    except (ImportError, ValueError, httpx2.InvalidURL):  # its words may hold a proxy's password
        named = [name for name in _OF_PROXIES if os.environ.get(name) or os.environ.get(name.lower())]
        hint = f"Look at {', '.join(named)}: an address such as http://host:3128."
        raise UserError("the proxy that the environment names cannot be used", hint) from None


async def _close(response: httpx2.Response, chunks: AsyncIterator[bytes]) -> None:
    with contextlib.suppress(httpx2.HTTPError, OSError):
        async with asyncio.timeout(_CLOSING):
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()
            await response.aclose()


def _pairs(raw: list[tuple[bytes, bytes]]) -> Headers:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)
