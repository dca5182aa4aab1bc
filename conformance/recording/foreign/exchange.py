"""Traffic that another tool recorded: what each request asked for follows from its path, its form and its status.

The recorder's intention is unknown, so an answer of status 400 or more is taken for an expected error. What is of no
operation that is known is left out. Keys that the other tool left in are masked as our own are, and what it wrote in
place of a value counts as lost.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from conformance.api.registry import ERROR, OTHER
from conformance.model import Exchange, Facet, Headers, Outcome, Read, Redaction, Request
from conformance.recording.foreign.bodies import LeftOut
from conformance.recording.foreign.placement import locate
from conformance.recording.foreign.scrubbing import kept_headers
from conformance.secrets.headers import SCHEMED, WHOLE, credential_spans, holds_credential, is_secret_parameter
from conformance.secrets.known import all_known, learn_secrets
from conformance.secrets.masking import Secrets
from conformance.secrets.recognition import looks_like_key
from conformance.wire.compression import decode_body

FOREIGN_LOST = frozenset({Facet.READS, Facet.OUTCOME})
"""What no other tool keeps: packet boundaries with their times, and how the connection ended."""

_KEY = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])\S{8,}|(?=.*[a-z])(?=.*[A-Z])[A-Za-z]{20,}")


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
        decode=decode_body,
    )
    named = all_known().headers
    asked = _keys(sent.headers, named) | _keys_in_query(sent.url)
    keys = asked | _keys(answer.headers, named)
    if named:  # processes that judge beside this one were not told of them: what they say is masked here
        learn_secrets(keys)
    masked = _secrets(keys, named).mask_exchange(exchange)
    given = {name.lower() for name, value in headers if (own := _keys(((name, value),), named)) and not own & asked}
    return replace(masked, redactions=tuple(_of_answer(spot, given) for spot in masked.redactions))


def _of_answer(spot: Redaction, given: Collection[str]) -> Redaction:
    """A redaction; of a credential that the endpoint gave itself, such as a cookie's, it is no echo of a key."""
    part, _, name = spot.where.partition(" ")
    return replace(spot, where=f"response-credential {name}") if part == "response" and name in given else spot


@lru_cache(maxsize=64)
def _secrets(keys: frozenset[str], headers: frozenset[str]) -> Secrets:
    return Secrets(keys, headers)


def _keys(headers: Headers, named: Collection[str]) -> frozenset[str]:
    """The keys that a recorder left in headers; a stand-in such as `REDACTED` is none, nor are words.

    What is sought in bodies must be a key: a cookie, or a header that is only called as if it held one, may hold the
    name of the model.
    """
    found = set()
    for name, value in headers:
        data = value.encode("utf-8", "surrogatepass")
        is_key = _KEY.fullmatch if name.lower() in {*SCHEMED, *WHOLE, *named} else looks_like_key
        parts = (data[slice(*span)] for span in credential_spans(name, data, named))
        texts = (part.decode("utf-8", "surrogatepass").strip() for part in parts)
        found |= {text for text in texts if is_key(text)}
    return frozenset(found)


def _keys_in_query(url: str) -> frozenset[str]:
    try:
        pairs = parse_qsl(urlsplit(url).query)
    except ValueError:
        return frozenset()
    return frozenset(value for name, value in pairs if is_secret_parameter(name) and _KEY.fullmatch(value))


def _own(headers: Headers) -> Headers:
    """What the scenario would have asked for itself: everything but credentials."""
    return tuple(pair for pair in headers if not holds_credential(pair[0]))


def _answered(expects: str, status: int) -> str:
    if status >= 400:
        return ERROR
    return expects if 200 <= status < 300 else OTHER
