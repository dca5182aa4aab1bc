"""The tokens that answers say they used, by the names that their surface has for them; else a rough guess."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from conformance.api.registry import usage_fields_of
from conformance.api.surface import UsageFields
from conformance.model import Exchange, one_by_one
from conformance.wire import strict_json

_CHARS_PER_TOKEN = 4
_STREAM_BYTES_PER_TOKEN = 200
_ABSURD = 10_000_000
"""A number from here on is no count of tokens."""

_TRIES = 64
"""Lines of a stream that are read in search of its last word."""

_LINE_END = re.compile(rb"[\r\n]")


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of one answer: `total` is `prompt` and `completion` together.

    It is never less than a total that the answer states: what that holds beyond the parts counts as completion, since
    some hosts count thoughts apart. A part that is not named is what the total leaves for it, 0 without a total. Where
    only a total is stated, the parts are None: nobody knows them.
    """

    prompt: int | None
    completion: int | None
    total: int


def usage_of(exchange: Exchange) -> Usage | None:
    """The tokens of one answer, or None where it names none; of a stream the last word counts."""
    fields = usage_fields_of(exchange.request)
    documents = (strict_json.parse_json(text).value for text in _texts(exchange.content, fields.places))
    found = (_usage(_inside(document, place), fields) for document in documents for place in fields.places)
    return next((usage for usage in found if usage), None)


def count_tokens(exchange: Exchange) -> int:
    """Tokens that an exchange cost: by its own word, else a guess from its size; 0 where nothing was generated."""
    if not exchange.ok or exchange.request.body is None:
        return 0
    usage = usage_of(exchange)
    return _guess(exchange) if usage is None else usage.total


def sum_usage(exchanges: Iterable[Exchange]) -> dict[str, int]:
    """Tokens over all exchanges, as the endpoint counts them: `prompt`, `completion`, `total`.

    The total is the sum of the other two, and of those totals that stand alone in their answers.
    """
    sums = {"prompt": 0, "completion": 0, "total": 0}
    for usage in filter(None, map(usage_of, one_by_one(exchanges))):
        sums["prompt"] += usage.prompt or 0
        sums["completion"] += usage.completion or 0
        sums["total"] += usage.total
    return sums


def _texts(content: bytes, places: tuple[tuple[str, ...], ...]) -> Iterator[bytes]:
    """JSON that may hold the counts: the whole body, or the lines of a stream, the last one first."""
    starts = [found.start() for found in _member(tuple(dict.fromkeys(place[-1] for place in places))).finditer(content)]
    if starts and content.lstrip()[:1] == b"{":
        yield content
        return
    for start in starts[: -_TRIES - 1 : -1]:
        begin = max(content.rfind(b"\n", 0, start), content.rfind(b"\r", 0, start)) + 1
        end = _LINE_END.search(content, start)
        yield content[begin : end.start() if end else len(content)].removeprefix(b"data:")


@lru_cache
def _member(names: tuple[str, ...]) -> re.Pattern[bytes]:
    """What objects under one of these names begin with."""
    return re.compile(f'"(?:{"|".join(map(re.escape, names))})"\\s*:\\s*{{'.encode())


def _inside(value: Any, place: tuple[str, ...]) -> Any:
    for name in place:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _usage(value: Any, fields: UsageFields) -> Usage | None:
    if not isinstance(value, dict):
        return None
    prompt, completion, total = (_count(value.get(name)) for name in (fields.prompt, fields.completion, fields.total))
    if prompt is None and completion is None:
        return None if total is None else Usage(None, None, total)
    if prompt is None:
        prompt = max(0, (total or 0) - (completion or 0))
    whole = max(total or 0, prompt + (completion or 0))
    return Usage(prompt, whole - prompt, whole)


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < _ABSURD else None


def _guess(exchange: Exchange) -> int:
    sent = len(exchange.request.body or b"") // _CHARS_PER_TOKEN
    streamed = "event-stream" in (exchange.header("content-type") or "").lower()
    return sent + len(exchange.content) // (_STREAM_BYTES_PER_TOKEN if streamed else _CHARS_PER_TOKEN)
