"""What an event of a stream is, in one word for people."""

from __future__ import annotations

from conformance.api.errors import tells_only_of_error
from conformance.api.registry import stream_end_of, usage_fields_of
from conformance.model import Request
from conformance.wire.sse import SseEvent


def word_of(event: SseEvent, asked: Request) -> str:
    """`done`, `error`, `finish`, `usage` or `event`: by a few words of it, since the wire may be broken."""
    if stream_end_of(asked).is_end(event):
        return "done"
    if tells_only_of_error(event.raw):
        return "error"
    if _holds(event.raw, "finish_reason"):
        return "finish"
    return "usage" if _holds(event.raw, usage_fields_of(asked).places[0][-1]) else "event"


def _holds(raw: bytes, name: str) -> bool:
    """Whether a member stands there and is not null."""
    member = f'"{name}":'.encode()
    return member in raw and member + b"null" not in raw.replace(b" ", b"")
