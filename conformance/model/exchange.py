"""One request as sent and everything that came back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

from conformance.model.request import Headers, Request

Reading = TypeVar("Reading")
Decode = Callable[[bytes, str], bytes]
"""A body and its `Content-Encoding` → the body decoded; see `conformance.wire.compression.decode`."""


class Outcome(StrEnum):
    """How an exchange ended on the wire."""

    COMPLETE = "complete"  # the whole answer arrived, by the rules of its HTTP framing
    CUT_SHORT = "cut_short"  # the connection ended inside the body
    STOPPED = "stopped"  # we stopped reading, by the request's own stop rule
    NO_ANSWER = "no_answer"  # connected, then closed or reset before a status line
    NO_SUCH_HOST = "no_such_host"
    REFUSED = "refused"
    CONNECT_FAILED = "connect_failed"  # unreachable network, reset while connecting, …
    TLS_ERROR = "tls_error"
    PROTOCOL_ERROR = "protocol_error"  # what came is not HTTP
    CONNECT_TIMEOUT = "connect_timeout"
    FIRST_BYTE_TIMEOUT = "first_byte_timeout"
    IDLE_TIMEOUT = "idle_timeout"  # a stall: bytes came, then none for too long
    TOTAL_TIMEOUT = "total_timeout"
    BYTE_LIMIT = "byte_limit"
    EVENT_LIMIT = "event_limit"
    INTERRUPTED = "interrupted"  # the user pressed Ctrl-C


UNREACHABLE = frozenset(
    {Outcome.NO_SUCH_HOST, Outcome.REFUSED, Outcome.CONNECT_FAILED, Outcome.TLS_ERROR, Outcome.CONNECT_TIMEOUT}
)
"""Outcomes in which no HTTP request was ever delivered."""

LIMIT_STATUSES = frozenset({429, 503})
"""Too many requests, or overloaded: an answer that says nothing of what was asked."""
TRANSIENT_STATUSES = LIMIT_STATUSES | {502, 504}
"""A limit, or a gateway whose upstream failed: the same request may be answered a moment later."""


class Facet(StrEnum):
    """A part of an exchange that a recording may lack."""

    BYTES = "bytes"  # the body's own bytes; only its meaning was kept
    READS = "reads"  # packet boundaries and arrival times
    CLOCK = "clock"  # the wall-clock time of the request
    REQUEST_HEADERS = "request_headers"
    RESPONSE_HEADERS = "response_headers"
    OUTCOME = "outcome"  # whether the connection ended properly
    ADDRESS = "address"  # whom the request was sent to, and for which model: the answer bears another host's mark


class Unrecorded(Exception):
    """A check asked for a facet that this recording has lost."""

    def __init__(self, facet: Facet) -> None:
        super().__init__(f"the recording does not hold {facet.value.replace('_', ' ')}")
        self.facet = facet


@dataclass(frozen=True, slots=True)
class Read:
    """Bytes of the body as one read from the socket gave them, `at` seconds after the request was sent."""

    at: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Redaction:
    """Where a key was masked: `offset` and `length` in bytes inside `where` (a header's name, `body`, `url`, …)."""

    where: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Leftover:
    """Bytes that came after the end of an answer and before another request: how many, and the first."""

    size: int
    start: bytes


_SHARE = 0.25
"""The part of an exchange's time from which on a pause of our own may be why it broke."""


def _no_decoder(raw: bytes, encoding: str) -> bytes:
    raise ValueError(f"this exchange was made without a decoder for {encoding}: {len(raw)} bytes")


@dataclass(frozen=True)
class Exchange:
    """One request as sent and everything that came back.

    `id` is unique in its recording (the sequence number); `headers_at` and `ended_at` are seconds after the request was
    sent, `started` is seconds since the epoch. In a run that is sent again every exchange `repeats` that of its step,
    or the last where the first run did not come so far. Reading a lost facet raises `Unrecorded`. Whoever makes an
    exchange whose body may be encoded gives it `decode`.
    """

    id: str
    request: Request
    url: str
    scenario: str = ""
    model: str = ""
    step: int = 0
    sample: int = 0
    attempt: int = 0
    beside: int = 0  # other requests of the run that were under way at some time of it
    repeats: str = ""  # the id of the exchange that broke, and that this one asks for again with nothing beside it
    paused: float = 0.0  # seconds of it in which our own machine slept, or was late
    sent_headers: Headers = ()
    status: int | None = None
    reason: str = ""
    http_version: str = ""
    response_headers: Headers = ()
    raw: Sequence[Read] = ()  # of a recording too large to hold no tuple, but read from its file when asked for
    outcome: Outcome = Outcome.COMPLETE
    detail: str = ""  # the client's own words for an outcome that is not `complete`
    started_at: float = 0.0
    headers_at: float = 0.0
    ended_at: float = 0.0
    lost: frozenset[Facet] = frozenset()
    redactions: tuple[Redaction, ...] = ()
    leftover: Leftover | None = None
    source: str = ""  # file#id, filled by the reader
    foreign: bool = False  # recorded by another tool
    decode: Decode = field(default=_no_decoder, repr=False, compare=False)

    def once(self, name: str, make: Callable[[], Reading]) -> Reading:
        """A reading of this exchange, made by whoever asks first and kept with it: parsing is what judging costs."""
        kept: dict[str, Any] = self.__dict__
        if name not in kept:
            kept[name] = make()
        found: Reading = kept[name]
        return found

    @property
    def on_disk(self) -> bool:
        """Whether its reads lie in a file and not in memory."""
        return not isinstance(self.raw, tuple)

    def let_go(self) -> None:
        """Forget every reading of an exchange on disk; what is asked for again is read again."""
        if self.on_disk:
            kept: dict[str, Any] = self.__dict__
            for name in kept.keys() - _MEMBERS:
                del kept[name]

    def require(self, facet: Facet) -> None:
        """Raise `Unrecorded` if `facet` was lost."""
        if facet in self.lost:
            raise Unrecorded(facet)

    @property
    def reads(self) -> Sequence[Read]:
        """The timed reads of the body as they came off the wire (still content-encoded)."""
        self.require(Facet.READS)
        return self.raw

    @property
    def started(self) -> float:
        """When the request was sent, in seconds since the epoch."""
        self.require(Facet.CLOCK)
        return self.started_at

    @property
    def headers(self) -> Headers:
        """The response's header pairs."""
        self.require(Facet.RESPONSE_HEADERS)
        return self.response_headers

    def header(self, name: str) -> str | None:
        """The first value of a response header, or None; names compare without case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @cached_property
    def content(self) -> bytes:
        """The body after content decoding; good for its meaning even where its own bytes were lost."""
        raw = b"".join(read.data for read in self.raw)
        encoding = next((v for k, v in self.response_headers if k.lower() == "content-encoding"), "")
        return self.decode(raw, encoding) if encoding else raw

    @property
    def body(self) -> bytes:
        """The body's own bytes after content decoding, for checks of framing and encoding."""
        self.require(Facet.BYTES)
        return self.content

    @property
    def undelivered(self) -> bool:
        """Whether nobody can be blamed for the answer that is missing.

        No request was delivered; or the peer hung up on it once and it was not sent again, because the endpoint died,
        the budget was spent or the capture was killed meanwhile: it may have been a kept connection that had gone.
        """
        return self.outcome in UNREACHABLE or (self.outcome is Outcome.NO_ANSWER and self.attempt == 0)

    @property
    def stood_still(self) -> bool:
        """Whether our own machine was away for so much of the time that what is missing may be our own doing."""
        return self.paused > 0 and self.paused >= _SHARE * self.ended_at

    @property
    def ok(self) -> bool:
        """Whether an HTTP status of the 2xx class came back."""
        return self.status is not None and 200 <= self.status < 300


_MEMBERS = frozenset(member.name for member in fields(Exchange))


def one_by_one(exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
    """The exchanges, each let go before the next."""
    for exchange in exchanges:
        yield exchange
        exchange.let_go()
