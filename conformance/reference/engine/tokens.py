"""The scripted model's tokenizer: word-like pieces that concatenate back to the text exactly."""

from __future__ import annotations

import re

_PIECE = re.compile(r" ?[^\W\d_]{1,8}| ?\d{1,3}| ?[^\w\s]{1,2}|\s|_", re.DOTALL)


def tokenize(text: str) -> tuple[str, ...]:
    """Cuts `text` into tokens, deterministically; `"".join(tokenize(text)) == text` and no code point is split."""
    return tuple(_PIECE.findall(text))


def count(text: str) -> int:
    """The number of tokens in `text`."""
    return sum(1 for _ in _PIECE.finditer(text))
