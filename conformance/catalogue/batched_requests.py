"""Requests that try many things at once; what is refused together is tried again one by one, so that it has a name."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import Any

from conformance.catalogue.context import Context
from conformance.model import TRANSIENT_STATUSES, Exchange, Request


def is_refused(exchange: Exchange) -> bool:
    """Whether an answer says no, or breaks, where trying the parts one by one may tell why."""
    return exchange.status is not None and not exchange.ok and exchange.status not in TRANSIENT_STATUSES


def send_together(
    context: Context, base: Mapping[str, Any], parts: Iterable[Mapping[str, Any]]
) -> Generator[Request, Exchange, None]:
    """Send `base` with all the parts in one request, then, if that is refused, with each part alone."""
    parts = list(parts)
    whole = {name: value for part in parts for name, value in part.items()}
    exchange = yield context.request(json={**base, **whole}, refusable=True)
    if is_refused(exchange):
        for part in parts:
            yield context.request(json={**base, **part}, refusable=True)
