"""Requests that try many things at once; what is refused together is tried again one by one, so that it has a name."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any

from conformance.api.openai import CHAT
from conformance.catalogue.context import Context
from conformance.model import TRANSIENT_STATUSES, Exchange, Request

Flow = Generator[Request, Exchange, None]


def is_refused(exchange: Exchange) -> bool:
    """Whether an answer says no, or breaks, where trying the parts one by one may tell why."""
    return exchange.status is not None and not exchange.ok and exchange.status not in TRANSIENT_STATUSES


def send_together(
    context: Context, base: Mapping[str, Any], parts: Iterable[Mapping[str, Any]], expects: str = CHAT.plain
) -> Flow:
    """Send `base` with all the parts in one request, and take apart what is refused.

    Each part is then sent alone, and of a part of several members that is refused alone each member.
    """
    parts = list(parts)
    whole = {name: value for part in parts for name, value in part.items()}
    exchange = yield context.request(json={**base, **whole}, expects=expects, refusable=True)
    if not is_refused(exchange):
        return
    for part in parts if len(parts) > 1 else [{name: value} for name, value in whole.items()]:
        exchange = yield context.request(json={**base, **part}, expects=expects, refusable=True)
        if is_refused(exchange) and len(part) > 1:
            for name, value in part.items():
                yield context.request(json={**base, name: value}, expects=expects, refusable=True)


def parts_of(body: Mapping[str, Any], apart: Sequence[str]) -> list[dict[str, Any]]:
    """The bodies that take a refused one apart: without what may be refused, then with each member of that alone."""
    base = {name: value for name, value in body.items() if name not in apart}
    alone = [{**base, name: body[name]} for name in apart if name in body]
    return [base, *(alone if len(alone) > 1 else ())]
