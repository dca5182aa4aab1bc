"""From a place that a finding names to the bytes there: a JSON pointer resolved in the body as it was sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from json import JSONDecoder

from conformance.model.location import Kind, Location
from conformance.report.evidence.marks import Mark

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = JSONDecoder(strict=False)
_DEEPEST = 64


def locate_marks(body: bytes, marks: Sequence[Mark], start: int = 0) -> tuple[Mark, ...]:
    """The marks, with spans where their pointers lead somewhere in this JSON; `start` is where it lies in the body."""
    return tuple(mark if mark.span else replace(mark, span=_span(body, mark.location, start)) for mark in marks)


def _span(body: bytes, location: Location, start: int) -> tuple[int, int] | None:
    if location.kind is Kind.BODY and not location.pointer and body:
        return start, start + len(body)
    pointed = location.pointer and location.kind is not Kind.LISTING
    found = span_of(body, location.pointer) if pointed else None
    return (found[0] + start, found[1] + start) if found else None


def span_of(body: bytes, pointer: str) -> tuple[int, int] | None:
    """The bytes of the value that a JSON pointer names; None where it leads nowhere, or the body is no JSON."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    try:
        text = body.decode("utf-8")
        position = _skip(text, 0)
        for step in steps[:_DEEPEST]:
            position = _into(text, position, step)
        end = _DECODER.raw_decode(text, position)[1]
    except (ValueError, IndexError, RecursionError):
        return None
    before = len(text[:position].encode())
    return before, before + len(text[position:end].encode())


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _into(text: str, position: int, step: str) -> int:
    """Where the value of one member or element begins.

    Raises:
        ValueError: there is none.
    """
    keyed = text[position] == "{"
    if not keyed and text[position] != "[":
        raise ValueError(step)
    position, number = _skip(text, position + 1), 0
    while text[position] not in "]}":
        name = str(number)
        if keyed:
            name, position = _DECODER.raw_decode(text, position)
            position = _skip(text, _skip(text, position) + 1)
        if name == step:
            return position
        position = _skip(text, _DECODER.raw_decode(text, position)[1])
        position, number = _skip(text, position + (text[position] == ",")), number + 1
    raise ValueError(step)
