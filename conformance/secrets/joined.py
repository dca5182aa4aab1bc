"""A key spread over a body's texts: a server may stream it a letter at a time, and whoever joins the deltas has it.

The texts of a body are joined as a reader of its API would join them, without knowing that API: all that stand under
one name, all that stand under one name in events that carry the same `…index` numbers, all that follow one such number,
and the data lines of a stream as they are. A key found in what was joined is masked where its pieces lie.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import islice

from conformance.secrets.spellings import Span, merge

MOST_TEXTS = 200_000
"""Texts of one body that are joined; a body of more is joined as far as that."""

_MOST_TOKENS = 3 * MOST_TEXTS

_TOKEN = re.compile(
    rb'"(?P<text>[^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*+)"?(?P<name>\s{0,8}:)?'  # an end that is missing ends with its line
    rb"(?:(?<=:)\s{0,8}(?P<number>\d{1,9})(?=\s{0,8}[,}]))?"
    rb"|(?P<end>\n\r?\n|\r\r)"
)
_DATA = re.compile(rb"^data:[ ]?([^\r\n]*)", re.MULTILINE)

_Group = tuple[bytes, object]


def joined_spans(data: bytes, find: Callable[[bytes], tuple[Span, ...]]) -> tuple[Span, ...]:
    """The ranges of `data` that spell a key only when its texts are joined; `find` finds keys in what was joined."""
    found: list[Span] = []
    for pieces in [*_texts(data).values(), _lines(data)]:
        if len(pieces) > 2:
            found += _spans_in(data, pieces, find)
    return merge(found)


def _spans_in(data: bytes, pieces: array[int], find: Callable[[bytes], tuple[Span, ...]]) -> Iterator[Span]:
    texts = [data[pieces[at] : pieces[at + 1]] for at in range(0, len(pieces), 2)]
    spans = find(b"".join(texts))
    if not spans:
        return
    begins, length = array("L"), 0
    for text in texts:
        begins.append(length)
        length += len(text)
    for start, end in spans:
        for at in range(bisect_right(begins, start) - 1, len(texts)):
            if begins[at] >= end:
                break
            first, last = max(start - begins[at], 0), min(end - begins[at], len(texts[at]))
            if first < last:
                yield pieces[2 * at] + first, pieces[2 * at] + last


def _texts(data: bytes) -> dict[_Group, array[int]]:
    """The places of a body's texts, by what is joined."""
    groups: dict[_Group, array[int]] = {}
    event: list[tuple[bytes, Span]] = []
    numbers: list[int] = []
    name, last, texts = b"", -1, 0

    def close() -> None:
        for one, span in event:
            groups.setdefault((one, tuple(numbers)), array("L")).extend(span)
        event.clear()
        numbers.clear()

    for token in islice(_TOKEN.finditer(data), _MOST_TOKENS):
        if token["end"] is not None:
            close()
            continue
        span = token.span("text")
        if token["name"] is not None:
            name = token["text"][:64]
            if token["number"] is not None and name.endswith(b"index"):
                last = int(token["number"])
                numbers.append(last)
            continue
        if span[0] == span[1]:
            continue
        texts += 1
        if texts > MOST_TEXTS:
            break
        groups.setdefault((name, None), array("L")).extend(span)
        groups.setdefault((name, last), array("L")).extend(span)
        event.append((name, span))
    close()
    return groups


def _lines(data: bytes) -> array[int]:
    """The places of the data lines of a stream."""
    places = array("L")
    for line in _DATA.finditer(data):
        places.extend(line.span(1))
        if len(places) >= 2 * MOST_TEXTS:
            break
    return places
