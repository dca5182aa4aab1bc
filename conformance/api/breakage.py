"""Whether an answer broke on its way: what the same request, asked with nothing beside it, may be answered better."""

from __future__ import annotations

from enum import StrEnum

from conformance.api.answer import Trouble
from conformance.api.chat.stream import Ending, Framing
from conformance.api.registry import ERROR, STREAMS
from conformance.api.views import Views
from conformance.model import LIMIT_STATUSES, Exchange, Outcome

_OURS = frozenset({Outcome.STOPPED, Outcome.INTERRUPTED, Outcome.BYTE_LIMIT, Outcome.EVENT_LIMIT})
_LATE = frozenset({Outcome.FIRST_BYTE_TIMEOUT, Outcome.IDLE_TIMEOUT, Outcome.TOTAL_TIMEOUT})
_CUT = frozenset({Outcome.CUT_SHORT, Outcome.PROTOCOL_ERROR})
_DONE = frozenset({Ending.DONE, Ending.AFTER_DONE, Ending.DONE_TWICE, Ending.NO_DONE})


class Breakage(StrEnum):
    """How an answer broke."""

    STALLED = "stalled"  # nothing more came in time
    STREAM = "stream"  # a stream began, and did not come to its end
    ANSWER = "answer"  # no answer, half of one, or a status of the 5xx class


def breakage_of(exchange: Exchange) -> Breakage | None:
    """How the answer broke, None where it did not.

    A refusal is an answer, and so is a limit. What never reached the endpoint is nobody's answer. A 5xx in answer to a
    request that has to fail is a wrong answer, and no broken one.
    """
    if exchange.outcome in _OURS or exchange.undelivered:
        return None
    if exchange.ok and exchange.request.expects in STREAMS:
        return _of_stream(exchange)
    if exchange.outcome in _LATE:
        return Breakage.STALLED
    if exchange.status is None or exchange.outcome in _CUT:
        return Breakage.ANSWER
    return Breakage.ANSWER if _is_failure(exchange, exchange.status) else None


def is_due_again(exchange: Exchange) -> bool:
    """Whether a broken answer is asked for again: others ran beside it, it stalled, or our own machine was away."""
    broken = breakage_of(exchange)
    return broken is not None and bool(exchange.beside or broken is Breakage.STALLED or exchange.stood_still)


def _of_stream(exchange: Exchange) -> Breakage | None:
    stream = Views().primary(exchange)
    if not isinstance(stream, Framing) or (stream.finished and stream.ending in _DONE):
        return None
    return Breakage.STALLED if exchange.outcome in _LATE else Breakage.STREAM


def _is_failure(exchange: Exchange, status: int) -> bool:
    if exchange.request.expects == ERROR or exchange.request.invalid is not None:
        return False
    if not exchange.ok:
        return status >= 500 and status not in LIMIT_STATUSES
    trouble = Views().primary(exchange).trouble
    return trouble is not None and trouble[0] is Trouble.UNREADABLE
