"""JSON documents in the text of an answer."""

from __future__ import annotations

import json
from typing import Any

_READER = json.JSONDecoder()


def again_and_again(text: str) -> int:
    """How often a text holds one and the same object, with nothing but white space between; 0 for any other text."""
    found: list[Any] = []
    rest = text.strip()
    while rest:
        try:
            value, end = _READER.raw_decode(rest)
        except (ValueError, RecursionError):
            return 0
        if not isinstance(value, dict) or (found and value != found[0]):
            return 0
        found.append(value)
        rest = rest[end:].lstrip()
    return len(found)
