"""The same request sent with and without `stream`."""

from __future__ import annotations

import json
from collections.abc import Iterable

from conformance.wire.reply import Completion, Reply
from conformance.wire.stream import ChatStream

_MODE = ("stream", "stream_options")


def twins(replies: Iterable[Reply]) -> list[tuple[ChatStream, Completion]]:
    """Every whole stream with the first plain answer to the same request of the same recording, where there is one."""
    replies = list(replies)
    plain: dict[tuple[str, str, str], Completion] = {}
    for reply in replies:
        if isinstance(reply, Completion):
            plain.setdefault(_key(reply), reply)
    streams = [reply for reply in replies if isinstance(reply, ChatStream) and reply.whole and reply.chunks]
    return [(stream, plain[_key(stream)]) for stream in streams if _key(stream) in plain]


def _key(reply: Reply) -> tuple[str, str, str]:
    body = reply.request.json
    asked = {name: value for name, value in body.items() if name not in _MODE} if isinstance(body, dict) else {}
    recording = reply.exchange.source.rpartition("#")[0]
    return recording, reply.exchange.url, json.dumps(asked, sort_keys=True)
