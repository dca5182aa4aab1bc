"""Replies as bytes: headers, JSON, server-sent events, and the ways in which a connection can end."""

from __future__ import annotations

import asyncio
import gzip
import json
from contextlib import nullcontext
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from conformance.reference.dialects import Dialect
from conformance.reference.server import abrupt
from conformance.reference.server.call import Call, ServedEnding, ServedReply

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_LIMITS = (("limit-requests", "10000"), ("limit-tokens", "30000000"), ("remaining-requests", "9999"))
DONE = b"data: [DONE]\n\n"


def encode_json(value: Any, *, indent: int | None = None) -> bytes:
    """JSON in UTF-8: indented for bodies, compact for events."""
    separators = None if indent else (",", ":")
    return json.dumps(value, ensure_ascii=False, indent=indent, separators=separators).encode("utf-8", "replace")


def data_frames(chunks: list[Any], dialect: Dialect) -> list[bytes]:
    """One `data:` event per chunk, then `[DONE]`."""
    end = dialect.separator.encode()
    frames = [b"data: " + encode_json(chunk) + end for chunk in chunks]
    return [*frames, b"data: [DONE]" + end] if dialect.done else frames


def _headers(call: Call, dialect: Dialect) -> list[tuple[str, str]]:
    made = [
        ("date", formatdate(call.created, usegmt=True)),
        ("access-control-expose-headers", "X-Request-ID"),
        ("openai-organization", "reference"),
        ("openai-processing-ms", "12"),
        ("openai-version", "2020-10-01"),
        ("x-content-type-options", "nosniff"),
        ("x-request-id", f"req_{call.hex}"),
    ]
    if "origin" in call.headers:
        made.append(("access-control-allow-origin", "*"))
    if dialect.rate_limit_headers and call.error is None and call.method == "POST":
        made += [(f"x-ratelimit-{name}", value) for name, value in _LIMITS]
        made += [
            ("x-ratelimit-remaining-tokens", str(30_000_000 - max(call.prompt_tokens, 1))),
            ("x-ratelimit-reset-requests", "6ms"),
            ("x-ratelimit-reset-tokens", "0s"),
        ]
    filled = {"{model}": call.shown_model, "{reset}": str(call.created + 60)}
    own = [(name, filled.get(value, value)) for name, value in dialect.headers.items()]
    return made + [(name, value) for name, value in own if value]


def json_reply(status: int, body: Any, call: Call, dialect: Dialect) -> ServedReply:
    """A whole JSON body, indented as OpenAI does it."""
    raw = encode_json(body, indent=2)
    headers = [("content-type", "application/json"), ("content-length", str(len(raw)))]
    return ServedReply(status, [*headers, ("cache-control", "no-store"), *_headers(call, dialect)], raw)


def stream_reply(frames: list[bytes], call: Call, dialect: Dialect, gap: float) -> ServedReply:
    """An event stream that is sent frame by frame."""
    headers = [
        ("content-type", "text/event-stream; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("x-accel-buffering", "no"),
    ]
    return ServedReply(200, [*headers, *_headers(call, dialect)], frames=frames, gap=gap)


def compress_reply(reply: ServedReply, call: Call) -> ServedReply:
    """The reply with its whole body in gzip, where the client takes that and nothing about the reply is odd."""
    length = ("content-length", str(len(reply.body)))
    labelled = any(name == "content-encoding" for name, _ in reply.headers)
    if "gzip" in call.headers.get("accept-encoding", "") and reply.body and length in reply.headers and not labelled:
        reply.body = gzip.compress(reply.body, mtime=0)
        reply.set_header("content-length", str(len(reply.body)))
        reply.set_header("content-encoding", "gzip")
    return reply


async def send_reply(reply: ServedReply, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
    """Sends the reply and leaves the connection as its ending says."""
    if reply.ending is ServedEnding.SILENT:
        return abrupt.close(scope, reset=False)
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in reply.headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    for frame in [] if reply.frames is None else reply.frames:
        if reply.gap:
            await asyncio.sleep(reply.gap)
        await send({"type": "http.response.body", "body": frame, "more_body": True})
    if reply.ending in (ServedEnding.ABORT, ServedEnding.RESET):
        if reply.frames is None:
            await send({"type": "http.response.body", "body": reply.body, "more_body": True})
        await asyncio.sleep(0.005)
        return abrupt.close(scope, reset=reply.ending is ServedEnding.RESET)
    if reply.ending is ServedEnding.STALL:
        return await abrupt.stall(receive)
    body = reply.body if reply.frames is None and call.method != "HEAD" else b""
    with abrupt.writing_on(scope, reply.leftover) if reply.leftover else nullcontext():
        await send({"type": "http.response.body", "body": body, "more_body": False})
    return None
