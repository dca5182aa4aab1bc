"""From an exception of the HTTP client to how the exchange ended."""

from __future__ import annotations

import socket
import ssl
import traceback
from collections.abc import Iterator
from enum import Enum

from conformance.model import Outcome

KEPT = "(on a kept connection)"
"""Ends the detail of an exchange that got no answer on a connection which the peer may have closed before."""


class Phase(Enum):
    """How far an exchange has come."""

    CONNECT = "connect"
    TLS = "tls"
    HEADERS = "headers"  # connected; the request is being sent or answered
    BODY = "body"


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that it was raised from, outermost first; groups are opened."""
    pending, seen = [error], set[int]()
    while pending:
        current = pending.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if isinstance(current, BaseExceptionGroup):
            pending.extend(current.exceptions)
        pending.extend(cause for cause in (current.__cause__, current.__context__) if cause is not None)


def describe_error(error: BaseException) -> str:
    """What the system says, or else the client, from the innermost cause that says anything.

    An error of neither, such as a look into an empty queue on the way, tells nobody what happened.
    """
    told = [cause for cause in causes(error) if str(cause) and not isinstance(cause, BaseExceptionGroup | LookupError)]
    system = [cause for cause in told if isinstance(cause, OSError)]
    innermost = next(reversed(system or told), None)
    if isinstance(innermost, ConnectionError) and innermost.strerror:
        return innermost.strerror
    return str(innermost or type(error).__name__)


def unparsed_bytes(error: BaseException) -> bytes:
    """What the peer had sent when it closed before its headers were whole; empty where that cannot be known.

    The client says "without sending a response" there, even of a peer that speaks another protocol. Its parser still
    holds the bytes, and the traceback leads to it.
    """
    for cause in causes(error):
        for frame, _ in traceback.walk_tb(cause.__traceback__):
            parser = getattr(frame.f_locals.get("self"), "_h11_state", None)
            held = getattr(parser, "trailing_data", None)
            if held:
                return bytes(held[0])
    return b""


def classify(error: BaseException, phase: Phase, *, protocol: bool) -> Outcome:
    """How an exchange ended that raised `error` in `phase`; `protocol` says that the client could not parse HTTP."""
    if phase in {Phase.CONNECT, Phase.TLS}:
        return _connecting(error, phase)
    closed = not protocol or _says_closed(str(error))
    if phase is Phase.HEADERS:
        return Outcome.NO_ANSWER if closed else Outcome.PROTOCOL_ERROR
    return Outcome.CUT_SHORT if closed else Outcome.PROTOCOL_ERROR


def _connecting(error: BaseException, phase: Phase) -> Outcome:
    chain = list(causes(error))
    if any(isinstance(cause, socket.gaierror) for cause in chain):
        return Outcome.NO_SUCH_HOST
    if any(isinstance(cause, TimeoutError) for cause in chain):
        return Outcome.CONNECT_TIMEOUT
    if phase is Phase.TLS or any(isinstance(cause, ssl.SSLError) for cause in chain):
        return Outcome.TLS_ERROR
    if any(isinstance(cause, ConnectionRefusedError) for cause in chain):
        return Outcome.REFUSED
    return Outcome.CONNECT_FAILED


def _says_closed(words: str) -> bool:
    """Whether the parser only lacks bytes: the peer closed where HTTP had more to say."""
    return "disconnected without" in words or "peer closed connection" in words
