"""Server-sent events from bytes, by the WHATWG rules, with byte offsets; what is wrong with the framing is data.

Source of the rules: WHATWG HTML, section "Server-sent events", parsing and interpreting an event stream. Lines end at
LF, CRLF or CR and nowhere else; a block without data dispatches nothing; what stands unfinished at the end is
discarded. Feeding the same bytes in any pieces gives the same events.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from conformance.wire.strict_json import Document, parse_json

_LINE_END = re.compile(rb"\r\n|\n|\r")
_PLAIN = re.compile(rb"data: ([^\r\n]++)\n\n")
"""An event as nearly all are; reading it at once takes a third of the time that its lines take."""
_QUICKLY = json.JSONDecoder().raw_decode
_BOM = b"\xef\xbb\xbf"


class SseDefect(StrEnum):
    """What can be wrong with, or hazardous in, the framing of an event stream."""

    BOM = "bom"
    INVALID_UTF8 = "invalid_utf8"
    UNTERMINATED_EVENT = "unterminated_event"  # data stands at the end without its blank line: clients lose it
    EMPTY_DATA = "empty_data"  # a block with fields and an empty data buffer
    UNKNOWN_FIELD = "unknown_field"  # a line that is no comment and names no field of the standard
    INVALID_RETRY = "invalid_retry"


@dataclass(frozen=True, slots=True)
class Flaw:
    """One framing defect: `text` shows the offending line or value, `start` and `end` are byte offsets."""

    kind: SseDefect
    text: str
    start: int
    end: int


@dataclass  # not frozen: one is made for every event, and freezing triples what that takes
class SseEvent:
    """One dispatched event; `data` is decoded with U+FFFD for invalid bytes, `raw` holds the bytes.

    `start` and `end` are byte offsets of the whole block, its blank line included.
    """

    index: int
    data: str
    raw: bytes
    event: str
    id: str | None
    data_lines: int
    start: int
    end: int
    retry: str | None = None

    @cached_property
    def document(self) -> Document:
        """The data as strict JSON."""
        return parse_json(self.data)

    def liken(self) -> None:
        """Read the data as that of an event like a flawless one (see `alike`): it has no flaw either."""
        self.__dict__["document"] = Document(_QUICKLY(self.data.lstrip())[0])


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment line, usually a keep-alive."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class EventStream:
    """All that an event stream held; `tail` is the unfinished event at the end, which clients never see."""

    events: tuple[SseEvent, ...] = ()
    comments: tuple[Comment, ...] = ()
    flaws: tuple[Flaw, ...] = ()
    line_ends: frozenset[str] = frozenset()
    tail: SseEvent | None = None
    fields: frozenset[str] = frozenset()  # names of the fields used


@dataclass
class _Block:
    """The event being collected: fields seen since the last blank line."""

    start: int
    data: list[bytes] = field(default_factory=list)
    event: bytes = b""
    id: bytes | None = None
    retry: bytes | None = None
    fields: int = 0


class SseParser:
    """Incremental parser: `feed` bytes as they come, `close` at the end."""

    def __init__(self) -> None:
        self._buffer = b""
        self._searched = 0  # bytes of the buffer that hold no line end
        self._offset = 0  # of the buffer's first byte in the stream
        self._block: _Block | None = None
        self._at_start = True
        self._events: list[SseEvent] = []
        self._comments: list[Comment] = []
        self._flaws: list[Flaw] = []
        self._line_ends: set[str] = set()
        self._fields: set[str] = set()

    def feed(self, data: bytes) -> list[SseEvent]:
        """Take the next bytes; return the events that they complete."""
        self._buffer += data
        if self._at_start and not self._skip_bom():
            return []
        before = len(self._events)
        self._consume(final=False)
        return self._events[before:]

    def close(self) -> EventStream:
        """Take the end of the stream; return everything that it held."""
        self._skip_bom(final=True)
        self._consume(final=True)
        tail = self._finish_tail()
        return EventStream(
            tuple(self._events),
            tuple(self._comments),
            tuple(self._flaws),
            frozenset(self._line_ends),
            tail,
            frozenset(self._fields),
        )

    def _skip_bom(self, *, final: bool = False) -> bool:
        """Drop a leading byte order mark; False while it cannot be told yet."""
        if not self._at_start:
            return True
        if not final and len(self._buffer) < len(_BOM) and _BOM.startswith(self._buffer):
            return False
        self._at_start = False
        if self._buffer.startswith(_BOM):
            self._flaw(SseDefect.BOM, b"\\xef\\xbb\\xbf", 0, len(_BOM))
            self._buffer = self._buffer[len(_BOM) :]
            self._offset = len(_BOM)
        return True

    def _consume(self, *, final: bool) -> None:
        buffer, position, searched = self._buffer, 0, self._searched
        while True:
            fresh = self._block is None and position >= searched  # what was looked through once is not so again
            if fresh and (plain := _PLAIN.match(buffer, position)):
                self._plain(plain.group(1), self._offset + position, self._offset + plain.end())
                position = plain.end()
                continue
            match = _LINE_END.search(buffer, max(position, searched))
            if match is None:
                break
            ending = match.group()
            if ending == b"\r" and match.end() == len(buffer) and not final:
                break  # an LF may follow in the next read
            self._line_ends.add({b"\n": "LF", b"\r\n": "CRLF", b"\r": "CR"}[ending])
            self._line(buffer[position : match.start()], self._offset + position, self._offset + match.end())
            position = match.end()
        if position:
            self._buffer = buffer[position:]
        self._searched = max(0, len(self._buffer) - 1)  # a CR at the end is looked at again
        self._offset += position

    def _plain(self, data: bytes, start: int, end: int) -> None:
        """Take an event of one line of data."""
        self._line_ends.add("LF")
        self._fields.add("data")
        self._events.append(self._event(_Block(start, [data]), end))

    def _line(self, line: bytes, start: int, end: int) -> None:
        if not line:
            self._dispatch(end)
        elif line.startswith(b":"):
            self._comments.append(Comment(line[1:].decode("utf-8", "replace").strip(), start, end))
        else:
            self._field(line, start, end)

    def _field(self, line: bytes, start: int, end: int) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if self._block is None:
            self._block = _Block(start)
        block = self._block
        block.fields += 1
        if name == b"data":
            block.data.append(value)
        elif name == b"event":
            block.event = value
        elif name == b"id":
            block.id = value
        elif name == b"retry":
            block.retry = value
            if not value.isdigit():
                self._flaw(SseDefect.INVALID_RETRY, line, start, end)
        else:
            self._flaw(SseDefect.UNKNOWN_FIELD, line, start, end)
            return
        self._fields.add(name.decode())

    def _dispatch(self, end: int) -> None:
        block, self._block = self._block, None
        if block is None:
            return
        event = self._event(block, end)
        if event.raw:
            self._events.append(event)
        elif block.data or block.event or block.id is not None or block.retry is not None:
            self._flaw(SseDefect.EMPTY_DATA, _shown(block), block.start, end)

    def _event(self, block: _Block, end: int) -> SseEvent:
        raw = b"\n".join(block.data)
        try:
            data = raw.decode("utf-8")
        except UnicodeDecodeError:
            data = raw.decode("utf-8", "replace")
            self._flaw(SseDefect.INVALID_UTF8, raw[:80], block.start, end)
        return SseEvent(
            len(self._events),
            data,
            raw,
            block.event.decode("utf-8", "replace"),
            None if block.id is None else block.id.decode("utf-8", "replace"),
            len(block.data),
            block.start,
            end,
            None if block.retry is None else block.retry.decode("utf-8", "replace"),
        )

    def _finish_tail(self) -> SseEvent | None:
        """The event that lacks its blank line; a last line without its end belongs to it too."""
        if self._buffer:
            end = self._offset + len(self._buffer)
            self._line(self._buffer, self._offset, end)
            self._buffer, self._offset = b"", end
        if self._block is None:
            return None
        tail = self._event(self._block, self._offset)
        self._flaw(SseDefect.UNTERMINATED_EVENT, tail.raw[:80] or _shown(self._block), tail.start, tail.end)
        self._block = None
        return tail

    def _flaw(self, kind: SseDefect, text: bytes, start: int, end: int) -> None:
        self._flaws.append(Flaw(kind, text[:200].decode("utf-8", "backslashreplace"), start, end))


def _shown(block: _Block) -> bytes:
    """What an event without data consisted of, for people."""
    parts = [b"data:" for _ in block.data]
    parts += [b"event: " + block.event] if block.event else []
    parts += [b"id: " + block.id] if block.id is not None else []
    parts += [b"retry: " + block.retry] if block.retry is not None else []
    return b", ".join(parts)


def parse_events(body: bytes) -> EventStream:
    """Parse a whole event stream."""
    parser = SseParser()
    parser.feed(body)
    return parser.close()
