"""What an answer cost in tokens, by its own word or by a rough guess."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.model import Exchange
from conformance.wire import strict_json

_TAIL = 64 * 1024
_CHARS_PER_TOKEN = 4
_STREAM_BYTES_PER_TOKEN = 200
_ABSURD = 10_000_000


def tokens(exchange: Exchange) -> int:
    """Tokens that an exchange cost: the answer's `usage`, else a guess from its size; 0 where nothing was generated."""
    if not exchange.ok or exchange.request.body is None:
        return 0
    stated = next((total for total in map(_total, _candidates(exchange.content)) if total is not None), None)
    return _guess(exchange) if stated is None else stated


def _candidates(content: bytes) -> Iterator[Any]:
    """JSON that may hold a usage member: the whole body, or the last events of a stream."""
    if b'"usage"' not in content:
        return
    lines = [content] if content.lstrip()[:1] == b"{" else reversed(content[-_TAIL:].splitlines())
    for line in lines:
        if b'"usage"' in line:
            yield strict_json.parse(line.removeprefix(b"data:")).value


def _total(document: Any) -> int | None:
    usage = document.get("usage") if isinstance(document, dict) else None
    if not isinstance(usage, dict):
        return None
    parts = _counts(usage, "prompt_tokens", "completion_tokens", "input_tokens", "output_tokens")
    counted = _counts(usage, "total_tokens") or parts
    return sum(counted) if counted else None


def _counts(usage: dict[str, Any], *names: str) -> list[int]:
    values = [usage.get(name) for name in names]
    return [value for value in values if type(value) is int and 0 <= value < _ABSURD]


def _guess(exchange: Exchange) -> int:
    sent = len(exchange.request.body or b"") // _CHARS_PER_TOKEN
    streamed = "event-stream" in (exchange.header("content-type") or "").lower()
    return sent + len(exchange.content) // (_STREAM_BYTES_PER_TOKEN if streamed else _CHARS_PER_TOKEN)
