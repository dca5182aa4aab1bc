"""What the data of one event is, so that each kind of wrong data is told by one check alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

from conformance.wire import strict_json
from conformance.wire.similarity import kind_of_event
from conformance.wire.sse import SseEvent

DONE = "[DONE]"
_LINE_END = re.compile(rb"\r\n|\n|\r")
_KEEP_ALIVE = re.compile(r":.*|[\W_]*(?:ping|pong|heart ?beat|keep[-_ ]?alive|[a-z]+ processing)[\W_]*", re.IGNORECASE)
_CHUNK_MEMBERS = frozenset({"id", "object", "created", "model", "choices", "usage", "error"})


class Payload(StrEnum):
    """Kinds of data that stand in chat streams."""

    JSON = "JSON"
    DONE = "[DONE]"
    ALMOST_DONE = "a misspelt [DONE]"
    KEEP_ALIVE = "a keep-alive"
    RUN_TOGETHER = "several events run together"
    RAW_NEWLINE = "JSON broken by a raw newline"
    OTHER = "no JSON"


class EventData(NamedTuple):
    """An event with what its data is; it is `first` unless an event before it, of flawless JSON, is alike."""

    event: SseEvent
    kind: Payload
    first: bool = True


def read_events(events: Iterable[SseEvent], body: bytes) -> tuple[EventData, ...]:
    """Read the data of every event; `body` is the whole stream that their offsets count in."""
    known: set[str] = set()
    return tuple(_read(event, body, known) for event in events)


def _read(event: SseEvent, body: bytes, known: set[str]) -> EventData:
    alike = kind_of_event(event.data)
    if alike in known:
        event.liken()
        return EventData(event, Payload.JSON, first=False)
    kind = payload_of(event, body)
    if kind is Payload.JSON and not event.document.flaws:
        known.add(alike)
    return EventData(event, kind)


def payload_of(event: SseEvent, body: bytes) -> Payload:
    """Tell what the data of an event is; `body` is the whole stream that its offsets count in."""
    text = event.data
    if text == DONE:
        return Payload.DONE
    if not text.startswith("{") and text.strip(" \t\"'").casefold() in {"[done]", "done"}:
        return Payload.ALMOST_DONE
    if event.document.readable and not _runs_together(event):
        return Payload.JSON
    if _KEEP_ALIVE.fullmatch(text.strip()):
        return Payload.KEEP_ALIVE
    if _runs_together(event):
        return Payload.RUN_TOGETHER
    return Payload.RAW_NEWLINE if _broken_by_newline(event, body) else Payload.OTHER


def is_alien(value: dict[str, Any]) -> bool:
    """Whether a JSON object has no member of a chunk at all: it speaks another protocol, or none."""
    return _CHUNK_MEMBERS.isdisjoint(value)


def _runs_together(event: SseEvent) -> bool:
    if "\n" not in event.data:
        return False
    lines = event.data.split("\n")
    return all(line == DONE or isinstance(strict_json.parse_json(line).value, dict) for line in lines)


def _broken_by_newline(event: SseEvent, body: bytes) -> bool:
    """Whether the lines of the block, joined, are JSON: some of them only lack their `data:`."""
    lines = [line.removeprefix(b"data:").strip() for line in _LINE_END.split(body[event.start : event.end])]
    return len(lines) > event.data_lines and strict_json.parse_json(b"".join(lines)).readable
