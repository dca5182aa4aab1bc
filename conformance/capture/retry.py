"""When a request is sent again: the peer asked us to come back, or the connection failed before anything was said."""

from __future__ import annotations

import email.utils
import time

from conformance.api.answer import read_date
from conformance.api.registry import ERROR
from conformance.model import TRANSIENT_STATUSES, UNREACHABLE, Exchange, Outcome


class Retries:
    """Decides how long to wait before the next attempt, if there is to be one.

    Args:
        further: attempts after the first for a transient status.
        cap: seconds that one wait may take; an endpoint that asks for more is not asked again.
        total: seconds that all waits of a run may take together.
    """

    def __init__(self, *, further: int = 2, cap: float = 20.0, total: float = 300.0) -> None:
        self._further, self._cap, self._left = further, cap, total

    def wait(self, exchange: Exchange) -> float | None:
        """Seconds to wait before the request is sent again, or None to leave it."""
        delay = self._after_failure(exchange) if exchange.status is None else self._after_status(exchange)
        if delay is None or delay > min(self._cap, self._left):
            return None
        self._left -= delay
        return delay

    def _after_status(self, exchange: Exchange) -> float | None:
        if exchange.status not in TRANSIENT_STATUSES or exchange.attempt >= self._further or _wants_error(exchange):
            return None
        asked = retry_after(exchange)
        return 0.5 * 2**exchange.attempt if asked is None else asked

    @staticmethod
    def _after_failure(exchange: Exchange) -> float | None:
        if exchange.attempt > 0:
            return None
        # Whoever hangs up twice on a broken request has answered it; once may be a kept connection, or a death.
        again = exchange.outcome in UNREACHABLE or exchange.outcome is Outcome.NO_ANSWER
        return 0.5 if again else None


def _wants_error(exchange: Exchange) -> bool:
    return exchange.request.expects == ERROR or exchange.request.invalid is not None


def retry_after(exchange: Exchange) -> float | None:
    """The seconds that `Retry-After` asks for, as a number or as a date; None where it is absent or unreadable.

    A date is one of the endpoint's clock, which its own Date tells better than ours.
    """
    value = (exchange.header("retry-after") or "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        when = email.utils.parsedate_to_datetime(value)
        now = read_date(exchange)
        return max(0.0, when.timestamp() - (time.time() if now is None else now))
    except (ValueError, TypeError, OverflowError):
        return None
