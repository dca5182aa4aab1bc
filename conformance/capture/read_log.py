"""What arrived, and when: one read per turn of the event loop, so that a read is what the socket gave at once."""

from __future__ import annotations

import asyncio

from conformance.model import Read


class ReadLog:
    """Collects the raw reads of one body.

    The HTTP client hands chunked bodies over chunk by chunk. Chunks that came out of one read of the socket are joined
    again, which keeps the packet boundaries and bounds the log's size against a flood of one-byte chunks.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parts: list[tuple[float, list[bytes]]] = []
        self._open = False
        self.first: float | None = None
        self.last = 0.0

    def add(self, data: bytes) -> None:
        """Take bytes that the client has just handed over."""
        if self._open:
            self._parts[-1][1].append(data)
            return
        self.last = self._loop.time()
        self.first = self.last if self.first is None else self.first
        self._parts.append((self.last, [data]))
        self._open = True
        self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._open = False

    def reads(self, origin: float) -> tuple[Read, ...]:
        """The reads, in seconds after `origin` (a time of the event loop)."""
        return tuple(Read(at - origin, b"".join(parts)) for at, parts in self._parts)
