"""Log probabilities of the scripted model: made up from the tokens, and consistent with themselves."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from typing import Any

_OTHERS = (
    " the",
    " a",
    " and",
    ",",
    ".",
    " of",
    " to",
    " in",
    " is",
    " it",
    " that",
    " was",
    "\n",
    " for",
    " on",
    " with",
    " as",
    " at",
    " by",
    " be",
    "!",
)


def entries(pieces: Sequence[str], top: int) -> list[dict[str, Any]]:
    """One entry per token, with `top` alternatives in falling order, the token itself first."""
    return [_entry(piece, top) for piece in pieces]


def logprob(piece: str) -> float:
    """The token's own log probability, above -0.1."""
    return -round((zlib.crc32(_bytes(piece)) % 1000 + 1) / 10_000, 6)


def alternatives(piece: str, top: int) -> list[tuple[str, float]]:
    """The `top` likeliest tokens with their log probabilities, falling, `piece` first."""
    own = logprob(piece)
    others = [each for each in _OTHERS if each != piece][: max(top - 1, 0)]
    left = math.log(-math.expm1(own))  # what the token itself leaves to all others
    shares = [(each, round(left - (rank + 1) * math.log(2), 6)) for rank, each in enumerate(others)]
    return [(piece, own), *shares][:top]


def _entry(piece: str, top: int) -> dict[str, Any]:
    ranked = [_one(each, value) for each, value in alternatives(piece, top)]
    return {**_one(piece, logprob(piece)), "top_logprobs": ranked}


def _one(piece: str, value: float) -> dict[str, Any]:
    return {"token": piece, "logprob": value, "bytes": list(_bytes(piece))}


def _bytes(piece: str) -> bytes:
    return piece.encode("utf-8", "replace")
