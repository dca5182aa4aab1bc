"""Kinds of request that an endpoint never answered: whatever else was asked with them, that they fail is one defect.

Where every plain stream ends in a server error, a stream with `stop` does so as well, and nobody should look for the
fault in `stop`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from conformance.api.registry import READ_AS
from conformance.checks.explanations import row_of_answer
from conformance.model import LIMIT_STATUSES, Cause, Exchange, Finding, Request, Unjudged
from conformance.model.location import Kind

_OF_THE_ANSWER = frozenset({Kind.STATUS})
"""Where a finding stands that says no more than that there is no answer; headers and bodies are another matter."""
_KEY_STATUSES = frozenset({401, 403})


def unserved_kinds(exchanges: Iterable[Exchange]) -> frozenset[tuple[str, bool]]:
    """The kinds of valid request, by what is expected and whether as a stream, of which none got an answer with 2xx.

    A refused request proves that only where it asked for no capability and for nothing that may be refused.
    """
    refused, served = set(), set()
    for one in exchanges:
        if one.ok:
            served.add(kind_asked(one))
        elif _is_plain(one.request) and _tells(one):
            refused.add(kind_asked(one))
    return frozenset(refused - served)


def _is_plain(request: Request) -> bool:
    """Whether a request asks for an answer of a kind, and for nothing that may be lacking; a GET carries no more."""
    may_lack = bool(request.needs) or request.refusable
    return request.method == "POST" and request.expects in READ_AS and not may_lack


def kind_asked(exchange: Exchange) -> tuple[str, bool]:
    """What was asked for, and whether as a stream."""
    return exchange.request.expects, exchange.request.param("stream") is True


def blame_unserved(
    requirement: str,
    findings: Sequence[Finding],
    exchanges: Mapping[str, Exchange],
    unserved: frozenset[tuple[str, bool]],
) -> Unjudged | None:
    """What the findings of a requirement come down to, where it is that a kind of request is not answered at all.

    Args:
        requirement: it is not blamed on itself.
        findings: what is wrong, each with its exchange.
        exchanges: those of the slot, by id.
        unserved: see `unserved_kinds`.
    """
    if any(one.location.kind not in _OF_THE_ANSWER for one in findings):
        return None
    blamed = [exchanges.get(one.exchange) for one in findings]
    hidden = [one for one in blamed if one is not None and not one.ok and kind_asked(one) in unserved]
    rows = {row_of_answer(READ_AS[one.request.expects]) for one in hidden}
    if not hidden or len(hidden) < len(blamed) or requirement in rows or "" in rows:
        return None
    return Unjudged(Cause.BLOCKED, row_of_answer(READ_AS[hidden[0].request.expects]), hidden[0].id)


def _tells(exchange: Exchange) -> bool:
    """Whether an exchange shows if its kind is served: neither a limit nor a key that is not known was in the way."""
    return exchange.status is not None and exchange.status not in LIMIT_STATUSES | _KEY_STATUSES
