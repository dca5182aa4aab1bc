"""A body cut into runs of text: what findings mark, and what is left out of a large one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from conformance.model.location import NOWHERE, Location

_AROUND = 512  # bytes of context beside a mark that lies beyond the cut
_LONGEST_MARK = 4096


@dataclass(frozen=True, slots=True)
class Mark:
    """A place that a finding points at: `span` in bytes of the decoded body, `location` as the finding gives it."""

    requirement: str
    location: Location = NOWHERE
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the body's text; `marks` names requirements with findings here, `gap` says that bytes are left out."""

    text: str
    marks: tuple[str, ...] = ()
    gap: bool = False


def show_bytes(data: bytes) -> str:
    r"""Bytes as text; what is not UTF-8 stands as \xNN."""
    return data.decode("utf-8", "backslashreplace")


def kept_ranges(body: bytes, marks: Sequence[Mark], limit: int) -> list[tuple[int, int]]:
    """Byte ranges to show: the beginning, and a little around each mark that lies beyond it."""
    if len(body) <= limit:
        return [(0, len(body))]
    head = limit * 3 // 4
    ranges = [(0, head)]
    spans = sorted(mark.span for mark in marks if mark.span and mark.span[1] > head)
    for start, end in spans[:8]:
        first, last = max(0, start - _AROUND), min(len(body), min(end, start + _LONGEST_MARK) + _AROUND)
        if first <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(last, ranges[-1][1]))
        elif sum(b - a for a, b in ranges) < limit * 2:
            ranges.append((first, last))
    return [(_char_start(body, a), _char_start(body, b)) for a, b in ranges]


def _char_start(body: bytes, offset: int) -> int:
    """The offset, moved back to the beginning of the character that it cuts."""
    for back in range(min(4, offset + 1)):
        if offset - back >= len(body) or body[offset - back] & 0xC0 != 0x80:
            return offset - back
    return offset


def _char_end(body: bytes, offset: int) -> int:
    """The offset, moved on to the end of the character that it cuts."""
    for on in range(4):
        if offset + on >= len(body) or body[offset + on] & 0xC0 != 0x80:
            return offset + on
    return offset


def pieces_of(
    body: bytes, kept: Sequence[tuple[int, int]], marks: Sequence[Mark], start: int = 0, end: int | None = None
) -> tuple[Piece, ...]:
    """The text of body[start:end], cut at the borders of marks, gaps noted."""
    end = len(body) if end is None else end
    pieces: list[Piece] = []
    position = start
    for first, last in kept:
        a, b = max(first, start), min(last, end)
        if a >= b:
            continue
        if a > position:
            pieces.append(Piece(f"… {a - position:,} bytes left out …", gap=True))
        pieces += _cut_at_marks(body, a, b, marks)
        position = b
    if position < end:
        pieces.append(Piece(f"… {end - position:,} bytes left out …", gap=True))
    return tuple(pieces)


def _cut_at_marks(body: bytes, start: int, end: int, marks: Sequence[Mark]) -> list[Piece]:
    spans = [(mark, *mark.span) for mark in marks if mark.span and mark.span[0] < end and mark.span[1] > start][:64]
    borders = {start, end}
    for _, first, last in spans:
        borders |= {edge for edge in (_char_start(body, first), _char_end(body, last)) if start < edge < end}
    edges = sorted(border for border in borders if start <= border <= end)
    pieces = []
    for a, b in itertools.pairwise(edges):
        names = dict.fromkeys(mark.requirement for mark, first, last in spans if first < b and last > a)
        pieces.append(Piece(show_bytes(body[a:b]), tuple(names)))
    return pieces
