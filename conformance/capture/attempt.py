"""One request on its way: its clock, how far it has come, and how it ended."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from conformance.capture.read_log import ReadLog
from conformance.capture.transport_errors import Phase
from conformance.inputs.endpoint import Timeouts
from conformance.model import Exchange, Headers, Leftover, Outcome, Request
from conformance.wire import compression


class Ended(Exception):
    """The exchange ended by our own hand: a limit, a stop rule or the clock."""

    def __init__(self, outcome: Outcome, detail: str = "") -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail


class Attempt:
    """The state of one exchange while it runs. Times are those of the event loop, in seconds.

    `fresh` says whether a connection was opened for it; a kept one may have been closed by the peer meanwhile.
    """

    def __init__(self, request: Request, url: str, timeouts: Timeouts) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeouts = timeouts
        self._late = Outcome.TOTAL_TIMEOUT
        self._guard = asyncio.timeout(None)
        self.request, self.url = request, url
        self.begun = self.sent_at = self._loop.time()
        self.started_at = time.time()
        self.phase = Phase.CONNECT
        self.fresh = False
        self.log = ReadLog()
        self.headers_at = 0.0
        self.status: int | None = None
        self.reason = ""
        self.http_version = ""
        self.response_headers: Headers = ()
        self.outcome = Outcome.COMPLETE
        self.detail = ""
        self.leftover: Leftover | None = None
        self._ended_at: float | None = None

    async def trace(self, event: str, _: dict[str, Any]) -> None:
        """Take the client's word of how far it has come (its `trace` extension)."""
        if event.endswith("connect_tcp.started"):
            self.fresh = True
        elif event.endswith("start_tls.started"):
            self.phase = Phase.TLS
        elif event.endswith("send_request_headers.started"):
            self.phase = Phase.HEADERS
            self.sent_at, self.started_at = self._loop.time(), time.time()
            self._arm(self.sent_at + self._timeouts.first_byte, Outcome.FIRST_BYTE_TIMEOUT)

    def connecting(self) -> asyncio.Timeout:
        """The guard of everything up to the response's headers; `trace` moves its deadline."""
        self._guard = asyncio.timeout_at(self._deadline())
        return self._guard

    def reading(self) -> asyncio.Timeout:
        """The guard of one read of the body."""
        if self.log.first is None:
            own = [(self.sent_at + self._timeouts.first_byte, Outcome.FIRST_BYTE_TIMEOUT)]
        else:
            own = [(self.log.last + self._timeouts.idle, Outcome.IDLE_TIMEOUT)]
            if self.request.stop and self.request.stop.seconds is not None:
                own.append((self.log.first + self.request.stop.seconds, Outcome.STOPPED))
        self._guard = asyncio.timeout_at(self._deadline(*own))
        return self._guard

    def late(self) -> Ended:
        """What the guard's deadline stands for."""
        waited = self._loop.time() - self.begun
        detail = "" if self._late is Outcome.STOPPED else f"gave up after {waited:.1f} s"
        return Ended(self._late, detail)

    def answered(self, status: int, reason: str, http_version: str, headers: Headers) -> None:
        """Take the status line and the headers."""
        self.phase = Phase.BODY
        self.headers_at = self._loop.time()
        self.status, self.reason, self.http_version, self.response_headers = status, reason, http_version, headers

    def end(self, outcome: Outcome, detail: str = "") -> None:
        """Say how it ended."""
        self.outcome, self.detail = outcome, detail

    def over(self) -> None:
        """Take the time at which the answer ended; what is done with its connection afterwards does not count."""
        if self._ended_at is None:
            self._ended_at = self._loop.time()

    def exchange(self, sent_headers: Headers) -> Exchange:
        """Everything that came, as an exchange without an id."""
        ended = self._loop.time() if self._ended_at is None else self._ended_at
        return Exchange(
            id="",
            request=self.request,
            url=self.url,
            sent_headers=sent_headers,
            status=self.status,
            reason=self.reason,
            http_version=self.http_version,
            response_headers=self.response_headers,
            raw=self.log.reads(self.sent_at),
            outcome=self.outcome,
            detail=self.detail,
            started_at=self.started_at,
            headers_at=max(0.0, self.headers_at - self.sent_at),
            ended_at=ended - self.sent_at,
            leftover=self.leftover,
            decode=compression.decode_body,
        )

    def _arm(self, when: float, outcome: Outcome) -> None:
        late = self._deadline((when, outcome))
        if self._guard.when() is not None:
            self._guard.reschedule(late)

    def _deadline(self, *candidates: tuple[float, Outcome]) -> float:
        total = (self.begun + self._timeouts.total, Outcome.TOTAL_TIMEOUT)
        when, self._late = min((*candidates, total), key=lambda candidate: candidate[0])
        return when
