"""Counting a body as it comes, so that stop rules and limits end it early: bytes after decompression, and events."""

from __future__ import annotations

from conformance.api.registry import STREAMS
from conformance.model import Outcome, Request
from conformance.wire.compression import Decoder
from conformance.wire.sse import SseParser

FLOOR = 256 * 1024
_LINES = 4
"""Lines that an event may take on average before a stream counts as flooded."""


class EventCounter:
    """Counts server-sent events without scanning one endless line again and again.

    `lines` counts every line, so that comments and events without data, which cost a reader as much, end too.
    """

    def __init__(self) -> None:
        self._parser = SseParser()
        self._held: list[bytes] = []
        self.count = 0
        self.lines = 0

    def feed(self, data: bytes) -> None:
        """Take the next decoded bytes."""
        self._held.append(data)
        ends = data.count(b"\n") or data.count(b"\r")
        self.lines += ends
        if ends:
            self.count += len(self._parser.feed(b"".join(self._held)))
            self._held.clear()


class BodyAllowance:
    """Bytes of bodies that a whole run keeps; when they are spent, each further body may have `FLOOR` of them.

    One body at its limit is evidence; a hundred are a flood that nobody could hold or judge.
    """

    def __init__(self, total: int) -> None:
        self._left = total

    @property
    def spent(self) -> bool:
        """Whether nothing is left."""
        return self._left < 0

    def take(self, count: int) -> None:
        """Count bytes."""
        self._left -= count


class Meter:
    """Says when a body has to end: by the request's own stop rule or by a limit of the endpoint.

    Args:
        request: gives the stop rule and whether events are expected.
        max_bytes: bytes of the decoded body that may arrive.
        max_events: server-sent events that may arrive.
        allowance: what the run has left for all bodies.
    """

    def __init__(self, request: Request, *, max_bytes: int, max_events: int, allowance: BodyAllowance) -> None:
        self._allowance = allowance
        self._stop = request.stop
        self._expected = request.expects in STREAMS
        self._max_bytes, self._max_events = max_bytes, max_events
        self._decoder = Decoder("")
        self._events: EventCounter | None = None
        self.bytes = 0

    def open(self, content_type: str, encoding: str) -> None:
        """Take what the response's headers say of the body."""
        self._decoder = Decoder(encoding, self._max_bytes + 1)
        if self._expected or "event-stream" in content_type.lower():
            self._events = EventCounter()

    @property
    def events(self) -> int:
        """Events seen so far."""
        return self._events.count if self._events else 0

    def add(self, data: bytes) -> Outcome | None:
        """Count raw bytes; return the outcome that they force, or None to read on."""
        raw = len(data)
        for piece in self._decoder.feed(data):
            self.bytes += len(piece)
            self._allowance.take(len(piece))
            raw -= len(piece)
            if self._events:
                self._events.feed(piece)
            if forced := self._forced():
                return forced
        self._allowance.take(max(0, raw))  # what decodes to less than itself lies in the recording none the less
        return None

    def _forced(self) -> Outcome | None:
        if self._stop and self._reached(self._stop.events, self.events):
            return Outcome.STOPPED
        if self._stop and self._reached(self._stop.bytes, self.bytes):
            return Outcome.STOPPED
        if self.bytes > (min(FLOOR, self._max_bytes) if self._allowance.spent else self._max_bytes):
            return Outcome.BYTE_LIMIT
        flooded = self._events is not None and self._events.lines > _LINES * self._max_events
        return Outcome.EVENT_LIMIT if flooded or self.events > self._max_events else None

    @staticmethod
    def _reached(limit: int | None, value: int) -> bool:
        return limit is not None and value >= limit
