"""The server as an ASGI application: one request through routing, key, engine, faults and out."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.reference.api.problems import ApiError, bad_json, no_key, wrong_key, wrong_media_type
from conformance.reference.dialects import Dialect, dialect_named
from conformance.reference.faults import FaultSet, Seam, faults_named
from conformance.reference.server import sending
from conformance.reference.server.call import Call, ServedReply
from conformance.reference.server.routes import Operation, Store, preflight, route

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import Receive, Scope, Send

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_LONGEST = 32 << 20  # bytes of a request body, decoded


def create_app(
    dialect: str = "openai", faults: Sequence[str] = (), *, delay: float = 0.0, keys: Sequence[str] | None = None
) -> Starlette:
    """The reference provider.

    Args:
        dialect: a name of `dialects.DIALECTS`.
        faults: names of `faults.FAULTS`, applied in this order.
        delay: seconds before each event of a stream, on top of the usual millisecond.
        keys: the keys that are accepted; by default the dialect's own.

    Raises:
        UserError: the dialect or a fault is unknown.
    """
    spoken = dialect_named(dialect)
    provider = Provider(spoken, faults_named(faults), delay=delay, keys=keys or (spoken.key,))
    from starlette.applications import Starlette
    from starlette.routing import Route

    return Starlette(routes=[Route("/{path:path}", provider)])


class Provider:
    """Answers every request, as an ASGI application."""

    def __init__(self, dialect: Dialect, faults: FaultSet, *, delay: float, keys: Sequence[str]) -> None:
        self.dialect = dialect
        self.faults = faults
        self.gap = 0.001 + delay
        self.keys = frozenset(keys)
        self.store = Store()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        call = await _call_of(scope, receive)
        reply = self.faults.bend(Seam.REPLY, self.reply_to(call), call)
        await sending.send_reply(sending.compress_reply(reply, call), call, scope, receive, send)

    def reply_to(self, call: Call) -> ServedReply:
        """The reply before faults bend its bytes and headers."""
        if call.method == "OPTIONS":
            return preflight(call)
        try:
            endpoint = route(call, self.dialect)
            self._check_key(call)
            self._read_body(call)
            call.body = self.faults.bend(Seam.REQUEST, call.body, call)
            return self._success(call, endpoint)
        except ApiError as error:
            return self._refusal(call, error)

    def _check_key(self, call: Call) -> None:
        if call.path in self.dialect.open_paths:
            return
        if not call.key:
            raise no_key()
        if call.key not in self.keys:
            raise wrong_key(call.key)

    def _read_body(self, call: Call) -> None:
        if call.method != "POST":
            return
        media_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise wrong_media_type(media_type)
        call.raw = _decoded(call.raw, call.headers.get("content-encoding", "identity").strip().lower())
        call.body = _parsed(call.raw)
        call.stream = call.body.get("stream") is True

    def _success(self, call: Call, endpoint: Operation) -> ServedReply:
        if call.stream and endpoint.chunks is not None:
            made = self.faults.bend(Seam.CHUNKS, endpoint.chunks(call, self.dialect, self.store), call)
            frames = self.faults.bend(Seam.FRAMES, endpoint.frames(made, self.dialect), call)
            return sending.stream_reply(frames, call, self.dialect, self.gap)
        call.stream = False
        body = self.faults.bend(Seam.BODY, endpoint.body(call, self.dialect, self.store), call)
        return sending.json_reply(200, body, call, self.dialect)

    def _refusal(self, call: Call, error: ApiError) -> ServedReply:
        if error.code == "model_not_found" and call.method == "POST":
            error = replace(error, status=self.dialect.unknown_model_status)
        call.error = error
        call.error = self.faults.bend(Seam.ERROR, error, call)
        body = self.faults.bend(Seam.ENVELOPE, self.dialect.envelope(call.error), call)
        reply = sending.json_reply(call.error.status, body, call, self.dialect)
        reply.headers += list(call.error.headers.items())
        return reply


async def _call_of(scope: Scope, receive: Receive) -> Call:
    from starlette.requests import Request

    request = Request(scope, receive)
    path = re.sub("/{2,}", "/", request.url.path)
    return Call(
        method=request.method,
        path=path,
        headers=dict(request.headers.items()),
        query=dict(request.query_params.items()),
        raw=await request.body(),
    )


def _decoded(raw: bytes, coding: str) -> bytes:
    if coding in ("identity", ""):
        return raw
    try:
        if coding == "gzip":
            return gzip.decompress(raw)
        if coding == "deflate":
            return zlib.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise ApiError(400, f"The request body could not be decoded as {coding}.") from error
    raise ApiError(415, f"The content encoding '{coding}' is not supported.", None, "unsupported_content_encoding")


def _parsed(raw: bytes) -> dict[str, Any]:
    if len(raw) > _LONGEST:
        raise ApiError(413, "The request body is too large.", None, "request_too_large")
    try:
        value = json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise bad_json() from error
    if not isinstance(value, dict):
        raise bad_json()
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)
