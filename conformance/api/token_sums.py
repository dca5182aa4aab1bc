"""What a run cost: requests, and the tokens that the answers say they used."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from conformance.model import Exchange, one_by_one

_MEMBERS = {"prompt": "prompt_tokens", "completion": "completion_tokens", "total": "total_tokens"}


def usage_of(exchange: Exchange) -> dict[str, int] | None:
    """The token counts of one answer, or None where it names none; of a stream the last word counts."""
    content = exchange.content
    if b'"usage"' not in content:
        return None
    lines = (line[5:] for line in reversed(content.splitlines()) if line.startswith(b"data:") and b'"usage"' in line)
    return next((found for found in map(_usage, (content, *lines)) if found), None)


def _usage(text: bytes) -> dict[str, int] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    usage: Any = value.get("usage") if isinstance(value, dict) else None
    if not isinstance(usage, dict):
        return None
    return {word: usage[member] for word, member in _MEMBERS.items() if _is_count(usage.get(member))}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12


def spent(exchanges: Iterable[Exchange]) -> dict[str, int]:
    """Tokens over all exchanges, as the endpoint counts them: prompt, completion, total."""
    sums = dict.fromkeys(_MEMBERS, 0)
    for exchange in one_by_one(exchanges):
        for word, count in (usage_of(exchange) or {}).items():
            sums[word] += count
    return sums
