"""Traffic that another tool recorded: what each request asked for follows from its path, its form and its status.

The recorder's intention is unknown, so an answer of status 400 or more is taken for an expected error. What is of no
operation that is known is left out. Keys that the other tool left in are masked as our own are, and what it wrote in
place of a value counts as lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from conformance.api.registry import ERROR, OTHER
from conformance.model import Exchange, Facet, Headers, Outcome, Read, Request
from conformance.recording.foreign.bodies import LeftOut
from conformance.recording.foreign.placement import locate
from conformance.recording.foreign.scrubbing import kept_headers
from conformance.secrets.headers import credential_spans, holds_credential
from conformance.secrets.masking import Secrets
from conformance.wire.compression import decode

FOREIGN_LOST = frozenset({Facet.READS, Facet.OUTCOME})
"""What no other tool keeps: packet boundaries with their times, and how the connection ended."""

_KEY = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])\S{16,}")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as another tool kept it."""

    method: str
    url: str
    headers: Headers
    body: bytes | None


@dataclass(frozen=True, slots=True)
class ForeignAnswer:
    """An answer as another tool kept it; times are seconds, `started_at` since the epoch."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    http_version: str = ""
    started_at: float = 0.0
    headers_at: float = 0.0
    ended_at: float = 0.0


def foreign_exchange(number: int, sent: Sent, answer: ForeignAnswer, lost: frozenset[Facet]) -> Exchange:
    """An exchange of another tool; `number` counts from 1 and becomes its id.

    Request headers count as lost where they hold no credential: the recorder has filtered them. Response headers that
    it scrubbed are lost one by one.

    Raises:
        LeftOut: The URL or the status is none.
    """
    if not 100 <= answer.status <= 599:
        raise LeftOut(f"{answer.status} is no HTTP status")
    request = Request(method=sent.method.upper(), path="", headers=(), body=sent.body)
    headers = kept_headers(answer.headers)
    place = locate(request, sent.url, sent.headers, answer.body)
    if not any(holds_credential(name) for name, _ in sent.headers):
        lost |= {Facet.REQUEST_HEADERS}
    if not headers:
        lost |= {Facet.RESPONSE_HEADERS}
    expects = place.expects if place.expects == OTHER else _answered(place.expects, answer.status)
    exchange = Exchange(
        id=str(number),
        request=replace(request, path=place.path, headers=_own(sent.headers), expects=expects),
        url=sent.url,
        model=place.model,
        sent_headers=sent.headers,
        status=answer.status,
        reason=answer.reason,
        http_version=answer.http_version,
        response_headers=headers,
        raw=(Read(answer.ended_at, answer.body),) if answer.body else (),
        outcome=Outcome.COMPLETE,
        started_at=answer.started_at,
        headers_at=answer.headers_at,
        ended_at=answer.ended_at,
        lost=lost | FOREIGN_LOST,
        foreign=True,
        decode=decode,
    )
    return _secrets(_keys(sent.headers)).mask_exchange(exchange)


@lru_cache(maxsize=64)
def _secrets(keys: frozenset[str]) -> Secrets:
    return Secrets(sorted(keys))


def _keys(headers: Headers) -> frozenset[str]:
    """The keys that a recorder left in the request's headers; a stand-in such as `REDACTED` is none."""
    pairs = [(name, value.encode("utf-8", "surrogatepass")) for name, value in headers]
    spans = [(value, span) for name, value in pairs for span in credential_spans(name, value)]
    values = [value[slice(*span)].decode("utf-8", "surrogatepass").strip() for value, span in spans]
    return frozenset(value for value in values if _KEY.fullmatch(value))


def _own(headers: Headers) -> Headers:
    """What the scenario would have asked for itself: everything but credentials."""
    return tuple(pair for pair in headers if not holds_credential(pair[0]))


def _answered(expects: str, status: int) -> str:
    if status >= 400:
        return ERROR
    return expects if 200 <= status < 300 else OTHER
